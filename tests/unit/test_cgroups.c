/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroups: where they are mounted, which there are, what their files say; on trees that are made.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "source/cgroups_local.h"
#include "unit.h"

static char *folder;

static int set_up(void **state)
{
	(void)state;
	folder = folder_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	folder_remove(folder);
	return 0;
}

static const char *at(const char *name)
{
	static char path[4][4200];
	static unsigned next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", folder, name);
	return path[next];
}

/* A file with its folders. */
static void put(const char *name, const char *text)
{
	char path[4200];
	FILE *file;

	snprintf(path, sizeof(path), "%s", at(name));
	for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* --- mounts --- */

static void version_2_alone(void **state)
{
	struct cgroup_mounts mounts;

	(void)state;
	put("mountinfo",
		"22 1 0:20 / / rw - ext4 /dev/vda rw\n"
		"29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 master:1 - cgroup2 cgroup2 rw\n");
	put("cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
		       "cpu\t0\t80\t1\nmemory\t0\t80\t1\npids\t0\t80\t1\n");
	cgroup_mounts_find(&mounts, at("mountinfo"), at("cgroups"));
	assert_string_equal(mounts.path[TREE_V2], "/sys/fs/cgroup");
	for (size_t i = TREE_CPU; i < TREES; i++)
		assert_null(mounts.path[i]);
	assert_int_equal(mounts.v1_hierarchy, 0);
	assert_int_equal(mounts.v1, TREE_V2);
	cgroup_mounts_release(&mounts);
}

static void version_1_with_two_controllers_in_one(void **state)
{
	struct cgroup_mounts mounts;

	(void)state;
	put("mountinfo", "30 22 0:27 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
			 "31 22 0:28 / /cg/cpuset rw - cgroup cgroup rw,cpuset\n"
			 "32 22 0:29 / /cg/with\\040blank rw - cgroup cgroup rw,memory\n");
	put("cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
		       "cpuset\t2\t1\t1\ncpu\t3\t1\t1\ncpuacct\t3\t1\t1\nmemory\t5\t1\t1\n");
	cgroup_mounts_find(&mounts, at("mountinfo"), at("cgroups"));
	assert_null(mounts.path[TREE_V2]);
	assert_string_equal(mounts.path[TREE_CPU], "/cg/cpu,cpuacct");
	assert_string_equal(mounts.path[TREE_CPUACCT], "/cg/cpu,cpuacct");
	assert_string_equal(mounts.path[TREE_MEMORY], "/cg/with blank");
	assert_null(mounts.path[TREE_PIDS]);
	assert_int_equal(mounts.v1, TREE_MEMORY); /* there are no pids */
	assert_int_equal(mounts.v1_hierarchy, 5);
	cgroup_mounts_release(&mounts);
}

static void both_and_parts_of_them(void **state)
{
	struct cgroup_mounts mounts;

	(void)state;
	put("mountinfo", "35 31 0:40 /docker/a /part rw - cgroup2 cgroup2 rw\n"
			 "36 31 0:41 / /cg/pids rw - cgroup cgroup rw,pids\n"
			 "37 31 0:42 / /cg/systemd rw - cgroup cgroup rw,name=systemd\n"
			 "38 31 0:40 / /cg/unified rw - cgroup2 cgroup2 rw\n"
			 "a line that is none\n");
	put("cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\npids\t8\t1\t1\n");
	cgroup_mounts_find(&mounts, at("mountinfo"), at("cgroups"));
	assert_string_equal(mounts.path[TREE_V2], "/cg/unified");
	assert_string_equal(mounts.path[TREE_PIDS], "/cg/pids");
	assert_int_equal(mounts.v1, TREE_PIDS);
	assert_int_equal(mounts.v1_hierarchy, 8);
	cgroup_mounts_release(&mounts);
	cgroup_mounts_find(&mounts, at("none"), at("none"));
	assert_null(mounts.path[TREE_V2]);
	cgroup_mounts_release(&mounts);
}

static void mounts_whose_names_are_cut(void **state)
{
	static const char *const names[] = {"/cg\\", "/cg\\0", "/cg\\04", "/cg\\8", "/cg\\049x"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct cgroup_mounts mounts;
		char line[100];

		snprintf(line, sizeof(line), "22 1 0:20 / %s - cgroup2 cgroup2 rw\n", names[i]);
		put("cut", line);
		cgroup_mounts_find(&mounts, at("cut"), at("none"));
		assert_string_equal(mounts.path[TREE_V2], names[i]);
		cgroup_mounts_release(&mounts);
	}
}

/* --- walks --- */

static struct str found_path(const struct cgroup_walk *walk, size_t i)
{
	return (struct str){walk->paths.data + walk->found[i].path, walk->found[i].size};
}

static uint64_t inode(const char *name)
{
	struct stat st;

	assert_int_equal(stat(at(name), &st), 0);
	return st.st_ino;
}

static void a_walk_finds_all_with_their_parents(void **state)
{
	struct cgroup_walk walk = {0};
	uint64_t root, docker;
	size_t below = 0;

	(void)state;
	put("root/cgroup.procs", "");
	put("root/docker/one/cgroup.procs", "");
	put("root/docker/two/sub/cgroup.procs", "");
	put("root/a\nb/cgroup.procs", "");
	root = inode("root");
	docker = inode("root/docker");
	cgroup_walk_tree(&walk, at("root"), 8);
	assert_int_equal(walk.count, 6);
	assert_false(walk.cut);
	assert_str_equal(found_path(&walk, 0), "/");
	assert_int_equal(walk.found[0].id, root);
	assert_int_equal(walk.found[0].parent, 0);
	for (size_t i = 1; i < walk.count; i++) {
		struct str path = found_path(&walk, i);
		char name[64];

		snprintf(name, sizeof(name), "root%.*s", (int)path.size, path.data);
		assert_int_equal(walk.found[i].id, inode(name));
		assert_int_equal(walk.found[i].hierarchy, 8);
		if (walk.found[i].parent == docker)
			below++;
		else if (strcmp(name, "root/docker/two/sub"))
			assert_int_equal(walk.found[i].parent, root);
	}
	assert_int_equal(below, 2);
	cgroup_walk_release(&walk);
	cgroup_walk_tree(&walk, at("not there"), 0);
	assert_int_equal(walk.count, 0);
	cgroup_walk_release(&walk);
}

static void a_walk_does_not_go_deeper_than_it_may(void **state)
{
	struct cgroup_walk walk = {0};
	char name[4000] = "deep";

	(void)state;
	for (int i = 0; i < 2 * CGROUP_DEPTH; i++)
		strcat(name, "/d");
	strcat(name, "/file");
	put(name, "");
	cgroup_walk_tree(&walk, at("deep"), 0);
	assert_int_equal(walk.count, CGROUP_DEPTH + 1);
	assert_true(walk.cut);
	cgroup_walk_release(&walk);
}

/* --- files --- */

#define NUM(name) files.raw.nums[CGROUP_USAGE_##name]

static void files_of_version_2(void **state)
{
	char root[4200];
	struct cgroup_mounts mounts = {.path[TREE_V2] = root};
	struct cgroup_reader reader = {.mounts = &mounts, .open_max = 100};
	struct cgroup_files files;

	(void)state;
	snprintf(root, sizeof(root), "%s", at("v2"));
	put("v2/web/cpu.stat", "usage_usec 7000\nuser_usec 5000\nsystem_usec 2000\nnice_usec 9\n"
			       "nr_periods 40\nnr_throttled 10\nthrottled_usec 300\n");
	put("v2/web/cpu.max", "50000 100000\n");
	put("v2/web/memory.current", "1000000\n");
	put("v2/web/memory.stat", "anon 5\nfile 4\ninactive_anon 7\ninactive_file 300000\n");
	put("v2/web/memory.max", "max\n");
	put("v2/web/memory.events", "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n");
	put("v2/web/io.stat", "8:0 rbytes=100 wbytes=20 rios=1 wios=2 dbytes=9 dios=9\n"
			      "254:0 rbytes=3000 wbytes=0 rios=4 wios=0 dbytes=0 dios=0\n");
	put("v2/web/pids.current", "3\n");
	put("v2/web/pids.max", "50\n");
	put("v2/web/cpu.pressure", "some avg10=1.00 avg60=0.00 avg300=0.00 total=11\n"
				   "full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n");
	put("v2/web/memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=22\n");
	put("v2/web/io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=33\n");
	cgroup_files_init(&files, 1);
	assert_true(cgroup_files_look(&reader, &files, "/web"));
	assert_int_equal(NUM(CPU), 7000000);
	assert_int_equal(NUM(USER), 5000000);
	assert_int_equal(NUM(SYSTEM), 2000000);
	assert_int_equal(NUM(PERIODS), 40);
	assert_int_equal(NUM(THROTTLED), 10);
	assert_int_equal(NUM(THROTTLED_TIME), 300000);
	assert_int_equal(NUM(CPU_LIMIT), 500);
	assert_int_equal(NUM(MEMORY), 1000000);
	assert_int_equal(files.raw.inactive, 300000);
	assert_int_equal(NUM(MEMORY_LIMIT), 0);
	assert_int_equal(NUM(OOM_KILLS), 4);
	assert_int_equal(NUM(READ), 3100);
	assert_int_equal(NUM(WRITTEN), 20);
	assert_int_equal(NUM(PIDS), 3);
	assert_int_equal(NUM(PIDS_LIMIT), 50);
	assert_int_equal(NUM(PSI_CPU), 11000);
	assert_int_equal(NUM(PSI_MEMORY), 22000);
	assert_int_equal(NUM(PSI_IO), 33000);
	assert_int_equal(
		reader.open, 8); /* all but limits, and what was read before it was known to run */
	cgroup_files_close(&reader, &files);
	assert_int_equal(reader.open, 0);
	assert_false(cgroup_files_look(&reader, &files, "/gone"));
}

static void put_version_1(void)
{
	put("cpu/web/cpu.stat", "nr_periods 8\nnr_throttled 2\nthrottled_time 555\n");
	put("cpu/web/cpu.cfs_quota_us", "150000\n");
	put("cpu/web/cpu.cfs_period_us", "100000\n");
	put("cpuacct/web/cpuacct.usage", "123456\n");
	put("cpuacct/web/cpuacct.usage_user", "100000\n");
	put("cpuacct/web/cpuacct.usage_sys", "23456\n");
	put("memory/web/memory.usage_in_bytes", "700\n");
	put("memory/web/memory.stat", "inactive_file 1\nhierarchical_memory_limit 4096\n"
				      "total_inactive_file 200\n");
	put("memory/web/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 6\n");
	put("blkio/web/blkio.throttle.io_service_bytes_recursive",
		"8:0 Read 10\n8:0 Write 20\n8:0 Sync 30\n8:0 Total 30\n"
		"8:16 Read 1\n8:16 Write 2\nTotal 33\n");
	put("pids/web/pids.current", "2\n");
	put("pids/web/pids.max", "max\n");
}

static struct cgroup_mounts mounts_version_1(void)
{
	static char paths[TREES][4200];
	static const char *const names[TREES] = {
		"unified", "cpu", "cpuacct", "memory", "blkio", "pids"};
	struct cgroup_mounts mounts = {.v1 = TREE_PIDS, .v1_hierarchy = 8};

	for (size_t i = 0; i < TREES; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s", at(names[i]));
		mounts.path[i] = paths[i];
	}
	return mounts;
}

static void files_of_version_1(void **state)
{
	struct cgroup_mounts mounts = mounts_version_1();
	struct cgroup_reader reader = {.mounts = &mounts}; /* none stays open */
	struct cgroup_files files;

	(void)state;
	put_version_1();
	mounts.path[TREE_V2] = NULL;
	cgroup_files_init(&files, 1);
	assert_true(cgroup_files_look(&reader, &files, "/web"));
	assert_int_equal(NUM(CPU), 123456);
	assert_int_equal(NUM(USER), 100000);
	assert_int_equal(NUM(SYSTEM), 23456);
	assert_int_equal(NUM(PERIODS), 8);
	assert_int_equal(NUM(THROTTLED), 2);
	assert_int_equal(NUM(THROTTLED_TIME), 555);
	assert_int_equal(NUM(CPU_LIMIT), 1500);
	assert_int_equal(NUM(MEMORY), 700);
	assert_int_equal(files.raw.inactive, 200);
	assert_int_equal(NUM(MEMORY_LIMIT), 4096);
	assert_int_equal(NUM(OOM_KILLS), 6);
	assert_int_equal(NUM(READ), 11);
	assert_int_equal(NUM(WRITTEN), 22);
	assert_int_equal(NUM(PIDS), 2);
	assert_int_equal(NUM(PIDS_LIMIT), 0);
	assert_int_equal(NUM(PSI_CPU), 0);
	assert_int_equal(reader.open, 0);
}

/* Both trees are mixed by path: time and waiting of version 2, the rest of version 1. */
static void files_of_both(void **state)
{
	struct cgroup_mounts mounts = mounts_version_1();
	struct cgroup_reader reader = {.mounts = &mounts, .open_max = 100};
	struct cgroup_files files;

	(void)state;
	put_version_1();
	put("unified/web/cpu.stat", "usage_usec 9\nuser_usec 8\nsystem_usec 1\n");
	put("unified/web/cpu.pressure", "some avg10=1.00 avg60=0.00 avg300=0.00 total=11\n");
	cgroup_files_init(&files, 1);
	assert_true(cgroup_files_look(&reader, &files, "/web"));
	assert_int_equal(NUM(CPU), 9000);
	assert_int_equal(NUM(USER), 8000);
	assert_int_equal(NUM(PSI_CPU), 11000);
	assert_int_equal(NUM(MEMORY), 700);
	assert_int_equal(NUM(THROTTLED), 2);
	assert_int_equal(NUM(PIDS), 2);
	/* What did not run is not asked for the rest; what did, is. */
	cgroup_files_look(&reader, &files, "/web");
	put("pids/web/pids.current", "7\n");
	cgroup_files_look(&reader, &files, "/web");
	assert_int_equal(NUM(PIDS), 2);
	put("unified/web/cpu.stat", "usage_usec 10\nuser_usec 8\nsystem_usec 2\n");
	cgroup_files_look(&reader, &files, "/web");
	assert_int_equal(NUM(CPU), 10000);
	assert_int_equal(NUM(PIDS), 7);
	cgroup_files_close(&reader, &files);
}

static void limits_that_are_none(void **state)
{
	struct cgroup_raw raw = {0};

	(void)state;
	cgroup_file_parse(FILE_CPU_MAX, "max 100000\n", &raw);
	assert_int_equal(raw.nums[CGROUP_USAGE_CPU_LIMIT], 0);
	cgroup_file_parse(FILE_V1_QUOTA, "-1\n", &raw);
	cgroup_file_parse(FILE_V1_PERIOD, "100000\n", &raw);
	assert_int_equal(raw.nums[CGROUP_USAGE_CPU_LIMIT], 0);
	cgroup_file_parse(
		FILE_V1_MEMORY_STAT, "hierarchical_memory_limit 9223372036854771712\n", &raw);
	assert_int_equal(raw.nums[CGROUP_USAGE_MEMORY_LIMIT], 0);
	cgroup_file_parse(FILE_MEMORY_MAX, "1048576\n", &raw);
	assert_int_equal(raw.nums[CGROUP_USAGE_MEMORY_LIMIT], 1048576);
}

static void files_that_are_broken_change_nothing(void **state)
{
	static const char *const texts[] = {"", "\n", "some", "some total", "usage_usec",
		"usage_usecond 5\n", " rbytes", "\xff\xfe garbage \n\n", "total_inactive_file"};

	(void)state;
	for (enum cgroup_file file = 0; file < CGROUP_FILES; file++)
		for (size_t i = 0; i < COUNT(texts); i++) {
			struct cgroup_raw raw = {0};

			cgroup_file_parse(file, texts[i], &raw);
			raw.nums[CGROUP_USAGE_IO_PARTLY] = 0; /* says of which file it is */
			for (size_t k = 0; k < CGROUP_USAGE_NUMS; k++)
				assert_int_equal(raw.nums[k], 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_2_alone),
		cmocka_unit_test(version_1_with_two_controllers_in_one),
		cmocka_unit_test(both_and_parts_of_them),
		cmocka_unit_test(mounts_whose_names_are_cut),
		cmocka_unit_test(a_walk_finds_all_with_their_parents),
		cmocka_unit_test(a_walk_does_not_go_deeper_than_it_may),
		cmocka_unit_test(files_of_version_2),
		cmocka_unit_test(files_of_version_1),
		cmocka_unit_test(files_of_both),
		cmocka_unit_test(limits_that_are_none),
		cmocka_unit_test(files_that_are_broken_change_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
