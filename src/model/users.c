/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/users.h"

#include <stdlib.h>

#include "base/mem.h"
#include "record/recording.h"

void users_release(struct users *users)
{
	free(users->users);
	index_release(&users->by_uid);
	*users = (struct users){0};
}

static bool user_is(const void *owner, uint32_t entry, const void *wanted)
{
	const struct user *have = &((const struct users *)owner)->users[entry];
	const struct user *key = wanted;

	return have->uid == key->uid && have->mntns == key->mntns;
}

static uint32_t user_slot(const struct users *users, const struct user *key)
{
	return index_find(&users->by_uid, hash_two(key->uid, key->mntns), user_is, users, key);
}

void users_fold(struct users *users, struct intern *strings, const struct record *record)
{
	struct user user = {(uint32_t)record->nums[USER_UID], record->nums[USER_NAMESPACE],
		intern(strings, record->name)};
	uint32_t at = user_slot(users, &user);

	if (at == INDEX_NONE) {
		at = (uint32_t)users->count++;
		users->users = mem_grow(
			users->users, &users->capacity, users->count, sizeof(*users->users));
		index_add(&users->by_uid, hash_two(user.uid, user.mntns), at);
	}
	users->users[at] = user;
}

const struct str *users_name(const struct users *users, uint32_t uid, uint64_t mntns)
{
	struct user key = {.uid = uid, .mntns = mntns};
	uint32_t at = user_slot(users, &key);

	return at == INDEX_NONE ? NULL : &users->users[at].name;
}

void users_snapshot(const struct users *users, struct recording *recording, uint64_t time)
{
	for (size_t i = 0; i < users->count; i++) {
		const struct user *user = &users->users[i];
		uint64_t nums[USER_NUMS] = {[USER_UID] = user->uid, [USER_NAMESPACE] = user->mntns};

		recording_append(recording, &(struct record){.type = RECORD_USER,
						    .time = time,
						    .flags = RECORD_SNAPSHOT,
						    .name = user->name,
						    .nums = nums});
	}
}
