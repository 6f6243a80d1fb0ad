/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting, speaking to and ending the resolver child. */
#ifndef RESOLVE_PROCESS_H
#define RESOLVE_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

struct resolve_request;

struct resolve_process {
	int fd; /* non-blocking; -1: there is no child */
	pid_t pid;
};

/* 0 or a negative errno. */
int resolve_process_start(struct resolve_process *process);

/* Ends it at once; @how gets what became of it ("signal 11"). */
void resolve_process_end(struct resolve_process *process, char *how, size_t size);

/* Sends a request, what belongs to it and a descriptor (or -1); 0 or a negative errno. */
int resolve_process_send(const struct resolve_process *process,
	const struct resolve_request *request, const void *more, size_t size, int fd);

/* Bytes of a message, 0 at the end, or a negative errno (-EAGAIN: none is there). */
ssize_t resolve_process_receive(const struct resolve_process *process, void *data, size_t size);

#endif
