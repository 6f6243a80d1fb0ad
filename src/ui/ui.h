/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen: what is shown of a recording, and what keys do.
 *
 * Knows recordings, models and views, and neither kernel nor files: what is to happen to the
 * machine is posted to the router, what there is to say about sources is asked of the status
 * callback.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/request.h"
#include "model/model.h"
#include "record/recording.h"
#include "ui/term.h"
#include "view/view.h"

struct ui;

/* What the status line says of where data comes from; texts are borrowed until the next call. */
struct ui_status {
	bool live;
	const char *source;   /* "live", or the file's name */
	const char *event;    /* that is sampled; "" */
	const char *why;      /* that event, or this frequency; "" */
	const char *narrowed; /* what is recorded is narrowed to this; "" */
	const char *wide;    /* why samples are filtered for it, not narrowed; NULL: they are not */
	const char *trouble; /* why nothing is sampled, and what to do; NULL: all is well */
	const char *tasks;   /* what is amiss with looking at processes, likewise */
	const char *cgroups; /* and at cgroups and containers */
	const char *containers;
	uint64_t frequency; /* Hz a CPU; 0: fixed periods */
	uint64_t lost, evicted, late, throttled;
	uint64_t left_out;   /* samples that the kernel did not write: they are none of those */
	double cpu;	     /* percent of one CPU that tracetop takes itself */
	const char *writing; /* the file that is written; NULL: none */
	uint64_t written;    /* bytes of it */
};

struct ui_config {
	struct recording *recording;
	struct model *model;
	const struct view_set *views;
	const struct view *view; /* the first */
	struct filter *filter;	 /* on everything; NULL: none; stays the caller's */
	const struct router *router;
	void (*status)(void *arg, struct ui_status *status);
	void *status_arg;
	/* What a request will do, for the question before it, escaped; NULL: its name says all. */
	const char *(*describe)(void *arg, const struct request *request);
	void *describe_arg;
	void (*more)(void *arg); /* there is idle work */
	void *more_arg;
	struct term *term; /* stays the caller's */
	double interval;   /* seconds between two pictures */
	uint64_t from, to; /* of a capture: the span it covers; live: 0 */
};

struct ui *ui_new(const struct ui_config *config);
void ui_free(struct ui *ui);

/* There may be new data; draws a new picture if it is time. */
void ui_data(struct ui *ui, uint64_t now);

/* Something that was asked for is there. */
void ui_arrived(struct ui *ui);

/* The next time something is to be done without data: a picture, or a message that is read. */
uint64_t ui_due(const struct ui *ui, uint64_t now);

/* What keys do, as the help has it; false: there are no more than @number. */
struct ui_key {
	const char *names, *help;
};
bool ui_key_at(size_t number, struct ui_key *key);

/* A key. */
void ui_key(struct ui *ui, int key);

/* A few milliseconds of the query that is under way; whether there is more. */
bool ui_work(struct ui *ui);

/* Puts what has changed on the screen; false: the terminal is gone. */
bool ui_present(struct ui *ui);

/* Another size, or everything anew. */
void ui_resized(struct ui *ui);

bool ui_wants_to_quit(const struct ui *ui);

/* What is on the screen may say something else by now. */
void ui_changed(struct ui *ui);

/* A message in the line above the key bar. */
void ui_say(struct ui *ui, enum style style, const char *text);

#endif
