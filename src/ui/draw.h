/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one place that puts text on the screen: escaped, cut to its room, in its style. */
#ifndef UI_DRAW_H
#define UI_DRAW_H

#include <stdbool.h>

#include "base/str.h"
#include "ui/term.h"

/* A part of the screen. */
struct rect {
	int row, column, rows, columns;
};

enum draw_flag {
	DRAW_RIGHT = 1,	 /* flush right */
	DRAW_FILL = 2,	 /* the style reaches over the rest of the room */
	DRAW_PLAIN = 4,	 /* our own text: nothing in it is escaped */
	DRAW_MIDDLE = 8, /* what does not fit is left out of its middle: paths */
};

/*
 * Writes @text at most @columns wide; what is cut ends in a mark.  Returns the cells it took (all
 * of them with DRAW_FILL or DRAW_RIGHT).  Outside the screen nothing is written.
 */
int draw_text(const struct term *term, int row, int column, int columns, struct str text,
	enum style style, unsigned flags);

/* The same for text of our own. */
int draw_label(const struct term *term, int row, int column, int columns, const char *text,
	enum style style, unsigned flags);

/* printf for text of our own; no names of the system go through it. */
int draw_format(const struct term *term, int row, int column, int columns, enum style style,
	const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The cells that draw_text() takes for the text if there is room for all of it. */
int draw_width(const struct term *term, struct str text);

/* Lines broken between words; returns how many there are. */
int draw_paragraph(const struct term *term, const struct rect *rect, int skip, const char *text,
	enum style style);

void draw_clear(const struct term *term);

/* Shows the cursor at a place, for a line that is typed; row -1 hides it. */
void draw_cursor(const struct term *term, int row, int column);

#endif
