/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/worker.h"
#include "record/recording.h"
#include "record/seal.h"

struct capture_writer {
	struct recording *recording;
	struct worker *worker;
	int fd;
	char name[160];
	uint64_t offset; /* where the next chunk goes */
	struct buf index;
	uint32_t count;
	uint64_t written[RECORD_CLASSES]; /* the highest sequence that was handed over */
	struct error failure;
};

/* Appends bytes of a pinned chunk, on the worker. */
struct write_job {
	struct job job;
	struct capture_writer *writer;
	struct chunk_pin pin;
	uint64_t offset;
	int code;
};

static void capture_fail(struct capture_writer *writer, int code)
{
	if (!writer->failure.code)
		error_set(&writer->failure, code,
			"writing '%s' failed: %s; it is good up to the last whole chunk",
			writer->name, strerror(-code));
}

static void write_run(struct job *job)
{
	struct write_job *write_job = (struct write_job *)job;

	write_job->code = fs_write_full(
		write_job->writer->fd, write_job->pin.bytes, write_job->pin.size);
}

static void write_done(struct job *job)
{
	struct write_job *write_job = (struct write_job *)job;

	if (write_job->code)
		capture_fail(write_job->writer, write_job->code);
	recording_unpin(write_job->writer->recording, &write_job->pin);
	free(write_job);
}

static void index_add_entry(
	struct capture_writer *writer, enum record_class kept, const struct seal_header *h)
{
	static const char padding[6];
	struct buf *index = &writer->index;

	buf_add_u64(index, writer->offset);
	buf_add_u64(index, h->sequence);
	buf_add_u64(index, h->time_first);
	buf_add_u64(index, h->time_last);
	buf_add_u64(index, h->longest);
	buf_add_u64(index, h->lost);
	buf_add_u32(index, h->size);
	buf_add_u32(index, h->rows);
	buf_add_char(index, (char)kept);
	buf_add_char(index, (char)h->flags);
	buf_add(index, padding, sizeof(padding));
	writer->count++;
}

static void capture_write_chunk(
	struct capture_writer *writer, enum record_class kept, struct chunk_pin *pin)
{
	struct write_job *job = mem_zalloc(sizeof(*job));
	struct seal_header header;

	seal_header_read(pin->bytes, pin->size, &header);
	index_add_entry(writer, kept, &header);
	writer->offset += pin->size;
	writer->written[kept] = header.sequence;
	job->job.run = write_run;
	job->job.done = write_done;
	job->writer = writer;
	job->pin = *pin;
	worker_post(writer->worker, &job->job);
}

static void capture_on_sealed(void *arg, enum record_class kept, uint64_t sequence)
{
	struct capture_writer *writer = arg;
	struct chunk_pin pin;

	if (writer->failure.code || sequence <= writer->written[kept] ||
		!recording_pin(writer->recording, kept, sequence, &pin))
		return;
	if (pin.bytes)
		capture_write_chunk(writer, kept, &pin);
	else
		recording_unpin(writer->recording, &pin);
}

/* Everything that is sealed already; what still waits for the worker comes when it is. */
static void capture_write_held(struct capture_writer *writer, enum record_class kept)
{
	size_t count = recording_count(writer->recording, kept);

	for (size_t i = 0; i < count; i++) {
		struct chunk_info info = recording_info(writer->recording, kept, i);

		if (info.size)
			capture_on_sealed(writer, kept, info.sequence);
	}
}

struct capture_writer *capture_writer_new(
	struct recording *recording, struct worker *worker, const char *path, struct error *error)
{
	struct capture_writer *writer;
	struct buf header = {0};
	int fd = fs_create_secret(path, error), code;

	if (fd < 0)
		return NULL;
	buf_add_text(&header, CAPTURE_MAGIC);
	buf_add_u32(&header, CAPTURE_VERSION);
	buf_add_u32(&header, 0);
	code = fs_write_full(fd, header.data, header.size);
	buf_release(&header);
	if (code) {
		error_set(error, code, "writing '%s' failed: %s", path, strerror(-code));
		close(fd);
		unlink(path);
		return NULL;
	}
	writer = mem_zalloc(sizeof(*writer));
	writer->recording = recording;
	writer->worker = worker;
	writer->fd = fd;
	writer->offset = CAPTURE_HEADER;
	text_escape_into(writer->name, sizeof(writer->name), path);
	recording_on_sealed(recording, capture_on_sealed, writer);
	capture_write_held(writer, RECORD_FACT);
	capture_write_held(writer, RECORD_STATE);
	capture_write_held(writer, RECORD_DATA);
	return writer;
}

uint64_t capture_writer_size(const struct capture_writer *writer)
{
	return writer->offset;
}

bool capture_writer_failed(const struct capture_writer *writer, struct error *error)
{
	if (writer->failure.code && error)
		*error = writer->failure;
	return writer->failure.code != 0;
}

static int capture_write_index(struct capture_writer *writer)
{
	struct buf out = {0};
	uint32_t checksum;
	int code;

	buf_add_u32(&out, CAPTURE_INDEX_MAGIC);
	buf_add_u32(&out, 0);
	buf_add_u32(&out, writer->count);
	buf_add(&out, writer->index.data, writer->index.size);
	checksum = htole32((uint32_t)crc32(0, (const Bytef *)out.data + 8, (uInt)(out.size - 8)));
	memcpy(out.data + 4, &checksum, sizeof(checksum));
	checksum = (uint32_t)out.size;
	buf_add_u64(&out, writer->offset);
	buf_add_u32(&out, checksum);
	buf_add_u32(&out, CAPTURE_END_MAGIC);
	code = fs_write_full(writer->fd, out.data, out.size);
	buf_release(&out);
	return code;
}

int capture_writer_finish(struct capture_writer *writer, struct error *error)
{
	int code;

	recording_seal(writer->recording);
	while (!worker_finish(writer->worker, 60000) && !writer->failure.code)
		capture_fail(writer, -ETIMEDOUT);
	recording_on_sealed(writer->recording, NULL, NULL);
	if (!writer->failure.code && (code = capture_write_index(writer)))
		capture_fail(writer, code);
	if (close(writer->fd) && !writer->failure.code)
		capture_fail(writer, -errno);
	code = writer->failure.code;
	if (code && error)
		*error = writer->failure;
	buf_release(&writer->index);
	free(writer);
	return code;
}
