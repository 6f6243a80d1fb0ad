/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments without what looks like a secret. */
#include "source/redact.h"
#include "unit.h"

static void promise_23_secrets_are_not_recorded(void **state)
{
	static const struct {
		const char *given, *wanted;
		size_t size;
	} cases[] = {
		{"ls\0-l\0", "ls\0-l\0", 6},
		{"run\0SECRET=hunter2\0x\0", "run\0SECRET=***\0x\0", 20},
		{"mysql\0--password=hunter2", "mysql\0--password=***", 24},
		{"tool\0--api-key\0hunter2\0y", "tool\0--api-key\0***\0y", 23},
		{"psql\0postgres://me:hunter2@db/x\0", "psql\0postgres://me:***@db/x\0", 32},
		{"curl\0http://host:80/a@b\0", "curl\0http://host:80/a@b\0", 24},
		{"a\0--passphrase", "a\0--passphrase", 14},
		{"", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = {0};
		size_t at = 0;

		redact_arguments(&out, (struct str){cases[i].given, cases[i].size});
		for (; at < out.size && out.data[at] == cases[i].wanted[at]; at++)
			;
		assert_int_equal(at, out.size);
		assert_true(!out.size || !memmem(out.data, out.size, "hunter2", 7));
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(promise_23_secrets_are_not_recorded)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
