/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as a view file; a view that it makes is run over a recording. */
#include "fuzz.h"
#include "scene.h"

#include "view/query.h"

static struct scene scene;

static bool always_open(const void *arg, uint64_t id, uint32_t depth)
{
	(void)arg;
	(void)id;
	return depth < 20;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error = {0};
	struct view *view = view_load(
		"fuzz", "fuzz.lua", (struct str){(const char *)data, size}, &error);
	struct table *table;

	if (!view) {
		CHECK(error.code < 0 && *error.text);
		return 0;
	}
	if (!scene.recording)
		scene_init(&scene);
	table = query_run(&(struct query_spec){.view = view,
				  .from = 0,
				  .to = UINT64_MAX,
				  .unfolding = {always_open, NULL}},
		scene.recording, scene.model);
	CHECK(table->count <= 10000);
	table_free(table);
	view_free(view);
	return 0;
}
