/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of types: as libbpf reads them, and such as are cut off. */
#include <bpf/btf.h>
#include <unistd.h>

#include "unit.h"

#include "source/btf_file.h"

static void write_file(char *path, const void *data, size_t size)
{
	int fd = mkstemp(strcpy(path, "/tmp/btf-file-XXXXXX"));

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

/* One of each kind that takes room of its own. */
static struct btf *make_some(void)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED), proto;

	btf__add_ptr(btf, number);
	btf__add_array(btf, number, number, 7);
	btf__add_struct(btf, "pair", 8);
	btf__add_field(btf, "first", number, 0, 0);
	btf__add_field(btf, "second", number, 32, 0);
	btf__add_union(btf, "either", 4);
	btf__add_field(btf, "one", number, 0, 0);
	btf__add_enum(btf, "colour", 4);
	btf__add_enum_value(btf, "red", 1);
	btf__add_enum64(btf, "large", 8, false);
	btf__add_enum64_value(btf, "huge", 1ull << 40);
	btf__add_fwd(btf, "unseen", BTF_FWD_STRUCT);
	btf__add_typedef(btf, "number_t", number);
	btf__add_const(btf, number);
	proto = btf__add_func_proto(btf, number);
	btf__add_func_param(btf, "argument", number);
	btf__add_func(btf, "function", BTF_FUNC_GLOBAL, proto);
	btf__add_var(btf, "variable", BTF_VAR_STATIC, number);
	btf__add_datasec(btf, ".data", 4);
	btf__add_datasec_var_info(btf, (int)btf__type_cnt(btf) - 2, 0, 4);
	btf__add_float(btf, "double", 8);
	btf__add_decl_tag(btf, "tag", 4, -1);
	btf__add_type_tag(btf, "user", number);
	return btf;
}

static void assert_same(const struct btf_file *file, const struct btf *btf)
{
	assert_int_equal(file->count, btf__type_cnt(btf));
	assert_null(btf_file_type(file, 0));
	assert_null(btf_file_type(file, file->count));
	for (uint32_t id = 1; id < file->count; id++) {
		const struct btf_type *have = btf_file_type(file, id);
		const struct btf_type *want = btf__type_by_id(btf, id);

		assert_int_equal(have->info, want->info);
		assert_int_equal(have->size, want->size);
		assert_string_equal(btf_file_name(file, have->name_off),
			btf__name_by_offset(btf, want->name_off));
	}
}

static void all_kinds_are_read(void **state)
{
	struct btf *btf = make_some();
	struct btf_file file;
	uint32_t size;
	const void *data = btf__raw_data(btf, &size);
	char path[32];

	(void)state;
	write_file(path, data, size);
	assert_true(btf_file_open(&file, path));
	assert_same(&file, btf);
	assert_string_equal(btf_file_name(&file, UINT32_MAX), "");
	btf_file_close(&file);
	unlink(path);
	btf__free(btf);
}

static void the_kernels_own_are_read(void **state)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct btf_file file;

	(void)state;
	if (!btf)
		skip(); /* a kernel that does not tell its types */
	assert_true(btf_file_open(&file, "/sys/kernel/btf/vmlinux"));
	assert_same(&file, btf);
	btf_file_close(&file);
	btf__free(btf);
}

static void what_is_cut_off_is_refused(void **state)
{
	struct btf *btf = make_some();
	struct btf_file file;
	uint32_t size;
	const void *data = btf__raw_data(btf, &size);
	char path[32];

	(void)state;
	write_file(path, data, size);
	assert_false(btf_file_open(&file, "/nonexistent"));
	while (size--) {
		assert_int_equal(truncate(path, size), 0);
		assert_false(btf_file_open(&file, path));
	}
	unlink(path);
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_are_read),
		cmocka_unit_test(the_kernels_own_are_read),
		cmocka_unit_test(what_is_cut_off_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
