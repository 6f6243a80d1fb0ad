/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three functions that take the same time a step: a chain of multiplications in one register, whose
 * time does not depend on where the code lies.  ROTATE makes another build of them: the same names,
 * each at the place that another one has in the first build.
 */
#include "load.h"

#define BURN(name)                                                \
	__attribute__((noipa)) void name(uint64_t steps)          \
	{                                                         \
		uint64_t value = steps;                           \
                                                                  \
		for (; steps; steps--) {                          \
			value = value * 6364136223846793005u + 1; \
			__asm__ volatile("" : "+r"(value));       \
		}                                                 \
	}

#ifdef ROTATE
BURN(burn_fifth)
BURN(burn_half)
BURN(burn_third)
#else
BURN(burn_half)
BURN(burn_third)
BURN(burn_fifth)
#endif
