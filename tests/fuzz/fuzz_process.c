/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as /proc/PID/stat, /proc/PID/status and arguments, as who names containers reads them.
 * The parsers are reached from nowhere else, so their file is taken in whole.
 */
#include "fuzz.h"

#include "resolve/container_procs.c"

#define WORDS 16

static void use_arguments(const char *text, size_t size)
{
	static const char *const options[] = {"-c", "--data-root", "-namespace"};
	const char *words[WORDS];
	size_t count = 0;

	for (size_t at = 0; at < size && count < WORDS; at += strlen(text + at) + 1)
		words[count++] = text + at;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		const char *value = fact_option(words, count, options[i]);

		CHECK(!value || (value >= text && value <= text + size));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fact_process process = {0};
	char *text;

	if (!size)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		take_stat(text, &process);
		CHECK(memchr(process.comm, '\0', sizeof(process.comm)));
		break;
	case 1:
		take_numbers(text, &process);
		break;
	default:
		use_arguments(text, size - 1);
		break;
	}
	free(text);
	return 0;
}
