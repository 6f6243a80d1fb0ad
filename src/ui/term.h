/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal.
 *
 * Curses draws into memory; what comes out of a frame is written to the terminal by the loop, and
 * as long as some of it is still under way no other frame is drawn.  So a terminal that does not
 * read (a stopped ssh, a paused screen) costs nothing and holds nothing up.  The terminal is opened
 * anew, so that it can be made non-blocking without the shell that started us noticing.
 */
#ifndef UI_TERM_H
#define UI_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct term;

struct term_options {
	bool ascii; /* nothing beyond ASCII */
	bool mono;  /* no colours */
};

/* NULL with @error filled: no terminal, or one that cannot position its cursor. */
struct term *term_new(const struct term_options *options, struct error *error);
void term_free(struct term *term); /* puts the terminal back as it was */

/* The descriptor to be watched for keys, and for room while term_is_busy(). */
int term_fd(const struct term *term);

/* The next key as of getch(3) (KEY_…), a character, or -1: none; *lost: the terminal is gone. */
int term_key(struct term *term, bool *lost);

/* Whether a frame is still under way. */
bool term_is_busy(const struct term *term);

/* Writes what is left of a frame, as much as there is room for; false: the terminal is gone. */
bool term_write(struct term *term);

/* Sends what was drawn since the last frame; false: the terminal is gone. */
bool term_present(struct term *term);

/* Takes the size the terminal has now. */
void term_resize(struct term *term);
void term_size(const struct term *term, int *rows, int *columns);

/* Gives the terminal back for a while (SIGTSTP, a shell), and takes it again. */
void term_leave(struct term *term);
void term_enter(struct term *term);

/* Everything is drawn anew with the next frame. */
void term_redraw(struct term *term);

enum text_charset term_charset(const struct term *term);

/* Bytes written to the terminal so far. */
size_t term_bytes(const struct term *term);

/* What stands out, and how: curses attributes. */
enum style {
	STYLE_NORMAL,
	STYLE_TITLE, /* of the status line */
	STYLE_GOOD,
	STYLE_WARNING,
	STYLE_ERROR,
	STYLE_HEADER, /* of columns */
	STYLE_SORTED, /* header of the column that is sorted by */
	STYLE_CURSOR, /* the row it stands on */
	STYLE_MATCH,  /* what was searched for */
	STYLE_DIM,
	STYLE_KEY,   /* in the key bar */
	STYLE_LABEL, /* behind the key */
	STYLE_HOT,   /* shares of 5 % and more */
	STYLE_WARM,  /* of 0.5 % and more */
	STYLES
};
unsigned long term_style(const struct term *term, enum style style);

#endif
