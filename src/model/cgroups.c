/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/cgroups.h"

#include <stdlib.h>

#include "base/mem.h"

#define FORGET_MIN 256 /* fewer are not worth going through all of them */
#define DEPTH_MAX 64   /* that a walk to the root takes: parents of a broken file may form a ring */

void cgroups_release(struct cgroups *cgroups)
{
	free(cgroups->cgroups);
	free(cgroups->containers);
	index_release(&cgroups->by_id);
	index_release(&cgroups->by_path);
	index_release(&cgroups->by_number);
	index_release(&cgroups->by_cgroup);
	index_release(&cgroups->by_pidns);
	index_release(&cgroups->by_mntns);
	intern_release(&cgroups->strings);
	*cgroups = (struct cgroups){0};
}

/* --- cgroups --- */

struct cgroup_key {
	uint64_t id;
	uint32_t hierarchy;
	struct str path;
};

static uint64_t hash_path(uint32_t hierarchy, struct str path)
{
	return hash_two(hash_bytes(path.data, path.size), hierarchy);
}

static bool cgroup_has_id(const void *owner, uint32_t entry, const void *wanted)
{
	const struct cgroup *have = &((const struct cgroups *)owner)->cgroups[entry];
	const struct cgroup_key *key = wanted;

	return have->id == key->id && have->hierarchy == key->hierarchy;
}

static bool cgroup_has_path(const void *owner, uint32_t entry, const void *wanted)
{
	const struct cgroup *have = &((const struct cgroups *)owner)->cgroups[entry];
	const struct cgroup_key *key = wanted;

	return have->hierarchy == key->hierarchy && str_equal(have->path, key->path);
}

static uint32_t cgroup_slot(const struct cgroups *cgroups, uint32_t hierarchy, uint64_t id)
{
	struct cgroup_key key = {.id = id, .hierarchy = hierarchy};

	return index_find(&cgroups->by_id, hash_two(id, hierarchy), cgroup_has_id, cgroups, &key);
}

const struct cgroup *cgroups_find(const struct cgroups *cgroups, uint32_t hierarchy, uint64_t id)
{
	uint32_t at = cgroup_slot(cgroups, hierarchy, id);

	return at == INDEX_NONE ? NULL : &cgroups->cgroups[at];
}

static uint32_t path_slot(const struct cgroups *cgroups, uint32_t hierarchy, struct str path)
{
	struct cgroup_key key = {.hierarchy = hierarchy, .path = path};

	return index_find(
		&cgroups->by_path, hash_path(hierarchy, path), cgroup_has_path, cgroups, &key);
}

const struct cgroup *cgroups_at(const struct cgroups *cgroups, uint32_t hierarchy, struct str path)
{
	uint32_t at = path_slot(cgroups, hierarchy, path);

	return at == INDEX_NONE ? NULL : &cgroups->cgroups[at];
}

/* The id of the cgroup that has the path above this one now. */
static uint64_t parent_by_path(const struct cgroups *cgroups, uint32_t hierarchy, struct str path)
{
	const struct cgroup *parent;
	size_t size = path.size;

	if (size < 2)
		return 0;
	while (size && path.data[size - 1] != '/')
		size--;
	parent = cgroups_at(cgroups, hierarchy, (struct str){path.data, size > 1 ? size - 1 : 1});
	return parent ? parent->id : 0;
}

static void forget_path(struct cgroups *cgroups, uint32_t hierarchy, struct str path)
{
	uint32_t at = path_slot(cgroups, hierarchy, path);

	if (at != INDEX_NONE)
		index_remove(&cgroups->by_path, hash_path(hierarchy, path), at);
}

static void fold_cgroup(struct cgroups *cgroups, const struct record *record)
{
	uint32_t hierarchy = (uint32_t)record->nums[CGROUP_HIERARCHY];
	uint64_t id = record->nums[CGROUP_ID];
	uint32_t at = cgroup_slot(cgroups, hierarchy, id);
	struct cgroup *cgroup;

	if (at == INDEX_NONE) {
		at = (uint32_t)cgroups->count++;
		cgroups->cgroups = mem_grow(cgroups->cgroups, &cgroups->capacity, cgroups->count,
			sizeof(*cgroups->cgroups));
		cgroups->cgroups[at] = (struct cgroup){
			.met = ++cgroups->met, .id = id, .hierarchy = hierarchy};
		index_add(&cgroups->by_id, hash_two(id, hierarchy), at);
	}
	cgroup = &cgroups->cgroups[at];
	if (record->nums[CGROUP_PARENT])
		cgroup->parent = record->nums[CGROUP_PARENT];
	else if (!cgroup->parent)
		cgroup->parent = parent_by_path(cgroups, hierarchy, record->name);
	if (!str_equal(cgroup->path, record->name)) { /* new, or renamed */
		if (cgroup->path.size && cgroups_at(cgroups, hierarchy, cgroup->path) == cgroup)
			forget_path(cgroups, hierarchy, cgroup->path);
		forget_path(cgroups, hierarchy, record->name);
		cgroup->path = intern(&cgroups->strings, record->name);
		index_add(&cgroups->by_path, hash_path(hierarchy, cgroup->path), at);
	}
	if (!cgroup->gone && record->sub == CGROUP_REMOVED) {
		cgroup->end = record->time;
		cgroups->gone_count++;
	}
	cgroups->gone_count -= cgroup->gone && record->sub != CGROUP_REMOVED;
	cgroup->gone = record->sub == CGROUP_REMOVED;
	cgroups->generation++;
}

/* --- containers --- */

static bool container_has_number(const void *owner, uint32_t entry, const void *wanted)
{
	return ((const struct cgroups *)owner)->containers[entry].number ==
	       *(const uint32_t *)wanted;
}

static bool container_has_cgroup(const void *owner, uint32_t entry, const void *wanted)
{
	const struct container *have = &((const struct cgroups *)owner)->containers[entry];
	const struct cgroup_key *key = wanted;

	return have->cgroup == key->id && have->hierarchy == key->hierarchy;
}

/* A namespace at a time. */
struct namespace_key {
	uint64_t inode, time;
};

static bool container_lived(const struct container *c, uint64_t time)
{
	return c->start <= time && (!c->end || c->end >= time);
}

static bool container_has_pidns(const void *owner, uint32_t entry, const void *wanted)
{
	const struct container *have = &((const struct cgroups *)owner)->containers[entry];
	const struct namespace_key *key = wanted;

	return have->pidns == key->inode && container_lived(have, key->time);
}

static bool container_has_mntns(const void *owner, uint32_t entry, const void *wanted)
{
	const struct container *have = &((const struct cgroups *)owner)->containers[entry];
	const struct namespace_key *key = wanted;

	return have->mntns == key->inode && container_lived(have, key->time);
}

static uint32_t number_slot(const struct cgroups *cgroups, uint32_t number)
{
	return index_find(
		&cgroups->by_number, hash_u64(number), container_has_number, cgroups, &number);
}

const struct container *cgroups_container_numbered(const struct cgroups *cgroups, uint32_t number)
{
	uint32_t at = number_slot(cgroups, number);

	return at == INDEX_NONE ? NULL : &cgroups->containers[at];
}

/* The entry found by a key is from now on this one. */
static void index_point(struct index *index, uint64_t hash, index_equal *equal,
	const struct cgroups *cgroups, const void *key, uint32_t at)
{
	uint32_t before = index_find(index, hash, equal, cgroups, key);

	if (before == at)
		return;
	if (before != INDEX_NONE)
		index_remove(index, hash, before);
	index_add(index, hash, at);
}

/*
 * Found by what it has now.  A container takes over the cgroup that an older one had; of those that
 * had the same namespace, the time tells which is meant.
 */
static void index_container(struct cgroups *cgroups, uint32_t at)
{
	const struct container *c = &cgroups->containers[at];
	struct cgroup_key key = {.id = c->cgroup, .hierarchy = c->hierarchy};

	if (c->cgroup)
		index_point(&cgroups->by_cgroup, hash_two(c->cgroup, c->hierarchy),
			container_has_cgroup, cgroups, &key, at);
	if (c->pidns)
		index_add(&cgroups->by_pidns, hash_u64(c->pidns), at);
	if (c->mntns)
		index_add(&cgroups->by_mntns, hash_u64(c->mntns), at);
}

static void unindex_container(struct cgroups *cgroups, uint32_t at)
{
	const struct container *c = &cgroups->containers[at];
	struct cgroup_key key = {.id = c->cgroup, .hierarchy = c->hierarchy};
	uint64_t by_cgroup = hash_two(c->cgroup, c->hierarchy);

	if (index_find(&cgroups->by_cgroup, by_cgroup, container_has_cgroup, cgroups, &key) == at)
		index_remove(&cgroups->by_cgroup, by_cgroup, at);
	if (c->pidns)
		index_remove(&cgroups->by_pidns, hash_u64(c->pidns), at);
	if (c->mntns)
		index_remove(&cgroups->by_mntns, hash_u64(c->mntns), at);
}

static void fold_container(struct cgroups *cgroups, const struct record *record)
{
	const uint64_t *nums = record->nums;
	const struct str *texts = record->texts;
	uint32_t number = (uint32_t)nums[CONTAINER_NUMBER], at = number_slot(cgroups, number);

	/* A keyframe has them in another order than the one in which they took cgroups over. */
	if (at != INDEX_NONE && record->flags & RECORD_SNAPSHOT)
		return;
	if (at == INDEX_NONE) {
		at = (uint32_t)cgroups->container_count++;
		cgroups->containers = mem_grow(cgroups->containers, &cgroups->container_capacity,
			cgroups->container_count, sizeof(*cgroups->containers));
		index_add(&cgroups->by_number, hash_u64(number), at);
	} else {
		unindex_container(cgroups, at);
		cgroups->ended_count -= cgroups->containers[at].end != 0;
	}
	cgroups->ended_count += nums[CONTAINER_END] != 0;
	cgroups->containers[at] = (struct container){.number = number,
		.hierarchy = (uint32_t)nums[CONTAINER_HIERARCHY],
		.cgroup = nums[CONTAINER_CGROUP],
		.pidns = nums[CONTAINER_PIDNS],
		.mntns = nums[CONTAINER_MNTNS],
		.pid1 = (uint32_t)nums[CONTAINER_PID1],
		.start = nums[CONTAINER_START],
		.end = nums[CONTAINER_END],
		.state = (enum container_state)nums[CONTAINER_STATE],
		.flags = (uint32_t)nums[CONTAINER_FLAGS],
		.restarts = nums[CONTAINER_RESTARTS],
		.name = intern(&cgroups->strings, record->name),
		.id = intern(&cgroups->strings, texts[CONTAINER_ID]),
		.runtime = intern(&cgroups->strings, texts[CONTAINER_RUNTIME]),
		.image = intern(&cgroups->strings, texts[CONTAINER_IMAGE]),
		.pod = intern(&cgroups->strings, texts[CONTAINER_POD]),
		.pod_namespace = intern(&cgroups->strings, texts[CONTAINER_POD_NAMESPACE]),
		.pod_uid = intern(&cgroups->strings, texts[CONTAINER_POD_UID]),
		.labels = intern(&cgroups->strings, texts[CONTAINER_LABELS])};
	index_container(cgroups, at);
	cgroups->generation++;
	cgroups->container_generation++;
}

void cgroups_fold(struct cgroups *cgroups, const struct record *record)
{
	if (record->type == RECORD_CGROUP)
		fold_cgroup(cgroups, record);
	else if (record->type == RECORD_CONTAINER && record->nums[CONTAINER_NUMBER])
		fold_container(cgroups, record);
}

const struct container *cgroups_container(
	const struct cgroups *cgroups, uint32_t hierarchy, uint64_t id)
{
	for (int depth = 0; id && depth < DEPTH_MAX; depth++) {
		struct cgroup_key key = {.id = id, .hierarchy = hierarchy};
		uint32_t at = index_find(&cgroups->by_cgroup, hash_two(id, hierarchy),
			container_has_cgroup, cgroups, &key);
		const struct cgroup *cgroup;

		if (at != INDEX_NONE)
			return &cgroups->containers[at];
		cgroup = cgroups_find(cgroups, hierarchy, id);
		id = cgroup ? cgroup->parent : 0;
	}
	return NULL;
}

const struct container *cgroups_container_in(
	const struct cgroups *cgroups, uint64_t pidns, uint64_t mntns, uint64_t time)
{
	struct namespace_key pid = {pidns, time}, mnt = {mntns, time};
	uint32_t at = INDEX_NONE;

	if (pidns)
		at = index_find(
			&cgroups->by_pidns, hash_u64(pidns), container_has_pidns, cgroups, &pid);
	if (at == INDEX_NONE && mntns)
		at = index_find(
			&cgroups->by_mntns, hash_u64(mntns), container_has_mntns, cgroups, &mnt);
	return at == INDEX_NONE ? NULL : &cgroups->containers[at];
}

size_t cgroups_met_after(const struct cgroups *cgroups, uint64_t met)
{
	size_t low = 0, high = cgroups->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cgroups->cgroups[middle].met <= met)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* --- forgetting --- */

static int compare_times(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/*
 * Ends before which to forget; 0: it is not worth it yet.  @ends: in any order, sorted here.  Where
 * there are more than @max, a quarter goes, so that it is not sorted for each.
 */
static uint64_t forget_before(uint64_t *ends, size_t count, size_t max, uint64_t time)
{
	uint64_t before;
	size_t old = 0;

	if (count > max) {
		qsort(ends, count, sizeof(*ends), compare_times);
		before = ends[count - max / 4 * 3] + 1; /* with those of the same time */
		return before > time ? before : time;
	}
	for (size_t i = 0; i < count; i++)
		old += ends[i] < time;
	return old >= FORGET_MIN ? time : 0;
}

static uint64_t forget_cgroups_before(const struct cgroups *cgroups, uint64_t time)
{
	uint64_t *ends = mem_alloc((cgroups->gone_count + 1) * sizeof(*ends)), before;
	size_t count = 0;

	for (size_t i = 0; i < cgroups->count; i++)
		if (cgroups->cgroups[i].gone)
			ends[count++] = cgroups->cgroups[i].end;
	before = forget_before(ends, count, CGROUPS_GONE_MAX, time);
	free(ends);
	return before;
}

static void forget_cgroups(struct cgroups *cgroups, uint64_t before, uint64_t time)
{
	uint32_t *now = mem_alloc(cgroups->count * sizeof(*now));
	size_t kept = 0;

	for (uint32_t i = 0; i < cgroups->count; i++) {
		const struct cgroup *cgroup = &cgroups->cgroups[i];

		if (!cgroup->gone || cgroup->end >= before) {
			now[i] = (uint32_t)kept++;
			continue;
		}
		now[i] = INDEX_NONE;
		index_remove(&cgroups->by_id, hash_two(cgroup->id, cgroup->hierarchy), i);
		if (path_slot(cgroups, cgroup->hierarchy, cgroup->path) == i)
			forget_path(cgroups, cgroup->hierarchy, cgroup->path);
		cgroups->evicted += cgroup->end >= time;
		cgroups->gone_count--;
	}
	for (size_t i = 0; i < cgroups->count; i++)
		if (now[i] != INDEX_NONE)
			cgroups->cgroups[now[i]] = cgroups->cgroups[i];
	cgroups->count = kept;
	index_renumber(&cgroups->by_id, now);
	index_renumber(&cgroups->by_path, now);
	free(now);
}

static uint64_t forget_containers_before(const struct cgroups *cgroups, uint64_t time)
{
	uint64_t *ends = mem_alloc((cgroups->ended_count + 1) * sizeof(*ends)), before;
	size_t count = 0;

	for (size_t i = 0; i < cgroups->container_count; i++)
		if (cgroups->containers[i].end)
			ends[count++] = cgroups->containers[i].end;
	before = forget_before(ends, count, CONTAINERS_ENDED_MAX, time);
	free(ends);
	return before;
}

static void forget_containers(struct cgroups *cgroups, uint64_t before, uint64_t time)
{
	uint32_t *now = mem_alloc(cgroups->container_count * sizeof(*now));
	size_t kept = 0;

	for (uint32_t i = 0; i < cgroups->container_count; i++) {
		const struct container *container = &cgroups->containers[i];

		if (!container->end || container->end >= before) {
			now[i] = (uint32_t)kept++;
			continue;
		}
		now[i] = INDEX_NONE;
		unindex_container(cgroups, i);
		index_remove(&cgroups->by_number, hash_u64(container->number), i);
		cgroups->evicted += container->end >= time;
		cgroups->ended_count--;
	}
	for (size_t i = 0; i < cgroups->container_count; i++)
		if (now[i] != INDEX_NONE)
			cgroups->containers[now[i]] = cgroups->containers[i];
	cgroups->container_count = kept;
	index_renumber(&cgroups->by_number, now);
	index_renumber(&cgroups->by_cgroup, now);
	index_renumber(&cgroups->by_pidns, now);
	index_renumber(&cgroups->by_mntns, now);
	free(now);
}

/* Only those that somebody still has. */
static void renew_strings(struct cgroups *cgroups)
{
	struct intern strings = {0};

	for (size_t i = 0; i < cgroups->count; i++)
		cgroups->cgroups[i].path = intern(&strings, cgroups->cgroups[i].path);
	for (size_t i = 0; i < cgroups->container_count; i++) {
		struct container *c = &cgroups->containers[i];
		struct str *texts[] = {&c->name, &c->id, &c->runtime, &c->image, &c->pod,
			&c->pod_namespace, &c->pod_uid, &c->labels};

		for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++)
			*texts[k] = intern(&strings, *texts[k]);
	}
	intern_release(&cgroups->strings);
	cgroups->strings = strings;
}

void cgroups_forget(struct cgroups *cgroups, uint64_t time)
{
	uint64_t before = 0, ended_before = 0;

	if (cgroups->gone_count >= FORGET_MIN)
		before = forget_cgroups_before(cgroups, time);
	if (cgroups->ended_count >= FORGET_MIN)
		ended_before = forget_containers_before(cgroups, time);
	if (before)
		forget_cgroups(cgroups, before, time);
	if (ended_before)
		forget_containers(cgroups, ended_before, time);
	if (!before && !ended_before)
		return;
	renew_strings(cgroups);
	cgroups->generation++;
}
