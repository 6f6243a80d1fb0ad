/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names as the system has them, made fit to be shown.
 *
 * Raw bytes are kept everywhere; they are escaped once, here, where they leave for a terminal or a
 * file.  What a terminal would obey or hide is written out: control characters (C0, DEL, C1), bytes
 * that are not UTF-8, bidirectional and format characters, line separators, zero-width and
 * combining characters.  A backslash is doubled, so that an escape is never mistaken for a name
 * that happens to look like one and the bytes can be had back.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum text_charset {
	TEXT_UTF8,  /* printable characters as they are */
	TEXT_ASCII, /* all others as \u{hex}: for terminals that know no UTF-8 */
};

/*
 * Decodes the character at the start of @text, strictly: no overlong forms, no surrogates, nothing
 * past U+10FFFF.  Returns its size in bytes, or 0 if the first byte does not begin a character.
 */
size_t text_decode(struct str text, uint32_t *character);

/* Whether a terminal shows the character as a cell or two of its own and obeys nothing in it. */
bool text_printable(uint32_t character);

/* Appends @raw to @out: \n \t \\ \xHH \u{HEX} for what cannot be shown as it is. */
void text_escape(struct buf *out, struct str raw, enum text_charset charset);

/* The same into a fixed buffer, cut at its end (never inside a character); returns @out. */
char *text_escape_into(char *out, size_t size, const char *raw);

/*
 * Appends @raw as the inside of a JSON string: UTF-8, with the bytes that are not, DEL and C1
 * controls escaped as in text_escape() and backslashes doubled before JSON doubles them again.
 */
void text_utf8(struct buf *out, struct str raw);

/* Terminal cells of text that text_escape() made; needs a UTF-8 LC_CTYPE for wide characters. */
size_t text_cells(struct str escaped);

/* How many bytes of the escaped text fit into @cells; *@used is set to the cells they take. */
size_t text_fit(struct str escaped, size_t cells, size_t *used);

/* Whether @part stands in @text; upper and lower case of ASCII letters are the same. */
bool text_contains_folded(struct str text, struct str part);

/*
 * Edits (one character more, less or other; upper and lower case of ASCII letters are the same)
 * that make @a of @b; more than @limit is told as @limit + 1.
 */
size_t text_distance(struct str a, struct str b, size_t limit);

/* fnmatch(3)-like: * and ? and [set], over bytes; time is linear in text times stars. */
bool text_glob(struct str pattern, struct str text);

#endif
