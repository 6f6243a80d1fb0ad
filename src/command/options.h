/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line said; tracetop.c fills it in, the verbs read it. */
#ifndef COMMAND_OPTIONS_H
#define COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_EVENTS 16
#define OPTIONS_PIDS 64
#define OPTIONS_CONTAINERS 16

enum show_format {
	FORMAT_TEXT,
	FORMAT_CSV,
	FORMAT_JSON,
	FORMAT_JSONL,
	FORMAT_MDOC /* of `list fields` only: the manual's page */
};

struct options {
	const char *what;	/* VIEW, or what is to be listed; NULL: the default */
	const char *pattern;	/* of list: names that are listed; NULL: all */
	const char *read_file;	/* -r */
	const char *write_file; /* -w */
	const char *filter;	/* -f */
	const char *containers[OPTIONS_CONTAINERS]; /* -c */
	size_t container_count;
	const char *events[OPTIONS_EVENTS]; /* -e */
	size_t event_count;
	uint32_t pids[OPTIONS_PIDS]; /* -p */
	size_t pid_count;
	const char *cpus;   /* -C */
	uint64_t frequency; /* -F */
	bool stacks;	    /* -g */
	double interval;    /* -d, seconds; 0: not said */
	double duration;    /* --duration, seconds; 0: not said */
	enum show_format format;
	size_t buffer; /* --buffer, bytes */
	size_t ring;   /* --ring, bytes a CPU; 0: by the frequency */
	bool readonly;
	bool ascii, mono;
	char *const *command; /* behind --, NULL-terminated; NULL: none */
	int command_output;   /* the descriptor that its output goes to; -1: nowhere */
};

#endif
