/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text behind -e. */
#include "fuzz.h"

#include "source/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct error error = {0};
	struct event_spec spec;

	if (event_parse(text, &spec, &error)) {
		CHECK(*error.text);
	} else {
		CHECK(*spec.name && spec.unit && spec.group < EVENT_GROUPS);
		CHECK(!spec.has_period || !spec.attr.freq);
	}
	free(text);
	return 0;
}
