/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdio.h>
#include <wchar.h>

size_t text_decode(struct str text, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *byte = (const unsigned char *)text.data;
	size_t size;
	uint32_t value;

	if (!text.size)
		return 0;
	if (byte[0] < 0x80) {
		*character = byte[0];
		return 1;
	}
	size = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
	if (byte[0] < 0xc2 || byte[0] > 0xf4 || text.size < size)
		return 0;
	value = byte[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (byte[i] & 0x3f);
	}
	if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*character = value;
	return size;
}

/*
 * Characters that are printable for wcwidth() in some C library and yet steer or hide text: soft
 * hyphen, Arabic and Mongolian format characters, zero-width and bidirectional marks, line and
 * paragraph separators, invisible operators, variation selectors, the byte order mark, interlinear
 * annotation, tags (Unicode general category Cf, Zl, Zp; Unicode 15, UnicodeData.txt).
 */
static bool text_steers(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} steering[] = {{0xad, 0xad}, {0x34f, 0x34f}, {0x600, 0x605}, {0x61c, 0x61c},
		{0x6dd, 0x6dd}, {0x70f, 0x70f}, {0x8e2, 0x8e2}, {0x115f, 0x1160}, {0x17b4, 0x17b5},
		{0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
		{0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
		{0xfff0, 0xfffb}, {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x1bca0, 0x1bca3},
		{0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

	for (size_t i = 0; i < sizeof(steering) / sizeof(*steering); i++)
		if (c >= steering[i].first && c <= steering[i].last)
			return true;
	return false;
}

bool text_printable(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	if (c < 0x7f)
		return true;
	/* Private use and unassigned characters have no agreed width: written out. */
	if ((c >= 0xe000 && c <= 0xf8ff) || c >= 0xf0000 || text_steers(c))
		return false;
	return wcwidth((wchar_t)c) > 0;
}

static void text_escape_one(struct buf *out, uint32_t c, bool valid)
{
	if (!valid || c < 0x80) {
		if (c == '\n')
			buf_add_text(out, "\\n");
		else if (c == '\t')
			buf_add_text(out, "\\t");
		else if (c == '\\')
			buf_add_text(out, "\\\\");
		else
			buf_printf(out, "\\x%02x", c);
		return;
	}
	buf_printf(out, "\\u{%x}", c);
}

/* Printable ASCII other than the backslash: almost everything there is, so copied in runs. */
static size_t text_plain_run(struct str raw)
{
	size_t n = 0;

	while (n < raw.size && raw.data[n] >= 0x20 && raw.data[n] < 0x7f && raw.data[n] != '\\')
		n++;
	return n;
}

void text_escape(struct buf *out, struct str raw, enum text_charset charset)
{
	while (raw.size) {
		size_t size = text_plain_run(raw);
		uint32_t c = (unsigned char)raw.data[0];

		if (size) {
			buf_add(out, raw.data, size);
		} else {
			size = text_decode(raw, &c);
			if (size && c >= 0x80 && charset == TEXT_UTF8 && text_printable(c))
				buf_add(out, raw.data, size);
			else
				text_escape_one(out, c, size > 0);
			size = size ? size : 1;
		}
		raw.data += size;
		raw.size -= size;
	}
}

char *text_escape_into(char *out, size_t size, const char *raw)
{
	struct buf escaped = {0};
	size_t fits = 0;

	text_escape(&escaped, str_from(raw), TEXT_UTF8);
	while (fits < escaped.size) {
		uint32_t c;
		size_t step = text_decode(
			(struct str){escaped.data + fits, escaped.size - fits}, &c);

		if (fits + step >= size)
			break;
		fits += step;
	}
	if (fits)
		memcpy(out, escaped.data, fits);
	out[fits] = '\0';
	buf_release(&escaped);
	return out;
}

void text_utf8(struct buf *out, struct str raw)
{
	while (raw.size) {
		size_t size = text_plain_run(raw);
		uint32_t c = (unsigned char)raw.data[0];

		if (!size)
			size = text_decode(raw, &c);
		/* JSON writes C0 controls out by itself, and leaves DEL and C1 as they are. */
		if (size && c != '\\' && (c < 0x7f || c >= 0xa0))
			buf_add(out, raw.data, size);
		else
			text_escape_one(out, c, size > 0);
		size = size ? size : 1;
		raw.data += size;
		raw.size -= size;
	}
}

size_t text_fit(struct str escaped, size_t cells, size_t *used)
{
	size_t at = 0;

	*used = 0;
	while (at < escaped.size) {
		uint32_t c;
		size_t size = text_decode((struct str){escaped.data + at, escaped.size - at}, &c);
		int width = size > 1 ? wcwidth((wchar_t)c) : 1;

		if (width < 1)
			width = 1;
		if (*used + (size_t)width > cells)
			break;
		*used += (size_t)width;
		at += size ? size : 1;
	}
	return at;
}

size_t text_cells(struct str escaped)
{
	size_t used;

	text_fit(escaped, SIZE_MAX, &used);
	return used;
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_contains_folded(struct str text, struct str part)
{
	for (size_t at = 0; at + part.size <= text.size; at++) {
		size_t same = 0;

		while (same < part.size && fold(text.data[at + same]) == fold(part.data[same]))
			same++;
		if (same == part.size)
			return true;
	}
	return false;
}

size_t text_distance(struct str a, struct str b, size_t limit)
{
	size_t row[64], above, left;

	if (b.size >= 64 || a.size > b.size + limit || b.size > a.size + limit)
		return limit + 1;
	for (size_t j = 0; j <= b.size; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		above = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.size; j++) {
			left = above + (fold(a.data[i - 1]) != fold(b.data[j - 1]));
			above = row[j];
			row[j] = row[j] + 1 < left ? row[j] + 1 : left;
			row[j] = row[j - 1] + 1 < row[j] ? row[j - 1] + 1 : row[j];
		}
	}
	return row[b.size] < limit ? row[b.size] : limit + (row[b.size] > limit);
}

/* Matches one character against the [set] at @at; *@end is set behind the set. */
static bool text_glob_set(struct str pattern, size_t at, unsigned char c, size_t *end)
{
	size_t first = at + 1;
	bool negated = first < pattern.size &&
		       (pattern.data[first] == '!' || pattern.data[first] == '^');
	bool found = false;
	size_t i = first + negated;

	for (; i < pattern.size && (pattern.data[i] != ']' || i == first + negated); i++) {
		unsigned char low = (unsigned char)pattern.data[i], high = low;

		if (i + 2 < pattern.size && pattern.data[i + 1] == '-' &&
			pattern.data[i + 2] != ']') {
			high = (unsigned char)pattern.data[i + 2];
			i += 2;
		}
		found |= c >= low && c <= high;
	}
	if (i >= pattern.size) { /* no closing bracket: an ordinary character */
		*end = at + 1;
		return c == '[';
	}
	*end = i + 1;
	return found != negated;
}

bool text_glob(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

	while (t < text.size) {
		size_t next = p + 1;
		bool match = false;

		if (p < pattern.size && pattern.data[p] == '*') {
			star = p++;
			mark = t;
			continue;
		}
		if (p < pattern.size) {
			if (pattern.data[p] == '[') {
				match = text_glob_set(
					pattern, p, (unsigned char)text.data[t], &next);
			} else if (pattern.data[p] == '\\' && p + 1 < pattern.size) {
				match = pattern.data[p + 1] == text.data[t];
				next = p + 2;
			} else {
				match = pattern.data[p] == '?' || pattern.data[p] == text.data[t];
			}
		}
		if (match) {
			p = next;
			t++;
		} else if (star != SIZE_MAX) { /* let the last star take one more */
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.size && pattern.data[p] == '*')
		p++;
	return p == pattern.size;
}
