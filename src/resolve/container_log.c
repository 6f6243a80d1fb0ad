/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/container_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "resolve/json.h"

#define BLOCK 65536
#define ROTATED 9 /* PATH.1 to PATH.9 */
#define SILENT_NS (2 * NS_PER_S)
#define REST_MAX (128u << 10) /* of a line in the file: JSON of 16 KB may be six times that */

void container_log_init(struct container_log *log)
{
	*log = (struct container_log){.fd = -1, .next = 1};
}

static void close_file(struct container_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
	log->offset = 0;
	log->is_cut = false;
	buf_clear(&log->rest);
}

void container_log_release(struct container_log *log)
{
	close_file(log);
	for (size_t i = 0; i < log->count; i++)
		free(log->lines[i].text);
	free(log->lines);
	buf_release(&log->rest);
}

/* --- lines --- */

static void drop_oldest(struct container_log *log)
{
	log->bytes -= log->lines[0].size;
	free(log->lines[0].text);
	log->count--;
	memmove(log->lines, log->lines + 1, log->count * sizeof(*log->lines));
}

/* Cut where no character is torn. */
static size_t fit(struct str text)
{
	size_t size = text.size < LOG_LINE_MAX ? text.size : LOG_LINE_MAX;

	while (size < text.size && size && ((unsigned char)text.data[size] & 0xc0) == 0x80)
		size--;
	return size;
}

static void add_line(struct container_log *log, uint64_t time, struct str stream, struct str text)
{
	struct log_line *line;

	while (text.size && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == '\r'))
		text.size--;
	text.size = fit(text);
	if (!log->lines)
		log->lines = mem_zalloc(LOG_LINES * sizeof(*log->lines));
	while (log->count == LOG_LINES || (log->count && log->bytes + text.size > LOG_BYTES))
		drop_oldest(log);
	line = &log->lines[log->count++];
	*line = (struct log_line){.number = log->next++, .time = time, .size = text.size};
	snprintf(line->stream, sizeof(line->stream), "%.*s", (int)stream.size, stream.data);
	line->text = mem_dup(text.size ? text.data : "", text.size + !text.size);
	log->bytes += text.size;
}

/* The rest of a line that its writer wrote in pieces of 16 KB. */
static bool extend_line(struct container_log *log, struct str stream, struct str text)
{
	struct log_line *line = log->count ? &log->lines[log->count - 1] : NULL;
	struct buf whole = {0};

	if (!line || !log->is_open || !str_equal(str_from(line->stream), stream))
		return false;
	if (line->size >= LOG_LINE_MAX - 4) /* it is as long as one is shown */
		return true;
	buf_add(&whole, line->text, line->size);
	buf_add_str(&whole, text);
	log->count--;
	log->bytes -= line->size;
	free(line->text);
	log->next--;
	add_line(log, line->time, stream, buf_str(&whole));
	buf_release(&whole);
	return true;
}

static void take_piece(
	struct container_log *log, uint64_t time, struct str stream, struct str text, bool is_open)
{
	if (stream.size > 7)
		stream.size = 7;
	if (!extend_line(log, stream, text))
		add_line(log, time, stream, text);
	log->is_open = is_open;
}

__attribute__((format(printf, 2, 3))) static void say(
	struct container_log *log, const char *format, ...)
{
	char text[600];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* Said once, as long as nothing else is. */
	if (log->count && str_equal(str_from(text), (struct str){log->lines[log->count - 1].text,
							    log->lines[log->count - 1].size}))
		return;
	log->is_open = false;
	add_line(log, clock_now(), STR(""), str_from(text));
}

/* --- formats --- */

/* "2026-11-21T10:23:45.123456789Z", to CLOCK_MONOTONIC; 0: it is none, or before the start. */
static uint64_t take_time(struct str text)
{
	struct tm tm = {0};
	char room[48];
	const char *at;
	uint64_t ns = 0, unit = NS_PER_S, offset = clock_ns(CLOCK_REALTIME) - clock_now();
	int hours, minutes;
	time_t seconds;

	snprintf(room, sizeof(room), "%.*s", (int)(text.size < 47 ? text.size : 47), text.data);
	at = strptime(room, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!at)
		return 0;
	seconds = timegm(&tm);
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++)
			if (unit > 1) {
				unit /= 10;
				ns += (uint64_t)(*at - '0') * unit;
			}
	if ((*at == '+' || *at == '-') && sscanf(at + 1, "%2d:%2d", &hours, &minutes) == 2)
		seconds -= (*at == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
	if (seconds < 0)
		return 0;
	ns += (uint64_t)seconds * NS_PER_S;
	return ns > offset ? ns - offset : 0;
}

/* {"log": "text\n", "stream": "stdout", "time": "…"} */
static void take_docker(struct container_log *log, struct str line)
{
	struct json_object *object = json_pick(line);
	struct str text = json_pick_string(object, "log");

	if (!json_pick_member(object, "log"))
		take_piece(log, 0, STR(""), line, false); /* damaged: as it stands */
	else
		take_piece(log, take_time(json_pick_string(object, "time")),
			json_pick_string(object, "stream"), text, !str_ends(text, STR("\n")));
	json_object_put(object);
}

static struct str next_word(struct str *line)
{
	const char *end = line->size ? memchr(line->data, ' ', line->size) : NULL;
	struct str word = {line->data, end ? (size_t)(end - line->data) : line->size};
	size_t used = word.size + (end != NULL);

	*line = (struct str){line->data + used, line->size - used};
	return word;
}

/* "2026-11-21T10:23:45.123456789Z stdout F text": P where the line goes on. */
static void take_cri(struct container_log *log, struct str line)
{
	struct str rest = line, time = next_word(&rest), stream = next_word(&rest),
		   tag = next_word(&rest);
	bool is_part = tag.size && tag.data[0] == 'P';

	if (!tag.size || (!is_part && tag.data[0] != 'F'))
		take_piece(log, 0, STR(""), line, false);
	else
		take_piece(log, take_time(time), stream, rest, is_part);
}

static void take_line(struct container_log *log, struct str line)
{
	switch (log->format) {
	case LOG_DOCKER:
		take_docker(log, line);
		break;
	case LOG_CRI:
		take_cri(log, line);
		break;
	default:
		take_piece(log, 0, STR(""), line, false);
	}
}

/* --- the file --- */

static void take_block(struct container_log *log, const char *data, size_t size)
{
	while (size) {
		const char *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;

		if (!log->is_cut)
			buf_add(&log->rest, data, length);
		if (end || log->rest.size > REST_MAX) {
			if (log->rest.size)
				take_line(log, buf_str(&log->rest));
			buf_clear(&log->rest);
			log->is_cut = !end;
		}
		length += end != NULL;
		data += length;
		size -= length;
	}
}

/* From where it was read to on, to its end; at most the last LOG_BYTES of what is new. */
static void read_new(struct container_log *log)
{
	char *block;
	struct stat status;
	off_t end;
	ssize_t got;

	if (fstat(log->fd, &status))
		return;
	end = status.st_size;
	if (end < log->offset) { /* cut and written anew */
		log->offset = 0;
		buf_clear(&log->rest);
	}
	block = mem_alloc(BLOCK);
	if (end - log->offset > (off_t)LOG_BYTES) {
		if (log->offset || log->skips)
			say(log, "(%lld bytes came at once and are left out)",
				(long long)(end - log->offset) - LOG_BYTES);
		log->offset = end - (off_t)LOG_BYTES;
		buf_clear(&log->rest);
		log->is_cut = true; /* up to the end of the line that is begun here */
	}
	while (log->offset < end && (got = pread(log->fd, block, BLOCK, log->offset)) > 0) {
		log->offset += got;
		take_block(log, block, (size_t)got);
	}
	free(block);
}

/* A regular file, not waited for, and not by a link: the path may be of a container's choosing. */
static int open_file(struct container_log *log, const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	log->fd = fd;
	log->device = status.st_dev;
	log->inode = status.st_ino;
	return 0;
}

static void say_nothing(
	struct container_log *log, const struct container_files *files, const char *id)
{
	const char *driver = files->log_driver;
	bool is_file = !strcmp(driver, "json-file") || !strcmp(driver, "k8s-file") ||
		       !strcmp(driver, "cri");

	if (!log->since)
		log->since = clock_now();
	/* One that only begins has none yet. */
	if (is_file && clock_now() - log->since < SILENT_NS)
		return;
	if (!strcmp(driver, "journald"))
		say(log,
			"(no log file: the log driver is journald: journalctl "
			"CONTAINER_ID_FULL=%.64s)",
			id);
	else if (!strcmp(driver, "none"))
		say(log, "(no log file: the log driver is none, nothing is kept)");
	else if (*driver)
		say(log, "(no log file: the log driver is %s)", driver);
	else if (!*files->runtime)
		say(log, "(no log file: what runs it is not known)");
	else
		say(log, "(no log file: %s keeps none that is known, or none is there yet)",
			files->runtime);
}

/*
 * Where it was rotated more than once between two looks, PATH.1 and so on hold what came between:
 * they are read up to the one that was read last.
 */
static void read_rotated(struct container_log *log, dev_t device, ino_t inode)
{
	char path[sizeof(log->path) + 8];
	struct stat status;
	int last = 0;

	for (int i = 1; i <= ROTATED && !last; i++) {
		snprintf(path, sizeof(path), "%s.%d", log->path, i);
		if (stat(path, &status))
			break;
		if (status.st_dev == device && status.st_ino == inode)
			last = i;
	}
	if (!last)
		say(log, "(the file was rotated: lines may be missing here)");
	while (--last > 0) {
		snprintf(path, sizeof(path), "%s.%d", log->path, last);
		close_file(log);
		if (!open_file(log, path))
			read_new(log);
	}
	close_file(log);
}

void container_log_read(
	struct container_log *log, const struct container_files *files, const char *id)
{
	struct stat status;
	int code;

	if (files->log_format == LOG_NONE ||
		(*files->log_driver && !strcmp(files->log_driver, "local"))) {
		say_nothing(log, files, id);
		return;
	}
	log->format = files->log_format;
	if (log->fd >= 0) {
		bool is_same = !strcmp(log->path, files->log) && !stat(files->log, &status) &&
			       status.st_dev == log->device && status.st_ino == log->inode;

		read_new(log);
		if (is_same)
			return;
		log->skips = true;
		if (!strcmp(log->path, files->log))
			read_rotated(log, log->device, log->inode);
		else
			close_file(log);
	}
	snprintf(log->path, sizeof(log->path), "%s", files->log);
	code = open_file(log, log->path);
	if (code)
		say(log, "(the log cannot be read: %.400s: %s)", log->path, strerror(-code));
	else
		read_new(log);
	log->skips = true;
}
