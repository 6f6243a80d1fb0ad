/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A byte buffer that grows.  A zeroed struct buf is a valid empty one.  The data may move with
 * every call that adds to it, and is followed by a NUL that size does not count.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct buf {
	char *data; /* NULL while nothing was added */
	size_t size;
	size_t capacity;
};

void buf_release(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */

/* Room for @size more bytes: returns where they go, the caller then adds to buf->size. */
char *buf_reserve(struct buf *buf, size_t size);

void buf_add(struct buf *buf, const void *data, size_t size);
void buf_add_char(struct buf *buf, char byte);
void buf_add_str(struct buf *buf, struct str text);
void buf_add_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Little-endian integers and LEB128, as the capture format has them. */
void buf_add_u16(struct buf *buf, uint16_t value);
void buf_add_u32(struct buf *buf, uint32_t value);
void buf_add_u64(struct buf *buf, uint64_t value);
void buf_add_varint(struct buf *buf, uint64_t value);

static inline struct str buf_str(const struct buf *buf)
{
	return (struct str){buf->data, buf->size};
}

/* Hands the data over, never NULL; the buffer is empty afterwards and the caller frees it. */
char *buf_detach(struct buf *buf);

#endif
