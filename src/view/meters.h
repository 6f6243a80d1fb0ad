/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the machine stood at a time, and what it used until then: what the meters show. */
#ifndef VIEW_METERS_H
#define VIEW_METERS_H

#include <stdbool.h>
#include <stdint.h>

#include "record/recording.h"

#define METERS_CPUS 1024 /* that are told apart */

struct meters {
	uint64_t host[HOST_USAGE_NUMS]; /* of the last interval; its counters are of it alone */
	uint64_t interval;		/* ns of it; 0: nothing was recorded */
	double seconds;			/* that the rest is of */
	uint64_t cpu[CPU_USAGE_NUMS];	/* all CPUs together */
	uint32_t cpus;
	double busy[METERS_CPUS];	  /* 0 to 1, by number; negative: no such CPU */
	uint64_t disk_in, disk_out;	  /* bytes */
	uint64_t network_in, network_out; /* without the loopback device */
};

/* Of [from, to) in the recording; false: no usage was recorded there. */
bool meters_read(struct meters *meters, struct recording *recording, uint64_t from, uint64_t to);

#endif
