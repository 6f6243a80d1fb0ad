/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of addresses: ELF files against nm, demangling against c++filt, kernel symbols. */
#include <fcntl.h>
#include <unistd.h>

#include "unit.h"

#include "resolve/elf.h"
#include "resolve/kallsyms.h"

static int open_text(const char *text)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	fputs(text, file);
	rewind(file);
	return fileno(file); /* goes with the program */
}

/* The offset in the file of an address. */
static bool offset_of(const struct elf_symbols *symbols, uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < symbols->segment_count; i++) {
		const struct elf_segment *segment = &symbols->segments[i];

		if (segment->executable && address >= segment->address &&
			address - segment->address < segment->size) {
			*offset = address - segment->address + segment->offset;
			return true;
		}
	}
	return false;
}

struct nm_line {
	uint64_t start, size;
	char type, name[512];
};

static size_t read_nm(const char *command, struct nm_line **lines)
{
	FILE *nm = popen(command, "r");
	char line[5000];
	size_t count = 0;

	assert_non_null(nm);
	*lines = test_calloc(60000, sizeof(**lines));
	while (count < 60000 && fgets(line, sizeof(line), nm)) {
		struct nm_line *one = &(*lines)[count];
		unsigned long long start, size;

		if (sscanf(line, "%llx %llx %c %511s", &start, &size, &one->type, one->name) == 4) {
			one->start = start;
			one->size = size;
			count++;
		}
	}
	assert_int_equal(pclose(nm), 0);
	return count;
}

/* Whether nm has the name there; of several names for one address any is right. */
static bool nm_knows(const struct nm_line *lines, size_t count, uint64_t start, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = strcspn(lines[i].name, "@"); /* nm adds the version */

		if (lines[i].start == start && strlen(name) == size &&
			!strncmp(lines[i].name, name, size))
			return true;
	}
	return false;
}

/* Every function of the file, at its first byte, in the middle and at its last byte. */
static size_t check_against_nm(const char *path, const char *option)
{
	struct elf_symbols symbols;
	struct nm_line *lines;
	char command[300];
	size_t count, checked = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_null(elf_symbols_read(&symbols, fd));
	close(fd);
	snprintf(command, sizeof(command), "nm %s -S --defined-only %s 2>&1", option, path);
	count = read_nm(command, &lines);
	for (size_t i = 0; i < count && checked < 3000; i++) {
		const uint64_t places[] = {0, lines[i].size / 2, lines[i].size - 1};

		if (!strchr("tTwWi", lines[i].type) || !lines[i].size)
			continue;
		for (size_t k = 0; k < COUNT(places); k++) {
			uint64_t offset, start, end;
			const char *name;

			if (!offset_of(&symbols, lines[i].start + places[k], &offset))
				continue;
			assert_true(elf_symbols_find(&symbols, offset, &name, &start, &end));
			assert_true(start <= offset && offset < end);
			/* Another function may begin inside (a cold part, an entry of a loop). */
			if (!k && !nm_knows(lines, count, lines[i].start, name))
				fail_msg("%s: %s is not %s", path, name, lines[i].name);
			checked++;
		}
	}
	test_free(lines);
	elf_symbols_release(&symbols);
	return checked;
}

/* This program, which has a symbol table; and a library that has dynamic ones only. */
static void elf_names_are_those_of_nm(void **state)
{
	char self[300], libc[300] = "";
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[600];

	(void)state;
	assert_true(size > 0);
	self[size] = '\0';
	assert_true(check_against_nm(self, "") > 300);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "/libc.so.6"))
			sscanf(strchr(line, '/'), "%299s", libc);
	fclose(maps);
	assert_true(*libc);
	assert_true(check_against_nm(libc, "-D") > 1000);
}

static void what_is_no_elf_file_says_why(void **state)
{
	static const char *const texts[] = {"", "#!/bin/sh\n", "\177ELF", "\177ELF\2\1\1"};
	struct elf_symbols symbols;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		int fd = open_text(texts[i]);

		assert_string_equal(elf_symbols_read(&symbols, fd), "not an ELF file");
		assert_int_equal(symbols.segment_count, 0);
	}
}

static void kernel_symbols_are_code_between_borders(void **state)
{
	struct name_table table;
	const struct name_entry *entry;
	uint64_t start, end;
	int fd = open_text("ffffffff81000200 t local_name\n"
			   "ffffffff81000000 T _stext\n"
			   "ffffffff81000000 t startup_64\n"
			   "ffffffff81000100 W weak_one\n"
			   "ffffffff81000100 T strong\n"
			   "ffffffff81000300 D some_data\n"
			   "ffffffffc0000000 t ext4_read\t[ext4]\n"
			   "ffffffffc0000100 t ext4_write\t[ext4]\n");

	(void)state;
	name_table_init(&table);
	assert_true(kallsyms_read(&table, fd));
	entry = name_table_find(&table, 0xffffffff81000150, &start, &end);
	assert_string_equal(table.names.data + entry->name, "strong");
	assert_true(start == 0xffffffff81000100 && end == 0xffffffff81000200);
	entry = name_table_find(&table, 0xffffffff81000000, &start, &end);
	assert_string_equal(table.names.data + entry->name, "_stext"); /* global before local */
	entry = name_table_find(&table, 0xffffffff81000250, &start, &end);
	assert_string_equal(table.names.data + entry->name, "local_name");
	assert_null(name_table_find(&table, 0xffffffff81000350, &start, &end));
	assert_true(start == 0xffffffff81000300);
	assert_null(name_table_find(&table, 0x1000, &start, &end));
	entry = name_table_find(&table, 0xffffffffc0000050, &start, &end);
	assert_string_equal(table.names.data + entry->name, "ext4_read");
	assert_string_equal(table.names.data + entry->owner, "[ext4]");
	name_table_release(&table);
	/* With kernel.kptr_restrict. */
	fd = open_text("0000000000000000 T _stext\n0000000000000000 T startup_64\n");
	name_table_init(&table);
	assert_false(kallsyms_read(&table, fd));
	name_table_release(&table);
}

/* More than is read at once: lines lie across what is read, and the last one has no end. */
static void kernel_symbols_are_read_in_parts(void **state)
{
	struct name_table table;
	const struct name_entry *entry;
	uint64_t start, end;
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	for (unsigned i = 0; i < 5000; i++)
		fprintf(file, "%sffffffff%08x T function_%u", i ? "\n" : "", 0x81000000 + 16 * i,
			i);
	rewind(file);
	name_table_init(&table);
	assert_true(kallsyms_read(&table, fileno(file)));
	assert_int_equal(table.count, 5000);
	for (unsigned i = 0; i < 5000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "function_%u", i);
		entry = name_table_find(&table, 0xffffffff81000008 + 16 * i, &start, &end);
		assert_string_equal(table.names.data + entry->name, name);
	}
	name_table_release(&table);
	fclose(file);
}

/* c++filt is verbose: it adds Rust's hashes, "[0123456789abcdef]" and "::h0123456789abcdef". */
static void without_hashes(char *name)
{
	for (char *at; (at = strchr(name, '[')) && strspn(at + 1, "0123456789abcdef") > 3;)
		memmove(at, strchr(at, ']') + 1, strlen(strchr(at, ']') + 1) + 1);
	if (strlen(name) > 19 && !strncmp(name + strlen(name) - 19, "::h", 3))
		name[strlen(name) - 19] = '\0';
}

/* One line of c++filt -p, which leaves parameters out as name_demangle() does. */
static void filt(const char *linkage, char *out, size_t size)
{
	char command[600];
	FILE *pipe;

	snprintf(command, sizeof(command), "c++filt -p '%s'", linkage);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(out, (int)size, pipe));
	out[strcspn(out, "\n")] = '\0';
	assert_int_equal(pclose(pipe), 0);
	without_hashes(out);
}

static void names_are_demangled_like_cxxfilt(void **state)
{
	static const char *const linkage[] = {"_ZN7Spinner4fastEi", "_Z4mainv",
		"_ZNSt6vectorIiSaIiEE9push_backERKi", "_ZN3foo3barIiEEvT_", "_ZNK1A1bEv",
		"_ZNSt8ios_base4InitC1Ev", "_RNvCskwGfYPst2Cb_3foo3bar",
		"_RNvMs_NtCs1234_7mycrate3fooNtB4_3Bar3baz",
		"_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE"};
	static const char *const plain[] = {
		"main", "_start", "Z3foo", "", "_", "__libc_start_main"};
	char wanted[600];

	(void)state;
	for (size_t i = 0; i < COUNT(linkage); i++) {
		char *got = name_demangle(linkage[i]);

		filt(linkage[i], wanted, sizeof(wanted));
		if (!got || strcmp(got, wanted))
			fail_msg("%s: '%s' is not '%s'", linkage[i], got ? got : "-", wanted);
		free(got);
	}
	for (size_t i = 0; i < COUNT(plain); i++)
		assert_null(name_demangle(plain[i]));
	assert_null(name_demangle("_ZN"));
	assert_null(name_demangle("_Z"));
	assert_null(name_demangle("_R"));
}

/* Names that are made to take long: a bounded depth is what they get. */
static void promise_18_hostile_names_end(void **state)
{
	char name[4096];

	(void)state;
	for (char c = 'A'; c <= 'z'; c++) {
		memset(name, c, sizeof(name));
		memcpy(name, "_Z", 2);
		name[sizeof(name) - 1] = '\0';
		free(name_demangle(name));
		memcpy(name, "_ZN", 3);
		free(name_demangle(name));
		memcpy(name, "_RN", 3);
		free(name_demangle(name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elf_names_are_those_of_nm),
		cmocka_unit_test(what_is_no_elf_file_says_why),
		cmocka_unit_test(kernel_symbols_are_code_between_borders),
		cmocka_unit_test(kernel_symbols_are_read_in_parts),
		cmocka_unit_test(names_are_demangled_like_cxxfilt),
		cmocka_unit_test(promise_18_hostile_names_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
