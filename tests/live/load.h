/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three functions of the load, wherever they stand: in the program or in a library. */
#ifndef LOAD_H
#define LOAD_H

#include <stdint.h>

void burn_half(uint64_t steps);
void burn_third(uint64_t steps);
void burn_fifth(uint64_t steps);

#endif
