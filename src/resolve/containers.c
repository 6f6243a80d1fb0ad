/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/containers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/worker.h"
#include "model/model.h"
#include "record/recording.h"
#include "resolve/container_kept.h"
#include "resolve/container_paths.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define SOON_NS (30 * NS_PER_MS) /* names of what only begins: so often, so many times */
#define SOON_TIMES 7
#define AGAIN_NS (5 * NS_PER_S)	       /* names change, containers are paused */
#define AGAIN_EACH_NS (65 * NS_PER_MS) /* of many, so many more: some fifteen looks a second */
#define TASKS_NS (500 * NS_PER_MS)     /* namespaces are looked at so often */
#define PENDING_MAX 32
#define HANGS_NS (2 * NS_PER_S) /* a look that takes so long is given up, with its thread */
#define HANGS_MAX 8
#define NEVER UINT64_MAX

struct entry {
	uint32_t number; /* 0: not known to be a container yet */
	uint32_t hierarchy;
	uint64_t cgroup, pidns; /* what it was found by; cgroup 0: its pid namespace */
	char *id, *path;
	const char *runtime; /* as the path tells it */
	char pod_uid[40];
	struct kept_facts *facts; /* the newest that are recorded; NULL: none yet */
	uint64_t due, end;
	unsigned looks;
	bool is_free, busy, asking, ended;
	bool met; /* its namespace, at the last look at tasks */
};

struct containers {
	struct loop *loop;
	struct recording *recording;
	struct model *model;
	struct worker *worker;
	struct fact_sources *sources; /* the worker's */
	struct worker
		*asker; /* of daemons, so that files of others do not wait for one that hangs */
	struct fact_sources *asked; /* the asker's */
	size_t asking;
	struct containers_roots roots;
	struct entry **entries; /* in the order in which they were met; what is over goes */
	size_t count, capacity;
	uint64_t seen; /* cgroups that the model had met */
	size_t live;   /* that had not ended at the last round of looks */
	uint64_t generation, due, tasks_due, host_pidns;
	uint32_t numbers;
	struct loop_timer *timer;
	size_t pending;
	uint64_t moved; /* when a look began with none before it, or ended */
	unsigned hangs;
	char *trouble;
};

/* --- records --- */

static void write_record(struct containers *containers, struct entry *entry)
{
	static const struct kept_facts none;
	const struct kept_facts *facts = entry->facts ? entry->facts : &none;
	uint64_t nums[CONTAINER_NUMS] = {[CONTAINER_NUMBER] = entry->number,
		[CONTAINER_HIERARCHY] = entry->hierarchy,
		[CONTAINER_CGROUP] = entry->cgroup,
		[CONTAINER_PIDNS] = facts->pidns ? facts->pidns : entry->pidns,
		[CONTAINER_MNTNS] = facts->mntns,
		[CONTAINER_PID1] = facts->pid1,
		[CONTAINER_START] = facts->start,
		[CONTAINER_END] = entry->end,
		[CONTAINER_STATE] = entry->ended ? CONTAINER_ENDED : facts->state,
		[CONTAINER_FLAGS] = facts->flags,
		[CONTAINER_RESTARTS] = facts->restarts};
	struct str texts[CONTAINER_TEXTS] = {
		[CONTAINER_ID] = facts->id.size ? facts->id : str_from(entry->id),
		[CONTAINER_RUNTIME] = facts->runtime.size ? facts->runtime
							  : str_from(entry->runtime),
		[CONTAINER_IMAGE] = facts->image,
		[CONTAINER_POD] = facts->pod,
		[CONTAINER_POD_NAMESPACE] = facts->pod_namespace,
		[CONTAINER_POD_UID] = facts->pod_uid.size ? facts->pod_uid
							  : str_from(entry->pod_uid),
		[CONTAINER_LABELS] = facts->labels};

	recording_append(containers->recording, &(struct record){.type = RECORD_CONTAINER,
							.time = clock_now(),
							.name = facts->name,
							.nums = nums,
							.texts = texts});
}

static void name_it(struct containers *containers, struct entry *entry)
{
	if (!entry->number)
		entry->number = ++containers->numbers;
	write_record(containers, entry);
}

static void end_it(struct containers *containers, struct entry *entry, uint64_t time)
{
	if (entry->ended)
		return;
	entry->ended = true;
	entry->end = time;
	if (entry->number)
		write_record(containers, entry);
}

/* --- jobs --- */

struct look_job {
	struct job job;
	struct containers *containers; /* not the thread's: gone, maybe, before it begins */
	struct fact_sources *sources;
	struct entry *entry;
	struct container_wish wish;
	struct container_facts facts;
};

static void look_run(struct job *job)
{
	struct look_job *look = (struct look_job *)job;

	container_facts_read(look->sources, &look->wish, &look->facts);
}

/* What a process's namespace led to may be known by its cgroup. */
static bool is_told_by_cgroup(const struct containers *containers, const struct entry *entry,
	const struct container_facts *facts)
{
	for (size_t i = containers->count; i-- > 0 && !entry->path;) {
		const struct entry *other = containers->entries[i];

		if (other->path && !other->ended &&
			str_equal(
				str_from(other->id), (struct str){facts->id.data, facts->id.size}))
			return true;
	}
	return false;
}

static void take_facts(
	struct containers *containers, struct entry *entry, const struct container_facts *facts)
{
	struct kept_facts *kept;

	if (is_told_by_cgroup(containers, entry, facts))
		return;
	kept = facts_keep(facts, entry->facts);
	if (entry->facts && facts_are_same(kept, entry->facts)) {
		free(kept);
		return;
	}
	free(entry->facts);
	entry->facts = kept;
	name_it(containers, entry);
}

/* When to look again: soon while it has no name, seldom when it has, never once it is over. */
static uint64_t next_look(
	const struct containers *containers, const struct entry *entry, uint64_t now)
{
	/* What only begins is still in the machine's pid namespace. */
	bool is_done = entry->facts && entry->facts->name.size && entry->facts->pidns;
	uint64_t all = containers->live * AGAIN_EACH_NS;

	if (!is_done && entry->looks < SOON_TIMES)
		return now + SOON_NS;
	if (entry->ended || !entry->number)
		return NEVER;
	return now + (all > AGAIN_NS ? all : AGAIN_NS);
}

static void arm(struct containers *containers);

static void free_look(struct look_job *look)
{
	free(look->wish.id);
	free(look->wish.path);
	free(look);
}

/* Of what is over, all is recorded when nobody looks any more. */
static void forget_facts(struct entry *entry)
{
	if (!entry->ended || entry->due != NEVER || entry->asking || entry->busy)
		return;
	free(entry->facts);
	entry->facts = NULL;
}

static void ask_done(struct job *job)
{
	struct look_job *look = (struct look_job *)job;
	struct entry *entry = look->entry;

	look->containers->asking--;
	entry->asking = false;
	if (look->facts.found)
		take_facts(look->containers, entry, &look->facts);
	forget_facts(entry);
	free_look(look);
}

/* Daemons are asked for what files did not tell, and Podman for what its files never do. */
static bool ask(struct containers *containers, struct look_job *look)
{
	struct entry *entry = look->entry;
	const struct kept_facts *facts = entry->facts;

	if (entry->asking || containers->asking >= PENDING_MAX || !look->facts.found || !facts ||
		(facts->name.size && !str_equal(facts->runtime, STR("podman"))))
		return false;
	entry->asking = true;
	containers->asking++;
	look->wish.files_only = false;
	look->sources = containers->asked;
	look->job.done = ask_done;
	worker_post(containers->asker, &look->job);
	return true;
}

static void look_done(struct job *job)
{
	struct look_job *look = (struct look_job *)job;
	struct containers *containers = look->containers;
	struct entry *entry = look->entry;

	containers->pending--;
	containers->moved = clock_now();
	entry->busy = false;
	entry->looks++;
	if (look->facts.found)
		take_facts(containers, entry, &look->facts);
	entry->due = next_look(containers, entry, clock_now());
	if (entry->due < containers->due)
		containers->due = entry->due;
	if (!ask(containers, look))
		free_look(look);
	forget_facts(entry);
	arm(containers);
}

struct members {
	uint64_t pidns;
	struct look_job *look;
};

static void add_member(void *arg, struct task *task)
{
	struct members *members = arg;
	struct container_wish *wish = &members->look->wish;

	if (task->pidns == members->pidns && task->thread.tid == task->thread.tgid &&
		wish->pid_count < FACT_PIDS)
		wish->pids[wish->pid_count++] = task->thread.tgid;
}

static void post(struct containers *containers, struct entry *entry)
{
	struct look_job *look = mem_zalloc(sizeof(*look));

	look->job.run = look_run;
	look->job.done = look_done;
	look->containers = containers;
	look->sources = containers->sources;
	look->entry = entry;
	look->wish = (struct container_wish){.runtime = entry->runtime,
		.id = mem_strdup(entry->id),
		.path = entry->path ? mem_strdup(entry->path) : NULL,
		.hierarchy = entry->hierarchy,
		.is_free = entry->is_free,
		.files_only = true};
	if (!entry->path) {
		struct members members = {entry->pidns, look};

		tasks_each_alive(&containers->model->tasks, add_member, &members);
	}
	entry->busy = true;
	if (!containers->pending++)
		containers->moved = clock_now();
	worker_post(containers->worker, &look->job);
}

static void post_due(struct containers *containers, uint64_t now)
{
	if (now < containers->due)
		return;
	containers->due = NEVER;
	containers->live = 0;
	for (size_t i = 0; i < containers->count; i++) {
		struct entry *entry = containers->entries[i];

		containers->live += !entry->ended;
		if (entry->busy)
			continue;
		if (entry->due <= now && containers->pending < PENDING_MAX)
			post(containers, entry);
		else if (entry->due < containers->due)
			containers->due = entry->due;
	}
}

static uint64_t timer_due(void *arg, uint64_t now)
{
	struct containers *containers = arg;

	containers->timer = NULL;
	post_due(containers, now);
	arm(containers);
	return 0;
}

/* Ticks come seldom for what lives a tenth of a second. */
static void arm(struct containers *containers)
{
	if (containers->timer || containers->due == NEVER || containers->pending >= PENDING_MAX)
		return;
	containers->timer = loop_timer_add(
		containers->loop, containers->due, timer_due, containers);
}

/* --- cgroups --- */

static struct entry *add_entry(struct containers *containers, struct str id, struct str path)
{
	struct entry *entry;

	containers->entries = mem_grow(containers->entries, &containers->capacity,
		containers->count + 1, sizeof(*containers->entries));
	entry = mem_alloc(sizeof(*entry));
	containers->entries[containers->count++] = entry;
	*entry = (struct entry){.runtime = "",
		.id = mem_printf("%.*s",
			(int)(id.size < CONTAINER_NAME_MAX ? id.size : CONTAINER_NAME_MAX),
			id.data),
		.path = path.size ? mem_printf("%.*s", (int)path.size, path.data) : NULL};
	containers->due = 0;
	return entry;
}

/* The newest run that lives and has the id. */
static struct entry *find_live(
	struct containers *containers, const char *runtime, struct str id, bool is_free)
{
	for (size_t i = containers->count; i-- > 0;) {
		struct entry *entry = containers->entries[i];

		if (!entry->ended && entry->path && entry->is_free == is_free &&
			!strcmp(entry->runtime, runtime) && str_equal(str_from(entry->id), id))
			return entry;
	}
	return NULL;
}

/* The same container in another hierarchy: version 2 says where it is; or its payload does. */
static void move_entry(
	struct containers *containers, struct entry *entry, const struct cgroup *cgroup)
{
	bool is_payload = cgroup->hierarchy == entry->hierarchy &&
			  str_starts(cgroup->path, str_from(entry->path));

	if (cgroup->gone || !(is_payload || (!cgroup->hierarchy && entry->hierarchy)))
		return;
	entry->hierarchy = cgroup->hierarchy;
	entry->cgroup = cgroup->id;
	free(entry->path);
	entry->path = mem_printf("%.*s", (int)cgroup->path.size, cgroup->path.data);
	if (entry->number)
		write_record(containers, entry);
}

static void look_at_cgroup(struct containers *containers, struct cgroup cgroup)
{
	struct container_path path;
	bool is = container_path_match(cgroup.path, &path);
	struct str id = is ? path.id : str_basename(cgroup.path);
	struct entry *entry;

	if (is && (path.role != ROLE_CONTAINER || path.size != cgroup.path.size))
		return;
	if (!is && (cgroup.gone || !container_path_is_free(cgroup.path)))
		return;
	entry = find_live(containers, path.runtime, id, !is);
	if (entry) {
		move_entry(containers, entry, &cgroup);
		return;
	}
	entry = add_entry(containers, id, cgroup.path);
	entry->runtime = path.runtime;
	entry->hierarchy = cgroup.hierarchy;
	entry->cgroup = cgroup.id;
	entry->is_free = !is;
	memcpy(entry->pod_uid, path.uid, path.pod_uid.size);
	if (is) /* its first record belongs to it already */
		name_it(containers, entry);
}

/* Where a cgroup is gone its container is; also where the file of the model knows it no more. */
static void look_for_ends(struct containers *containers)
{
	for (size_t i = 0; i < containers->count; i++) {
		struct entry *entry = containers->entries[i];
		const struct cgroup *cgroup;

		if (entry->ended || !entry->cgroup)
			continue;
		cgroup = cgroups_find(&containers->model->cgroups, entry->hierarchy, entry->cgroup);
		if (cgroup && cgroup->gone)
			end_it(containers, entry, clock_now());
	}
}

static void look_at_cgroups(struct containers *containers)
{
	const struct cgroups *cgroups = &containers->model->cgroups;

	if (containers->generation == cgroups->generation)
		return;
	look_for_ends(containers);
	for (size_t i = cgroups_met_after(cgroups, containers->seen); i < cgroups->count; i++)
		look_at_cgroup(containers, cgroups->cgroups[i]);
	containers->seen = cgroups->met;
	look_for_ends(containers);
	containers->generation = cgroups->generation;
}

/* --- namespaces --- */

static struct entry *entry_of_pidns(struct containers *containers, uint64_t pidns)
{
	for (size_t i = containers->count; i-- > 0;)
		if (containers->entries[i]->pidns == pidns && !containers->entries[i]->ended)
			return containers->entries[i];
	return NULL;
}

static void look_at_task(void *arg, struct task *task)
{
	struct containers *containers = arg;
	struct entry *entry;

	if (!task->pidns || task->pidns == containers->host_pidns ||
		task->thread.tid != task->thread.tgid)
		return;
	entry = entry_of_pidns(containers, task->pidns);
	if (entry)
		entry->met = true;
	if (entry || model_container(containers->model, task, task->thread.cgroup_hierarchy,
			     task->thread.cgroup_id, clock_now()))
		return;
	entry = add_entry(containers, STR(""), STR(""));
	entry->pidns = task->pidns;
	entry->met = true;
}

/* Of a namespace that is no container's: nobody lives in it, and its inode is the next one's. */
static void end_unmet(struct containers *containers)
{
	for (size_t i = 0; i < containers->count; i++) {
		struct entry *entry = containers->entries[i];

		if (entry->path || entry->number || entry->met || entry->busy || entry->asking)
			continue;
		entry->ended = true;
		entry->due = NEVER;
	}
}

/* One that has no cgroup ends with its first process. */
static void look_for_inits(struct containers *containers)
{
	for (size_t i = 0; i < containers->count; i++) {
		struct entry *entry = containers->entries[i];

		const struct task *init;

		if (entry->ended || entry->path || !entry->facts || !entry->facts->pid1)
			continue;
		init = tasks_newest(&containers->model->tasks, entry->facts->pid1);
		if (!init || init->end != UINT64_MAX) /* its namespace may be another's already */
			end_it(containers, entry, init ? init->end : clock_now());
	}
}

static void look_at_tasks(struct containers *containers, uint64_t now)
{
	if (now < containers->tasks_due || !containers->host_pidns)
		return;
	containers->tasks_due = now + TASKS_NS;
	look_for_inits(containers);
	for (size_t i = 0; i < containers->count; i++)
		containers->entries[i]->met = false;
	tasks_each_alive(&containers->model->tasks, look_at_task, containers);
	end_unmet(containers);
}

/* --- the whole --- */

/*
 * A mount that hangs holds the thread for as long as it likes.  Others are looked at by a new one;
 * what the old one works with is its own for good, and its container stays without a name.
 */
static void give_up_hung(struct containers *containers, uint64_t now)
{
	if (!containers->pending || now < containers->moved + HANGS_NS ||
		containers->hangs >= HANGS_MAX)
		return;
	containers->hangs++;
	worker_free(containers->worker, true);
	containers->pending = 0;
	containers->sources = fact_sources_new(&containers->roots);
	containers->worker = worker_new(containers->loop, "tracetop-names", 1, false);
}

static void free_entry(struct entry *entry)
{
	free(entry->id);
	free(entry->path);
	free(entry->facts);
	free(entry);
}

/* What is over and of which nobody asks any more: the model has all that was told of it. */
static void forget_ended(struct containers *containers)
{
	size_t kept = 0;

	for (size_t i = 0; i < containers->count; i++) {
		struct entry *entry = containers->entries[i];

		if (entry->ended && entry->due == NEVER && !entry->busy && !entry->asking)
			free_entry(entry);
		else
			containers->entries[kept++] = entry;
	}
	containers->count = kept;
}

void containers_kick(struct containers *containers)
{
	uint64_t now = clock_now();

	give_up_hung(containers, now);
	look_at_cgroups(containers);
	look_at_tasks(containers, now);
	forget_ended(containers);
	post_due(containers, now);
	arm(containers);
}

void containers_look_again(struct containers *containers)
{
	for (size_t i = 0; i < containers->count; i++)
		if (!containers->entries[i]->ended && containers->entries[i]->number)
			containers->entries[i]->due = 0;
	containers->due = 0;
	containers_kick(containers);
}

static bool wants_soon(const struct containers *containers)
{
	for (size_t i = 0; i < containers->count; i++) {
		const struct entry *entry = containers->entries[i];

		if (entry->busy || entry->asking || entry->looks == 0 ||
			(!entry->ended && entry->number && entry->looks < SOON_TIMES &&
				!(entry->facts && entry->facts->name.size)))
			return true;
	}
	return false;
}

bool containers_settle(struct containers *containers, int timeout_ms)
{
	uint64_t end = clock_now() + (uint64_t)timeout_ms * NS_PER_MS;

	containers->tasks_due = 0;
	for (containers_kick(containers); wants_soon(containers); containers_kick(containers)) {
		struct timespec pause = {.tv_nsec = 5 * (long)NS_PER_MS};

		if (clock_now() > end)
			return false;
		if (worker_pending(containers->worker))
			worker_finish(containers->worker, 5);
		else if (worker_pending(containers->asker))
			worker_finish(containers->asker, 5);
		else
			nanosleep(&pause, NULL);
	}
	return true;
}

/* Inodes of the first namespaces are fixed and below those that are made later. */
static bool is_made_later(uint64_t inode)
{
	return inode >= 0xf0000000;
}

/* Whether a mount shows all cgroups of the machine; also where there is none at all. */
static bool sees_cgroups(const char *mountinfo)
{
	struct buf text = {0};
	char *rest, *line, root[4096];
	bool is_there = false, is_part = false;

	if (fs_read(mountinfo, &text, 4 << 20, NULL) || !text.size) {
		buf_release(&text);
		return true;
	}
	for (rest = text.data; (line = strsep(&rest, "\n"));) {
		if (!strstr(line, " - cgroup") || sscanf(line, "%*s %*s %*s %4095s", root) != 1)
			continue;
		if (fs_cgroups_above(root) < 0)
			is_part = true;
		else
			is_there = true;
	}
	buf_release(&text);
	return is_there || !is_part;
}

/* Seen from inside a container, the machine's other processes, cgroups and files are not there. */
static char *find_trouble(const struct containers_roots *roots)
{
	struct fact_process init;
	char path[4096], host[FS_ROOT_MAX];
	struct buf text = {0};
	uint64_t pidns, mntns;
	bool is_below;

	fact_host_namespaces(roots->proc, &pidns, &mntns);
	if (is_made_later(pidns))
		return mem_strdup("tracetop runs in a pid namespace: the machine's processes are "
				  "not seen; run it in the machine's (--pid=host)");
	if (!fact_process_read(roots->proc, 1, &init))
		return mem_strdup("process 1 is not to be seen: containers without a cgroup "
				  "of their own are not found");
	snprintf(path, sizeof(path), "%s/1/cgroup", roots->proc);
	is_below = (fact_file(path, &text) && strstr(text.data, ":/..")) ||
		   is_made_later(fact_namespace(roots->proc, "self", "cgroup"));
	buf_release(&text);
	fs_host_root(host);
	snprintf(path, sizeof(path), "%s/self/mountinfo", roots->proc);
	if (!host[0] && (is_below || !sees_cgroups(path)))
		return mem_printf("tracetop runs in a %s: the machine's cgroups and files are not "
				  "seen, so that containers lack usage and may lack names; run it "
				  "with --privileged, or with -v /:/host:ro",
			is_below ? "cgroup namespace" : "container");
	return NULL;
}

const char *containers_trouble(const struct containers *containers)
{
	return containers->trouble;
}

struct containers *containers_new(struct loop *loop, struct recording *recording,
	struct model *model, const struct containers_roots *roots)
{
	struct containers *containers = mem_zalloc(sizeof(*containers));
	uint64_t mntns;

	containers->loop = loop;
	containers->recording = recording;
	containers->model = model;
	containers->roots = roots ? *roots : fact_roots_host();
	containers->sources = fact_sources_new(&containers->roots);
	containers->worker = worker_new(loop, "tracetop-names", 1, false);
	containers->asked = fact_sources_new(&containers->roots);
	containers->asker = worker_new(loop, "tracetop-ask", 1, false);
	containers->due = NEVER;
	fact_host_namespaces(containers->roots.proc, &containers->host_pidns, &mntns);
	containers->trouble = find_trouble(&containers->roots);
	return containers;
}

void containers_free(struct containers *containers)
{
	if (!containers)
		return;
	if (containers->timer)
		loop_timer_remove(containers->loop, containers->timer);
	containers->timer = NULL;
	containers->due = NEVER;
	worker_free(containers->worker, true);
	worker_free(containers->asker, true);
	if (containers->timer) /* a job that ended last */
		loop_timer_remove(containers->loop, containers->timer);
	for (size_t i = 0; i < containers->count; i++)
		free_entry(containers->entries[i]);
	free(containers->entries);
	if (!containers->pending) /* else a thread hangs in a job with it, and is left behind */
		fact_sources_free(containers->sources);
	if (!containers->asking)
		fact_sources_free(containers->asked);
	free(containers->trouble);
	free(containers);
}
