/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/usage_container.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/worker.h"
#include "model/chosen.h"
#include "model/model.h"
#include "record/recording.h"
#include "source/cgroups.h"

#define LOOK_MS 2000 /* that the end of an interval waits for a look */
#define OPEN_MAX 1024

/* What its processes used since the look before, and how they stand. */
struct sums {
	uint64_t user, system, read, written;
	uint64_t memory, pids;
};

/* A container that is there. */
struct watched {
	struct net_member member; /* the worker's while it looks */
	uint32_t hierarchy;
	uint64_t cgroup;
	uint64_t generation; /* of the list that it was last seen in */
	uint32_t told;	     /* enum container_usage_told: what the sums are for */
	struct sums sums, ready;
	uint32_t ready_told;
	bool is_met; /* by a look */
	struct thread thread;
};

struct container_usage {
	struct loop *loop;
	struct recording *recording;
	struct model *model;
	const struct cgroup_watch *cgroups;
	const struct chosen *chosen; /* NULL: all are recorded */
	struct worker *worker;

	struct watched **watched;
	size_t count, capacity;
	struct index by_number;
	size_t summed;	      /* of these, those for which processes are summed up */
	size_t summed_levels; /* and those for which that is memory or a number, of idle ones too */
	uint64_t generation;
	struct net_spaces spaces; /* the worker's while it looks */
	bool looking, closing;
	uint64_t looked; /* time of the last look */
	uint64_t last;	 /* of the last one that was told */
	uint64_t end;	 /* of the interval that is closed, else 0 */
};

/* --- which there are --- */

static bool watched_is(const void *owner, uint32_t entry, const void *number)
{
	return ((const struct container_usage *)owner)->watched[entry]->member.number ==
	       *(const uint32_t *)number;
}

static struct watched *find(const struct container_usage *usage, uint32_t number)
{
	uint32_t at = index_find(&usage->by_number, hash_u64(number), watched_is, usage, &number);

	return at == INDEX_NONE ? NULL : usage->watched[at];
}

static struct watched *add(struct container_usage *usage, const struct container *container)
{
	struct watched *watched = mem_zalloc(sizeof(*watched));

	watched->member.number = container->number;
	watched->member.folder = -1;
	usage->watched = mem_grow(
		usage->watched, &usage->capacity, usage->count + 1, sizeof(*usage->watched));
	usage->watched[usage->count] = watched;
	index_add(&usage->by_number, hash_u64(container->number), (uint32_t)usage->count++);
	return watched;
}

static void take_container(struct container_usage *usage, const struct container *container)
{
	struct watched *watched = find(usage, container->number);

	if (!watched)
		watched = add(usage, container);
	if (watched->member.pid1 != container->pid1)
		net_member_close(&usage->spaces, &watched->member);
	watched->member.pid1 = container->pid1;
	watched->member.start = container->start;
	watched->member.is_sandbox = container->flags & CONTAINER_SANDBOX;
	watched->generation = usage->generation;
	if (watched->hierarchy == container->hierarchy && watched->cgroup == container->cgroup &&
		watched->thread.cgroup_id)
		return;
	watched->hierarchy = container->hierarchy;
	watched->cgroup = container->cgroup;
	watched->thread = (struct thread){
		.cgroup_hierarchy = container->hierarchy, .cgroup_id = container->cgroup};
}

static void take_out(struct container_usage *usage, uint32_t at)
{
	struct watched *watched = usage->watched[at], *last = usage->watched[usage->count - 1];

	index_remove(&usage->by_number, hash_u64(watched->member.number), at);
	if (watched != last) {
		index_remove(&usage->by_number, hash_u64(last->member.number),
			(uint32_t)usage->count - 1);
		usage->watched[at] = last;
		index_add(&usage->by_number, hash_u64(last->member.number), at);
	}
	usage->count--;
	net_member_close(&usage->spaces, &watched->member);
	free(watched);
}

/* As the model has them now. */
static void update(struct container_usage *usage)
{
	const struct cgroups *cgroups = &usage->model->cgroups;

	if (usage->generation == cgroups->generation)
		return;
	usage->generation = cgroups->generation;
	for (size_t i = 0; i < cgroups->container_count; i++)
		if (!cgroups->containers[i].end)
			take_container(usage, &cgroups->containers[i]);
	for (size_t i = usage->count; i-- > 0;)
		if (usage->watched[i]->generation != usage->generation)
			take_out(usage, (uint32_t)i);
}

/* --- sums over processes --- */

/* What is summed up, in case it is not told, while nobody has looked at a cgroup: no levels. */
#define TOLD_IN_CASE (CONTAINER_TOLD_CPU | CONTAINER_TOLD_IO)

/* What the container's cgroup does not tell; nothing as long as that is not known. */
static uint32_t untold(const struct container_usage *usage, const struct watched *watched)
{
	static const struct {
		enum container_usage_told told;
		enum cgroup_usage_num num;
	} nums[] = {{CONTAINER_TOLD_CPU, CGROUP_USAGE_CPU},
		{CONTAINER_TOLD_MEMORY, CGROUP_USAGE_MEMORY},
		{CONTAINER_TOLD_IO, CGROUP_USAGE_READ}, {CONTAINER_TOLD_PIDS, CGROUP_USAGE_PIDS}};
	uint32_t tells, told = 0;

	if (!watched->cgroup)
		return CONTAINER_TOLD_CPU | CONTAINER_TOLD_MEMORY | CONTAINER_TOLD_IO |
		       CONTAINER_TOLD_PIDS;
	tells = cgroup_watch_tells(usage->cgroups, watched->hierarchy, watched->cgroup);
	for (size_t i = 0; tells && i < sizeof(nums) / sizeof(*nums); i++)
		if (!(tells & 1u << nums[i].num))
			told |= nums[i].told;
	return told;
}

static bool is_known(const struct container_usage *usage, const struct watched *watched)
{
	return !watched->cgroup ||
	       cgroup_watch_tells(usage->cgroups, watched->hierarchy, watched->cgroup);
}

void container_usage_add(void *arg, const struct task *task, const uint64_t *nums)
{
	struct container_usage *usage = arg;
	const struct container *container;
	struct watched *watched;
	struct sums *sums;

	if (!usage->summed)
		return;
	container = model_container(usage->model, task, task->thread.cgroup_hierarchy,
		task->thread.cgroup_id, clock_now());
	watched = container ? find(usage, container->number) : NULL;
	if (!watched || !watched->told)
		return;
	sums = &watched->sums;
	sums->user += nums[TASK_USAGE_USER];
	sums->system += nums[TASK_USAGE_SYSTEM];
	if (task->thread.tid != task->thread.tgid)
		return;
	sums->read += nums[TASK_USAGE_READ];
	sums->written += nums[TASK_USAGE_WRITTEN];
	if (nums[TASK_USAGE_STATE] == 'X')
		return;
	sums->memory += nums[TASK_USAGE_RSS];
	sums->pids += nums[TASK_USAGE_THREADS];
}

/* What came together is for the records of this look; what follows is the next one's. */
static void turn_over(struct container_usage *usage)
{
	usage->summed = usage->summed_levels = 0;
	for (size_t i = 0; i < usage->count; i++) {
		struct watched *watched = usage->watched[i];

		uint32_t told = untold(usage, watched);

		watched->ready = watched->sums;
		watched->ready_told = watched->told & told;
		watched->sums = (struct sums){0};
		watched->told = is_known(usage, watched) ? told : TOLD_IN_CASE;
		usage->summed += watched->told != 0;
		usage->summed_levels += (watched->told &
						(CONTAINER_TOLD_MEMORY | CONTAINER_TOLD_PIDS)) != 0;
	}
}

/* A look that is still under way: how they stand is told anew by the next one. */
static void drop_gauges(struct container_usage *usage)
{
	for (size_t i = 0; i < usage->count; i++)
		usage->watched[i]->sums.memory = usage->watched[i]->sums.pids = 0;
}

/* --- records --- */

/* One without a cgroup is known by its first process. */
static const struct thread *thread_of(
	const struct container_usage *usage, const struct watched *watched)
{
	const struct task *task;

	if (watched->cgroup)
		return &watched->thread;
	task = tasks_alive(&usage->model->tasks, watched->member.pid1);
	/* Where nothing of it was looked at, it is not what this is narrowed to. */
	return task && watched->ready.pids ? &task->thread : NULL;
}

/* One that has no name yet may turn out to be. */
static bool is_chosen(const struct container_usage *usage, const struct watched *watched)
{
	const struct container *container = cgroups_container_numbered(
		&usage->model->cgroups, watched->member.number);

	return !usage->chosen || !container || !container->name.size ||
	       chosen_has(usage->chosen, container);
}

static void append(struct container_usage *usage, size_t at, uint64_t time, uint64_t duration)
{
	struct watched *watched = usage->watched[at];
	const struct net_space *space = net_spaces_of(&usage->spaces, &watched->member);
	const struct thread *thread = thread_of(usage, watched);
	const struct sums *sums = &watched->ready;
	uint64_t nums[CONTAINER_USAGE_NUMS] = {[CONTAINER_USAGE_TOLD] = watched->ready_told,
		[CONTAINER_USAGE_USER] = sums->user,
		[CONTAINER_USAGE_SYSTEM] = sums->system,
		[CONTAINER_USAGE_MEMORY] = sums->memory,
		[CONTAINER_USAGE_READ] = sums->read,
		[CONTAINER_USAGE_WRITTEN] = sums->written,
		[CONTAINER_USAGE_PIDS] = sums->pids};

	if (!thread || (!space && !watched->ready_told) || !is_chosen(usage, watched))
		return;
	if (space) {
		nums[CONTAINER_USAGE_NETNS] = space->inode;
		nums[CONTAINER_USAGE_COUNTS] = space->counted == at;
		memcpy(nums + CONTAINER_USAGE_RECEIVED, space->rise, sizeof(space->rise));
	}
	recording_append(usage->recording, &(struct record){.type = RECORD_CONTAINER_USAGE,
						   .time = time,
						   .duration = duration,
						   .thread = thread,
						   .nums = nums});
}
_Static_assert(CONTAINER_USAGE_DROPPED - CONTAINER_USAGE_RECEIVED + 1 == NET_NUMS,
	"numbers of a network namespace stand in the same order");

/* --- looks --- */

struct looking {
	struct job job;
	struct container_usage *usage;
	uint64_t time; /* 0: it did not run */
	bool is_told;
	struct net_member **members;
	size_t count;
};

static bool is_new(const struct container_usage *usage, const struct watched *watched)
{
	return usage->looked && watched->member.start > usage->looked;
}

static void looking_run(struct job *job)
{
	struct looking *looking = (struct looking *)job;

	looking->time = clock_now();
	net_spaces_look(&looking->usage->spaces, looking->members, looking->count);
}

static void looking_done(struct job *job)
{
	struct looking *looking = (struct looking *)job;
	struct container_usage *usage = looking->usage;
	uint64_t time = usage->end && usage->end <= looking->time ? usage->end - 1 : looking->time;

	usage->looking = false;
	if (looking->time)
		usage->looked = looking->time;
	if (looking->time && looking->is_told) {
		for (size_t i = 0; i < looking->count; i++)
			append(usage, i, time, usage->last ? looking->time - usage->last : 0);
		usage->last = looking->time;
		net_spaces_told(&usage->spaces);
	}
	free(looking->members);
	free(looking);
}

static void look(struct container_usage *usage, bool is_told)
{
	struct looking *looking = mem_zalloc(sizeof(*looking));

	looking->job.run = looking_run;
	looking->job.done = looking_done;
	looking->usage = usage;
	looking->is_told = is_told;
	looking->members = mem_alloc((usage->count + 1) * sizeof(*looking->members));
	for (size_t i = 0; i < usage->count; i++) {
		struct watched *watched = usage->watched[i];

		watched->member.is_new = is_new(usage, watched);
		watched->is_met |= watched->member.pid1 != 0;
		looking->members[looking->count++] = &watched->member;
	}
	usage->looking = true;
	worker_post(usage->worker, &looking->job);
}

void container_usage_meet(struct container_usage *usage)
{
	bool is_wanted = false;

	if (usage->looking || usage->closing ||
		usage->generation == usage->model->cgroups.generation)
		return;
	update(usage);
	for (size_t i = 0; i < usage->count; i++)
		is_wanted |= usage->watched[i]->member.pid1 && !usage->watched[i]->is_met &&
			     !is_new(usage, usage->watched[i]);
	if (is_wanted)
		look(usage, false);
}

void container_usage_tick(struct container_usage *usage)
{
	if (usage->looking || usage->closing) {
		drop_gauges(usage);
		return;
	}
	update(usage);
	turn_over(usage);
	look(usage, true);
}

bool container_usage_needs_idle(const struct container_usage *usage)
{
	return usage->summed_levels != 0;
}

void container_usage_close_interval(struct container_usage *usage, uint64_t end)
{
	worker_finish(usage->worker, LOOK_MS); /* one that is under way */
	usage->end = end;
	container_usage_tick(usage);
	worker_finish(usage->worker, LOOK_MS);
	usage->end = 0;
}

/* --- the whole --- */

struct container_usage *container_usage_new(struct loop *loop, struct recording *recording,
	struct model *model, const struct cgroup_watch *cgroups)
{
	struct container_usage *usage = mem_zalloc(sizeof(*usage));
	struct rlimit files = {.rlim_cur = 1024};

	/* An eighth of the descriptors: there are others who need some. */
	getrlimit(RLIMIT_NOFILE, &files);
	usage->spaces.open_max = files.rlim_cur / 8 < OPEN_MAX ? (size_t)files.rlim_cur / 8
							       : OPEN_MAX;
	usage->loop = loop;
	usage->recording = recording;
	usage->model = model;
	usage->cgroups = cgroups;
	usage->worker = worker_new(loop, "tracetop-net", 1, false);
	return usage;
}

void container_usage_choose(struct container_usage *usage, const struct chosen *chosen)
{
	usage->chosen = chosen;
}

void container_usage_free(struct container_usage *usage)
{
	if (!usage)
		return;
	usage->closing = true;
	worker_free(usage->worker, true);
	if (usage->looking)
		return; /* a thread hangs in there: it keeps what it works on */
	while (usage->count)
		take_out(usage, (uint32_t)usage->count - 1);
	free(usage->watched);
	index_release(&usage->by_number);
	net_spaces_release(&usage->spaces);
	free(usage);
}
