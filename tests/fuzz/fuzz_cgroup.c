/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the path of a cgroup, as one of its files, and as a table of mounts. */
#include "fuzz.h"

#include "resolve/container_paths.h"
#include "source/cgroups_local.h"

/* A text of the answer lies in the path, or in the answer itself. */
static void check_within(struct str text, struct str path, const struct container_path *found)
{
	bool in_path = text.data >= path.data && text.data + text.size <= path.data + path.size;
	bool in_text = text.data >= found->text &&
		       text.data + text.size <= found->text + sizeof(found->text);
	bool in_uid = text.data >= found->uid &&
		      text.data + text.size <= found->uid + sizeof(found->uid);

	CHECK(!text.size || in_path || in_text || in_uid);
}

static void match(const uint8_t *data, size_t size)
{
	struct container_path found;
	/* Of exactly its size: what is read past it is seen. */
	char *copy = malloc(size ? size : 1);
	struct str path = {copy, size};

	CHECK(copy);
	memcpy(copy, data, size);
	if (container_path_match(path, &found)) {
		CHECK(found.role != ROLE_NONE && *found.runtime && found.size <= size);
		check_within(found.id, path, &found);
		check_within(found.pod_uid, path, &found);
	} else {
		CHECK(found.role == ROLE_NONE);
	}
	if (container_path_is_free(path))
		CHECK(str_basename(path).size <= CONTAINER_NAME_MAX);
	free(copy);
}

static void find_mounts(const uint8_t *data, size_t size)
{
	struct cgroup_mounts mounts;
	char table[32], list[32];
	int table_fd = fuzz_file(data, size / 2);
	int list_fd = fuzz_file(data + size / 2, size - size / 2);

	snprintf(table, sizeof(table), "/proc/self/fd/%d", table_fd);
	snprintf(list, sizeof(list), "/proc/self/fd/%d", list_fd);
	cgroup_mounts_find(&mounts, table, list);
	CHECK(mounts.v1 < TREES);
	cgroup_mounts_release(&mounts);
	close(table_fd);
	close(list_fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned which;

	if (!size)
		return 0;
	which = data[0] % (CGROUP_FILES + 2u);
	if (which < CGROUP_FILES) {
		struct cgroup_raw raw = {0};
		char *text = fuzz_text(data + 1, size - 1);

		cgroup_file_parse((enum cgroup_file)which, text, &raw);
		CHECK(!(raw.have >> CGROUP_USAGE_NUMS));
		free(text);
	} else if (which == CGROUP_FILES) {
		match(data + 1, size - 1);
	} else {
		find_mounts(data + 1, size - 1);
	}
	return 0;
}
