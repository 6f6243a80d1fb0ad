/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as the passwd file of a container, and as a map of user numbers.  The parsers are
 * reached from nowhere else, so their file is taken in whole.
 */
#include "fuzz.h"

#include "resolve/users.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct user_job job = {.uid = 5};
	char *text;

	if (!size)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	if (data[0] % 2) {
		find_in_map(text, 100005);
	} else {
		find_in_passwd(&job, text, job.uid);
		CHECK(job.size <= USER_NAME_MAX && (job.told || !job.size));
		CHECK(!memchr(job.name, ':', job.size) && !memchr(job.name, '\n', job.size));
	}
	free(text);
	return 0;
}
