/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/worker.h"
#include "record/entry.h"

/* Chunks that wait for the worker, up to 2 MiB each; then it is waited for: memory stays bounded.
 */
#define BACKLOG_MAX 6

struct seal_job {
	struct job job;
	struct recording *recording;
	struct chunk_entry *entry;
	struct buf sealed;
};

struct recording *recording_new(struct worker *worker, size_t bound)
{
	struct recording *recording = mem_zalloc(sizeof(*recording));

	recording->fd = -1;
	recording->worker = worker;
	recording->sealer = sealer_new();
	recording->stats.bound = bound;
	recording->next_sequence = 1;
	return recording;
}

static void entry_free(struct chunk_entry *entry)
{
	chunk_free(entry->chunk);
	free(entry->bytes);
	free(entry);
}

void recording_free(struct recording *recording)
{
	if (!recording)
		return;
	for (int kept = 0; kept < RECORD_CLASSES; kept++) {
		struct entry_list *list = &recording->lists[kept];

		for (size_t i = list->first; i < list->end; i++)
			entry_free(list->entries[i]);
		free(list->entries);
	}
	sealer_free(recording->sealer);
	if (recording->fd >= 0)
		close(recording->fd);
	free(recording->damage);
	free(recording);
}

bool recording_is_live(const struct recording *recording)
{
	return recording->fd < 0;
}

const char *recording_damage(const struct recording *recording)
{
	return recording->damage;
}

struct chunk_entry *entry_list_add(struct entry_list *list)
{
	struct chunk_entry *entry = mem_zalloc(sizeof(*entry));

	if (list->first > 64 && list->first > list->end / 2) { /* what was dropped in front */
		list->end -= list->first;
		memmove(list->entries, list->entries + list->first,
			list->end * sizeof(*list->entries));
		list->first = 0;
	}
	list->entries = mem_grow(
		list->entries, &list->capacity, list->end + 1, sizeof(*list->entries));
	list->entries[list->end++] = entry;
	return entry;
}

static void entry_drop_first(struct recording *recording, enum record_class kept)
{
	struct entry_list *list = &recording->lists[kept];
	struct chunk_entry *entry = list->entries[list->first++];

	recording->stats.size -= entry->info.size;
	recording->stats.dropped++;
	if (entry->pins)
		entry->gone = true;
	else
		entry_free(entry);
}

/* State before the newest keyframe that the oldest data can begin with is of no use any more. */
static void recording_drop_state(struct recording *recording)
{
	struct entry_list *state = &recording->lists[RECORD_STATE];
	struct entry_list *data = &recording->lists[RECORD_DATA];
	size_t keep = state->first;

	if (data->first == data->end)
		return;
	for (size_t i = state->first; i < state->end; i++)
		if (state->entries[i]->info.keyframe &&
			state->entries[i]->info.time_first <=
				data->entries[data->first]->info.time_first)
			keep = i;
	while (state->first < keep && state->entries[state->first]->info.size)
		entry_drop_first(recording, RECORD_STATE);
}

static void recording_hold_bound(struct recording *recording)
{
	struct entry_list *data = &recording->lists[RECORD_DATA];

	while (recording->stats.size > recording->stats.bound && data->first < data->end &&
		data->entries[data->first]->info.size) {
		entry_drop_first(recording, RECORD_DATA);
		recording_drop_state(recording);
	}
}

static void seal_run(struct job *job)
{
	struct seal_job *seal_job = (struct seal_job *)job;

	seal(seal_job->recording->sealer, seal_job->entry->chunk, &seal_job->sealed);
}

static void seal_done(struct job *job)
{
	struct seal_job *seal_job = (struct seal_job *)job;
	struct recording *recording = seal_job->recording;
	struct chunk_entry *entry = seal_job->entry;

	recording->backlog--;
	if (seal_job->sealed.size) { /* not when the worker was stopped before its turn */
		entry->info.size = (uint32_t)seal_job->sealed.size;
		entry->bytes = mem_dup(seal_job->sealed.data, seal_job->sealed.size);
		if (!entry->pins) {
			chunk_free(entry->chunk);
			entry->chunk = NULL;
		}
		recording->stats.size += entry->info.size;
		recording->keyframe_size += entry->info.size;
		if (recording->sealed)
			recording->sealed(recording->sealed_arg, entry->kept, entry->info.sequence);
		recording_hold_bound(recording);
	}
	buf_release(&seal_job->sealed);
	free(seal_job);
}

static void entry_update(struct chunk_entry *entry)
{
	const struct chunk *chunk = entry->chunk;

	entry->info.time_first = chunk->time_first;
	entry->info.time_last = chunk->time_last;
	entry->info.longest = chunk->longest;
	entry->info.lost = chunk->lost;
	entry->info.rows = chunk->rows;
}

static void recording_seal_class(struct recording *recording, enum record_class kept)
{
	struct chunk_entry *entry = recording->open[kept];
	struct seal_job *job;

	if (!entry)
		return;
	recording->open[kept] = NULL;
	entry_update(entry);
	if (recording->worker && recording->backlog >= BACKLOG_MAX)
		worker_finish(recording->worker, 1000);
	job = mem_zalloc(sizeof(*job));
	job->job.run = seal_run;
	job->job.done = seal_done;
	job->recording = recording;
	job->entry = entry;
	recording->backlog++;
	if (recording->worker) {
		worker_post(recording->worker, &job->job);
	} else {
		seal_run(&job->job);
		seal_done(&job->job);
	}
}

/* Names before the state and state before the data that may need it: a stream is read in order. */
static const enum record_class seal_order[] = {RECORD_FACT, RECORD_STATE, RECORD_DATA};

void recording_seal(struct recording *recording)
{
	for (int i = 0; i < RECORD_CLASSES; i++)
		recording_seal_class(recording, seal_order[i]);
}

static void recording_make_keyframe(struct recording *recording, uint64_t now)
{
	recording_seal_class(recording, RECORD_STATE);
	recording->begin_keyframe = true;
	recording->keyframe_time = now;
	recording->keyframe_size = 0;
	recording->keyframe(recording->keyframe_arg, now);
	recording->begin_keyframe = false; /* also when there was no state at all */
	recording_seal_class(recording, RECORD_STATE);
}

/* State is only dropped up to a keyframe: without one, a small log would be filled by it. */
static bool recording_keyframe_due(const struct recording *recording, uint64_t now)
{
	uint64_t since = now - recording->keyframe_time;
	size_t part = recording->stats.bound / RECORDING_KEYFRAME_PART;

	if (!recording->keyframe_time || since >= RECORDING_KEYFRAME_NS)
		return true;
	return since >= RECORDING_KEYFRAME_MIN_NS &&
	       recording->keyframe_size >=
		       (part < RECORDING_KEYFRAME_SIZE ? part : RECORDING_KEYFRAME_SIZE);
}

void recording_tick(struct recording *recording, uint64_t now)
{
	bool due = false;

	for (int kept = 0; kept < RECORD_CLASSES; kept++)
		due |= recording->open[kept] && now - recording->opened[kept] >= RECORDING_CHUNK_NS;
	if (due)
		recording_seal(recording);
	if (recording->keyframe && recording_keyframe_due(recording, now))
		recording_make_keyframe(recording, now);
}

struct chunk *recording_chunk(struct recording *recording, enum record_type type)
{
	enum record_class kept = record_schema(type)->kept;
	struct chunk_entry *entry = recording->open[kept];

	if (entry && chunk_is_full(entry->chunk)) {
		if (kept == RECORD_DATA)
			recording_seal(recording);
		else
			recording_seal_class(recording, kept);
		entry = NULL;
	}
	if (!entry) {
		entry = entry_list_add(&recording->lists[kept]);
		entry->kept = kept;
		entry->info.sequence = recording->next_sequence++;
		entry->info.time_first = UINT64_MAX;
		entry->chunk = chunk_new(kept, entry->info.sequence);
		if (kept == RECORD_STATE && recording->begin_keyframe) {
			entry->info.keyframe = entry->chunk->keyframe = true;
			recording->begin_keyframe = false;
		}
		recording->open[kept] = entry;
		recording->opened[kept] = clock_now();
	}
	return entry->chunk;
}

static void recording_append_data(
	struct recording *recording, struct chunk *chunk, const struct record *record)
{
	struct record late;

	/* Usage, details and notes are told when they are known; what comes behind is no later. */
	if ((record->type >= RECORD_TASK_USAGE && record->type <= RECORD_CONTAINER_USAGE) ||
		record->type == RECORD_NOTE) {
		chunk_append(chunk, record);
		return;
	}
	/* Marks that are set when all before them has arrived are as old as they should be. */
	if (record->time >= recording->newest || record->type == RECORD_INTERVAL) {
		if (record->time > recording->newest)
			recording->newest = record->time;
		chunk_append(chunk, record);
		return;
	}
	late = *record;
	late.flags |= RECORD_LATE;
	recording->stats.late++;
	chunk_append(chunk, &late);
}

void recording_append(struct recording *recording, const struct record *record)
{
	enum record_class kept = record_schema(record->type)->kept;
	struct chunk *chunk = record->stack ? recording->open[kept]->chunk
					    : recording_chunk(recording, record->type);

	recording->stats.rows[record->type]++;
	if (record->type == RECORD_LOST && record->nums)
		*(record->sub == LOST_EVICTED ? &recording->stats.evicted
					      : &recording->stats.lost) += record->nums[LOST_COUNT];
	if (kept == RECORD_DATA) {
		recording_append_data(recording, chunk, record);
		return;
	}
	chunk_append(chunk, record);
	if (recording->observer)
		recording->observer(recording->observer_arg, record);
}

void recording_observe(struct recording *recording, recording_observer *observer, void *arg)
{
	recording->observer = observer;
	recording->observer_arg = arg;
}

void recording_on_keyframe(struct recording *recording, recording_keyframe *keyframe, void *arg)
{
	recording->keyframe = keyframe;
	recording->keyframe_arg = arg;
}

void recording_on_sealed(struct recording *recording, recording_sealed *sealed, void *arg)
{
	recording->sealed = sealed;
	recording->sealed_arg = arg;
}

size_t recording_count(const struct recording *recording, enum record_class kept)
{
	return recording->lists[kept].end - recording->lists[kept].first;
}

struct chunk_info recording_info(
	const struct recording *recording, enum record_class kept, size_t number)
{
	const struct entry_list *list = &recording->lists[kept];
	struct chunk_entry *entry = list->entries[list->first + number];

	if (entry == recording->open[kept])
		entry_update(entry);
	return entry->info;
}

bool recording_span(const struct recording *recording, uint64_t *first, uint64_t *last)
{
	size_t count = recording_count(recording, RECORD_DATA);

	*first = UINT64_MAX;
	*last = 0;
	for (size_t i = 0; i < count; i++) {
		struct chunk_info info = recording_info(recording, RECORD_DATA, i);

		*first = info.time_first < *first ? info.time_first : *first;
		*last = info.time_last > *last ? info.time_last : *last;
	}
	return *first <= *last;
}

struct recording_stats recording_stats(const struct recording *recording)
{
	return recording->stats;
}

/* Sequences rise within a list: the first entry that is not before @sequence. */
static size_t entry_list_find(const struct entry_list *list, uint64_t sequence)
{
	size_t low = list->first, high = list->end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->entries[middle]->info.sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Bytes of a chunk of the file; NULL if they cannot be read. */
static void *entry_read(const struct recording *recording, const struct chunk_entry *entry)
{
	void *bytes = mem_alloc(entry->info.size);

	if (fs_read_full(recording->fd, bytes, entry->info.size, entry->offset)) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

bool recording_pin(struct recording *recording, enum record_class kept, uint64_t sequence,
	struct chunk_pin *pin)
{
	struct entry_list *list = &recording->lists[kept];
	size_t at = entry_list_find(list, sequence);
	struct chunk_entry *entry;

	*pin = (struct chunk_pin){0};
	if (at == list->end)
		return false;
	entry = list->entries[at];
	if (!entry->pins && !entry->bytes && recording->fd >= 0)
		entry->bytes = entry_read(recording, entry);
	entry->pins++;
	pin->entry = entry;
	pin->bytes = entry->bytes;
	pin->open = entry->bytes ? NULL : entry->chunk;
	pin->size = pin->bytes ? entry->info.size : 0;
	return true;
}

void recording_unpin(struct recording *recording, struct chunk_pin *pin)
{
	struct chunk_entry *entry = pin->entry;

	*pin = (struct chunk_pin){0};
	if (!entry || --entry->pins)
		return;
	if (entry->gone) {
		entry_free(entry);
	} else if (recording->fd >= 0) {
		free(entry->bytes);
		entry->bytes = NULL;
	} else if (entry->bytes && entry->chunk) { /* was sealed while it was looked at */
		chunk_free(entry->chunk);
		entry->chunk = NULL;
	}
}
