/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"

double value_number(struct value value)
{
	switch (value.type) {
	case VALUE_UNSIGNED:
		return (double)value.u;
	case VALUE_SIGNED:
		return (double)value.s;
	case VALUE_REAL:
		return value.f;
	case VALUE_BOOL:
		return value.b;
	default:
		return 0;
	}
}

static int value_rank(struct value value)
{
	return value.type == VALUE_NONE ? 0 : value.type == VALUE_TEXT ? 2 : 1;
}

int value_compare(struct value a, struct value b)
{
	int rank = value_rank(a) - value_rank(b);
	double x, y;

	if (rank || a.type == VALUE_NONE)
		return rank;
	if (a.type == VALUE_TEXT)
		return str_compare(value_str(a), value_str(b));
	if (a.type == VALUE_UNSIGNED && b.type == VALUE_UNSIGNED)
		return (a.u > b.u) - (a.u < b.u);
	if (a.type == VALUE_SIGNED && b.type == VALUE_SIGNED)
		return (a.s > b.s) - (a.s < b.s);
	x = value_number(a);
	y = value_number(b);
	return (x > y) - (x < y);
}

uint64_t value_hash(struct value value)
{
	switch (value.type) {
	case VALUE_NONE:
		return 0;
	case VALUE_TEXT:
		return hash_str(value_str(value));
	case VALUE_BOOL:
		return hash_two(value.b, value.type);
	default:
		return hash_two(value.u, value.type);
	}
}

/* Three digits or more before a unit changes, so that 1023 is not 1.0k and 9999 is 9999. */
static void print_scaled(struct buf *out, double number, double step, const char *const *suffixes)
{
	size_t i = 0;
	double limit = 9999.5;

	while (fabs(number) >= limit && suffixes[i + 1]) {
		number /= step;
		i++;
		limit = 999.5;
	}
	if (!i && number == floor(number))
		buf_printf(out, "%.0f%s", number, suffixes[i]);
	else
		buf_printf(out, "%.*f%s",
			fabs(number) < 9.995   ? 2
			: fabs(number) < 99.95 ? 1
					       : 0,
			number, suffixes[i]);
}

static void print_duration(struct buf *out, double ns)
{
	static const struct {
		double size;
		const char *suffix;
	} units[] = {{1, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}, {0, NULL}};
	size_t i = 0;

	while (units[i + 1].suffix && fabs(ns) >= units[i + 1].size)
		i++;
	if (fabs(ns) >= 600e9)
		buf_printf(out, "%.0fm%02.0fs", floor(ns / 60e9), fmod(ns / 1e9, 60));
	else if (!i)
		buf_printf(out, "%.0fns", ns);
	else
		buf_printf(out, "%.*f%s",
			fabs(ns / units[i].size) < 9.995   ? 2
			: fabs(ns / units[i].size) < 99.95 ? 1
							   : 0,
			ns / units[i].size, units[i].suffix);
}

static void print_time(struct buf *out, uint64_t ns, uint64_t realtime)
{
	time_t seconds = (time_t)((ns + realtime) / NS_PER_S);
	struct tm tm;

	if (!realtime || !localtime_r(&seconds, &tm)) {
		buf_printf(out, "%" PRIu64 ".%06" PRIu64, ns / NS_PER_S, ns % NS_PER_S / 1000);
		return;
	}
	buf_printf(out, "%02d:%02d:%02d.%06" PRIu64, tm.tm_hour, tm.tm_min, tm.tm_sec,
		(ns + realtime) % NS_PER_S / 1000);
}

static void print_number(struct buf *out, struct value value, const struct value_format *format)
{
	static const char *const counts[] = {"", "k", "M", "G", "T", "P", "E", NULL};
	static const char *const bytes[] = {"", "K", "M", "G", "T", "P", "E", NULL};

	switch (format->unit) {
	case UNIT_ID:
		if (value.type == VALUE_SIGNED)
			buf_printf(out, "%" PRId64, value.s);
		else if (value.type == VALUE_UNSIGNED)
			buf_printf(out, "%" PRIu64, value.u);
		else
			buf_printf(out, "%.0f", value_number(value));
		break;
	case UNIT_NS:
		print_duration(out, value_number(value));
		break;
	case UNIT_TIME:
		print_time(out, value.u, format->realtime);
		break;
	case UNIT_BYTES:
		print_scaled(out, value_number(value), 1024, bytes);
		break;
	case UNIT_PERCENT:
		buf_printf(out, "%.2f%%", value_number(value));
		break;
	case UNIT_ADDRESS:
		buf_printf(out, "0x%" PRIx64, value.u);
		break;
	default:
		print_scaled(out, value_number(value), 1000, counts);
	}
}

void value_print(struct buf *out, struct value value, const struct value_format *format)
{
	switch (value.type) {
	case VALUE_NONE:
		break;
	case VALUE_TEXT:
		text_escape(out, value_str(value), format->charset);
		break;
	case VALUE_BOOL:
		buf_add_text(out, value.b ? "yes" : "no");
		break;
	default:
		print_number(out, value, format);
	}
}
