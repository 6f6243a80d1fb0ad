/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done about containers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "command/actions.h"
#include "command/session.h"
#include "command/tool.h"
#include "model/model.h"
#include "resolve/container_facts.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
/* /proc tells starts in ticks of 10 ms. */
#define START_SLACK_NS (50 * NS_PER_MS)

/* A container that is there, by its number; NULL with @error filled. */
static const struct container *find_container(
	struct session *session, const char *target, struct error *error)
{
	const struct container *container;
	char *end;
	unsigned long number = strtoul(target ? target : "", &end, 10);

	container = target && end != target && !*end
			    ? cgroups_container_numbered(&session->model->cgroups, (uint32_t)number)
			    : NULL;
	if (!container)
		error_set(error, -EINVAL, "'%s' is no container", target ? target : "");
	else if (container->end)
		error_set(error, -ESRCH, "the container has ended");
	return container && !container->end ? container : NULL;
}

/* Its first process, the very one that the model means. */
static int find_first(
	struct session *session, const char *target, uint32_t *pid, struct error *error)
{
	const struct container *container = find_container(session, target, error);
	const struct task *first;

	if (!container)
		return error->code;
	first = tasks_alive(&session->model->tasks, container->pid1);
	if (!container->pid1 || !first ||
		(container->start && first->start > container->start + START_SLACK_NS))
		return error_set(
			error, -ESRCH, "the container's first process is not known, or gone");
	*pid = container->pid1;
	return 0;
}

int action_shell(struct session *session, const struct request *request, const char **argv,
	char room[24], struct error *error)
{
	/* Each namespace by itself: one that it shares with us is no error to nsenter so. */
	static const char *const inside[] = {"nsenter", "-t", NULL, "-m", "-u", "-i", "-n", "-p",
		"-r", "-w", "--", "/bin/sh", "-i"};
	static const char *const beside[] = {
		"nsenter", "-t", NULL, "-n", "-p", "--", "/bin/sh", "-i"};
	bool is_inside = !strcmp(request->verb, "shell");
	const char *const *words = is_inside ? inside : beside;
	size_t count = is_inside ? COUNT(inside) : COUNT(beside);
	uint32_t pid = 0;
	int code = find_first(session, request->target, &pid, error);

	if (code)
		return code;
	if (!tool_is_there(words[0]))
		return error_set(error, -ENOENT, "there is no nsenter here: install util-linux");
	snprintf(room, 24, "%u", pid);
	for (size_t i = 0; i < count; i++)
		argv[i] = words[i] ? words[i] : room;
	argv[count] = NULL;
	return 0;
}

/* Asked only when a shell has just failed there: the path is known not to hang. */
bool action_shell_is_missing(const char *pid)
{
	return fact_process_lacks("/proc", (uint32_t)strtoul(pid, NULL, 10), "bin/sh");
}
