/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/buf.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
	buf->size = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

char *buf_reserve(struct buf *buf, size_t size)
{
	buf->data = mem_grow(buf->data, &buf->capacity, buf->size + size + 1, 1);
	return buf->data + buf->size;
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
	char *at = buf_reserve(buf, size);

	if (size)
		memcpy(at, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void buf_add_char(struct buf *buf, char byte)
{
	buf_add(buf, &byte, 1);
}

void buf_add_str(struct buf *buf, struct str text)
{
	buf_add(buf, text.data, text.size);
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length > 0) {
		vsnprintf(buf_reserve(buf, (size_t)length), (size_t)length + 1, format, again);
		buf->size += (size_t)length;
	}
	va_end(again);
}

void buf_add_u16(struct buf *buf, uint16_t value)
{
	value = htole16(value);
	buf_add(buf, &value, sizeof(value));
}

void buf_add_u32(struct buf *buf, uint32_t value)
{
	value = htole32(value);
	buf_add(buf, &value, sizeof(value));
}

void buf_add_u64(struct buf *buf, uint64_t value)
{
	value = htole64(value);
	buf_add(buf, &value, sizeof(value));
}

void buf_add_varint(struct buf *buf, uint64_t value)
{
	char bytes[10];
	size_t size = 0;

	do {
		bytes[size] = (char)(value & 0x7f);
		value >>= 7;
		if (value)
			bytes[size] |= (char)0x80;
		size++;
	} while (value);
	buf_add(buf, bytes, size);
}

char *buf_detach(struct buf *buf)
{
	char *data;

	buf_reserve(buf, 0)[0] = '\0';
	data = buf->data;
	*buf = (struct buf){0};
	return data;
}
