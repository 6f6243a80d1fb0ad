/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"

struct queue {
	struct job *first, **last;
};

struct worker {
	struct loop *loop;
	pthread_mutex_t lock;
	pthread_cond_t posted_cond;
	struct queue posted; /* waiting for a thread */
	struct queue ended;  /* waiting for done() on the loop's thread */
	int event;	     /* eventfd: something ended */
	unsigned threads, idle, max_threads;
	size_t waiting; /* jobs in posted */
	size_t pending; /* loop's thread only */
	bool stopping, low_priority;
	/* The loop's side and each thread hold one: a thread that hangs must not lose the ground.
	 */
	unsigned references;
	char name[16];
};

static void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->last = &queue->first;
}

static void queue_put(struct queue *queue, struct job *job)
{
	job->next = NULL;
	*queue->last = job;
	queue->last = &job->next;
}

static struct job *queue_take(struct queue *queue)
{
	struct job *job = queue->first;

	if (job) {
		queue->first = job->next;
		if (!queue->first)
			queue->last = &queue->first;
	}
	return job;
}

/* With the lock held; lets go of it. */
static void worker_put(struct worker *worker)
{
	bool last = --worker->references == 0;

	pthread_mutex_unlock(&worker->lock);
	if (!last)
		return;
	close(worker->event);
	pthread_cond_destroy(&worker->posted_cond);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

static void *worker_thread(void *arg)
{
	struct worker *worker = arg;
	uint64_t one = 1;

	pthread_setname_np(pthread_self(), worker->name);
	if (worker->low_priority)
		setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
	pthread_mutex_lock(&worker->lock);
	for (;;) {
		struct job *job = queue_take(&worker->posted);

		if (!job) {
			if (worker->stopping)
				break;
			worker->idle++;
			pthread_cond_wait(&worker->posted_cond, &worker->lock);
			worker->idle--;
			continue;
		}
		worker->waiting--;
		pthread_mutex_unlock(&worker->lock);
		job->run(job);
		pthread_mutex_lock(&worker->lock);
		queue_put(&worker->ended, job);
		(void)!write(worker->event, &one, sizeof(one));
	}
	worker->threads--;
	worker_put(worker);
	return NULL;
}

/* With the lock held. */
static void worker_start_thread(struct worker *worker)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;

	if (worker->threads >= worker->max_threads)
		return;
	/* Signals belong to the loop's thread, which reads them from a descriptor. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	if (!pthread_create(&thread, &attr, worker_thread, worker)) {
		worker->threads++;
		worker->references++;
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void worker_collect(struct worker *worker)
{
	struct job *job;
	uint64_t count;

	(void)!read(worker->event, &count, sizeof(count));
	for (;;) {
		pthread_mutex_lock(&worker->lock);
		job = queue_take(&worker->ended);
		pthread_mutex_unlock(&worker->lock);
		if (!job)
			return;
		worker->pending--;
		job->done(job);
	}
}

static void worker_ready(void *arg, short revents)
{
	(void)revents;
	worker_collect(arg);
}

struct worker *worker_new(
	struct loop *loop, const char *name, unsigned max_threads, bool low_priority)
{
	struct worker *worker = mem_zalloc(sizeof(*worker));

	worker->loop = loop;
	worker->max_threads = max_threads;
	worker->low_priority = low_priority;
	worker->references = 1;
	strncpy(worker->name, name, sizeof(worker->name) - 1);
	queue_init(&worker->posted);
	queue_init(&worker->ended);
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->posted_cond, NULL);
	worker->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop)
		loop_watch(loop, worker->event, POLLIN, worker_ready, worker);
	return worker;
}

void worker_post(struct worker *worker, struct job *job)
{
	worker->pending++;
	pthread_mutex_lock(&worker->lock);
	if (worker->stopping) { /* by the end of another: dropped as that one is */
		queue_put(&worker->ended, job);
	} else {
		queue_put(&worker->posted, job);
		/* An idle thread takes one job, and may hang in it. */
		if (++worker->waiting > worker->idle)
			worker_start_thread(worker);
		pthread_cond_signal(&worker->posted_cond);
	}
	pthread_mutex_unlock(&worker->lock);
}

size_t worker_pending(const struct worker *worker)
{
	return worker->pending;
}

bool worker_finish(struct worker *worker, int timeout_ms)
{
	uint64_t end = clock_now() + (uint64_t)timeout_ms * NS_PER_MS;

	while (worker->pending) {
		uint64_t now = clock_now();
		struct pollfd fd = {.fd = worker->event, .events = POLLIN};

		if (now >= end)
			return false;
		if (poll(&fd, 1, (int)((end - now) / NS_PER_MS) + 1) > 0)
			worker_collect(worker);
	}
	return true;
}

void worker_free(struct worker *worker, bool drop)
{
	struct job *job;

	if (!worker)
		return;
	if (!drop)
		worker_finish(worker, 10000);
	if (worker->loop)
		loop_unwatch(worker->loop, worker->event);
	pthread_mutex_lock(&worker->lock);
	worker->stopping = true;
	while ((job = queue_take(&worker->posted)))
		queue_put(&worker->ended, job);
	while ((job = queue_take(&worker->ended))) {
		pthread_mutex_unlock(&worker->lock);
		worker->pending--;
		job->done(job); /* may post another one */
		pthread_mutex_lock(&worker->lock);
	}
	pthread_cond_broadcast(&worker->posted_cond);
	worker_put(worker);
}
