/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/container_keeper.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "resolve/container_facts.h"
#include "resolve/json.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define WORDS 256
#define SOCKETS 16
#define PROCESSES_MAX 65536

struct search {
	const char *proc, *id;
	struct container_keeper *keeper;
	uint64_t pidns, mntns; /* the machine's */
	char *sockets[SOCKETS];
	size_t socket_count;
	struct buf text;
	const char *words[WORDS];
	size_t word_count;
};

/* --- whom to believe --- */

/* All four of "Uid:\t0\t0\t0\t0". */
static bool is_of_root(const char *status)
{
	const char *at = strstr(status, "\nUid:");
	unsigned uid[4];

	return at && sscanf(at, "\nUid: %u %u %u %u", &uid[0], &uid[1], &uid[2], &uid[3]) == 4 &&
	       !(uid[0] | uid[1] | uid[2] | uid[3]);
}

static bool is_trusted(struct search *search, uint32_t pid)
{
	struct fact_process process;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%u/status", search->proc, pid);
	return fact_file(path, &search->text) && is_of_root(search->text.data) &&
	       fact_process_read(search->proc, pid, &process) && process.pidns == search->pidns &&
	       process.mntns == search->mntns;
}

/* --- sockets --- */

static void add_socket(struct search *search, const char *path, size_t size)
{
	for (size_t i = 0; i < search->socket_count; i++)
		if (strlen(search->sockets[i]) == size && !memcmp(search->sockets[i], path, size))
			return;
	if (search->socket_count < SOCKETS && size < sizeof(search->keeper->socket) &&
		path[0] == '/')
		search->sockets[search->socket_count++] = strndup(path, size);
}

static void add_host(struct search *search, const char *host)
{
	if (!strncmp(host, "unix://", 7))
		add_socket(search, host + 7, strlen(host + 7));
}

/* "hosts" of the file that a daemon reads. */
static void add_configured(struct search *search, const char *path)
{
	struct buf text = {0};
	struct json_object *object, *hosts;

	object = fact_file(path, &text) ? json_pick(buf_str(&text)) : NULL;
	hosts = json_pick_member(object, "hosts");
	for (size_t i = 0; i < json_pick_count(hosts); i++) {
		struct str host = json_pick_text(json_object_array_get_idx(hosts, i));

		if (str_starts(host, STR("unix://")))
			add_socket(search, host.data + 7, host.size - 7);
	}
	json_object_put(object);
	buf_release(&text);
}

/* All that it listens at: "-H" may be there more than once. */
static void take_dockerd(struct search *search)
{
	const char *file = fact_option(search->words, search->word_count, "--config-file");

	for (size_t i = 1; i < search->word_count; i++) {
		const char *word = search->words[i];

		if ((!strcmp(word, "-H") || !strcmp(word, "--host")) && i + 1 < search->word_count)
			add_host(search, search->words[i + 1]);
		else if (!strncmp(word, "--host=", 7))
			add_host(search, word + 7);
		else if (!strncmp(word, "-H=", 3))
			add_host(search, word + 3);
	}
	add_configured(search, file ? file : "/etc/docker/daemon.json");
}

/* It knows the container: the id is a member of what it says of it. */
static bool knows(struct search *search, const char *socket)
{
	struct json_object *object;
	char request[200];
	bool is;

	snprintf(request, sizeof(request), "/containers/%s/json", search->id);
	buf_clear(&search->text);
	if (fact_socket_get(socket, request, &search->text))
		return false;
	object = json_pick(buf_str(&search->text));
	is = str_equal(json_pick_string(object, "Id"), str_from(search->id));
	json_object_put(object);
	return is;
}

static bool try_sockets(struct search *search)
{
	for (size_t i = 0; i < search->socket_count; i++) {
		if (!knows(search, search->sockets[i]))
			continue;
		snprintf(search->keeper->socket, sizeof(search->keeper->socket), "%s",
			search->sockets[i]);
		search->keeper->kind = KEEPER_SOCKET;
		return true;
	}
	return false;
}

/* --- podman's command --- */

static void add_word(struct container_keeper *keeper, const char *word)
{
	if (keeper->word_count < KEEPER_WORDS)
		keeper->words[keeper->word_count++] = mem_strdup(word);
}

/*
 * "--exit-command podman --exit-command-arg --root --exit-command-arg FOLDER …": what conmon is to
 * call at the end has the options of who started it.
 */
void container_keeper_podman(
	const char *const *words, size_t count, struct container_keeper *keeper)
{
	static const char *const wanted[] = {"--root", "--runroot", "--tmpdir", "--storage-driver",
		"--storage-opt", "--cgroup-manager", "--runtime", "--db-backend",
		"--events-backend"};

	add_word(keeper, "podman");
	for (size_t i = 0; i + 3 < count; i++) {
		if (strcmp(words[i], "--exit-command-arg") ||
			strcmp(words[i + 2], "--exit-command-arg"))
			continue;
		for (size_t k = 0; k < COUNT(wanted); k++)
			if (!strcmp(words[i + 1], wanted[k]) && words[i + 3][0] &&
				keeper->word_count + 4 <= KEEPER_WORDS) {
				add_word(keeper, words[i + 1]);
				add_word(keeper, words[i + 3]);
			}
	}
	keeper->kind = KEEPER_COMMAND;
}

static bool is_conmon_of(const struct search *search)
{
	const char *id = fact_option(search->words, search->word_count, "-c");

	return id && !strcmp(id, search->id);
}

/* --- all of it --- */

static bool comm_is(struct search *search, uint32_t pid, const char *name)
{
	char path[4096];
	size_t size = strlen(name);

	snprintf(path, sizeof(path), "%s/%u/comm", search->proc, pid);
	return fact_file(path, &search->text) && search->text.size == size + 1 &&
	       !memcmp(search->text.data, name, size);
}

/* Looks for processes of that name which may be believed; @take says whether it was the one. */
static bool find_process(
	struct search *search, const char *name, bool (*take)(struct search *search))
{
	DIR *folder = opendir(search->proc);
	struct dirent *entry;
	unsigned left = PROCESSES_MAX;
	bool found = false;

	while (folder && !found && left-- && (entry = readdir(folder))) {
		uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (!pid || !comm_is(search, pid, name) || !is_trusted(search, pid))
			continue;
		search->word_count = fact_cmdline(
			search->proc, pid, &search->text, search->words, WORDS);
		found = take(search);
	}
	if (folder)
		closedir(folder);
	return found;
}

static bool take_daemon(struct search *search)
{
	take_dockerd(search);
	return false; /* there may be others */
}

/* "podman system service unix://PATH" */
static bool take_service(struct search *search)
{
	for (size_t i = 1; i + 1 < search->word_count; i++)
		if (!strcmp(search->words[i], "system") && !strcmp(search->words[i + 1], "service"))
			add_host(search, search->words[search->word_count - 1]);
	return false;
}

static bool take_conmon(struct search *search)
{
	if (!is_conmon_of(search))
		return false;
	container_keeper_podman(search->words, search->word_count, search->keeper);
	return true;
}

static void find_docker(struct search *search)
{
	find_process(search, "dockerd", take_daemon);
	add_host(search, "unix:///run/docker.sock");
	if (!try_sockets(search))
		snprintf(search->keeper->why, sizeof(search->keeper->why),
			"no daemon of root that answers knows it");
}

static void find_podman(struct search *search)
{
	find_process(search, "podman", take_service);
	add_host(search, "unix:///run/podman/podman.sock");
	if (!try_sockets(search) && !find_process(search, "conmon", take_conmon))
		snprintf(search->keeper->why, sizeof(search->keeper->why),
			"it was not root who started it with Podman");
}

static bool is_hexadecimal(const char *id)
{
	for (const char *c = id; *c; c++)
		if (!isxdigit((unsigned char)*c)) /* it goes into a request, and is an argument */
			return false;
	return *id;
}

void container_keeper_find(
	const char *proc, const char *runtime, const char *id, struct container_keeper *keeper)
{
	struct search search = {.proc = proc, .id = id, .keeper = keeper};

	*keeper = (struct container_keeper){.kind = KEEPER_NONE};
	if (!is_hexadecimal(id) || strlen(id) > 64) {
		snprintf(keeper->why, sizeof(keeper->why), "nobody is known who would do it");
		return;
	}
	fact_host_namespaces(proc, &search.pidns, &search.mntns);
	if (!strcmp(runtime, "docker"))
		find_docker(&search);
	else if (!strcmp(runtime, "podman"))
		find_podman(&search);
	else
		snprintf(keeper->why, sizeof(keeper->why), "nobody is known who would do it");
	for (size_t i = 0; i < search.socket_count; i++)
		free(search.sockets[i]);
	buf_release(&search.text);
}

void container_keeper_release(struct container_keeper *keeper)
{
	for (size_t i = 0; i < keeper->word_count; i++)
		free(keeper->words[i]);
	*keeper = (struct container_keeper){.kind = KEEPER_NONE};
}
