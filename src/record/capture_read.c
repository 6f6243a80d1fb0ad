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

	for (uint32_t i = 0; i < count; i++, at += CAPTURE_ENTRY) {
		uint64_t start = u64_at(at);
		uint32_t size = u32_at(at + 48);

		if (start < CAPTURE_HEADER || size > SEAL_MAX_SIZE || start > offset ||
			size > offset - start || at[56] >= RECORD_CLASSES)
			return false;
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

/* Where the next chunk begins at or after @offset, or @size; for what stands behind damage. */
static uint64_t capture_find_chunk(int fd, uint64_t offset, uint64_t size)
{
	uint32_t magic = htole32(SEAL_MAGIC);
	size_t room = 1 << 20;
	char *block = mem_alloc(room);

	while (offset + SEAL_HEADER <= size) {
		size_t part = size - offset < room ? (size_t)(size - offset) : room;
		char *found;

		if (fs_read_full(fd, block, part, offset))
			break;
		found = memmem(block, part, &magic, sizeof(magic));
		if (found) {
			offset += (uint64_t)(found - block);
			free(block);
			return offset;
		}
		offset += part - (sizeof(magic) - 1);
	}
	free(block);
	return size;
}

static void capture_walk(struct recording *recording, uint64_t size)
{
	uint64_t offset = CAPTURE_HEADER;

	while (offset + SEAL_HEADER <= size) {
		uint8_t bytes[SEAL_HEADER];
		struct seal_header h;

		if (fs_read_full(recording->fd, bytes, sizeof(bytes), offset))
			break;
		if (u32_at(bytes) == CAPTURE_INDEX_MAGIC)
			return;
		if (!seal_header_read(bytes, sizeof(bytes), &h)) {
			capture_note_damage(recording, "damaged", offset);
			offset = capture_find_chunk(recording->fd, offset + 1, size);
			continue;
		}
		if (h.size > size - offset)
			break;
		capture_add(recording, h.kept, offset,
			(struct chunk_info){.sequence = h.sequence,
				.time_first = h.time_first,
				.time_last = h.time_last,
				.longest = h.longest,
				.lost = h.lost,
				.size = h.size,
				.rows = h.rows,
				.keyframe = h.flags & SEAL_FLAG_KEYFRAME});
		offset += h.size;
	}
	capture_note_damage(recording, "ended early: the last whole chunk ends", offset);
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
