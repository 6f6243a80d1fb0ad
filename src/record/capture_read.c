/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record/capture.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "record/entry.h"

#define MAX_INDEX (256u << 20)

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static uint64_t u64_at(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

static void capture_note_damage(struct recording *recording, const char *what, uint64_t offset)
{
	if (!recording->damage)
		recording->damage = mem_printf("%s at byte %llu", what, (unsigned long long)offset);
}

/* Sequences rise within a class, and another one has to fit behind: readers count on it. */
static bool capture_may_add(
	const struct recording *recording, enum record_class kept, uint64_t sequence)
{
	const struct entry_list *list = &recording->lists[kept];

	return sequence < UINT64_MAX &&
	       (list->first == list->end || sequence > list->entries[list->end - 1]->info.sequence);
}

static void capture_add(struct recording *recording, enum record_class kept, uint64_t offset,
	struct chunk_info info)
{
	struct chunk_entry *entry = entry_list_add(&recording->lists[kept]);

	entry->kept = kept;
	entry->info = info;
	entry->offset = offset;
	recording->stats.lost += info.lost;
	recording->stats.size += info.size;
}

static int capture_check_header(int fd, const char *name, struct error *error)
{
	uint8_t header[CAPTURE_HEADER];
	uint32_t version;

	if (fs_read_full(fd, header, sizeof(header), 0) || memcmp(header, CAPTURE_MAGIC, 8))
		return error_set(error, -EINVAL, "'%s' is not a tracetop capture", name);
	version = u32_at(header + 8);
	if (version > CAPTURE_VERSION)
		return error_set(error, -EPROTO,
			"'%s' was written by a newer tracetop (format %u, this one reads up to "
			"%u): "
			"read it with that version",
			name, version, CAPTURE_VERSION);
	return 0;
}

/* The entries of an index, if it is whole, right, and about this file. */
static bool capture_take_index(struct recording *recording, const uint8_t *index, uint64_t offset)
{
	uint32_t count = u32_at(index + 8);
	const uint8_t *at = index + CAPTURE_INDEX_HEADER;
	uint64_t next[RECORD_CLASSES] = {0};

	for (uint32_t i = 0; i < count; i++, at += CAPTURE_ENTRY) {
		uint64_t start = u64_at(at), sequence = u64_at(at + 8);
		uint32_t size = u32_at(at + 48);

		if (start < CAPTURE_HEADER || size > SEAL_MAX_SIZE || start > offset ||
			size > offset - start || at[56] >= RECORD_CLASSES)
			return false;
		/* Sequences rise within a class, and another one has to fit behind. */
		if (sequence < next[at[56]] || sequence == UINT64_MAX)
			return false;
		next[at[56]] = sequence + 1;
	}
	at = index + CAPTURE_INDEX_HEADER;
	for (uint32_t i = 0; i < count; i++, at += CAPTURE_ENTRY)
		capture_add(recording, at[56], u64_at(at),
			(struct chunk_info){.sequence = u64_at(at + 8),
				.time_first = u64_at(at + 16),
				.time_last = u64_at(at + 24),
				.longest = u64_at(at + 32),
				.lost = u64_at(at + 40),
				.size = u32_at(at + 48),
				.rows = u32_at(at + 52),
				.keyframe = at[57] & SEAL_FLAG_KEYFRAME});
	return true;
}

static bool capture_read_index(struct recording *recording, uint64_t size)
{
	uint8_t footer[CAPTURE_FOOTER];
	uint8_t *index;
	uint64_t offset, length;
	bool good = false;

	if (size < CAPTURE_HEADER + CAPTURE_FOOTER ||
		fs_read_full(recording->fd, footer, sizeof(footer), size - sizeof(footer)) ||
		u32_at(footer + 12) != CAPTURE_END_MAGIC)
		return false;
	offset = u64_at(footer);
	length = u32_at(footer + 8);
	if (length < CAPTURE_INDEX_HEADER || length > MAX_INDEX ||
		offset != size - CAPTURE_FOOTER - length)
		return false;
	index = mem_alloc(length);
	if (!fs_read_full(recording->fd, index, length, offset) &&
		u32_at(index) == CAPTURE_INDEX_MAGIC &&
		u32_at(index + 4) == crc32(0, index + 8, (uInt)(length - 8)) &&
		(length - CAPTURE_INDEX_HEADER) / CAPTURE_ENTRY == u32_at(index + 8))
		good = capture_take_index(recording, index, offset);
	free(index);
	return good;
}

/* --- without an index: all chunks are looked at --- */

struct walk {
	struct recording *recording;
	uint64_t size; /* of the file */
	/*
	 * Bytes that may still be read to find out that they are no chunk: a file in which
	 * everything looks like a beginning takes no longer than a few times reading it.
	 */
	uint64_t patience;
	struct buf block;
};

/* Whether a whole chunk stands at @offset: its checksum is right, and it follows those before. */
static bool walk_chunk(struct walk *walk, uint64_t offset, struct seal_header *h)
{
	uint8_t bytes[SEAL_HEADER];
	char *chunk;
	bool good;

	if (fs_read_full(walk->recording->fd, bytes, sizeof(bytes), offset) ||
		!seal_header_read(bytes, sizeof(bytes), h) || h->size > walk->size - offset ||
		h->size > walk->patience || !capture_may_add(walk->recording, h->kept, h->sequence))
		return false;
	chunk = mem_alloc(h->size);
	good = !fs_read_full(walk->recording->fd, chunk, h->size, offset) &&
	       seal_check(chunk, h->size);
	free(chunk);
	walk->patience -= good ? 0 : h->size;
	return good;
}

/* Where the next whole chunk begins at or after @offset, or the size of the file. */
static uint64_t walk_find(struct walk *walk, uint64_t offset, struct seal_header *h)
{
	const uint32_t magic = htole32(SEAL_MAGIC);

	while (offset + SEAL_HEADER <= walk->size) {
		size_t room = 1 << 20, part = room;
		const char *block = buf_reserve(&walk->block, room), *at = block;

		part = walk->size - offset < room ? (size_t)(walk->size - offset) : room;
		if (fs_read_full(walk->recording->fd, walk->block.data, part, offset))
			break;
		while ((at = memmem(at, part - (size_t)(at - block), &magic, sizeof(magic)))) {
			if (walk_chunk(walk, offset + (uint64_t)(at - block), h))
				return offset + (uint64_t)(at - block);
			at++;
		}
		offset += part - (sizeof(magic) - 1);
	}
	return walk->size;
}

static void walk_all(struct walk *walk)
{
	struct recording *recording = walk->recording;
	uint64_t offset = CAPTURE_HEADER;

	while (offset < walk->size) {
		struct seal_header h;
		uint64_t next = offset;
		uint8_t magic[4];

		if (!fs_read_full(recording->fd, magic, sizeof(magic), offset) &&
			u32_at(magic) == CAPTURE_INDEX_MAGIC)
			return;
		if (!walk_chunk(walk, offset, &h))
			next = walk_find(walk, offset + 1, &h);
		if (next == walk->size)
			break;
		if (next != offset)
			capture_note_damage(recording, "damaged", offset);
		capture_add(recording, h.kept, next,
			(struct chunk_info){.sequence = h.sequence,
				.time_first = h.time_first,
				.time_last = h.time_last,
				.longest = h.longest,
				.lost = h.lost,
				.size = h.size,
				.rows = h.rows,
				.keyframe = h.flags & SEAL_FLAG_KEYFRAME});
		offset = next + h.size;
	}
	capture_note_damage(recording, "ended early: the last whole chunk ends", offset);
}

static void capture_walk(struct recording *recording, uint64_t size)
{
	struct walk walk = {.recording = recording, .size = size, .patience = 4 * size};

	walk_all(&walk);
	buf_release(&walk.block);
}

struct recording *recording_open_file(const char *path, struct error *error)
{
	char name[160];
	struct recording *recording;
	struct stat st;
	/* O_NONBLOCK: a FIFO given by mistake must not hold the program up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	text_escape_into(name, sizeof(name), path);
	if (fd < 0) {
		error_set(error, -errno, "cannot open '%s': %s", name, strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		error_set(error, -EINVAL, "'%s' is not a regular file", name);
		close(fd);
		return NULL;
	}
	if (capture_check_header(fd, name, error)) {
		close(fd);
		return NULL;
	}
	recording = mem_zalloc(sizeof(*recording));
	recording->fd = fd;
	if (!capture_read_index(recording, (uint64_t)st.st_size))
		capture_walk(recording, (uint64_t)st.st_size);
	return recording;
}
