/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record/column.h"

#include <endian.h>
#include <string.h>

struct column_shape {
	uint64_t base;
	unsigned width;
};

static unsigned column_width(uint64_t range)
{
	return range ? (71u - (unsigned)__builtin_clzll(range)) / 8 : 0;
}

/* Taken as signed or as unsigned numbers, whichever lie closer together. */
static struct column_shape column_measure(const uint64_t *values, size_t count)
{
	uint64_t low, high, unsigned_range, signed_range;
	int64_t signed_low, signed_high;

	if (!count)
		return (struct column_shape){0, 0};
	low = high = values[0];
	signed_low = signed_high = (int64_t)values[0];
	for (size_t i = 1; i < count; i++) {
		uint64_t value = values[i];

		low = value < low ? value : low;
		high = value > high ? value : high;
		signed_low = (int64_t)value < signed_low ? (int64_t)value : signed_low;
		signed_high = (int64_t)value > signed_high ? (int64_t)value : signed_high;
	}
	unsigned_range = high - low;
	signed_range = (uint64_t)signed_high - (uint64_t)signed_low;
	if (signed_range < unsigned_range)
		return (struct column_shape){(uint64_t)signed_low, column_width(signed_range)};
	return (struct column_shape){low, column_width(unsigned_range)};
}

static uint8_t *column_header(struct buf *out, struct column_shape shape, size_t count)
{
	uint64_t base = htole64(shape.base);
	size_t size = COLUMN_HEADER + shape.width * count;
	uint8_t *at = (uint8_t *)buf_reserve(out, size);

	out->size += size;
	at[0] = (uint8_t)shape.width;
	memcpy(at + 1, &base, sizeof(base));
	return at + COLUMN_HEADER;
}

void column_pack(struct buf *out, const uint64_t *values, size_t count)
{
	struct column_shape shape = column_measure(values, count);
	uint8_t *plane = column_header(out, shape, count);

	for (unsigned byte = 0; byte < shape.width; byte++, plane += count)
		for (size_t i = 0; i < count; i++)
			plane[i] = (uint8_t)((values[i] - shape.base) >> (byte * 8));
}

void column_pack_u32(struct buf *out, const uint32_t *values, size_t count)
{
	uint32_t low = UINT32_MAX, high = 0;
	struct column_shape shape = {0, 0};
	uint8_t *plane;

	for (size_t i = 0; i < count; i++) {
		low = values[i] < low ? values[i] : low;
		high = values[i] > high ? values[i] : high;
	}
	if (count)
		shape = (struct column_shape){low, column_width(high - low)};
	plane = column_header(out, shape, count);
	for (unsigned byte = 0; byte < shape.width; byte++, plane += count)
		for (size_t i = 0; i < count; i++)
			plane[i] = (uint8_t)((values[i] - low) >> (byte * 8));
}

/* Reads the header and steps over the column; its planes, or NULL if they are not all there. */
static const uint8_t *column_next(
	struct column_reader *reader, size_t count, struct column_shape *shape)
{
	const uint8_t *planes;

	if (reader->end - reader->at < COLUMN_HEADER)
		return NULL;
	shape->width = reader->at[0];
	memcpy(&shape->base, reader->at + 1, sizeof(shape->base));
	shape->base = le64toh(shape->base);
	planes = reader->at + COLUMN_HEADER;
	if (shape->width > 8 || (size_t)(reader->end - planes) / (shape->width ? shape->width : 1) <
					(shape->width ? count : 0))
		return NULL;
	reader->at = planes + shape->width * count;
	return planes;
}

bool column_unpack(struct column_reader *reader, uint64_t *values, size_t count)
{
	struct column_shape shape;
	const uint8_t *plane = column_next(reader, count, &shape);

	if (!plane || !values)
		return plane != NULL;
	switch (shape.width) { /* the common widths in one pass over the values */
	case 0:
		for (size_t i = 0; i < count; i++)
			values[i] = shape.base;
		return true;
	case 1:
		for (size_t i = 0; i < count; i++)
			values[i] = shape.base + plane[i];
		return true;
	case 2:
		for (size_t i = 0; i < count; i++)
			values[i] = shape.base + (plane[i] | (uint64_t)plane[count + i] << 8);
		return true;
	case 3:
		for (size_t i = 0; i < count; i++)
			values[i] = shape.base + (plane[i] | (uint64_t)plane[count + i] << 8 |
							 (uint64_t)plane[2 * count + i] << 16);
		return true;
	default:
		for (size_t i = 0; i < count; i++)
			values[i] = shape.base + (plane[i] | (uint64_t)plane[count + i] << 8 |
							 (uint64_t)plane[2 * count + i] << 16 |
							 (uint64_t)plane[3 * count + i] << 24);
	}
	for (unsigned byte = 4; byte < shape.width; byte++)
		for (size_t i = 0; i < count; i++)
			values[i] += (uint64_t)plane[byte * count + i] << (byte * 8);
	return true;
}

bool column_unpack_index(
	struct column_reader *reader, uint32_t *values, size_t count, uint64_t limit)
{
	struct column_shape shape;
	const uint8_t *plane = column_next(reader, count, &shape);
	uint32_t base, largest = 0;

	if (!plane || shape.width > 4 || (count && shape.base >= limit))
		return false;
	base = (uint32_t)shape.base;
	if (!shape.width) {
		for (size_t i = 0; i < count; i++)
			values[i] = base;
		return true;
	}
	for (size_t i = 0; i < count; i++)
		values[i] = plane[i];
	for (unsigned byte = 1; byte < shape.width; byte++)
		for (size_t i = 0; i < count; i++)
			values[i] |= (uint32_t)plane[byte * count + i] << (byte * 8);
	for (size_t i = 0; i < count; i++) {
		largest = values[i] > largest ? values[i] : largest;
		values[i] += base;
	}
	return !count || largest < limit - base;
}
