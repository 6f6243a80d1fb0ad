/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/worker.h"
#include "model/model.h"
#include "record/recording.h"
#include "resolve/open.h"
#include "resolve/process.h"
#include "resolve/protocol.h"

#define ANSWER_NS (10 * NS_PER_S) /* a child that is silent for so long is ended */
#define OPENING_MAX 4
#define RESTARTS_MAX 8 /* in a row, without an answer between */

enum source_state {
	SOURCE_IDLE,	/* nobody has opened it */
	SOURCE_OPENING, /* on the worker */
	SOURCE_OPEN,	/* the child is to read it */
	SOURCE_READY,	/* the child has its table */
	SOURCE_FAILED,	/* no names will come */
};

/* Where the names of a DSO come from. */
struct source {
	enum source_state state;
	uint32_t table; /* the DSO under whose number the child has it */
	unsigned way;	/* of open_dso(), the next to try */
	int fd;		/* SOURCE_OPEN */
	bool proven, replaced;
	int error; /* of the last way that failed */
	bool queued;
	uint64_t *wanted; /* addresses to be asked for */
	size_t wanted_count, wanted_capacity;
};

#define PATIENCE_NS (300 * NS_PER_MS) /* with a child that stands back */
#define SETTLE_TIMES 5 /* the time without an answer that is waited for at most, in all */

struct resolver {
	struct loop *loop;
	struct recording *recording;
	struct model *model;
	struct worker *worker;
	struct resolve_process process;
	struct loop_timer *timer; /* of the request under way */
	struct source *sources;	  /* by DSO */
	size_t source_count, source_capacity;
	uint32_t *queue; /* DSOs with something to do, the oldest first */
	size_t queue_count, queue_capacity;
	unsigned opening, restarts;
	bool dead; /* no child will be started again */

	uint32_t busy;	   /* the DSO of the request under way; 0: none */
	uint32_t expected; /* symbols that its answer lacks; 0: it is a load */
	uint64_t *asked;
	size_t asked_count;
	bool running;		/* in resolver_pump() */
	uint64_t waiting_since; /* since when there is something to do; 0: there is nothing */
	bool hurried;		/* the child runs as everybody does */
	void (*hook)(void *arg);
	void *hook_arg;
};

static void resolver_pump(struct resolver *resolver);

static struct source *resolver_source(struct resolver *resolver, uint32_t dso)
{
	size_t had = resolver->source_count;

	if (dso >= had) {
		resolver->source_count = dso + 1;
		resolver->sources = mem_grow(resolver->sources, &resolver->source_capacity,
			resolver->source_count, sizeof(*resolver->sources));
		memset(resolver->sources + had, 0,
			(resolver->source_count - had) * sizeof(*resolver->sources));
		for (size_t i = had; i < resolver->source_count; i++) {
			resolver->sources[i].fd = -1;
			resolver->sources[i].table = (uint32_t)i;
		}
	}
	return &resolver->sources[dso];
}

static void resolver_enqueue(struct resolver *resolver, uint32_t dso)
{
	struct source *source = resolver_source(resolver, dso);

	if (source->queued || source->state == SOURCE_FAILED || source->state == SOURCE_OPENING)
		return;
	source->queued = true;
	resolver->queue = mem_grow(resolver->queue, &resolver->queue_capacity,
		resolver->queue_count + 1, sizeof(*resolver->queue));
	resolver->queue[resolver->queue_count++] = dso;
}

/* --- what becomes known --- */

static void record_status(struct resolver *resolver, uint32_t id, enum dso_status status,
	struct str build_id, const char *why)
{
	const struct dso *dso = symbols_dso(&resolver->model->symbols, id);

	recording_append(resolver->recording,
		&(struct record){.type = RECORD_DSO,
			.time = clock_now(),
			.name = dso->path,
			.nums = (uint64_t[DSO_NUMS]){[DSO_ID] = id,
				[DSO_KIND] = dso->kind,
				[DSO_STATUS] = status,
				[DSO_DEV] = dso->dev,
				[DSO_INODE] = dso->inode,
				[DSO_GENERATION] = dso->generation},
			.texts = (struct str[DSO_TEXTS]){
				[DSO_BUILD_ID] = build_id.size ? build_id : dso->build_id,
				[DSO_WHY] = str_from(why)}});
	if (resolver->hook)
		resolver->hook(resolver->hook_arg);
}

static void resolver_fail(
	struct resolver *resolver, uint32_t dso, enum dso_status status, const char *why)
{
	struct source *source = resolver_source(resolver, dso);

	source->state = SOURCE_FAILED;
	source->wanted_count = 0;
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
	record_status(resolver, dso, status, (struct str){"", 0}, why);
}

/*
 * The child has a table.  If the build turns out to be known under another number that has none,
 * this one serves for both.
 */
static void resolver_ready(
	struct resolver *resolver, uint32_t dso, const struct resolve_reply *reply)
{
	struct source *source = resolver_source(resolver, dso), *first;
	struct str build_id = {(const char *)reply->build_id, reply->build_id_size};
	enum dso_status status = !source->proven		     ? DSO_UNVERIFIED
				 : reply->answer == RESOLVE_STRIPPED ? DSO_STRIPPED
								     : DSO_PROVEN;
	uint32_t same;

	source->state = SOURCE_READY;
	record_status(resolver, dso, status, build_id, "");
	same = symbols_dso(&resolver->model->symbols, dso)->same_as;
	first = resolver_source(resolver, same);
	source = resolver_source(resolver, dso); /* the list may have moved */
	if (same != dso && (first->state == SOURCE_IDLE || first->state == SOURCE_FAILED)) {
		first->state = SOURCE_READY;
		first->table = dso;
		record_status(resolver, same, status, build_id, "");
	}
	if (source->wanted_count)
		resolver_enqueue(resolver, dso);
}

/* The DSO of a kernel module that a symbol belongs to. */
static uint32_t resolver_module(struct resolver *resolver, uint32_t kernel, struct str name)
{
	struct symbols *symbols = &resolver->model->symbols;
	struct dso_key key = {
		.kind = DSO_MODULE, .path = name, .build_id = {"", 0}, .dev = kernel, .inode = 0};
	uint32_t id;

	if (!name.size)
		return 0;
	if (str_equal(name, STR("[bpf]")))
		key.kind = DSO_BPF;
	id = symbols_find_dso(symbols, &key);
	if (id)
		return id;
	id = symbols_next_dso(symbols);
	recording_append(
		resolver->recording, &(struct record){.type = RECORD_DSO,
					     .time = clock_now(),
					     .name = name,
					     .nums = (uint64_t[DSO_NUMS]){[DSO_ID] = id,
						     [DSO_KIND] = key.kind,
						     [DSO_STATUS] = DSO_PROVEN,
						     [DSO_DEV] = kernel},
					     .texts = (struct str[DSO_TEXTS]){{"", 0}, {"", 0}}});
	return id;
}

static bool was_asked(const struct resolver *resolver, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < resolver->asked_count; i++)
		if (resolver->asked[i] >= start && resolver->asked[i] < end)
			return true;
	return false;
}

/* One symbol of an answer; false if what came is not one that was asked for. */
static bool take_symbol(struct resolver *resolver, const char **at, const char *end)
{
	struct resolve_symbol s;
	struct str name, linkage, owner;
	size_t size;

	if ((size_t)(end - *at) < sizeof(s))
		return false;
	memcpy(&s, *at, sizeof(s));
	if (s.name_size > RESOLVE_NAME || s.linkage_size > RESOLVE_NAME ||
		s.owner_size > RESOLVE_NAME || !was_asked(resolver, s.start, s.end))
		return false;
	size = sizeof(s) + s.name_size + s.linkage_size + s.owner_size;
	size += -size & 7;
	if ((size_t)(end - *at) < size)
		return false;
	name = (struct str){*at + sizeof(s), s.name_size};
	linkage = (struct str){name.data + name.size, s.linkage_size};
	owner = (struct str){linkage.data + linkage.size, s.owner_size};
	*at += size;
	recording_append(resolver->recording,
		&(struct record){.type = RECORD_SYMBOL,
			.time = clock_now(),
			.name = name,
			.nums = (uint64_t[SYMBOL_NUMS]){[SYMBOL_DSO] = resolver->busy,
				[SYMBOL_START] = s.start,
				[SYMBOL_END] = s.end,
				[SYMBOL_OWNER] = resolver_module(resolver, resolver->busy, owner)},
			.texts = (struct str[SYMBOL_TEXTS]){[SYMBOL_LINKAGE] = linkage}});
	return true;
}

static bool take_symbols(struct resolver *resolver, const struct resolve_reply *reply, size_t size)
{
	const char *at = (const char *)(reply + 1), *end = (const char *)reply + size;

	if (reply->count > resolver->expected)
		return false;
	for (uint32_t i = 0; i < reply->count; i++)
		if (!take_symbol(resolver, &at, end))
			return false;
	resolver->expected -= reply->count;
	if (!resolver->expected) {
		uint32_t dso = resolver->busy;

		resolver->busy = 0;
		if (resolver_source(resolver, dso)->wanted_count)
			resolver_enqueue(resolver, dso);
	}
	if (resolver->hook)
		resolver->hook(resolver->hook_arg);
	return true;
}

static void next_way(struct resolver *resolver, uint32_t dso)
{
	struct source *source = resolver_source(resolver, dso);

	source->way++;
	source->state = SOURCE_IDLE;
	resolver_enqueue(resolver, dso);
}

static void take_load(struct resolver *resolver, const struct resolve_reply *reply, size_t size)
{
	uint32_t dso = resolver->busy;
	struct source *source = resolver_source(resolver, dso);
	char why[128];

	resolver->busy = 0;
	switch (reply->answer) {
	case RESOLVE_LOADED:
	case RESOLVE_STRIPPED:
		if (symbols_dso(&resolver->model->symbols, dso)->build_id.size)
			source->proven = true;
		resolver_ready(resolver, dso, reply);
		break;
	case RESOLVE_MISMATCH:
		source->replaced = true;
		next_way(resolver, dso);
		break;
	case RESOLVE_HIDDEN:
		resolver_fail(resolver, dso, DSO_UNREADABLE,
			"kernel symbols are hidden: sysctl kernel.kptr_restrict=0, as root");
		break;
	default:
		snprintf(why, sizeof(why), "%.*s",
			(int)(reply->count < size - sizeof(*reply) ? reply->count
								   : size - sizeof(*reply)),
			(const char *)(reply + 1));
		resolver_fail(resolver, dso, DSO_UNREADABLE, why);
	}
}

/* --- the child --- */

static void resolver_ready_to_read(void *arg, short revents);

/* All that the child knew is gone with it: tables are read again when they are needed. */
static void resolver_forget_tables(struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->source_count; i++) {
		struct source *source = &resolver->sources[i];

		if (source->state != SOURCE_READY)
			continue;
		source->state = SOURCE_IDLE;
		source->table = (uint32_t)i;
		source->way = 0;
		if (source->wanted_count)
			resolver_enqueue(resolver, (uint32_t)i);
	}
}

/* Ends the child; what it was at has no names. */
static void resolver_stop_child(struct resolver *resolver, const char *why)
{
	uint32_t culprit = resolver->busy;
	char text[128], how[64];

	if (resolver->process.fd >= 0)
		loop_unwatch(resolver->loop, resolver->process.fd);
	resolve_process_end(&resolver->process, how, sizeof(how));
	resolver->busy = 0;
	resolver->restarts++;
	resolver_forget_tables(resolver);
	if (culprit) {
		snprintf(text, sizeof(text), "its parser stopped: %s", why ? why : how);
		resolver_fail(resolver, culprit, DSO_UNREADABLE, text);
	}
	if (resolver->restarts >= RESTARTS_MAX)
		resolver->dead = true;
}

static bool resolver_has_child(struct resolver *resolver)
{
	if (resolver->process.fd >= 0)
		return true;
	if (resolver->dead || resolve_process_start(&resolver->process)) {
		resolver->dead = true;
		return false;
	}
	resolver->hurried = false;
	loop_watch(resolver->loop, resolver->process.fd, POLLIN, resolver_ready_to_read, resolver);
	return true;
}

static void resolver_read(struct resolver *resolver)
{
	static union {
		struct resolve_reply reply;
		uint64_t align;
		char room[RESOLVE_MESSAGE + 4096];
	} message;
	ssize_t size = resolve_process_receive(&resolver->process, &message, sizeof(message));

	if (size == -EAGAIN)
		return;
	if (size < (ssize_t)sizeof(message.reply)) {
		resolver_stop_child(resolver, NULL);
		return;
	}
	if (!resolver->busy || message.reply.build_id_size > RESOLVE_BUILD_ID ||
		message.reply.dso != resolver_source(resolver, resolver->busy)->table ||
		(resolver->expected > 0) != (message.reply.answer == RESOLVE_SYMBOLS)) {
		resolver_stop_child(resolver, "it answered what was not asked");
		return;
	}
	resolver->restarts = 0;
	if (!resolver->expected)
		take_load(resolver, &message.reply, (size_t)size);
	else if (!take_symbols(resolver, &message.reply, (size_t)size))
		resolver_stop_child(resolver, "it answered what was not asked");
}

static void resolver_ready_to_read(void *arg, short revents)
{
	struct resolver *resolver = arg;

	(void)revents;
	resolver_read(resolver);
	resolver_pump(resolver);
}

static uint64_t resolver_late(void *arg, uint64_t now)
{
	struct resolver *resolver = arg;

	(void)now;
	resolver->timer = NULL;
	if (resolver->busy) {
		resolver_stop_child(resolver, "it took too long");
		resolver_pump(resolver);
	}
	return 0;
}

static void resolver_send(struct resolver *resolver, uint32_t dso,
	const struct resolve_request *request, const void *more, size_t size, int fd)
{
	resolver->busy = dso;
	loop_timer_remove(resolver->loop, resolver->timer);
	resolver->timer = loop_timer_add(
		resolver->loop, clock_now() + ANSWER_NS, resolver_late, resolver);
	if (resolve_process_send(&resolver->process, request, more, size, fd))
		resolver_stop_child(resolver, NULL);
}

static void send_load(struct resolver *resolver, uint32_t id)
{
	const struct dso *dso = symbols_dso(&resolver->model->symbols, id);
	struct source *source = resolver_source(resolver, id);
	struct resolve_request request = {
		.op = dso->kind == DSO_KERNEL ? RESOLVE_LOAD_KALLSYMS : RESOLVE_LOAD_ELF,
		.dso = source->table,
		.build_id_size = (uint32_t)dso->build_id.size};
	int fd = source->fd;

	if (request.build_id_size > RESOLVE_BUILD_ID)
		request.build_id_size = 0;
	memcpy(request.build_id, dso->build_id.data, request.build_id_size);
	source->fd = -1;
	resolver->expected = 0;
	resolver_send(resolver, id, &request, NULL, 0, fd);
	close(fd);
}

static void send_look_up(struct resolver *resolver, uint32_t id)
{
	struct source *source = resolver_source(resolver, id);
	size_t count = source->wanted_count < RESOLVE_ADDRESSES ? source->wanted_count
								: RESOLVE_ADDRESSES;
	struct resolve_request request = {
		.op = RESOLVE_LOOK_UP, .dso = source->table, .count = (uint32_t)count};

	source->wanted_count -= count;
	memcpy(resolver->asked, source->wanted + source->wanted_count,
		count * sizeof(*resolver->asked));
	resolver->asked_count = count;
	resolver->expected = (uint32_t)count;
	resolver_send(
		resolver, id, &request, resolver->asked, count * sizeof(*resolver->asked), -1);
}

/* --- opening --- */

struct open_job {
	struct job job;
	struct resolver *resolver;
	uint32_t dso;
	struct open_wish wish;
	unsigned way;
	struct open_result result; /* of the way that led somewhere */
	bool disproven;		   /* another file was found */
};

static void open_run(struct job *job)
{
	struct open_job *open_job = (struct open_job *)job;

	for (; open_job->way < OPEN_WAYS; open_job->way++) {
		struct open_result result = open_dso(&open_job->wish, open_job->way);

		open_job->disproven |= result.disproven;
		if (result.fd >= 0 && result.disproven) {
			close(result.fd);
			continue;
		}
		if (result.fd != -ENOENT) /* which says least of why there is no file */
			open_job->result = result;
		if (result.fd >= 0)
			return;
	}
}

static void open_done(struct job *job)
{
	struct open_job *open_job = (struct open_job *)job;
	struct resolver *resolver = open_job->resolver;
	struct source *source = resolver_source(resolver, open_job->dso);

	resolver->opening--;
	source->way = open_job->way;
	if (open_job->way < OPEN_WAYS) {
		source->fd = open_job->result.fd;
		source->proven = open_job->result.proven;
		source->state = SOURCE_OPEN;
		resolver_enqueue(resolver, open_job->dso);
	} else if (source->replaced || open_job->disproven) {
		resolver_fail(resolver, open_job->dso, DSO_REPLACED,
			"another file stands at its path now");
	} else {
		resolver_fail(resolver, open_job->dso, DSO_UNREADABLE,
			open_job->result.fd == -ENOENT ? "its file is gone"
						       : strerror(-open_job->result.fd));
	}
	free(open_job->wish.path);
	free(open_job);
	resolver_pump(resolver);
}

static void begin_open_file(struct resolver *resolver, uint32_t id, const struct dso *dso)
{
	struct open_job *job = mem_zalloc(sizeof(*job));
	struct source *source = resolver_source(resolver, id);

	job->job.run = open_run;
	job->job.done = open_done;
	job->resolver = resolver;
	job->dso = id;
	job->way = source->way;
	job->result.fd = -ENOENT;
	job->wish = (struct open_wish){.kind = dso->kind,
		.path = mem_printf("%.*s", (int)dso->path.size, dso->path.data),
		.dev = dso->dev,
		.inode = dso->inode,
		.has_build_id = dso->build_id.size > 0,
		.seen = dso->since + clock_ns(CLOCK_REALTIME) - clock_now()};
	job->wish.has_sighting = maps_sighting(resolver->model->maps, id, &job->wish.sighting);
	source->state = SOURCE_OPENING;
	resolver->opening++;
	worker_post(resolver->worker, &job->job);
}

/* The kernel's files are at hand; others may be on a mount that hangs. */
static void begin_open(struct resolver *resolver, uint32_t id)
{
	const struct dso *dso = symbols_dso(&resolver->model->symbols, id);
	struct source *source = resolver_source(resolver, id);

	if (dso->kind == DSO_FILE) {
		begin_open_file(resolver, id, dso);
		return;
	}
	if (dso->kind == DSO_KERNEL)
		source->fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	else if (dso->kind == DSO_VDSO && !dso->inode)
		source->fd = open_vdso();
	if (source->fd >= 0) {
		source->proven = true;
		source->state = SOURCE_OPEN;
		resolver_enqueue(resolver, id);
	} else if (dso->kind == DSO_VDSO) {
		resolver_fail(
			resolver, id, DSO_UNREADABLE, "the vDSO of 32-bit programs is not read");
	} else {
		resolver_fail(resolver, id, DSO_UNREADABLE, strerror(errno));
	}
}

/* --- order of work --- */

static void resolver_step(struct resolver *resolver, uint32_t dso)
{
	struct source *source = resolver_source(resolver, dso);

	switch (source->state) {
	case SOURCE_IDLE:
		begin_open(resolver, dso);
		break;
	case SOURCE_OPEN:
		if (resolver_has_child(resolver))
			send_load(resolver, dso);
		else
			resolver_fail(resolver, dso, DSO_UNREADABLE, "the resolver does not run");
		break;
	case SOURCE_READY:
		if (source->wanted_count && resolver_has_child(resolver))
			send_look_up(resolver, dso);
		break;
	default:
		break;
	}
}

/* Opening goes on beside a request; the child has one at a time. */
static bool may_step(const struct resolver *resolver, enum source_state state)
{
	return state == SOURCE_IDLE ? resolver->opening < OPENING_MAX : !resolver->busy;
}

bool resolver_is_settled(const struct resolver *resolver)
{
	return !resolver->busy && !resolver->opening && !resolver->queue_count &&
	       !resolver->model->symbols.wanted_count;
}

static void resolver_pump(struct resolver *resolver)
{
	if (resolver->running)
		return;
	resolver->running = true;
	for (size_t i = 0; i < resolver->queue_count;) {
		uint32_t dso = resolver->queue[i];

		if (!may_step(resolver, resolver->sources[dso].state)) {
			i++;
			continue;
		}
		resolver->queue_count--;
		memmove(resolver->queue + i, resolver->queue + i + 1,
			(resolver->queue_count - i) * sizeof(*resolver->queue));
		resolver->sources[dso].queued = false;
		resolver_step(resolver, dso);
	}
	resolver->running = false;
}

/*
 * The child stands back behind everything else.  On a busy machine it would not get far so: when
 * names are long in coming, or somebody waits for them, it runs as everybody does for a while.
 */
static void resolver_hurry(struct resolver *resolver, bool hurry)
{
	if (resolver->hurried == hurry || resolver->process.fd < 0)
		return;
	resolver->hurried = hurry;
	setpriority(PRIO_PROCESS, (id_t)resolver->process.pid, hurry ? 0 : RESOLVE_NICE);
}

static void resolver_watch(struct resolver *resolver)
{
	uint64_t now = clock_now();

	if (resolver_is_settled(resolver))
		resolver->waiting_since = 0;
	else if (!resolver->waiting_since)
		resolver->waiting_since = now;
	resolver_hurry(
		resolver, resolver->waiting_since && now - resolver->waiting_since > PATIENCE_NS);
}

void resolver_kick(struct resolver *resolver)
{
	struct symbols *symbols = &resolver->model->symbols;

	while (symbols->wanted_count) {
		uint32_t number = symbols->wanted[--symbols->wanted_count];
		const struct symbol *symbol = &symbols->symbols[number];
		struct source *source;

		if (symbol->now != number) /* it has a name meanwhile */
			continue;
		source = resolver_source(resolver, symbol->dso);
		if (source->state == SOURCE_FAILED)
			continue;
		source->wanted = mem_grow(source->wanted, &source->wanted_capacity,
			source->wanted_count + 1, sizeof(*source->wanted));
		source->wanted[source->wanted_count++] = symbol->start;
		resolver_enqueue(resolver, symbol->dso);
	}
	resolver_pump(resolver);
	resolver_watch(resolver);
}

bool resolver_settle(struct resolver *resolver, int timeout_ms)
{
	uint64_t timeout = (uint64_t)timeout_ms * NS_PER_MS, now = clock_now();
	uint64_t end = now + timeout, latest = now + SETTLE_TIMES * timeout;
	uint64_t generation = resolver->model->symbols.generation;

	for (resolver_kick(resolver); !resolver_is_settled(resolver); resolver_kick(resolver)) {
		struct pollfd fd = {.fd = resolver->process.fd, .events = POLLIN};

		resolver_hurry(resolver, true);
		now = clock_now();
		if (generation != resolver->model->symbols.generation) { /* there are answers */
			generation = resolver->model->symbols.generation;
			end = now + timeout;
		}
		if (now > end || now > latest)
			break;
		if (worker_pending(resolver->worker))
			worker_finish(resolver->worker, 5);
		else if (poll(&fd, 1, 50) > 0)
			resolver_read(resolver);
	}
	resolver_hurry(resolver, false);
	return resolver_is_settled(resolver);
}

void resolver_on_names(struct resolver *resolver, void (*hook)(void *arg), void *arg)
{
	resolver->hook = hook;
	resolver->hook_arg = arg;
}

struct resolver *resolver_new(struct loop *loop, struct recording *recording, struct model *model)
{
	struct resolver *resolver = mem_zalloc(sizeof(*resolver));

	resolver->loop = loop;
	resolver->recording = recording;
	resolver->model = model;
	resolver->process.fd = -1;
	resolver->worker = worker_new(loop, "tracetop-open", OPENING_MAX, true);
	resolver->asked = mem_alloc(RESOLVE_ADDRESSES * sizeof(*resolver->asked));
	return resolver;
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	resolver->running = true; /* nothing new is begun */
	loop_timer_remove(resolver->loop, resolver->timer);
	worker_free(resolver->worker, true);
	if (resolver->process.fd >= 0) {
		loop_unwatch(resolver->loop, resolver->process.fd);
		resolve_process_end(&resolver->process, NULL, 0);
	}
	for (size_t i = 0; i < resolver->source_count; i++) {
		free(resolver->sources[i].wanted);
		if (resolver->sources[i].fd >= 0)
			close(resolver->sources[i].fd);
	}
	free(resolver->sources);
	free(resolver->queue);
	free(resolver->asked);
	free(resolver);
}
