/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every verb stands on: a recording with its model, and live, the sources and resolvers that
 * fill it.
 */
#ifndef COMMAND_SESSION_H
#define COMMAND_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "command/options.h"
#include "source/sampler.h"
#include "view/view.h"

struct capture_writer;
struct cgroup_watch;
struct chosen;
struct loop;
struct model;
struct recording;
struct details;
struct container_details;
struct container_usage;
struct containers;
struct resolver;
struct usage;
struct user_names;
struct worker;

struct session {
	const struct options *options;
	struct loop *loop;
	struct worker *disk; /* seals and writes */
	struct recording *recording;
	struct model *model;
	struct sampler *sampler;		     /* NULL on a capture */
	struct usage *usage;			     /* likewise */
	struct cgroup_watch *cgroups;		     /* likewise */
	struct container_usage *container_usage;     /* likewise */
	struct details *details;		     /* likewise */
	struct container_details *container_details; /* likewise */
	struct chosen *chosen;			     /* by -c; NULL: all */
	struct loop_timer *usage_timer;
	struct resolver *resolver;     /* likewise */
	struct containers *containers; /* likewise */
	struct user_names *user_names; /* likewise */
	struct capture_writer *writer;
	struct view_set views;
	char *events[OPTIONS_EVENTS]; /* that are sampled, as written */
	struct sampler_config config;
	struct error sampling;	/* why nothing is sampled; code 0: it is */
	uint64_t damaged;	/* chunks of a capture that could not be read so far */
	uint64_t evicted;	/* of the model, as far as it was told */
	uint64_t interval_from; /* where the interval that is open began */
	pid_t child;		/* of the command behind --; 0: none */
	int child_gate;		/* closing it lets the command begin */
	int child_status;	/* as of waitpid() */
	bool child_ended;
	void (*hook)(void *arg);
	void *hook_arg;
};

/*
 * Opens a capture or starts sampling.  A machine that cannot be sampled is no error: @sampling says
 * why.  Returns 0 or a negative errno with @error filled; session_close() in any case.
 */
int session_open(struct session *session, const struct options *options, struct error *error);
void session_close(struct session *session);

bool session_is_live(const struct session *session);

/* Called after each tick, when there may be something new. */
void session_on_tick(struct session *session, void (*hook)(void *arg), void *arg);

/* Starts writing the recording to a file. */
int session_write(struct session *session, const char *path, struct error *error);
/* Ends the file; 0 or a negative errno. */
int session_end_writing(struct session *session, struct error *error);

/*
 * Closes the interval that is open at @now, and records it behind all that happened in it.  Best
 * called a moment later, when the last of it has arrived.
 */
void session_close_interval(struct session *session, uint64_t now);

/* The span that intervals cover, or where there are none, the data; false: there is nothing. */
bool session_span(struct session *session, uint64_t *from, uint64_t *to);

/* Waits for names that are wanted: of containers, users and functions, each at most so long. */
void session_settle(struct session *session, int timeout_ms);

/*
 * Stops sampling, and waits a moment for the names that are still wanted.  Returns the time after
 * which nothing was sampled.
 */
uint64_t session_finish(struct session *session);

/* Lets the command behind -- begin; whether it has ended since. */
void session_release_command(struct session *session);
bool session_command_ended(struct session *session);

/* Records a note and folds it into what is shown. */
void session_note(struct session *session, unsigned kind, const char *text);

#endif
