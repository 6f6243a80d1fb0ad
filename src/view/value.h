/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One value of a field, and how it is written for people and for machines. */
#ifndef VIEW_VALUE_H
#define VIEW_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/text.h"

enum value_type {
	VALUE_NONE, /* the record has no such field */
	VALUE_UNSIGNED,
	VALUE_SIGNED,
	VALUE_REAL,
	VALUE_TEXT, /* raw bytes, borrowed */
	VALUE_BOOL,
};

/* Two words: tables are made of these. */
struct value {
	enum value_type type;
	uint32_t size; /* of a text */
	union {
		uint64_t u;
		int64_t s;
		double f;
		const char *data; /* of a text: value_str() */
		bool b;
	};
};

/* What a number counts; decides how it is written and which suffixes a filter takes. */
enum unit {
	UNIT_NONE, /* a plain count */
	UNIT_ID,   /* a number that names something: never shortened */
	UNIT_NS,   /* a length of time */
	UNIT_TIME, /* a point in time, CLOCK_MONOTONIC */
	UNIT_BYTES,
	UNIT_PERCENT,
	UNIT_HERTZ,
	UNIT_ADDRESS, /* written in hexadecimal */
};

static inline struct value value_none(void)
{
	return (struct value){.type = VALUE_NONE};
}

static inline struct value value_unsigned(uint64_t u)
{
	return (struct value){.type = VALUE_UNSIGNED, .u = u};
}

static inline struct value value_signed(int64_t s)
{
	return (struct value){.type = VALUE_SIGNED, .s = s};
}

static inline struct value value_real(double f)
{
	return (struct value){.type = VALUE_REAL, .f = f};
}

static inline struct value value_text(struct str text)
{
	return (struct value){.type = VALUE_TEXT,
		.size = text.size < UINT32_MAX ? (uint32_t)text.size : UINT32_MAX,
		.data = text.data};
}

/* A text's bytes. */
static inline struct str value_str(struct value value)
{
	return (struct str){value.data, value.size};
}

static inline struct value value_bool(bool b)
{
	return (struct value){.type = VALUE_BOOL, .b = b};
}

/* As a number; 0 for none and for text. */
double value_number(struct value value);

/* Total order: none first, then numbers and truth values by size, then texts by bytes. */
int value_compare(struct value a, struct value b);

uint64_t value_hash(struct value value);

struct value_format {
	enum unit unit;
	enum text_charset charset;
	uint64_t realtime; /* added to a UNIT_TIME to get the time since 1970 */
};

/*
 * Appends the value as a person reads it: escaped, shortened to about five digits ("1.25M",
 * "3.4ms", "12.50%").  Nothing for none.
 */
void value_print(struct buf *out, struct value value, const struct value_format *format);

#endif
