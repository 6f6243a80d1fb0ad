/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went wrong, in words for the person at the screen.
 *
 * Functions return 0 or a negative errno.  Where the cause needs words, they take a struct error
 * as well and fill it where the cause is known; exactly one place above shows it.  The text says
 * what was attempted, what failed and why, and what to do: no capital, no full stop, subjects in
 * single quotes.  Names of the system in it are escaped when they are put in (text_escape()).
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
	int code; /* negative errno, 0 when nothing failed */
	char text[512];
};

/* Fills @error (which may be NULL) and returns @code, for `return error_set(…)`. */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "what: " before the text that stands there, and returns the error's code. */
int error_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
