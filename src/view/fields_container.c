/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of whose it is: user, container, pod. */
#include <stdio.h>
#include <string.h>

#include "view/fields.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define ID_SHOWN 12 /* characters of a container's id, as docker ps has it */

static struct value text_or_none(struct str text)
{
	return text.size ? value_text(text) : value_none();
}

/* --- users --- */

static struct value get_uid(struct extract *x, uint32_t entry)
{
	const struct task *task = field_process(x, entry);

	return task && task->uid ? value_unsigned(task->uid - 1) : value_none();
}

/* The number where the name is not known. */
static struct value get_user(struct extract *x, uint32_t entry)
{
	const struct task *task = field_process(x, entry);
	const struct str *name;
	char *text;

	if (!task || !task->uid)
		return value_none();
	name = users_name(&x->model->users, task->uid - 1, task->mntns);
	if (!name)
		name = users_name(&x->model->users, task->uid - 1, 0);
	if (name && name->size)
		return value_text(*name);
	text = extract_room(x, 16);
	snprintf(text, 16, "%u", task->uid - 1);
	return value_text(str_from(text));
}

static const struct field user_fields[] = {
	{.name = "user.name",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "USER",
		.width = 10,
		.help = "user it runs as; in a container by the container's own names",
		.get = get_user},
	{.name = "user.uid",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "UID",
		.width = 6,
		.help = "id of the user it runs as, as the machine numbers it",
		.get = get_uid},
};

const struct field_class fields_user = {
	"user", "the user it runs as", user_fields, COUNT(user_fields)};

/* --- containers --- */

static const struct container *container_at(struct extract *x, uint32_t entry)
{
	const struct chunk_cgroup *cgroup = field_cgroup(x, entry);
	uint64_t first, last;

	rows_span(x->rows, &first, &last);
	return model_container(x->model, field_process(x, entry), cgroup ? cgroup->hierarchy : 0,
		cgroup ? cgroup->id : 0, last);
}

/* Without a name, by what it is known by. */
static struct value get_container_name(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	if (!c)
		return value_none();
	if (c->name.size)
		return value_text(c->name);
	return text_or_none(
		(struct str){c->id.data, c->id.size < ID_SHOWN ? c->id.size : ID_SHOWN});
}

static struct value get_container_id(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	if (!c)
		return value_text(STR("host"));
	return text_or_none(
		(struct str){c->id.data, c->id.size < ID_SHOWN ? c->id.size : ID_SHOWN});
}

static struct value get_container_full_id(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	return c ? text_or_none(c->id) : value_none();
}

static struct value get_container_number(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	return c ? value_unsigned(c->number) : value_none();
}

static struct value get_runtime(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	return c ? text_or_none(c->runtime) : value_none();
}

static struct value get_image(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	return c ? text_or_none(c->image) : value_none();
}

static struct value get_container_state(struct extract *x, uint32_t entry)
{
	static const char *const names[] = {[CONTAINER_UNKNOWN] = "",
		[CONTAINER_CREATED] = "created",
		[CONTAINER_RUNNING] = "running",
		[CONTAINER_PAUSED] = "paused",
		[CONTAINER_ENDED] = "ended"};
	const struct container *c = container_at(x, entry);

	return c && c->state < COUNT(names) ? text_or_none(str_from(names[c->state]))
					    : value_none();
}

static struct value get_pid1(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	return c && c->pid1 ? value_unsigned(c->pid1) : value_none();
}

static struct value get_sandbox(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	return c ? value_bool(c->flags & CONTAINER_SANDBOX) : value_none();
}

static struct value get_restarts(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	return c ? value_unsigned(c->restarts) : value_none();
}

/* Labels stand as "name=value", a NUL between two. */
static struct value get_label(struct extract *x, uint32_t entry, const char *name)
{
	const struct container *c = container_at(x, entry);
	size_t size = strlen(name);
	struct str left = c ? c->labels : (struct str){"", 0};

	while (left.size) {
		const char *end = memchr(left.data, '\0', left.size);
		size_t length = end ? (size_t)(end - left.data) : left.size;

		if (length > size && !memcmp(left.data, name, size) && left.data[size] == '=')
			return value_text((struct str){left.data + size + 1, length - size - 1});
		length += end != NULL;
		left = (struct str){left.data + length, left.size - length};
	}
	return value_none();
}

static const struct field container_fields[] = {
	{.name = "container.name",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "CONTAINER",
		.width = 16,
		.help = "name of its container; the id where it has none",
		.get = get_container_name},
	{.name = "container.id",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "CONTAINER ID",
		.width = 12,
		.help = "first 12 characters of its container's id; host outside of all",
		.get = get_container_id},
	{.name = "container.full_id",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "CONTAINER ID",
		.width = 64,
		.help = "its container's id",
		.get = get_container_full_id},
	{.name = "container.number",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "NO",
		.width = 4,
		.help = "number of its container in the recording: another for each that had the "
			"name",
		.get = get_container_number},
	{.name = "container.runtime",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "RUNTIME",
		.width = 10,
		.help = "what runs its container: docker, podman, containerd, lxc…",
		.get = get_runtime},
	{.name = "container.image",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "IMAGE",
		.width = 24,
		.help = "image its container was made from",
		.get = get_image},
	{.name = "container.state",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "STATE",
		.width = 8,
		.help = "created, running, paused or ended",
		.get = get_container_state},
	{.name = "container.pid1",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "PID1",
		.width = 7,
		.help = "first process of its container, as the machine numbers it",
		.get = get_pid1},
	{.name = "container.is_sandbox",
		.type = VALUE_BOOL,
		.domain = DOMAIN_THREAD,
		.title = "SANDBOX",
		.width = 7,
		.help = "whether its container only holds a pod together",
		.get = get_sandbox},
	{.name = "container.restarts",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_THREAD,
		.title = "RESTARTS",
		.width = 8,
		.help = "times its container was started again",
		.get = get_restarts},
	{.name = "container.label.NAME",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "LABEL",
		.width = 16,
		.help = "value of its container's label of that name: container.label.app",
		.get_named = get_label,
		.argument = "NAME"},
};

const struct field_class fields_container = {
	"container", "the container it runs in", container_fields, COUNT(container_fields)};

static struct value get_pod(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	return c ? text_or_none(c->pod) : value_none();
}

static struct value get_pod_namespace(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	return c ? text_or_none(c->pod_namespace) : value_none();
}

static struct value get_pod_uid(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	return c ? text_or_none(c->pod_uid) : value_none();
}

/* What only holds the pod together is none of those that were asked for. */
static struct value get_pod_container(struct extract *x, uint32_t entry)
{
	const struct container *c = container_at(x, entry);

	return c && c->pod.size && !(c->flags & CONTAINER_SANDBOX) ? value_unsigned(c->number)
								   : value_none();
}

static const struct field k8s_fields[] = {
	{.name = "k8s.pod.name",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "POD",
		.width = 20,
		.help = "pod its container belongs to",
		.get = get_pod},
	{.name = "k8s.ns.name",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "NAMESPACE",
		.width = 12,
		.help = "namespace of that pod",
		.get = get_pod_namespace},
	{.name = "k8s.pod.uid",
		.type = VALUE_TEXT,
		.domain = DOMAIN_THREAD,
		.title = "POD UID",
		.width = 36,
		.help = "uid of that pod",
		.get = get_pod_uid},
	{.name = "k8s.pod.container",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_THREAD,
		.title = "NO",
		.width = 4,
		.help = "number of its container, unless that only holds the pod together",
		.get = get_pod_container},
};

const struct field_class fields_k8s = {
	"k8s", "the pod of Kubernetes it runs in", k8s_fields, COUNT(k8s_fields)};
