/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of users: the machine's, and those of containers by their own files, which are hostile. */
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "model/model.h"
#include "record/recording.h"
#include "resolve/users.h"
#include "unit.h"

#define HOST 4026531841u
#define INSIDE 4026540001u
#define PID 4711
#define SETTLE_MS 10000

struct scene {
	char *root, proc[4200];
	struct loop *loop;
	struct recording *recording;
	struct model *model;
	struct user_names *names;
};

static void fold(void *arg, const struct record *record)
{
	model_fold(arg, record);
}

static const char *place(const struct scene *scene, const char *format, unsigned pid)
{
	static char path[8400];
	int size = snprintf(path, sizeof(path), "%s/", scene->root);

	snprintf(path + size, sizeof(path) - (size_t)size, format, pid);
	return path;
}

static void put(const char *path, const char *text, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	fclose(file);
}

static void put_link(const struct scene *scene, const char *path, unsigned pid, const char *to)
{
	unlink(place(scene, path, pid));
	assert_int_equal(symlink(to, place(scene, path, pid)), 0);
}

/* A process with its root in "root" and a map of users. */
static void add_process(struct scene *scene, unsigned pid, uint64_t mntns, const char *map)
{
	char text[64], root[4300];

	snprintf(text, sizeof(text), "mnt:[%llu]", (unsigned long long)mntns);
	snprintf(root, sizeof(root), "%s/root", scene->root);
	mkdir(place(scene, "proc/%u", pid), 0755);
	mkdir(place(scene, "proc/%u/ns", pid), 0755);
	put_link(scene, "proc/%u/ns/mnt", pid, text);
	put_link(scene, "proc/%u/root", pid, mntns == HOST ? "/" : root);
	put(place(scene, "proc/%u/uid_map", pid), map, strlen(map));
}

static void scene_make(struct scene *scene)
{
	scene->root = folder_make();
	snprintf(scene->proc, sizeof(scene->proc), "%s/proc", scene->root);
	mkdir(place(scene, "proc", 0), 0755);
	mkdir(place(scene, "root", 0), 0755);
	mkdir(place(scene, "root/etc", 0), 0755);
	add_process(scene, 1, HOST, "0 0 4294967295\n");
	scene->loop = loop_new();
	scene->recording = recording_new(NULL, (size_t)16 << 20);
	scene->model = model_new();
	recording_observe(scene->recording, fold, scene->model);
	scene->names = user_names_new(scene->loop, scene->recording, scene->model, scene->proc);
}

static void scene_end(struct scene *scene)
{
	user_names_free(scene->names);
	recording_free(scene->recording);
	model_free(scene->model);
	loop_free(scene->loop);
	folder_remove(scene->root);
}

static void task(const struct scene *scene, enum task_change change, unsigned pid, uint64_t mntns,
	uint32_t uid)
{
	struct thread thread = {.tid = pid, .tgid = pid};

	recording_append(scene->recording,
		&(struct record){.type = RECORD_TASK,
			.sub = change,
			.time = clock_now(),
			.thread = &thread,
			.nums = (uint64_t[TASK_NUMS]){
				[TASK_START] = 1, [TASK_UID] = uid + 1ull, [TASK_MNTNS] = mntns}});
}

/* What the user of a process in the container is called there; NULL: nobody told. */
static const struct str *name_inside(struct scene *scene, uint32_t uid)
{
	task(scene, TASK_ALIVE, PID, INSIDE, uid);
	assert_true(user_names_settle(scene->names, SETTLE_MS));
	return users_name(&scene->model->users, uid, INSIDE);
}

/* The same, with what the passwd file there holds. */
static struct str name_by(const char *passwd, size_t size, uint32_t uid)
{
	static char copy[300];
	struct scene scene;
	const struct str *name;
	size_t length;

	scene_make(&scene);
	add_process(&scene, PID, INSIDE, "0 100000 65536\n");
	put(place(&scene, "root/etc/passwd", 0), passwd, size);
	name = name_inside(&scene, uid);
	assert_non_null(name); /* with a root of its own, also that there is none is told */
	assert_true(name->size <= 256);
	length = name->size;
	memcpy(copy, name->data, length);
	scene_end(&scene);
	return (struct str){copy, length};
}

static void test_the_machines_own(void **state)
{
	struct scene scene;
	const struct passwd *entry = getpwuid(0);
	const struct str *name;

	(void)state;
	scene_make(&scene);
	task(&scene, TASK_ALIVE, 1, HOST, 0);
	task(&scene, TASK_ALIVE, 50, 0, 4000000000u); /* in an unknown namespace, without a name */
	assert_true(user_names_settle(scene.names, SETTLE_MS));
	name = users_name(&scene.model->users, 0, 0);
	if (entry) {
		assert_non_null(name);
		assert_str_equal(*name, entry->pw_name);
	}
	assert_null(users_name(&scene.model->users, 4000000000u, 0));
	scene_end(&scene);
}

static void test_of_a_container(void **state)
{
	static const char text[] = "root:x:0:0::/:/bin/sh\nwebsvc:x:1005:1005:Web:/srv:/bin/false\n"
				   "last:x:1006:0";

	(void)state;
	assert_str_equal(name_by(text, sizeof(text) - 1, 101005), "websvc");
	assert_str_equal(name_by(text, sizeof(text) - 1, 100000), "root");
	assert_str_equal(
		name_by(text, sizeof(text) - 1, 101006), "last"); /* no newline behind it */
	assert_str_equal(name_by(text, sizeof(text) - 1, 101007), "");
	assert_str_equal(name_by(text, sizeof(text) - 1, 1005), ""); /* it is nobody there */
	assert_str_equal(name_by(text, sizeof(text) - 1, 165536), "");
}

static void test_maps_of_users(void **state)
{
	static const struct {
		const char *map, *name;
		uint32_t uid;
	} cases[] = {{"         0       1001          1\n         1     100000      65536\n", "me",
			     1001},
		{"0 1001 1\n1 100000 65536\n", "other", 100000}, {"0 0 4294967295\n", "other", 1},
		{"", "", 0}, {"garbage\n", "", 0}, {"0 0\n", "", 0},
		{"1 18446744073709551615 3\n0 5 1\n", "me", 5}, {"0 5 0\n", "", 5}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const char text[] = "me:x:0:0\nother:x:1:1\n";
		struct scene scene;
		const struct str *name;

		scene_make(&scene);
		add_process(&scene, PID, INSIDE, cases[i].map);
		put(place(&scene, "root/etc/passwd", 0), text, sizeof(text) - 1);
		name = name_inside(&scene, cases[i].uid);
		assert_non_null(name);
		assert_str_equal(*name, cases[i].name);
		scene_end(&scene);
	}
}

static void test_hostile_lines(void **state)
{
	static const struct {
		const char *text, *name;
		size_t size;
	} cases[] = {{"", "", 0}, {"\n\n\n", "", 3}, {":x:5:", "", 5}, {"a", "", 1}, {"a:", "", 2},
		{"a:x", "", 3}, {"a:x:", "", 4}, {"a:x:5x:", "", 7}, {"a:x:4294967301:", "", 15},
		{"a:x:-4294967291:\n", "", 17}, {"a:x:99999999999999999999999:\n", "", 28},
		{"\x1b[2J\xff:x:5:", "\x1b[2J\xff", 10}, {"a:x:6\nb:x:5", "b", 11},
		{"a\0b:x:5:\nc:x:5:\n", "", 17}, {"::::::::\nd::5\n", "d", 14},
		{"first:x:5:\nsecond:x:5:\n", "first", 23}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_str_equal(name_by(cases[i].text, cases[i].size, 100005), cases[i].name);
}

static void test_files_that_are_large(void **state)
{
	size_t size = (1u << 20) + 100;
	char *text = test_malloc(size);
	struct str name;

	(void)state;
	memset(text, '\n', size);
	memcpy(text, "a:x:5:", 6);
	assert_str_equal(name_by(text, size, 100005), "");
	assert_str_equal(name_by(text, 1u << 20, 100005), "a");
	memset(text, 'n', 5000);
	memcpy(text + 5000, ":x:5:", 5);
	name = name_by(text, 5005, 100005);
	assert_int_equal(name.size, 256); /* cut */
	test_free(text);
}

/* Links are followed as in there; nothing leads out, and nothing is waited for. */
static void test_what_is_no_file(void **state)
{
	static const char *const links[] = {"/etc/passwd", "../../../../../../../../etc/passwd",
		"/proc/self/root/etc/passwd", "/dev/zero", "passwd", "/"};
	struct scene scene;
	const struct str *name;

	(void)state;
	for (size_t i = 0; i < COUNT(links) + 2; i++) {
		scene_make(&scene);
		add_process(&scene, PID, INSIDE, "0 0 65536\n");
		if (i < COUNT(links))
			put_link(&scene, "root/etc/passwd", 0, links[i]);
		else if (i == COUNT(links))
			assert_int_equal(mkfifo(place(&scene, "root/etc/passwd", 0), 0600), 0);
		else
			assert_int_equal(mkdir(place(&scene, "root/etc/passwd", 0), 0700), 0);
		name = name_inside(&scene, 0);
		assert_non_null(name);
		assert_str_equal(*name, "");
		scene_end(&scene);
	}
	scene_make(&scene);
	add_process(&scene, PID, INSIDE, "0 0 65536\n");
	put_link(&scene, "root/etc/passwd", 0, "/lib/users");
	mkdir(place(&scene, "root/lib", 0), 0755);
	put(place(&scene, "root/lib/users", 0), "it:x:0:", 7);
	assert_str_equal(*name_inside(&scene, 0), "it");
	scene_end(&scene);
}

/* Where the machine's root is its root (PrivateTmp=), the machine's names are right. */
static void test_with_the_machines_root(void **state)
{
	struct scene scene;

	(void)state;
	scene_make(&scene);
	add_process(&scene, PID, INSIDE, "0 0 4294967295\n");
	put_link(&scene, "proc/%u/root", PID, "/");
	assert_null(name_inside(&scene, 4000000000u));
	scene_end(&scene);
}

static void test_a_process_that_is_gone(void **state)
{
	struct scene scene;

	(void)state;
	scene_make(&scene);
	put(place(&scene, "root/etc/passwd", 0), "late:x:0:", 9);
	/* Its number is another one's by now, which is not asked. */
	add_process(&scene, PID, INSIDE + 1, "0 0 65536\n");
	assert_null(name_inside(&scene, 0));
	/* Who comes to live there leads there. */
	add_process(&scene, PID + 1, INSIDE, "0 0 65536\n");
	task(&scene, TASK_ALIVE, PID + 1, INSIDE, 0);
	assert_true(user_names_settle(scene.names, SETTLE_MS));
	assert_non_null(users_name(&scene.model->users, 0, INSIDE));
	assert_str_equal(*users_name(&scene.model->users, 0, INSIDE), "late");
	scene_end(&scene);
}

/* The inode of a mount namespace is used again: the next one's names are its own. */
static void test_a_namespace_that_is_another(void **state)
{
	struct scene scene;

	(void)state;
	scene_make(&scene);
	add_process(&scene, PID, INSIDE, "0 0 65536\n");
	put(place(&scene, "root/etc/passwd", 0), "one:x:0:", 8);
	assert_str_equal(*name_inside(&scene, 0), "one");
	put(place(&scene, "root/etc/passwd", 0), "two:x:0:", 8);
	assert_str_equal(*name_inside(&scene, 0), "one"); /* asked once */
	task(&scene, TASK_EXIT, PID, INSIDE, 0);
	assert_true(user_names_settle(scene.names, SETTLE_MS));
	assert_str_equal(*name_inside(&scene, 0), "two");
	scene_end(&scene);
}

/* More users than are asked for at a time, each of them once. */
static void test_many(void **state)
{
	struct scene scene;

	(void)state;
	scene_make(&scene);
	put(place(&scene, "root/etc/passwd", 0), "n:x:7:", 6);
	for (unsigned i = 0; i < 100; i++) {
		add_process(&scene, PID + i, INSIDE + i / 10, "0 100000 65536\n");
		task(&scene, TASK_ALIVE, PID + i, INSIDE + i / 10, 100000 + i % 10);
	}
	assert_true(user_names_settle(scene.names, SETTLE_MS));
	for (unsigned i = 0; i < 100; i++) {
		const struct str *name = users_name(
			&scene.model->users, 100000 + i % 10, INSIDE + i / 10);

		assert_non_null(name);
		assert_str_equal(*name, i % 10 == 7 ? "n" : "");
	}
	scene_end(&scene);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_machines_own),
		cmocka_unit_test(test_of_a_container), cmocka_unit_test(test_maps_of_users),
		cmocka_unit_test(test_hostile_lines), cmocka_unit_test(test_files_that_are_large),
		cmocka_unit_test(test_what_is_no_file),
		cmocka_unit_test(test_with_the_machines_root),
		cmocka_unit_test(test_a_process_that_is_gone),
		cmocka_unit_test(test_a_namespace_that_is_another), cmocka_unit_test(test_many)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
