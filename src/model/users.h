/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of users, folded from USER records. */
#ifndef MODEL_USERS_H
#define MODEL_USERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/intern.h"
#include "record/types.h"

struct user {
	uint32_t uid;	/* as the machine's own namespace numbers it */
	uint64_t mntns; /* whose passwd file named it; 0: the machine's own */
	struct str name;
};

struct users {
	struct user *users;
	size_t count, capacity;
	struct index by_uid;
};

void users_release(struct users *users);
void users_fold(struct users *users, struct intern *strings, const struct record *record);

/* The name, or NULL if nobody told: in that namespace, and nowhere else. */
const struct str *users_name(const struct users *users, uint32_t uid, uint64_t mntns);

/* Appends all as SNAPSHOT records: their part of a keyframe. */
struct recording;
void users_snapshot(const struct users *users, struct recording *recording, uint64_t time);

#endif
