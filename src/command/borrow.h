/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal lent to a command: a shell in a container, the follower of a log.  Recording goes
 * on meanwhile; the screen comes back when the command ends.
 */
#ifndef COMMAND_BORROW_H
#define COMMAND_BORROW_H

#include "base/error.h"

struct borrow;
struct loop;
struct term;

/*
 * Leaves the screen and starts the command, which has the terminal to itself until it ends; then
 * the screen is entered again and @done called with the status as of waitpid(2), from the loop.
 * Returns NULL with @error filled if it cannot be started: the screen is as it was.
 */
struct borrow *borrow_start(struct loop *loop, struct term *term, const char *const *argv,
	void (*done)(void *arg, int status), void *arg, struct error *error);

/* Ends the command if it runs; done() is not called any more.  NULL is nothing. */
void borrow_free(struct borrow *borrow);

#endif
