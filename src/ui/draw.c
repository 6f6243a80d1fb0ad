/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/draw.h"

#include <curses.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

static const char *cut_mark(const struct term *term)
{
	return term_charset(term) == TEXT_UTF8 ? "\u2026" : "~";
}

static void put(struct str text)
{
	addnstr(text.data, (int)text.size);
}

static void put_spaces(int count)
{
	for (int i = 0; i < count; i++)
		addch(' ');
}

/* The last cells of a text that is too wide, for its end. */
static struct str tail_of(struct str text, size_t cells)
{
	size_t total = text_cells(text), used, skip;

	if (total <= cells)
		return text;
	skip = text_fit(text, total - cells, &used);
	return (struct str){text.data + skip, text.size - skip};
}

static int put_cut(const struct term *term, struct str text, int columns, bool middle)
{
	size_t used, head = (size_t)columns - 1, tail = 0;
	size_t size;

	if (middle && columns > 12) {
		tail = (size_t)columns * 2 / 3;
		head = (size_t)columns - 1 - tail;
	}
	size = text_fit(text, head, &used);
	put((struct str){text.data, size});
	put(str_from(cut_mark(term)));
	if (tail) {
		struct str end = tail_of(text, tail);

		put(end);
		used += text_cells(end);
	}
	return (int)used + 1;
}

int draw_width(const struct term *term, struct str text)
{
	struct buf escaped = {0};
	int cells;

	text_escape(&escaped, text, term_charset(term));
	cells = (int)text_cells(buf_str(&escaped));
	buf_release(&escaped);
	return cells;
}

int draw_text(const struct term *term, int row, int column, int columns, struct str raw,
	enum style style, unsigned flags)
{
	struct buf escaped = {0};
	struct str text = raw;
	int rows, width, cells, used;

	term_size(term, &rows, &width);
	if (column + columns > width)
		columns = width - column;
	if (row < 0 || row >= rows || column < 0 || columns <= 0)
		return 0;
	if (!(flags & DRAW_PLAIN)) {
		text_escape(&escaped, raw, term_charset(term));
		text = buf_str(&escaped);
	}
	cells = (int)text_cells(text);
	attrset((attr_t)term_style(term, style));
	move(row, column);
	if (flags & DRAW_RIGHT)
		put_spaces(cells < columns ? columns - cells : 0);
	if (cells <= columns) {
		put(text);
		used = cells;
	} else {
		used = put_cut(term, text, columns, flags & DRAW_MIDDLE);
	}
	if ((flags & DRAW_FILL) && !(flags & DRAW_RIGHT))
		put_spaces(columns - used);
	attrset(A_NORMAL);
	buf_release(&escaped);
	return flags & (DRAW_FILL | DRAW_RIGHT) ? columns : used;
}

int draw_label(const struct term *term, int row, int column, int columns, const char *text,
	enum style style, unsigned flags)
{
	return draw_text(term, row, column, columns, str_from(text), style, flags | DRAW_PLAIN);
}

int draw_format(const struct term *term, int row, int column, int columns, enum style style,
	const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return draw_label(term, row, column, columns, text, style, 0);
}

int draw_paragraph(const struct term *term, const struct rect *rect, int skip, const char *text,
	enum style style)
{
	int line = 0;

	while (*text) {
		size_t end = strcspn(text, "\n"), used, fits, cut;

		fits = text_fit((struct str){text, end},
			rect->columns > 1 ? (size_t)rect->columns : 1, &used);
		cut = fits;
		if (fits < end) { /* back to the end of a word, if there is one */
			while (cut > 0 && text[cut] != ' ')
				cut--;
			cut = cut ? cut : fits;
		}
		if (line >= skip && line - skip < rect->rows)
			draw_text(term, rect->row + line - skip, rect->column, rect->columns,
				(struct str){text, cut}, style, DRAW_PLAIN);
		line++;
		text += cut;
		text += *text == ' ' && cut < end;
		text += *text == '\n' && cut == end;
	}
	return line;
}

void draw_clear(const struct term *term)
{
	(void)term;
	erase();
	curs_set(0);
}

void draw_cursor(const struct term *term, int row, int column)
{
	(void)term;
	curs_set(row >= 0);
	if (row >= 0)
		move(row, column);
}
