/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as a filter: parsed, run over a recording, and what it cannot be said where. */
#include "fuzz.h"
#include "scene.h"

#include "record/cursor.h"
#include "view/filter.h"

static struct scene scene;

static void run_over(struct filter_run *run, struct extract *extract)
{
	uint32_t count = rows_count(extract->rows), picked[FILTER_SLICE];
	uint32_t nodes = rows_node_count(extract->rows), kept;

	for (uint32_t i = 0; i < count && i < FILTER_SLICE; i++)
		picked[i] = i;
	kept = filter_run_select(run, picked, count < FILTER_SLICE ? count : FILTER_SLICE, picked);
	CHECK(kept <= count);
	for (uint32_t i = 1; i < kept; i++)
		CHECK(picked[i] > picked[i - 1]);
	/* What is skipped by its dictionaries has nothing to be found. */
	CHECK(!kept || filter_run_may_pass(run));
	for (uint32_t node = 1; node < nodes && node < 8; node++) {
		uint64_t bits = filter_run_row_bits(run, node % count);

		filter_run_frame_given(run, bits, node);
	}
}

static void run(const struct filter *filter)
{
	struct filter_run *run = filter_run_new(filter, filter->root);
	struct extract extract = {0};
	struct cursor cursor;
	struct rows *rows;

	cursor_init(&cursor, scene.recording, RECORD_DATA, 0, UINT64_MAX);
	while ((rows = cursor_next(&cursor))) {
		extract_attach(&extract, rows, scene.model);
		filter_run_attach(run, &extract);
		if (filter->root != FILTER_NONE)
			run_over(run, &extract);
	}
	cursor_release(&cursor);
	extract_release(&extract);
	filter_run_free(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct filter_error error = {.column = SIZE_MAX};
	struct filter *filter;

	if (!scene.recording)
		scene_init(&scene);
	filter = filter_parse(text, &error);
	if (filter)
		run(filter);
	else
		CHECK(error.column <= strlen(text) && *error.text &&
			strlen(error.text) < sizeof(error.text));
	filter_free(filter);
	free(text);
	return 0;
}
