/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tracefs.h>
#include <unistd.h>

#include "base/mem.h"
#include "source/event.h"
#include "source/event_names.h"
#include "source/mounts.h"
#include "source/perf.h"

#define PMU_FOLDER "/sys/bus/event_source/devices"

struct visitor {
	void (*visit)(void *arg, const struct event_entry *entry);
	void *arg;
	int cpu; /* to try on */
};

/* Opens the event and closes it again, without having counted anything. */
static void visit_tried(
	const struct visitor *visitor, enum event_group group, const char *name, const char *alias)
{
	struct event_entry entry = {group, name, alias, NULL};
	struct event_spec spec;
	struct error error = {0};
	struct buf why = {0};
	int fd = event_parse(name, &spec, &error);

	if (fd)
		buf_add_text(&why, error.text);
	else
		fd = perf_open(&spec.attr, -1, visitor->cpu);
	if (fd < 0 && !why.size)
		event_explain(&why, fd, true);
	if (fd > 0)
		close(fd);
	entry.why = why.size ? why.data : NULL;
	visitor->visit(visitor->arg, &entry);
	buf_release(&why);
}

static void visit_generic(const struct visitor *visitor, uint32_t type, enum event_group group)
{
	for (size_t i = 0; i < event_generic_count; i++)
		if (event_generic[i].type == type)
			visit_tried(visitor, group, event_generic[i].name, event_generic[i].alias);
}

static void visit_caches(const struct visitor *visitor)
{
	char name[64];

	for (size_t cache = 0; cache < PERF_COUNT_HW_CACHE_MAX; cache++)
		for (size_t op = 0; op < EVENT_CACHE_OPS; op++) {
			event_cache_name(name, sizeof(name), cache, op);
			visit_tried(visitor, EVENT_CACHE, name, "");
		}
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Events that PMUs name in sysfs; files with a dot describe another (scale, unit). */
static void visit_pmus(const struct visitor *visitor)
{
	struct dirent **pmus, **events;
	int pmu_count = scandir(PMU_FOLDER, &pmus, is_visible, alphasort);

	for (int i = 0; i < pmu_count; i++) {
		char *folder = mem_printf(PMU_FOLDER "/%s/events", pmus[i]->d_name);
		int count = scandir(folder, &events, is_visible, alphasort);

		for (int k = 0; k < count; k++) {
			char *name = mem_printf("%s/%s/", pmus[i]->d_name, events[k]->d_name);

			if (!strchr(events[k]->d_name, '.'))
				visit_tried(visitor, EVENT_PMU, name, "");
			free(name);
			free(events[k]);
		}
		if (count >= 0)
			free(events);
		free(folder);
		free(pmus[i]);
	}
	if (pmu_count >= 0)
		free(pmus);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t count_names(char **names)
{
	size_t count = 0;

	while (names && names[count])
		count++;
	return count;
}

/* Whether tracepoints can be opened at all: tried on one that hardly ever occurs. */
static void try_tracepoint(const struct visitor *visitor, struct buf *why)
{
	struct event_spec spec;
	struct error error = {0};
	int fd;

	if (event_parse("sched:sched_process_exec", &spec, &error)) {
		buf_add_text(why, error.text);
		return;
	}
	fd = perf_open(&spec.attr, -1, visitor->cpu);
	if (fd < 0)
		event_explain(why, fd, true);
	else
		close(fd);
}

static void visit_tracepoints(const struct visitor *visitor)
{
	const char *root = mount_tracefs();
	char **systems = root ? tracefs_event_systems(root) : NULL;
	struct buf why = {0};

	if (!systems) /* not mounted, or not for this user */
		return;
	try_tracepoint(visitor, &why);
	qsort(systems, count_names(systems), sizeof(*systems), compare_names);
	for (size_t i = 0; systems[i]; i++) {
		char **events = tracefs_system_events(root, systems[i]);

		if (events)
			qsort(events, count_names(events), sizeof(*events), compare_names);
		for (size_t k = 0; events && events[k]; k++) {
			char *name = mem_printf("%s:%s", systems[i], events[k]);

			visitor->visit(visitor->arg, &(struct event_entry){EVENT_TRACEPOINT, name,
							     "", why.size ? why.data : NULL});
			free(name);
		}
		tracefs_list_free(events);
	}
	tracefs_list_free(systems);
	buf_release(&why);
}

void event_list(void (*visit)(void *arg, const struct event_entry *entry), void *arg)
{
	struct visitor visitor = {visit, arg, 0};

	visit_generic(&visitor, PERF_TYPE_HARDWARE, EVENT_HARDWARE);
	visit_generic(&visitor, PERF_TYPE_SOFTWARE, EVENT_SOFTWARE);
	visit_caches(&visitor);
	visit_pmus(&visitor);
	visit_tracepoints(&visitor);
}
