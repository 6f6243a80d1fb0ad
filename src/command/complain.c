/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/buf.h"
#include "base/text.h"
#include "command/command.h"

/* Text of ours, in which names may stand that are not: lines stay lines, the rest is escaped. */
static void print_escaped(const char *text)
{
	struct buf out = {0};

	for (const char *at = text; *at; at += strcspn(at, "\n\\"), at += *at != '\0') {
		size_t size = strcspn(at, "\n\\");

		text_escape(&out, (struct str){at, size}, TEXT_UTF8);
		if (at[size])
			buf_add_char(&out, at[size]);
	}
	fputs(out.data ? out.data : "", stderr);
	buf_release(&out);
}

void command_complain(const char *text)
{
	fputs("tracetop: ", stderr);
	print_escaped(text);
	fputc('\n', stderr);
}

void command_complain_filter(const char *filter, unsigned column, const char *text)
{
	struct buf before = {0};

	text_escape(&before, (struct str){filter, column}, TEXT_UTF8);
	fputs("tracetop: this is not a filter:\n  ", stderr);
	print_escaped(filter);
	fprintf(stderr, "\n  %*s^ ", (int)text_cells(buf_str(&before)), "");
	print_escaped(text);
	fputc('\n', stderr);
	buf_release(&before);
}
