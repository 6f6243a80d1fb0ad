/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as /proc/PID/stat and /proc/PID/io, as who counts what processes use reads them.  The
 * parsers are reached from nowhere else, so their file is taken in whole.
 */
#include "fuzz.h"

#include "source/usage_proc.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct look look = {0};
	struct look_row row = {0};
	struct walk walk;

	walk_begin(&walk, &look);
	buf_add(&walk.text, data, size);
	buf_add_char(&walk.text, '\0');
	number_behind(walk.text.data, "\nread_bytes: ");
	number_behind(walk.text.data, "\nwrite_bytes: ");
	if (take_stat(&walk, &row))
		CHECK(!row.comm[15] && row.start);
	buf_release(&walk.text);
	return 0;
}
