/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records by chance, of every type, with all that can be awkward in them; and their comparison. */
#ifndef TESTS_UNIT_RECORDS_H
#define TESTS_UNIT_RECORDS_H

#include "record/chunk.h"
#include "record/rows.h"
#include "unit.h"

#define MADE_THREADS 40
#define MADE_TEXT 40

struct made_record {
	struct record record;
	uint64_t nums[RECORD_SLOTS];
	struct str texts[RECORD_SLOTS];
	char bytes[3 * MADE_TEXT]; /* of the name and the texts */
};

struct maker {
	uint64_t seed, time;
	struct thread threads[MADE_THREADS];
};

static inline void maker_init(struct maker *maker, uint64_t seed)
{
	static const char *const names[] = {
		"", "bash", "\xff\xfe", "a\nb", "0123456789abcde", "\xe2\x80\xae", "kworker/0:1H"};

	*maker = (struct maker){.seed = seed, .time = 1000000000};
	for (unsigned i = 0; i < MADE_THREADS; i++) {
		struct thread *thread = &maker->threads[i];

		*thread = (struct thread){.tid = (uint32_t)random_wide(&maker->seed),
			.tgid = i % 5 ? 100 + i / 4 : UINT32_MAX,
			.cgroup_hierarchy = i % 3 ? 0 : UINT32_MAX,
			.cgroup_id = i % 4 ? random_wide(&maker->seed) : 0};
		strncpy(thread->comm, names[i % COUNT(names)], sizeof(thread->comm));
		strncpy(thread->process, names[i % 3], sizeof(thread->process));
	}
	/* All 16 bytes, without a NUL. */
	memset(maker->threads[3].comm, 'x', sizeof(maker->threads[3].comm));
	maker->threads[4].tid = 0;
	maker->threads[5].tid = UINT32_MAX;
}

static inline struct str maker_text(struct maker *maker, char *room)
{
	size_t size = random_below(&maker->seed, 3) ? random_below(&maker->seed, MADE_TEXT) : 0;

	for (size_t i = 0; i < size; i++) /* few letters: some come twice; NUL is one of them */
		room[i] = "ab/\0\n\xff"[random_below(&maker->seed, 6)];
	return (struct str){room, size};
}

/* A stack of a few frames; callers repeat, as they do. */
static inline uint32_t maker_stack(struct maker *maker, struct chunk *chunk)
{
	uint64_t depth = random_below(&maker->seed, 12);
	uint32_t node = 0;
	bool added;

	for (uint64_t i = 0; i < depth; i++) {
		struct frame frame = {random_below(&maker->seed, 4) ? 0x400000 + i * 64
								    : random_wide(&maker->seed),
			random_below(&maker->seed, 9) ? (uint32_t)(i % 3) : UINT32_MAX};

		node = chunk_node(chunk, node, chunk_frame(chunk, frame, &added));
	}
	return node;
}

/* Of a type, with a thread, names and numbers; the stack is of @chunk, if there is one. */
static inline void maker_next(
	struct maker *maker, enum record_type type, struct chunk *chunk, struct made_record *made)
{
	const struct record_schema *schema = record_schema(type);
	uint64_t *seed = &maker->seed;

	*made = (struct made_record){.record.type = type};
	maker->time += random_below(seed, 2000);
	made->record.sub = random_below(seed, 9) ? (uint32_t)random_below(seed, 3)
						 : (uint32_t)random_wide(seed);
	made->record.time = maker->time - (random_below(seed, 50) ? 0 : 5000);
	made->record.duration = random_wide(seed);
	made->record.result = (int64_t)random_wide(seed);
	made->record.cpu = (uint32_t)random_below(seed, 300);
	made->record.flags = (uint32_t)random_below(seed, 4);
	made->record.stack = chunk ? maker_stack(maker, chunk) : 0;
	if (random_below(seed, 8))
		made->record.thread = &maker->threads[random_below(seed, MADE_THREADS)];
	made->record.name = maker_text(maker, made->bytes);
	for (unsigned i = 0; i < schema->nums; i++)
		made->nums[i] = random_below(seed, 3) ? random_wide(seed) : 0;
	for (unsigned i = 0; i < schema->texts; i++)
		made->texts[i] = maker_text(maker, made->bytes + (1 + i % 2) * MADE_TEXT);
	if (schema->texts > 2) /* they share their room */
		made->texts[2] = made->texts[0];
	if (schema->texts > 3)
		made->texts[3] = made->texts[1];
	if (random_below(seed, 16))
		made->record.nums = made->nums;
	else
		memset(made->nums, 0, sizeof(made->nums));
	if (random_below(seed, 16))
		made->record.texts = made->texts;
	else
		memset(made->texts, 0, sizeof(made->texts));
}

/* Texts in a made record move with it. */
static inline void made_copy(struct made_record *to, const struct made_record *from)
{
	*to = *from;
	to->record.name.data = to->bytes;
	to->record.nums = to->nums;
	to->record.texts = to->texts;
	for (unsigned i = 0; i < RECORD_SLOTS; i++)
		if (from->texts[i].size)
			to->texts[i].data = to->bytes + (from->texts[i].data - from->bytes);
}

#define assert_bytes(got, wanted) assert_true(str_equal(got, wanted))

static inline void assert_same_thread(const struct thread *got, const struct thread *wanted)
{
	assert_int_equal(!got, !wanted);
	if (!got)
		return;
	assert_int_equal(got->tid, wanted->tid);
	assert_int_equal(got->tgid, wanted->tgid);
	assert_int_equal(got->cgroup_id, wanted->cgroup_id);
	assert_int_equal(got->cgroup_hierarchy, wanted->cgroup_id ? wanted->cgroup_hierarchy : 0);
	assert_memory_equal(got->comm, wanted->comm, 16);
	assert_memory_equal(got->process, wanted->process, 16);
}

static inline void assert_same_record(const struct record *got, const struct made_record *made)
{
	const struct record *wanted = &made->record;
	const struct record_schema *schema = record_schema(wanted->type);

	assert_int_equal(got->type, wanted->type);
	assert_int_equal(got->sub, wanted->sub);
	assert_int_equal(got->time, wanted->time);
	assert_int_equal(got->duration, wanted->duration);
	assert_int_equal(got->result, wanted->result);
	assert_int_equal(got->cpu, wanted->cpu);
	assert_int_equal(got->flags, wanted->flags);
	assert_int_equal(got->stack, wanted->stack);
	assert_bytes(got->name, wanted->name);
	assert_same_thread(got->thread, wanted->thread);
	for (unsigned i = 0; i < schema->nums; i++)
		assert_int_equal(got->nums[i], made->nums[i]);
	for (unsigned i = 0; i < schema->texts; i++)
		assert_bytes(got->texts[i], made->texts[i]);
}

#endif
