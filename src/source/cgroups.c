/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/cgroups.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/worker.h"
#include "model/chosen.h"
#include "record/recording.h"
#include "source/cgroups_local.h"

#define LOOK_MS 2000		/* that the end of an interval waits for a look */
#define AGAIN_NS (2 * NS_PER_S) /* between walks where nobody tells what comes and goes */
#define AGAIN_COST 50		/* that a walk costs at most a part of: 1/50 of a CPU */
#define OPEN_MAX 4096		/* descriptors of files that are read each time */
#define THREADS 2

/* A cgroup; of those that are read, what was read last. */
struct entry {
	uint64_t id, parent;
	uint32_t hierarchy;
	uint32_t at;   /* in entries */
	uint32_t look; /* in those of the look under way */
	uint32_t walk; /* number of the last one that found it */
	uint64_t met;  /* when it was told of */
	char *path;    /* "": there is none below our roots, it is not read */
	bool is_read;  /* once at least: last is of something */
	bool is_new;   /* made since the last look: it began with nothing */
	bool gone;
	struct cgroup_files files; /* the worker's while it looks */
	uint64_t last[CGROUP_USAGE_NUMS];
	uint32_t tells; /* bits of them */
	struct thread thread;
};

struct cgroup_watch {
	struct loop *loop;
	struct recording *recording;
	struct worker *worker;
	struct cgroup_bpf *bpf; /* NULL: walks */
	struct error trouble;	/* why there is none */
	uint64_t lost;		/* events, as far as they were recorded */
	void (*on_made)(void *arg);
	void *on_made_arg;
	const struct chosen *chosen; /* NULL: all are recorded */
	struct cgroup_mounts mounts;
	struct cgroup_reader reader; /* the worker's while it looks */

	struct entry **entries;
	size_t count, capacity;
	struct index by_id, by_path; /* by_path: of version 2 only */

	uint32_t walks;
	bool walking, walk_wanted, looking;
	uint32_t looks;	     /* that were taken in */
	bool look_wanted;    /* when the first walk has ended */
	uint64_t walk_again; /* no walk before, unless one is wanted; 0: there was none */
	uint64_t *went;	     /* ids that went while a walk is under way */
	size_t went_count, went_capacity;
	struct entry **graves; /* that went while a look is under way */
	size_t grave_count, grave_capacity;
	uint64_t last; /* time of the last look */
	uint64_t end;  /* of the interval that is closed, else 0 */
	bool closing;
};

/* --- entries --- */

struct entry_key {
	uint64_t id;
	uint32_t hierarchy;
};

static bool entry_has_id(const void *owner, uint32_t at, const void *wanted)
{
	const struct entry *have = ((const struct cgroup_watch *)owner)->entries[at];
	const struct entry_key *key = wanted;

	return have->id == key->id && have->hierarchy == key->hierarchy;
}

static bool entry_has_path(const void *owner, uint32_t at, const void *path)
{
	return !strcmp(((const struct cgroup_watch *)owner)->entries[at]->path, path);
}

static uint64_t hash_path(const char *path)
{
	return hash_str(str_from(path));
}

static struct entry *find(const struct cgroup_watch *watch, uint32_t hierarchy, uint64_t id)
{
	struct entry_key key = {id, hierarchy};
	uint32_t at = index_find(&watch->by_id, hash_two(id, hierarchy), entry_has_id, watch, &key);

	return at == INDEX_NONE ? NULL : watch->entries[at];
}

static struct entry *find_path(const struct cgroup_watch *watch, const char *path)
{
	uint32_t at = index_find(&watch->by_path, hash_path(path), entry_has_path, watch, path);

	return at == INDEX_NONE ? NULL : watch->entries[at];
}

/* An entry is in the indexes by its place. */
static void index_entry(struct cgroup_watch *watch, struct entry *entry, uint32_t at)
{
	struct entry *other = entry->hierarchy ? NULL : find_path(watch, entry->path);

	entry->at = at;
	watch->entries[at] = entry;
	index_add(&watch->by_id, hash_two(entry->id, entry->hierarchy), at);
	if (other) /* the newest has the path */
		index_remove(&watch->by_path, hash_path(entry->path), other->at);
	if (!entry->hierarchy)
		index_add(&watch->by_path, hash_path(entry->path), at);
}

static void unindex_entry(struct cgroup_watch *watch, struct entry *entry)
{
	index_remove(&watch->by_id, hash_two(entry->id, entry->hierarchy), entry->at);
	if (!entry->hierarchy && find_path(watch, entry->path) == entry)
		index_remove(&watch->by_path, hash_path(entry->path), entry->at);
}

static void free_entry(struct cgroup_watch *watch, struct entry *entry)
{
	cgroup_files_close(&watch->reader, &entry->files);
	free(entry->path);
	free(entry);
}

static void bury(struct cgroup_watch *watch)
{
	while (watch->grave_count)
		free_entry(watch, watch->graves[--watch->grave_count]);
}

static void append_cgroup(struct cgroup_watch *watch, enum cgroup_change change, uint64_t time,
	uint32_t flags, const struct cgroup_change_event *what)
{
	recording_append(watch->recording,
		&(struct record){.type = RECORD_CGROUP,
			.sub = change,
			.time = time,
			.flags = flags,
			.name = what->path,
			.nums = (uint64_t[CGROUP_NUMS]){[CGROUP_HIERARCHY] = what->hierarchy,
				[CGROUP_ID] = what->id,
				[CGROUP_PARENT] = what->parent}});
}

static void add(struct cgroup_watch *watch, const struct cgroup_change_event *what, uint32_t flags)
{
	struct entry *entry;

	append_cgroup(watch, CGROUP_THERE, what->time, flags, what);
	if (watch->count >= CGROUPS_MAX)
		return; /* its name is known, what it uses is not looked at */
	watch->entries = mem_grow(
		watch->entries, &watch->capacity, watch->count + 1, sizeof(*watch->entries));
	entry = mem_zalloc(sizeof(*entry));
	entry->id = what->id;
	entry->parent = what->parent;
	entry->hierarchy = what->hierarchy;
	entry->met = what->time;
	entry->walk = watch->walks;
	entry->path = strndup(what->path.data, what->path.size);
	entry->is_new = !(flags & RECORD_SNAPSHOT);
	entry->thread = (struct thread){.cgroup_hierarchy = what->hierarchy, .cgroup_id = what->id};
	cgroup_files_init(&entry->files, what->id);
	index_entry(watch, entry, (uint32_t)watch->count++);
}

static void take_out(struct cgroup_watch *watch, struct entry *entry, uint64_t time)
{
	struct entry *last = watch->entries[watch->count - 1];

	append_cgroup(watch, CGROUP_REMOVED, time, 0,
		&(struct cgroup_change_event){.hierarchy = entry->hierarchy,
			.id = entry->id,
			.parent = entry->parent,
			.path = str_from(entry->path)});
	unindex_entry(watch, entry);
	if (last != entry) {
		unindex_entry(watch, last);
		index_entry(watch, last, entry->at);
	}
	watch->count--;
	entry->gone = true;
	watch->graves = mem_grow(watch->graves, &watch->grave_capacity, watch->grave_count + 1,
		sizeof(*watch->graves));
	watch->graves[watch->grave_count++] = entry;
	if (!watch->looking)
		bury(watch);
}

/* --- what comes and goes --- */

static void take_event(void *arg, const struct cgroup_change_event *event)
{
	struct cgroup_watch *watch = arg;
	struct entry *entry = find(watch, event->hierarchy, event->id);
	const struct entry *parent = find(watch, event->hierarchy, event->parent);
	struct cgroup_change_event told = *event;
	struct buf path = {0};

	switch (event->kind) {
	case CGROUP_MADE:
		if (entry)
			return;
		/* Below our root, which may not be the kernel's. */
		if (parent && parent->path[1])
			buf_add_text(&path, parent->path);
		buf_add_char(&path, '/');
		buf_add_str(&path, str_basename(event->path));
		if (parent)
			told.path = buf_str(&path);
		add(watch, &told, 0);
		buf_release(&path);
		return;
	case CGROUP_WENT:
		if (watch->walking) {
			watch->went = mem_grow(watch->went, &watch->went_capacity,
				watch->went_count + 1, sizeof(*watch->went));
			watch->went[watch->went_count++] = event->id;
		}
		if (entry)
			take_out(watch, entry, event->time);
		return;
	case CGROUP_MOVED: /* and all that is below it */
		watch->walk_wanted = true;
	}
}

static void append_lost(struct cgroup_watch *watch)
{
	uint64_t lost = cgroup_bpf_lost(watch->bpf), more = lost - watch->lost;

	watch->lost = lost;
	if (!more)
		return;
	watch->walk_wanted = true;
	recording_append(watch->recording, &(struct record){.type = RECORD_LOST,
						   .sub = LOST_CGROUPS,
						   .time = clock_now(),
						   .name = STR("cgroups: ring full"),
						   .nums = &more});
}

/* --- walks --- */

struct walking {
	struct job job;
	struct cgroup_watch *watch;
	uint64_t begun, ended; /* 0: it did not run */
	bool first;
	struct cgroup_bpf *bpf; /* of the first */
	struct error trouble;
	struct cgroup_walk walk;
};

/* What all others need; who comes while the first walk is under way is told already. */
static void prepare(struct walking *walking)
{
	struct cgroup_mounts *mounts = &walking->watch->mounts;

	cgroup_mounts_find_host(mounts);
	walking->bpf = cgroup_bpf_new(mounts->v1_hierarchy, &walking->trouble);
}

static void walking_run(struct job *job)
{
	struct walking *walking = (struct walking *)job;
	const struct cgroup_mounts *mounts = &walking->watch->mounts;

	if (walking->first)
		prepare(walking);
	walking->begun = clock_now();
	cgroup_walk_tree(&walking->walk, mounts->path[TREE_V2], 0);
	if (mounts->v1 != TREE_V2)
		cgroup_walk_tree(&walking->walk, mounts->path[mounts->v1], mounts->v1_hierarchy);
	walking->ended = clock_now();
}

static bool has_gone(const struct cgroup_watch *watch, uint64_t id)
{
	for (size_t i = 0; i < watch->went_count; i++)
		if (watch->went[i] == id)
			return true;
	return false;
}

static void take_found(
	struct cgroup_watch *watch, const struct walking *walking, const struct cgroup_found *found)
{
	struct cgroup_change_event what = {.hierarchy = found->hierarchy,
		.time = walking->begun,
		.id = found->id,
		.parent = found->parent,
		.path = {walking->walk.paths.data + found->path, found->size}};
	struct entry *entry = find(watch, found->hierarchy, found->id);

	if (entry && !str_equal(str_from(entry->path), what.path)) { /* renamed */
		take_out(watch, entry, walking->begun);
		entry = NULL;
	}
	if (entry)
		entry->walk = watch->walks;
	else if (!has_gone(watch, found->id))
		add(watch, &what, watch->walks == 1 ? RECORD_SNAPSHOT : 0);
}

static void take_walk(struct cgroup_watch *watch, const struct walking *walking)
{
	const struct cgroup_walk *walk = &walking->walk;

	watch->walks++;
	for (size_t i = 0; i < walk->count; i++)
		take_found(watch, walking, &walk->found[i]);
	/* Whom it did not find is gone, unless it came while the walk was under way. */
	for (size_t i = watch->count; walk->count && !walk->cut && i-- > 0;)
		if (watch->entries[i]->walk != watch->walks &&
			watch->entries[i]->met < walking->begun)
			take_out(watch, watch->entries[i], walking->ended);
}

static void made_ready(void *arg, short revents)
{
	struct cgroup_watch *watch = arg;

	(void)revents;
	cgroup_watch_drain(watch);
	if (watch->on_made)
		watch->on_made(watch->on_made_arg);
}

static void walking_done(struct job *job)
{
	struct walking *walking = (struct walking *)job;
	struct cgroup_watch *watch = walking->watch;
	bool first = walking->first;

	if (first) {
		watch->bpf = walking->bpf;
		watch->trouble = walking->trouble;
	}
	if (first && watch->bpf && !watch->closing)
		loop_watch(watch->loop, cgroup_bpf_fd(watch->bpf), POLLIN, made_ready, watch);
	cgroup_watch_drain(watch); /* what the walk has seen the beginning of */
	watch->walking = false;
	if (walking->ended)
		take_walk(watch, walking);
	watch->went_count = 0;
	watch->walk_again = walking->ended + AGAIN_NS;
	if ((walking->ended - walking->begun) * AGAIN_COST > AGAIN_NS)
		watch->walk_again = walking->ended + (walking->ended - walking->begun) * AGAIN_COST;
	cgroup_walk_release(&walking->walk);
	free(walking);
	if (watch->look_wanted)
		cgroup_watch_tick(watch);
}

static void walk(struct cgroup_watch *watch)
{
	struct walking *walking;

	if (watch->walking || watch->closing)
		return;
	watch->walking = true;
	watch->walk_wanted = false;
	walking = mem_zalloc(sizeof(*walking));
	walking->job.run = walking_run;
	walking->job.done = walking_done;
	walking->watch = watch;
	walking->first = !watch->walk_again;
	watch->walk_again = UINT64_MAX;
	worker_post(watch->worker, &walking->job);
}

/* --- looks --- */

struct looking {
	struct job job;
	struct cgroup_watch *watch;
	uint64_t time; /* 0: it did not run */
	struct entry **entries;
	size_t count;
	struct looked {
		uint32_t parent; /* number of the one above, or INDEX_NONE */
		bool done, read;
		bool quiet; /* nothing ran in it or below it since the last look */
	} * looked;	    /* of each */
};

/* The one above first, since time is counted there too: where that is quiet, all below it is. */
static void look_at(struct looking *looking, uint32_t i)
{
	struct looked *looked = &looking->looked[i], *above;
	struct cgroup_files *files = &looking->entries[i]->files;
	uint64_t before = files->raw.nums[CGROUP_USAGE_CPU];

	if (looked->done)
		return;
	looked->done = true; /* also where parents form a ring */
	above = looked->parent == INDEX_NONE ? NULL : &looking->looked[looked->parent];
	if (above)
		look_at(looking, looked->parent);
	if (above && above->quiet && cgroup_files_skip(files)) {
		looked->read = looked->quiet = true;
		return;
	}
	looked->read = cgroup_files_look(&looking->watch->reader, files, looking->entries[i]->path);
	looked->quiet = looking->entries[i]->is_read && files->raw.have & 1u << CGROUP_USAGE_CPU &&
			files->raw.nums[CGROUP_USAGE_CPU] == before;
}

static void looking_run(struct job *job)
{
	struct looking *looking = (struct looking *)job;

	looking->time = clock_now();
	for (uint32_t i = 0; i < looking->count; i++)
		look_at(looking, i);
}

/* The smallest limit of the cgroup and of those above it; 0: none has one. */
static uint64_t smallest_limit(
	const struct cgroup_watch *watch, const struct entry *entry, enum cgroup_usage_num num)
{
	uint64_t limit = 0;

	for (int depth = 0; entry && depth < CGROUP_DEPTH; depth++) {
		uint64_t own = entry->files.raw.nums[num];

		if (own && (!limit || own < limit))
			limit = own;
		entry = entry->parent ? find(watch, entry->hierarchy, entry->parent) : NULL;
	}
	return limit;
}

/* Numbers of which the difference to the last look is told. */
#define BIT(num) (1u << CGROUP_USAGE_##num)
#define COUNTERS                                                                                 \
	(BIT(CPU) | BIT(USER) | BIT(SYSTEM) | BIT(PERIODS) | BIT(THROTTLED) |                    \
		BIT(THROTTLED_TIME) | BIT(OOM_KILLS) | BIT(READ) | BIT(WRITTEN) | BIT(PSI_CPU) | \
		BIT(PSI_MEMORY) | BIT(PSI_IO))
#define LIMITS (BIT(CPU_LIMIT) | BIT(MEMORY_LIMIT) | BIT(PIDS_LIMIT))

/*
 * Whether a process has ever run in it or below it, as far as can be told.  Where none has, there
 * is nothing new from look to look: every other tells of it, which views of usage wait for.
 */
static bool was_used(const struct cgroup_raw *raw)
{
	return !(raw->have & BIT(CPU)) || raw->nums[CGROUP_USAGE_CPU] ||
	       raw->nums[CGROUP_USAGE_PIDS];
}

static bool is_chosen(const struct cgroup_watch *watch, const struct entry *entry)
{
	return !watch->chosen ||
	       chosen_ask(watch->chosen, entry->hierarchy, entry->id, 0, 0) != CHOSEN_OUT;
}

static void append_usage(
	struct cgroup_watch *watch, struct entry *entry, uint64_t time, uint64_t duration)
{
	const struct cgroup_raw *raw = &entry->files.raw;
	bool counted = entry->is_read || entry->is_new;
	uint64_t nums[CGROUP_USAGE_NUMS];

	for (enum cgroup_usage_num i = 0; i < CGROUP_USAGE_NUMS; i++) {
		uint64_t now = raw->nums[i], before = entry->last[i];

		nums[i] = now;
		if (COUNTERS & 1u << i)
			nums[i] = counted && now > before ? now - before : 0;
		else if (LIMITS & 1u << i)
			nums[i] = smallest_limit(watch, entry, i);
	}
	memcpy(entry->last, raw->nums, sizeof(entry->last));
	entry->is_read = true;
	entry->tells = raw->have;
	if (raw->nums[CGROUP_USAGE_IO_PARTLY])
		entry->tells &= ~(BIT(READ) | BIT(WRITTEN));
	if ((!was_used(raw) && watch->looks % 2 && !watch->end) || !is_chosen(watch, entry))
		return;
	nums[CGROUP_USAGE_MEMORY] -= raw->inactive < nums[CGROUP_USAGE_MEMORY]
					     ? raw->inactive
					     : nums[CGROUP_USAGE_MEMORY];
	recording_append(watch->recording, &(struct record){.type = RECORD_CGROUP_USAGE,
						   .time = time,
						   .duration = duration,
						   .thread = &entry->thread,
						   .nums = nums});
}

static void looking_done(struct job *job)
{
	struct looking *looking = (struct looking *)job;
	struct cgroup_watch *watch = looking->watch;
	uint64_t time = watch->end && watch->end <= looking->time ? watch->end - 1 : looking->time;

	watch->looking = false;
	for (size_t i = 0; looking->time && i < looking->count; i++)
		if (looking->looked[i].read && !looking->entries[i]->gone)
			append_usage(watch, looking->entries[i], time,
				watch->last ? looking->time - watch->last : 0);
	if (looking->time) {
		watch->last = looking->time;
		watch->looks++;
	}
	bury(watch);
	free(looking->entries);
	free(looking->looked);
	free(looking);
}

/* A folder of version 1 is read with that of the same path in version 2, where there is one. */
static bool is_looked_at(const struct cgroup_watch *watch, const struct entry *entry)
{
	return !entry->hierarchy || !find_path(watch, entry->path);
}

void cgroup_watch_tick(struct cgroup_watch *watch)
{
	struct looking *looking;

	cgroup_watch_drain(watch);
	if (!watch->bpf && clock_now() >= watch->walk_again)
		walk(watch);
	watch->look_wanted = !watch->walks;
	if (watch->looking || watch->closing || !watch->count)
		return;
	looking = mem_zalloc(sizeof(*looking));
	looking->job.run = looking_run;
	looking->job.done = looking_done;
	looking->watch = watch;
	looking->entries = mem_alloc(watch->count * sizeof(*looking->entries));
	looking->looked = mem_zalloc(watch->count * sizeof(*looking->looked));
	for (size_t i = 0; i < watch->count; i++) {
		watch->entries[i]->look = INDEX_NONE;
		if (!is_looked_at(watch, watch->entries[i]))
			continue;
		watch->entries[i]->look = (uint32_t)looking->count;
		looking->entries[looking->count++] = watch->entries[i];
	}
	for (size_t i = 0; i < looking->count; i++) {
		const struct entry *above = find(
			watch, looking->entries[i]->hierarchy, looking->entries[i]->parent);

		looking->looked[i].parent = above ? above->look : INDEX_NONE;
	}
	watch->looking = true;
	worker_post(watch->worker, &looking->job);
}

/* --- the whole --- */

struct cgroup_watch *cgroup_watch_new(struct loop *loop, struct recording *recording)
{
	struct cgroup_watch *watch = mem_zalloc(sizeof(*watch));

	watch->loop = loop;
	watch->recording = recording;
	watch->worker = worker_new(loop, "tracetop-cgroup", THREADS, false);
	return watch;
}

void cgroup_watch_on_made(struct cgroup_watch *watch, void (*hook)(void *arg), void *arg)
{
	watch->on_made = hook;
	watch->on_made_arg = arg;
}

void cgroup_watch_start(struct cgroup_watch *watch)
{
	struct rlimit files = {.rlim_cur = 1024};

	/* A quarter of the descriptors: there are others who need some. */
	getrlimit(RLIMIT_NOFILE, &files);
	watch->reader.open_max = files.rlim_cur / 4 < OPEN_MAX ? (size_t)files.rlim_cur / 4
							       : OPEN_MAX;
	watch->reader.mounts = &watch->mounts;
	walk(watch);
}

void cgroup_watch_choose(struct cgroup_watch *watch, const struct chosen *chosen)
{
	watch->chosen = chosen;
}

void cgroup_watch_settle(struct cgroup_watch *watch, int timeout_ms)
{
	worker_finish(watch->worker, timeout_ms);
}

void cgroup_watch_drain(struct cgroup_watch *watch)
{
	if (!watch->bpf)
		return;
	cgroup_bpf_drain(watch->bpf, take_event, watch);
	append_lost(watch);
	if (watch->walk_wanted)
		walk(watch);
}

void cgroup_watch_close_interval(struct cgroup_watch *watch, uint64_t end)
{
	worker_finish(watch->worker, LOOK_MS); /* what is under way */
	watch->end = end;
	cgroup_watch_tick(watch);
	worker_finish(watch->worker, LOOK_MS);
	watch->end = 0;
}

void cgroup_watch_free(struct cgroup_watch *watch)
{
	if (!watch)
		return;
	watch->closing = true;
	if (watch->bpf)
		loop_unwatch(watch->loop, cgroup_bpf_fd(watch->bpf));
	worker_free(watch->worker, true);
	cgroup_bpf_free(watch->bpf);
	if (watch->looking || watch->walking)
		return; /* a thread hangs in there: it keeps what it works on */
	for (size_t i = 0; i < watch->count; i++)
		free_entry(watch, watch->entries[i]);
	free(watch->entries);
	free(watch->graves);
	free(watch->went);
	index_release(&watch->by_id);
	index_release(&watch->by_path);
	cgroup_mounts_release(&watch->mounts);
	free(watch);
}

/* What a look is at work on is the worker's: what it finds is known when it is done. */
uint32_t cgroup_watch_tells(const struct cgroup_watch *watch, uint32_t hierarchy, uint64_t id)
{
	const struct entry *entry = find(watch, hierarchy, id);

	return entry ? entry->tells : 0;
}

const char *cgroup_watch_trouble(const struct cgroup_watch *watch)
{
	return watch->bpf || !watch->trouble.code ? NULL : watch->trouble.text;
}
