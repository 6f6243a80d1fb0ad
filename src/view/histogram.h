/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often which size occurred, to 3 %: sixteen steps between one power of two and the next.
 * Small ones are a short list of the buckets that occurred, so that a hundred thousand groups may
 * have one each.
 */
#ifndef VIEW_HISTOGRAM_H
#define VIEW_HISTOGRAM_H

#include <stdint.h>

struct histogram;

struct histogram *histogram_new(void);
void histogram_free(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t value);

/* The value that @part (0 to 1) of all values do not exceed; 0 of none. */
uint64_t histogram_quantile(const struct histogram *histogram, double part);

#endif
