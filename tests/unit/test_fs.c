/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files: read with a bound, trusted by owner and mode, created as secrets. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

static char *folder;

static char *at(const char *name)
{
	static char path[2][4200];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_full(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

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

static void an_empty_file_is_an_empty_text(void **state)
{
	struct buf out = {0};

	(void)state;
	memset(buf_reserve(&out, 100), 'x', 101);
	write_file(at("empty"), "", 0600);
	assert_int_equal(fs_read(at("empty"), &out, 100, NULL), 0);
	assert_int_equal(out.size, 0);
	assert_string_equal(out.data, "");
	buf_release(&out);
}

static void files_are_read_up_to_a_bound(void **state)
{
	static char bytes[10001];
	struct buf out = {0};
	struct error error;

	(void)state;
	memset(bytes, 'b', 10000);
	write_file(at("file"), bytes, 0600);
	for (size_t limit = 9998; limit < 10003; limit++) {
		int code = fs_read(at("file"), &out, limit, &error);

		assert_int_equal(code, limit < 10000 ? -EFBIG : 0);
		if (code)
			assert_non_null(strstr(error.text, "is longer than"));
		else
			assert_str_equal(buf_str(&out), bytes);
		buf_release(&out);
	}
	write_file(at("file"), "", 0600);
	assert_int_equal(fs_read(at("file"), &out, 10, &error), 0);
	assert_int_equal(out.size, 0);
	buf_release(&out);
}

static void files_without_a_size_are_read_too(void **state)
{
	struct buf out = {0};

	(void)state;
	assert_int_equal(fs_read("/proc/self/status", &out, 1 << 20, NULL), 0);
	assert_non_null(strstr(out.data, "VmRSS"));
	buf_release(&out);
	/* One that never ends is given up. */
	assert_int_equal(fs_read("/dev/zero", &out, 1 << 20, NULL), -EFBIG);
	assert_true(out.capacity < 8 << 20);
	buf_release(&out);
}

static void what_cannot_be_read_is_said(void **state)
{
	struct buf out = {0};
	struct error error;

	(void)state;
	assert_int_equal(fs_read(at("no\x1bsuch"), &out, 10, &error), -ENOENT);
	assert_non_null(strstr(error.text, "no\\x1bsuch"));
	assert_non_null(strstr(error.text, "No such file"));
	assert_int_equal(fs_read(folder, &out, 10, &error), -EISDIR);
	buf_release(&out);
}

static void numbers_are_read(void **state)
{
	static const struct {
		const char *text;
		int code;
		int64_t value;
	} cases[] = {{"42\n", 0, 42}, {"-1\n", 0, -1}, {"0x10", 0, 16}, {"", -EINVAL, 0},
		{"max\n", -EINVAL, 0}, {"99999999999999999999", -EINVAL, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t value = 0;

		write_file(at("number"), cases[i].text, 0600);
		assert_int_equal(fs_read_i64(at("number"), &value), cases[i].code);
		if (!cases[i].code)
			assert_int_equal(value, cases[i].value);
	}
}

static void reads_at_an_offset_are_whole_or_fail(void **state)
{
	char bytes[4] = "";
	int fd;

	(void)state;
	write_file(at("file"), "0123456789", 0600);
	fd = open(at("file"), O_RDONLY);
	assert_int_equal(fs_read_full(fd, bytes, 4, 6), 0);
	assert_memory_equal(bytes, "6789", 4);
	assert_int_equal(fs_read_full(fd, bytes, 4, 7), -EPIPE);
	assert_int_equal(fs_read_full(fd, bytes, 0, 99), 0);
	assert_int_equal(fs_write_full(fd, "x", 1), -EBADF);
	close(fd);
	assert_int_equal(fs_read_full(fd, bytes, 4, 0), -EBADF);
}

static void a_good_file_is_trusted(void **state)
{
	struct error error;
	int fd;

	(void)state;
	write_file(at("good"), "x", 0644);
	fd = fs_open_trusted(at("good"), &error);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void refused(const char *path, int code, const char *part)
{
	struct error error = {0};

	assert_int_equal(fs_open_trusted(path, &error), code);
	if (!strstr(error.text, part))
		fail_msg("'%s' lacks '%s'", error.text, part);
}

static void promise_19_what_others_can_write_is_not_trusted(void **state)
{
	(void)state;
	write_file(at("good"), "x", 0644);
	write_file(at("group"), "x", 0664);
	write_file(at("world"), "x", 0646);
	refused(at("group"), -EPERM, "has mode 0664");
	refused(at("world"), -EPERM, "has mode 0646");
	assert_int_equal(symlink(at("good"), at("link")), 0);
	refused(at("link"), -ELOOP, "is a symbolic link");
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	refused(at("fifo"), -EINVAL, "is not a regular file"); /* and does not hang */
	refused(folder, -EINVAL, "is not a regular file");
	refused("/dev/null", -EINVAL, "is not a regular file");
	refused(at("missing"), -ENOENT, "cannot open");
	refused(at("missing/file"), -ENOENT, "cannot look at");
}

static void promise_19_nor_what_stands_in_such_a_folder(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(mkdir(at("open"), 0700), 0);
	write_file(at("open/file"), "x", 0644);
	assert_int_equal(chmod(at("open"), 0777), 0);
	refused(at("open/file"), -EPERM, "has mode 0777");
	/* Sticky: others may add files, and not replace this one. */
	assert_int_equal(chmod(at("open"), 01777), 0);
	fd = fs_open_trusted(at("open/file"), NULL);
	assert_true(fd >= 0);
	close(fd);
}

static void promise_19_nor_what_belongs_to_others(void **state)
{
	(void)state;
	if (geteuid())
		skip(); /* only root can give files away */
	write_file(at("theirs"), "x", 0600);
	assert_int_equal(chown(at("theirs"), 4711, 4711), 0);
	refused(at("theirs"), -EPERM, "belongs to user 4711");
	assert_int_equal(mkdir(at("folder"), 0755), 0);
	write_file(at("folder/mine"), "x", 0600);
	assert_int_equal(chown(at("folder"), 4711, 4711), 0);
	refused(at("folder/mine"), -EPERM, "belongs to user 4711");
}

static void promise_21_secrets_are_new_files_for_the_owner_alone(void **state)
{
	mode_t before = umask(0);
	struct error error;
	struct stat st;
	int fd = fs_create_secret(at("secret"), &error);

	(void)state;
	umask(before);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(fd);
	assert_int_equal(fs_create_secret(at("secret"), &error), -EEXIST);
	assert_non_null(strstr(error.text, "exists already"));
	assert_int_equal(symlink(at("elsewhere"), at("dangling")), 0);
	assert_int_equal(fs_create_secret(at("dangling"), &error), -EEXIST);
	assert_int_equal(access(at("elsewhere"), F_OK), -1);
	assert_int_equal(mkfifo(at("pipe"), 0600), 0);
	assert_int_equal(fs_create_secret(at("pipe"), &error), -EEXIST);
	assert_int_equal(fs_create_secret(at("no/folder"), &error), -ENOENT);
}

int main(void)
{

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_up_to_a_bound),
		cmocka_unit_test(an_empty_file_is_an_empty_text),
		cmocka_unit_test(files_without_a_size_are_read_too),
		cmocka_unit_test(what_cannot_be_read_is_said),
		cmocka_unit_test(numbers_are_read),
		cmocka_unit_test(reads_at_an_offset_are_whole_or_fail),
		cmocka_unit_test(a_good_file_is_trusted),
		cmocka_unit_test(promise_19_what_others_can_write_is_not_trusted),
		cmocka_unit_test(promise_19_nor_what_stands_in_such_a_folder),
		cmocka_unit_test(promise_19_nor_what_belongs_to_others),
		cmocka_unit_test(promise_21_secrets_are_new_files_for_the_owner_alone),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
