/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names made fit to be shown: nothing in them drives a terminal, and none of them is lost. */
#include "unit.h"

#include <fnmatch.h>
#include <locale.h>

#include "base/text.h"

static void check_escape(struct str raw, enum text_charset charset, const char *wanted)
{
	struct buf out = {0};

	text_escape(&out, raw, charset);
	assert_str_equal(buf_str(&out), wanted);
	buf_release(&out);
}

static const struct {
	const char *raw, *utf8, *ascii; /* ascii NULL: the same */
} escapes[] = {
	{"", "", NULL},
	{"plain name.so.1 (deleted)", "plain name.so.1 (deleted)", NULL},
	{"a\nb\tc", "a\\nb\\tc", NULL},
	{"\\n", "\\\\n", NULL},
	{"\x1b[31mred", "\\x1b[31mred", NULL},
	{"\x01\x07\x08\r\x0b\x7f", "\\x01\\x07\\x08\\x0d\\x0b\\x7f", NULL},
	{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "gr\\u{fc}\\u{df}"},
	{"\xe4\xb8\xad", "\xe4\xb8\xad", "\\u{4e2d}"},
	{"\xf0\x9f\x94\xa5", "\xf0\x9f\x94\xa5", "\\u{1f525}"},
	/* C1 controls, as characters and as bytes. */
	{"\xc2\x9b"
	 "31m",
		"\\u{9b}31m", NULL},
	{"\x9b"
	 "31m",
		"\\x9b31m", NULL},
	{"\xc2\x80\xc2\x9f", "\\u{80}\\u{9f}", NULL},
	/* What is not UTF-8: single bytes, overlong forms, surrogates, beyond the end, cut off. */
	{"\xff\xfe", "\\xff\\xfe", NULL},
	{"\xc0\xaf", "\\xc0\\xaf", NULL},
	{"\xe0\x80\xaf", "\\xe0\\x80\\xaf", NULL},
	{"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf", NULL},
	{"\xed\xa0\x80", "\\xed\\xa0\\x80", NULL},
	{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", NULL},
	{"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80", NULL},
	{"\xe4\xb8", "\\xe4\\xb8", NULL},
	{"\xe4"
	 "a",
		"\\xe4"
		"a",
		NULL},
	{"\x80", "\\x80", NULL},
	/* Steering: right to left, isolates, line and paragraph separators, marks. */
	{"a\xe2\x80\xae"
	 "b",
		"a\\u{202e}b", NULL},
	{"\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}", NULL},
	{"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}", NULL},
	{"\xe2\x80\x8b\xe2\x80\x8d\xe2\x80\x8f", "\\u{200b}\\u{200d}\\u{200f}", NULL},
	{"\xef\xbb\xbf", "\\u{feff}", NULL},
	{"\xc2\xad", "\\u{ad}", NULL},
	{"\xd8\x9c", "\\u{61c}", NULL},
	/* Combining, variation selectors, tags, private use, the last and no characters. */
	{"e\xcc\x81", "e\\u{301}", NULL},
	{"\xef\xb8\x8f", "\\u{fe0f}", NULL},
	{"\xf3\xa0\x80\xa0", "\\u{e0020}", NULL},
	{"\xee\x80\x80", "\\u{e000}", NULL},
	{"\xf4\x8f\xbf\xbf", "\\u{10ffff}", NULL},
	{"\xef\xbf\xbe", "\\u{fffe}", NULL},
	/* Blank characters that are wide and invisible. */
	{"\xe3\x85\xa4\xef\xbe\xa0", "\\u{3164}\\u{ffa0}", NULL},
};

static void every_class_of_hostile_byte_is_written_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(escapes); i++) {
		check_escape(str_from(escapes[i].raw), TEXT_UTF8, escapes[i].utf8);
		check_escape(str_from(escapes[i].raw), TEXT_ASCII,
			escapes[i].ascii ? escapes[i].ascii : escapes[i].utf8);
	}
	check_escape((struct str){"a\0b", 3}, TEXT_UTF8, "a\\x00b");
	check_escape((struct str){NULL, 0}, TEXT_UTF8, "");
}

/* The other way, as a script would do it: every escape stands for bytes, nothing is ambiguous. */
static void unescape(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		const char *at = text.data + i;

		if (*at != '\\') {
			buf_add_char(out, *at);
		} else if (at[1] == 'x') {
			buf_add_char(out, (char)strtoul((char[]){at[2], at[3], 0}, NULL, 16));
			i += 3;
		} else if (at[1] == 'u') {
			uint32_t c = (uint32_t)strtoul(at + 3, NULL, 16);

			if (c >= 0x10000)
				buf_add_char(out, (char)(0xf0 | c >> 18));
			else if (c >= 0x800)
				buf_add_char(out, (char)(0xe0 | c >> 12));
			else
				buf_add_char(out, (char)(0xc0 | c >> 6));
			if (c >= 0x10000)
				buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
			if (c >= 0x800)
				buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
			buf_add_char(out, (char)(0x80 | (c & 0x3f)));
			i += strcspn(at, "}");
		} else {
			buf_add_char(out, at[1] == 'n' ? '\n' : at[1] == 't' ? '\t' : at[1]);
			i++;
		}
	}
}

/* Bytes by chance, of which many are the beginnings of something. */
static struct str make_bytes(uint64_t *seed, char *room, size_t most)
{
	static const char parts[][4] = {"\xe2\x80", "\xc3", "\xf0\x9f", "\xae", "\\", "\x1b[", "x",
		"u{", "}", "\n", "\xbc", "\xc2\x9b", "a", "0", "\xed\xa0"};
	size_t size = 0, parts_left = random_below(seed, 12);

	while (parts_left-- && size + 4 < most) {
		if (random_below(seed, 4)) {
			const char *part = parts[random_below(seed, COUNT(parts))];

			memcpy(room + size, part, strlen(part));
			size += strlen(part);
		} else {
			room[size++] = (char)random_next(seed);
		}
	}
	return (struct str){room, size};
}

static void escapes_lead_back_to_the_bytes(void **state)
{
	uint64_t seed = 4711;
	char room[128];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct str raw = make_bytes(&seed, room, sizeof(room));
		enum text_charset charset = i & 1 ? TEXT_ASCII : TEXT_UTF8;
		struct buf shown = {0}, back = {0};

		text_escape(&shown, raw, charset);
		for (size_t k = 0; k < shown.size; k++) {
			unsigned char byte = (unsigned char)shown.data[k];

			assert_true(byte >= 0x20 && byte != 0x7f);
			assert_true(charset == TEXT_UTF8 || byte < 0x7f);
		}
		unescape(&back, buf_str(&shown));
		assert_int_equal(back.size, raw.size);
		assert_memory_equal(back.size ? back.data : "", raw.data, raw.size);
		buf_release(&shown);
		buf_release(&back);
	}
}

/* Whatever is handed out is UTF-8, and the bytes can be had back from it too. */
static void json_text_is_utf8_and_leads_back(void **state)
{
	uint64_t seed = 815;
	char room[128];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct str raw = make_bytes(&seed, room, sizeof(room));
		struct buf text = {0}, back = {0};

		text_utf8(&text, raw);
		for (size_t k = 0; k < text.size;) {
			uint32_t c;
			size_t size = text_decode((struct str){text.data + k, text.size - k}, &c);

			assert_true(size > 0);
			assert_false(c >= 0x7f && c < 0xa0); /* JSON leaves these as they are */
			k += size;
		}
		unescape(&back, buf_str(&text));
		assert_int_equal(back.size, raw.size);
		assert_memory_equal(back.size ? back.data : "", raw.data, raw.size);
		buf_release(&text);
		buf_release(&back);
	}
}

static void every_character_decodes_to_itself(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		char bytes[64];
		struct buf made = {0};
		uint32_t back;

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		if (c < 0x80) {
			buf_add_char(&made, (char)c);
		} else {
			snprintf(bytes, sizeof(bytes), "\\u{%x}", c);
			unescape(&made, str_from(bytes));
		}
		assert_int_equal(text_decode(buf_str(&made), &back), made.size);
		assert_int_equal(back, c);
		/* Cut short, it is none. */
		for (size_t size = 0; size < made.size; size++)
			assert_int_equal(text_decode((struct str){made.data, size}, &back), 0);
		if (text_printable(c))
			assert_true(c >= 0x20 && (c < 0x7f || c >= 0xa0));
		buf_release(&made);
	}
}

static void fixed_buffers_are_cut_between_characters(void **state)
{
	static const char raw[] = "a\xc3\xbc\x1b\xe4\xb8\xad";
	static const char *const wanted[] = {"", "a", "a", "a\xc3\xbc", "a\xc3\xbc\\",
		"a\xc3\xbc\\x", "a\xc3\xbc\\x1", "a\xc3\xbc\\x1b", "a\xc3\xbc\\x1b",
		"a\xc3\xbc\\x1b", "a\xc3\xbc\\x1b\xe4\xb8\xad"};

	(void)state;
	for (size_t size = 1; size <= COUNT(wanted); size++) {
		char *out = test_malloc(size); /* so that a byte too many is seen */

		assert_ptr_equal(text_escape_into(out, size, raw), out);
		assert_string_equal(out, wanted[size - 1]);
		test_free(out);
	}
}

static void cells_are_counted_by_width(void **state)
{
	size_t used;

	(void)state;
	assert_int_equal(text_cells(STR("")), 0);
	assert_int_equal(text_cells(STR("abc")), 3);
	assert_int_equal(text_cells(STR("\xc3\xbc")), 1);
	assert_int_equal(text_cells(STR("\xe4\xb8\xad")), 2);
	/* A wide character that does not fit is left out whole. */
	assert_int_equal(text_fit(STR("a\xe4\xb8\xad"
				      "b"),
				 2, &used),
		1);
	assert_int_equal(used, 1);
	assert_int_equal(text_fit(STR("a\xe4\xb8\xad"
				      "b"),
				 3, &used),
		4);
	assert_int_equal(used, 3);
	assert_int_equal(text_fit(STR("abc"), 0, &used), 0);
	assert_int_equal(used, 0);
}

static void texts_are_found_whatever_their_case(void **state)
{
	(void)state;
	assert_true(text_contains_folded(STR("Nginx: worker"), STR("nGINX")));
	assert_true(text_contains_folded(STR("abc"), STR("")));
	assert_true(text_contains_folded((struct str){NULL, 0}, (struct str){NULL, 0}));
	assert_true(text_contains_folded(STR("xxab"), STR("AB")));
	assert_false(text_contains_folded(STR("ab"), STR("abc")));
	assert_false(text_contains_folded((struct str){NULL, 0}, STR("a")));
	/* Beyond a NUL too. */
	assert_true(text_contains_folded((struct str){"a\0Bc", 4}, STR("bC")));
	assert_false(text_contains_folded((struct str){"a\0bx", 4}, (struct str){"a\0cy", 4}));
}

static void near_texts_are_a_few_edits_apart(void **state)
{
	(void)state;
	assert_int_equal(text_distance(STR("procesess"), STR("processes"), 3), 2);
	assert_int_equal(text_distance(STR("Symbols"), STR("symbols"), 3), 0);
	assert_int_equal(text_distance(STR("abc"), STR("abd"), 0), 1);
	assert_int_equal(text_distance(STR(""), STR("ab"), 2), 2);
	assert_int_equal(text_distance(STR("ab"), STR("abcdef"), 2), 3);
	assert_int_equal(text_distance(STR("maps"), STR("users"), 2), 3);
}

static const struct {
	const char *pattern, *text;
	bool matches;
} globs[] = {
	{"", "", true},
	{"", "a", false},
	{"*", "", true},
	{"*", "anything", true},
	{"?", "", false},
	{"a*b*c", "a--b--b--c", true},
	{"a*b*c", "a--b--b--", false},
	{"*.so", "lib.so.1", false},
	{"*.so*", "lib.so.1", true},
	{"[abc]x", "bx", true},
	{"[!abc]x", "bx", false},
	{"[^abc]x", "dx", true},
	{"[]]", "]", true},
	{"[!]]", "]", false},
	{"[a-c]", "b", true},
	{"[a-]", "-", true},
	{"[c-a]", "b", false},
	{"[", "[", true},
	{"[a", "[a", true},
	{"\\*", "*", true},
	{"\\*", "x", false},
	{"\\\\", "\\", true},
	{"*\\?", "why?", true},
	{"\xff*", "\xff\xfe", true},
	{"[\x80-\xff]", "\xc3", true},
};

static void globs_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(globs); i++)
		if (text_glob(str_from(globs[i].pattern), str_from(globs[i].text)) !=
			globs[i].matches)
			fail_msg("'%s' and '%s'", globs[i].pattern, globs[i].text);
}

/* The C library's own is the judge, where the two languages are the same. */
static void globs_match_like_fnmatch(void **state)
{
	static const char with_sets[] = "aab-]*?[[!", with_escapes[] = "aab**?\\";
	uint64_t seed = 99;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		const char *letters = i & 1 ? with_sets : with_escapes;
		char pattern[10] = "", text[10] = "";
		size_t size = random_below(&seed, 9), text_size = random_below(&seed, 7);

		for (size_t k = 0; k < size; k++)
			pattern[k] = letters[random_below(&seed, strlen(letters))];
		for (size_t k = 0; k < text_size; k++)
			text[k] = "ab-]!["[random_below(&seed, 6)];
		/* A backslash at the end and a set that is not closed are ours to define. */
		if ((size && pattern[size - 1] == '\\') ||
			(strchr(pattern, '[') && !strchr(strrchr(pattern, '['), ']')))
			continue;
		if (text_glob(str_from(pattern), str_from(text)) != !fnmatch(pattern, text, 0))
			fail_msg("'%s' and '%s': fnmatch says %s", pattern, text,
				fnmatch(pattern, text, 0) ? "no" : "yes");
	}
}

/* Many stars over a long text that nearly matches: time is linear in text times stars. */
static void globs_do_not_explode(void **state)
{
	static char text[65536];
	char pattern[64] = "";

	(void)state;
	memset(text, 'a', sizeof(text));
	for (int i = 0; i < 20; i++)
		strcat(pattern, "*a");
	strcat(pattern, "*b");
	assert_false(text_glob(str_from(pattern), (struct str){text, sizeof(text)}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_class_of_hostile_byte_is_written_out),
		cmocka_unit_test(escapes_lead_back_to_the_bytes),
		cmocka_unit_test(json_text_is_utf8_and_leads_back),
		cmocka_unit_test(every_character_decodes_to_itself),
		cmocka_unit_test(fixed_buffers_are_cut_between_characters),
		cmocka_unit_test(cells_are_counted_by_width),
		cmocka_unit_test(texts_are_found_whatever_their_case),
		cmocka_unit_test(near_texts_are_a_few_edits_apart),
		cmocka_unit_test(globs_match),
		cmocka_unit_test(globs_match_like_fnmatch),
		cmocka_unit_test(globs_do_not_explode),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
