/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/container_details.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/worker.h"
#include "model/model.h"
#include "record/recording.h"
#include "resolve/container_inspect.h"
#include "resolve/container_log.h"

#define INSPECT_NS (4 * NS_PER_S) /* between two looks at files */
#define LOG_NS (200 * NS_PER_MS)  /* between two looks for new lines */
#define PLACE_NS (5 * NS_PER_S)	  /* and for where the log is */
#define SOON_NS (500 * NS_PER_MS) /* the same where there was none */
#define REPEAT_NS (20 * NS_PER_S) /* lines are told again */
#define FOLLOWED 64		  /* logs at once, LOG_BYTES each; others have to wait */
#define FORGET_NS (10 * NS_PER_S) /* one that nobody looks at gives way to another */

struct follower {
	uint32_t number; /* of the container; 0: free */
	struct container_log log;
	struct container_files files;
	uint64_t placed; /* when files were looked for */
	uint64_t told;	 /* number of the newest line that is recorded */
	uint64_t repeated, used;
	bool busy; /* a job has it */
};

struct container_details {
	struct recording *recording;
	struct model *model;
	struct worker *worker;
	struct fact_sources *sources; /* the worker's */
	struct containers_roots roots;
	void (*redact)(struct buf *out, struct str arguments);
	void (*hook)(void *arg);
	void *hook_arg;
	struct inspected {
		uint32_t number; /* of the container */
		uint64_t time;	 /* when it was asked for last */
		bool busy;
	} * inspected;
	size_t inspected_count, inspected_capacity;
	struct follower *followers[FOLLOWED]; /* NULL: free */
	uint64_t next_line; /* numbers of lines: those of a log that is looked at anew are larger */
	size_t pending;
};

struct asking {
	struct job job;
	struct container_details *details;
	enum detail kind;
	uint32_t number, pid1;
	uint64_t time;
	struct container_wish wish;
	struct inspect inspect;
	struct follower *follower;
	bool ran;
};

/* --- records --- */

/* Whose the records are: its first process, or once that is gone nobody in its cgroup. */
static struct thread thread_of(struct container_details *details, const struct container *container)
{
	const struct task *task = container->pid1 && !container->end
					  ? tasks_alive(&details->model->tasks, container->pid1)
					  : NULL;

	if (task)
		return task->thread;
	return (struct thread){
		.cgroup_hierarchy = container->hierarchy, .cgroup_id = container->cgroup};
}

static void append(struct container_details *details, const struct asking *asking,
	const struct thread *thread, struct str name, const uint64_t *nums, const struct str *texts)
{
	recording_append(details->recording, &(struct record){.type = RECORD_DETAIL,
						     .sub = asking->kind,
						     .time = asking->time,
						     .thread = thread,
						     .name = name,
						     .nums = nums,
						     .texts = texts});
}

static void append_inspect(
	struct container_details *details, struct asking *asking, const struct thread *thread)
{
	const struct inspect *inspect = &asking->inspect;

	for (size_t i = 0; i < inspect->count; i++)
		append(details, asking, thread, inspect_name(inspect, i),
			(uint64_t[DETAIL_NUMS]){[DETAIL_NUMBER] = i + 1},
			(struct str[DETAIL_TEXTS]){[DETAIL_VALUE] = inspect_value(inspect, i),
				[DETAIL_SECTION] = str_from(
					inspect_section_names[inspect->rows[i].section])});
}

/* Those that are new; now and then all. */
static bool append_log(
	struct container_details *details, struct asking *asking, const struct thread *thread)
{
	struct follower *follower = asking->follower;
	const struct container_log *log = &follower->log;
	bool again = asking->time - follower->repeated > REPEAT_NS;
	uint64_t told = follower->told;

	if (again)
		follower->repeated = asking->time;
	/* The newest may have gone on since it was told. */
	for (size_t i = 0; i < log->count; i++) {
		const struct log_line *line = &log->lines[i];

		if (!again && line->number <= told && !(log->is_open && line->number == told))
			continue;
		append(details, asking, thread, (struct str){line->text, line->size},
			(uint64_t[DETAIL_NUMS]){
				[DETAIL_NUMBER] = line->number, [DETAIL_TIME] = line->time},
			(struct str[DETAIL_TEXTS]){[DETAIL_VALUE] = str_from(line->stream)});
		follower->told = line->number > follower->told ? line->number : follower->told;
	}
	if (log->next > details->next_line)
		details->next_line = log->next;
	return again || follower->told != told;
}

/* --- jobs --- */

static void follow(struct asking *asking)
{
	struct follower *follower = asking->follower;

	uint64_t pause = follower->files.log_format == LOG_NONE ? SOON_NS : PLACE_NS;

	if (!follower->placed || asking->time - follower->placed > pause) {
		struct container_facts *facts = mem_zalloc(sizeof(*facts));

		container_files_release(&follower->files);
		container_look(asking->details->sources, &asking->wish, asking->pid1, facts,
			&follower->files);
		follower->placed = asking->time;
		free(facts);
	}
	container_log_read(&follower->log, &follower->files, asking->wish.id);
}

static void asking_run(struct job *job)
{
	struct asking *asking = (struct asking *)job;

	asking->time = clock_now();
	asking->ran = true;
	if (asking->kind == DETAIL_LOG)
		follow(asking);
	else
		container_inspect(
			asking->details->sources, &asking->wish, asking->pid1, &asking->inspect);
}

static struct inspected *inspected_of(struct container_details *details, uint32_t number)
{
	struct inspected *inspected;

	for (size_t i = 0; i < details->inspected_count; i++)
		if (details->inspected[i].number == number)
			return &details->inspected[i];
	details->inspected = mem_grow(details->inspected, &details->inspected_capacity,
		details->inspected_count + 1, sizeof(*details->inspected));
	inspected = &details->inspected[details->inspected_count++];
	*inspected = (struct inspected){.number = number};
	return inspected;
}

static void asking_done(struct job *job)
{
	struct asking *asking = (struct asking *)job;
	struct container_details *details = asking->details;
	const struct container *container = cgroups_container_numbered(
		&details->model->cgroups, asking->number);
	bool is_new = false;

	details->pending--;
	if (container && asking->ran) {
		struct thread thread = thread_of(details, container);

		is_new = asking->kind == DETAIL_INSPECT || append_log(details, asking, &thread);
		append_inspect(details, asking, &thread);
	}
	if (asking->follower)
		asking->follower->busy = false;
	else
		inspected_of(details, asking->number)->busy = false;
	inspect_release(&asking->inspect);
	container_wish_release(&asking->wish);
	free(asking);
	if (is_new && details->hook)
		details->hook(details->hook_arg);
}

/* --- asking --- */

static void follower_free(struct follower *follower)
{
	if (!follower)
		return;
	container_log_release(&follower->log);
	container_files_release(&follower->files);
	free(follower);
}

/* A place for another one; NULL: all are looked at. */
static struct follower **free_place(struct container_details *details)
{
	struct follower **oldest = NULL;

	for (size_t i = 0; i < FOLLOWED; i++) {
		struct follower **place = &details->followers[i];

		if (!*place)
			return place;
		if (!(*place)->busy && (!oldest || (*place)->used < (*oldest)->used))
			oldest = place;
	}
	if (!oldest || clock_now() - (*oldest)->used < FORGET_NS)
		return NULL;
	follower_free(*oldest);
	return oldest;
}

static struct follower *follower_of(struct container_details *details, uint32_t number)
{
	struct follower **place;

	for (size_t i = 0; i < FOLLOWED; i++)
		if (details->followers[i] && details->followers[i]->number == number)
			return details->followers[i];
	place = free_place(details);
	if (!place)
		return NULL;
	*place = mem_zalloc(sizeof(**place));
	(*place)->number = number;
	container_log_init(&(*place)->log);
	if (details->next_line > (*place)->log.next)
		(*place)->log.next = details->next_line;
	return *place;
}

static void post(struct container_details *details, enum detail kind,
	const struct container *container, struct follower *follower)
{
	struct asking *asking = mem_zalloc(sizeof(*asking));

	asking->job.run = asking_run;
	asking->job.done = asking_done;
	asking->details = details;
	asking->kind = kind;
	asking->number = container->number;
	asking->pid1 = container->end ? 0 : container->pid1;
	asking->follower = follower;
	asking->inspect.redact = details->redact;
	container_wish_for(details->model, container, &asking->wish);
	details->pending++;
	worker_post(details->worker, &asking->job);
}

enum detail container_details_kind(const char *name)
{
	return !strcmp(name, "inspect") ? DETAIL_INSPECT : !strcmp(name, "log") ? DETAIL_LOG : 0;
}

int container_details_ask(
	struct container_details *details, enum detail kind, uint32_t number, struct error *error)
{
	const struct container *container = cgroups_container_numbered(
		&details->model->cgroups, number);
	uint64_t now = clock_now();
	struct follower *follower;

	if (!container)
		return error_set(error, -ESRCH, "there is no container %u", number);
	if (kind == DETAIL_INSPECT) {
		struct inspected *inspected = inspected_of(details, number);

		if (inspected->busy || now - inspected->time < INSPECT_NS)
			return 0;
		inspected->busy = true;
		inspected->time = now;
		post(details, kind, container, NULL);
		return 0;
	}
	follower = follower_of(details, number);
	if (!follower)
		return error_set(
			error, -EBUSY, "no more than %d logs are followed at once", FOLLOWED);
	if (follower->busy || now - follower->used < LOG_NS)
		return 0;
	follower->busy = true;
	follower->used = now;
	post(details, kind, container, follower);
	return 0;
}

void container_details_on_rows(
	struct container_details *details, void (*hook)(void *arg), void *arg)
{
	details->hook = hook;
	details->hook_arg = arg;
}

struct container_details *container_details_new(struct loop *loop, struct recording *recording,
	struct model *model, const struct containers_roots *roots,
	void (*redact)(struct buf *out, struct str arguments))
{
	struct container_details *details = mem_zalloc(sizeof(*details));

	details->recording = recording;
	details->model = model;
	details->redact = redact;
	details->roots = roots ? *roots : fact_roots_host();
	details->sources = fact_sources_new(&details->roots);
	details->worker = worker_new(loop, "tracetop-look", 1, false);
	return details;
}

void container_details_free(struct container_details *details)
{
	if (!details)
		return;
	details->hook = NULL;
	worker_free(details->worker, true);
	if (details->pending) /* a thread hangs in a job with it, and is left behind */
		return;
	for (size_t i = 0; i < FOLLOWED; i++)
		follower_free(details->followers[i]);
	free(details->inspected);
	fact_sources_free(details->sources);
	free(details);
}
