/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small recording to run filters and views over, with some of everything in it. */
#ifndef TESTS_FUZZ_SCENE_H
#define TESTS_FUZZ_SCENE_H

#include "model/model.h"
#include "record/recording.h"

struct scene {
	struct recording *recording;
	struct model *model;
};

static inline void scene_fold(void *arg, const struct record *record)
{
	model_fold(arg, record);
}

static inline void scene_facts(struct recording *recording)
{
	recording_append(
		recording, &(struct record){.type = RECORD_EVENT,
				   .sub = 1,
				   .name = STR("cpu-clock"),
				   .nums = (uint64_t[EVENT_NUMS]){[EVENT_FREQUENCY] = 99},
				   .texts = (struct str[EVENT_TEXTS]){STR("ns"), STR("")}});
	for (uint64_t id = 1; id < 4; id++) {
		recording_append(recording,
			&(struct record){.type = RECORD_DSO,
				.name = id == 2 ? STR("/usr/bin/\xff\n") : STR("/usr/bin/bash"),
				.nums = (uint64_t[DSO_NUMS]){[DSO_ID] = id,
					[DSO_KIND] = id == 1 ? DSO_KERNEL : DSO_FILE,
					[DSO_STATUS] = DSO_PROVEN,
					[DSO_INODE] = id},
				.texts = (struct str[DSO_TEXTS]){STR(""), STR("")}});
		recording_append(
			recording, &(struct record){.type = RECORD_SYMBOL,
					   .name = id == 1 ? STR("do_idle") : STR("main"),
					   .nums = (uint64_t[SYMBOL_NUMS]){id, 0x1000, 0x2000, 0},
					   .texts = (struct str[SYMBOL_TEXTS]){STR("_Z4mainv")}});
	}
}

/* Samples of five threads with stacks of up to six frames, and calls between them. */
static inline void scene_init(struct scene *scene)
{
	static struct thread threads[5] = {{0}, {1, 1, .comm = "init", .process = "init"},
		{100, 100, .cgroup_id = 5, .comm = "bash", .process = "bash"},
		{101, 100, .cgroup_id = 5, .comm = "worker", .process = "bash"},
		{102, 100, .comm = "\xff\x1b[", .process = "bash"}};

	scene->model = model_new();
	scene->recording = recording_new(NULL, (size_t)1 << 30);
	recording_observe(scene->recording, scene_fold, scene->model);
	scene_facts(scene->recording);
	for (uint32_t i = 0; i < 200; i++) {
		struct chunk *chunk = recording_chunk(scene->recording, RECORD_SAMPLE);
		uint32_t node = 0;
		bool added;

		for (uint32_t depth = 0; depth < i % 7; depth++)
			node = chunk_node(chunk, node,
				chunk_frame(chunk, (struct frame){0xff0 + depth * i % 99, i % 5},
					&added));
		recording_append(scene->recording,
			&(struct record){.type = i % 6 ? RECORD_SAMPLE : RECORD_SYSCALL,
				.sub = i % 6 ? 1 : i % 30,
				.time = 1000 + i,
				.duration = i % 6 ? 0 : i * 1000,
				.result = i % 6 ? 0 : (int64_t)i - 100,
				.cpu = i % 4,
				.stack = i % 6 ? node : 0,
				.thread = i % 11 ? &threads[i % 5] : NULL,
				.name = i % 6 ? STR("") : STR("/etc/passwd"),
				.nums = (uint64_t[RECORD_SLOTS]){i}});
		if (i == 120)
			recording_seal(scene->recording);
	}
}

#endif
