/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/container_paths.h"

#include <stdint.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define ID_SIZE 64 /* hexadecimal digits of an id as OCI runtimes' callers make them */
#define FARGATE_SIZE 32
#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	} /* STR, as an initialiser */
#define UID_MIN 32
#define UID_MAX 36

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static size_t hex_run(struct str text)
{
	size_t size = 0;

	while (size < text.size && is_hex(text.data[size]))
		size++;
	return size;
}

static bool is_id(struct str text)
{
	return text.size == ID_SIZE && hex_run(text) == ID_SIZE;
}

static struct str skip(struct str text, size_t size)
{
	return (struct str){text.data + size, text.size - size};
}

/* Takes a beginning or an end off, if it is there and something is left. */
static bool cut_start(struct str *text, struct str start)
{
	if (text->size <= start.size || !str_starts(*text, start))
		return false;
	*text = skip(*text, start.size);
	return true;
}

static bool cut_end(struct str *text, struct str end)
{
	if (text->size <= end.size || !str_ends(*text, end))
		return false;
	text->size -= end.size;
	return true;
}

/* The component before the one that begins at @at, "" if there is none. */
static struct str component_before(struct str path, size_t at)
{
	size_t end = at, start;

	while (end && path.data[end - 1] == '/')
		end--;
	start = end;
	while (start && path.data[start - 1] != '/')
		start--;
	return (struct str){path.data + start, end - start};
}

static struct str component_after(struct str path, size_t at)
{
	size_t end;

	while (at < path.size && path.data[at] == '/')
		at++;
	for (end = at; end < path.size && path.data[end] != '/';)
		end++;
	return (struct str){path.data + at, end - at};
}

/* --- pods --- */

/* "kubepods-burstable-pod<uid>.slice", "pod<uid>" and what is between. */
static bool pod_uid(struct str part, char *out, struct str *uid)
{
	cut_end(&part, STR(".slice"));
	if (cut_start(&part, STR("kubepods-"))) {
		if (!cut_start(&part, STR("burstable-")))
			cut_start(&part, STR("besteffort-"));
	}
	if (!cut_start(&part, STR("pod")) || part.size < UID_MIN || part.size > UID_MAX)
		return false;
	for (size_t i = 0; i < part.size; i++) {
		char c = part.data[i];

		if (!is_hex(c) && c != '-' && c != '_')
			return false;
		out[i] = c == '_' ? '-' : c;
	}
	*uid = (struct str){out, part.size};
	return true;
}

static bool is_kubepods(struct str part)
{
	return str_equal(part, STR("kubepods")) || str_equal(part, STR("burstable")) ||
	       str_equal(part, STR("besteffort")) || str_starts(part, STR("kubepods.slice")) ||
	       str_starts(part, STR("kubepods-"));
}

/* --- rules: each looks at the component that begins at @at --- */

static bool found(struct container_path *out, const char *runtime, struct str id)
{
	out->role = ROLE_CONTAINER;
	out->runtime = runtime;
	out->id = id;
	return true;
}

static bool match_helper(struct str part, struct str before, struct container_path *out)
{
	static const struct {
		struct str start;
		const char *runtime;
	} starts[] = {{TEXT("libpod-conmon-"), "podman"}, {TEXT("crio-conmon-"), "cri-o"},
		{TEXT("lxc.monitor."), "lxc"}};
	struct str id = part;

	out->role = ROLE_HELPER;
	for (size_t i = 0; i < COUNT(starts); i++)
		if (cut_start(&id, starts[i].start)) {
			cut_end(&id, STR(".scope"));
			out->runtime = starts[i].runtime;
			out->id = id;
			return true;
		}
	if (str_equal(part, STR("conmon"))) {
		out->runtime = "podman";
		return true;
	}
	if (str_equal(part, STR("supervisor")) || str_equal(before, STR("lxc.monitor"))) {
		out->runtime = str_equal(part, STR("supervisor")) ? "nspawn" : "lxc";
		return true;
	}
	out->role = ROLE_NONE;
	return false;
}

static const struct {
	struct str word;
	const char *runtime;
} prefixes[] = {{TEXT("docker"), "docker"}, {TEXT("nerdctl"), "nerdctl"},
	{TEXT("cri-containerd"), "containerd"}, {TEXT("crio"), "cri-o"}, {TEXT("libpod"), "podman"},
	{TEXT("libpod-payload"), "podman"}, {TEXT("runc"), "runc"}, {TEXT("buildkit"), "buildkit"}};

/* "docker-<id>.scope", and "…:cri-containerd:<id>" where systemd was not asked after all. */
static bool match_prefixed(struct str part, struct container_path *out)
{
	struct str word = part, id;

	cut_end(&word, STR(".scope"));
	if (word.size <= ID_SIZE + 1)
		return false;
	id = skip(word, word.size - ID_SIZE);
	word.size -= ID_SIZE + 1;
	if (!is_id(id))
		return false;
	if (word.data[word.size] == ':') {
		const char *colon = memrchr(word.data, ':', word.size);
		struct str slice = word;

		if (!colon)
			return false;
		slice.size = (size_t)(colon - word.data);
		word = skip(word, slice.size + 1);
		pod_uid(slice, out->uid, &out->pod_uid);
	} else if (word.data[word.size] != '-') {
		return false;
	}
	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (str_equal(word, prefixes[i].word))
			return found(out, prefixes[i].runtime, id);
	return false;
}

static bool match_lxc(struct str part, struct str before, struct container_path *out)
{
	struct str name = part;

	if (cut_start(&name, STR("lxc.payload.")))
		return found(out, "lxc", name);
	if (str_equal(before, STR("lxc")) || str_equal(before, STR("lxc.payload")))
		return part.size && found(out, "lxc", part);
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As systemd escapes the names of units: "\x2d" for "-". */
static struct str unescape(struct str name, char *out, size_t limit)
{
	size_t size = 0;

	for (size_t i = 0; i < name.size && size < limit; i++) {
		if (i + 3 < name.size && name.data[i] == '\\' && name.data[i + 1] == 'x' &&
			hex_digit(name.data[i + 2]) >= 0 && hex_digit(name.data[i + 3]) >= 0) {
			out[size++] = (char)(hex_digit(name.data[i + 2]) << 4 |
					     hex_digit(name.data[i + 3]));
			i += 3;
		} else {
			out[size++] = name.data[i];
		}
	}
	return (struct str){out, size};
}

/* "lxc-PID-NAME" of libvirt, after "machine-". */
static bool libvirt_name(struct str name, struct str *out)
{
	if (!cut_start(&name, STR("lxc-")))
		return false;
	for (size_t i = 0; i + 1 < name.size && i < 10; i++) {
		if (i && name.data[i] == '-') {
			*out = skip(name, i + 1);
			return true;
		}
		if (name.data[i] < '0' || name.data[i] > '9')
			return false;
	}
	return false;
}

static bool match_machine(struct str part, struct container_path *out)
{
	struct str name = part, inner;

	if (cut_start(&name, STR("machine-"))) {
		if (!cut_end(&name, STR(".scope")) || str_starts(name, STR("qemu\\x2d")))
			return false;
		name = unescape(name, out->text, sizeof(out->text));
		if (libvirt_name(name, &inner))
			return found(out, "lxc", inner);
		return found(out, "nspawn", name);
	}
	if (!cut_start(&name, STR("systemd-nspawn@")) || !cut_end(&name, STR(".service")))
		return false;
	return found(out, "nspawn", unescape(name, out->text, sizeof(out->text)));
}

static bool is_fargate(struct str part)
{
	struct str rest;

	if (hex_run(part) != FARGATE_SIZE || part.size < FARGATE_SIZE + 9 ||
		part.data[FARGATE_SIZE] != '-')
		return false;
	rest = skip(part, FARGATE_SIZE + 1);
	for (size_t i = 0; i < rest.size; i++)
		if (rest.data[i] < '0' || rest.data[i] > '9')
			return false;
	return true;
}

/* An id and nothing else: whose it is, the component before says. */
static bool match_bare(struct str part, struct str before, struct container_path *out)
{
	struct str uid;
	char room[40];

	if (is_fargate(part))
		return found(out, "ecs", part);
	/* What Podman puts the containers of a pod in is the pod. */
	if (!is_id(part) || str_equal(before, STR("libpod_parent")))
		return false;
	if (is_kubepods(before) || pod_uid(before, room, &uid))
		return found(out, "k8s", part);
	return found(out, str_equal(before, STR("docker")) ? "docker" : "oci", part);
}

static bool match_component(struct str path, size_t at, struct container_path *out)
{
	struct str part = component_after(path, at), before = component_before(path, at), child;

	out->size = at + part.size;
	if (match_helper(part, before, out))
		return true;
	if (match_prefixed(part, out) || match_lxc(part, before, out) ||
		match_bare(part, before, out)) {
		if (!out->pod_uid.size)
			pod_uid(before, out->uid, &out->pod_uid);
		return true;
	}
	if (!match_machine(part, out))
		return false;
	/* Its supervisor stands beside what runs in it. */
	child = component_after(path, out->size);
	if (str_equal(child, STR("payload")))
		out->size = (size_t)(child.data - path.data) + child.size;
	return true;
}

/* Seen from a cgroup namespace below, what is above begins so. */
static size_t skip_above(struct str path)
{
	size_t at = 0;

	while (str_starts(skip(path, at), STR("/..")) &&
		(at + 3 == path.size || path.data[at + 3] == '/'))
		at += 3;
	return at;
}

bool container_path_match(struct str path, struct container_path *out)
{
	size_t first = skip_above(path), at = path.size;

	*out = (struct container_path){.role = ROLE_NONE, .runtime = ""};
	while (at > first) {
		while (at > first && path.data[at - 1] == '/')
			at--;
		while (at > first && path.data[at - 1] != '/')
			at--;
		if (at > first && match_component(path, at, out))
			return true;
		if (at)
			at--;
	}
	out->role = ROLE_NONE;
	return false;
}

bool container_path_is_free(struct str path)
{
	static const struct str ends[] = {TEXT(".slice"), TEXT(".scope"), TEXT(".service"),
		TEXT(".mount"), TEXT(".socket"), TEXT(".swap")};
	struct str name = str_basename(path);

	if (!name.size || name.size > CONTAINER_NAME_MAX || str_equal(name, STR("..")))
		return false;
	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_ends(name, ends[i]))
			return false;
	return true;
}
