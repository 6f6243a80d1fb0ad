/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may stand behind -e, and what may not. */
#include <errno.h>
#include <unistd.h>

#include "unit.h"

#include "source/event.h"
#include "source/event_names.h"
#include "source/mounts.h"

static void refuse(const char *text, const char *words)
{
	struct event_spec spec;
	struct error error = {0};
	int code = event_parse(text, &spec, &error);

	if (!code || !strstr(error.text, words))
		fail_msg("%s: %d, %s", text, code, error.text);
	assert_int_equal(error.code, code);
}

static struct event_spec accept(const char *text)
{
	struct event_spec spec;
	struct error error = {0};

	if (event_parse(text, &spec, &error))
		fail_msg("%s: %s", text, error.text);
	return spec;
}

static void all_names_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < event_generic_count; i++) {
		struct event_spec spec = accept(event_generic[i].name);

		assert_int_equal(spec.attr.type, event_generic[i].type);
		assert_true(spec.attr.config == event_generic[i].config);
		assert_string_equal(spec.name, event_generic[i].name);
		assert_string_equal(spec.unit, event_generic[i].is_time ? "ns" : "");
		assert_true(spec.attr.sample_id_all && spec.attr.use_clockid);
		if (*event_generic[i].alias)
			assert_true(accept(event_generic[i].alias).attr.config ==
				    event_generic[i].config);
	}
	for (size_t cache = 0; cache < PERF_COUNT_HW_CACHE_MAX; cache++)
		for (size_t op = 0; op < EVENT_CACHE_OPS; op++) {
			char name[64];
			struct event_spec spec;

			event_cache_name(name, sizeof(name), cache, op);
			spec = accept(name);
			assert_int_equal(spec.attr.type, PERF_TYPE_HW_CACHE);
			assert_true(spec.attr.config == event_cache_config(cache, op));
			assert_int_equal(spec.group, EVENT_CACHE);
		}
}

static void terms_and_modifiers_are_taken(void **state)
{
	struct event_spec spec = accept("cpu-clock/stack,freq=400/:u");

	(void)state;
	assert_string_equal(spec.name, "cpu-clock");
	assert_true(spec.has_stack && spec.stack && spec.has_frequency && !spec.has_period);
	assert_true(spec.attr.freq && spec.attr.sample_freq == 400);
	assert_true(spec.attr.exclude_kernel && !spec.attr.exclude_user);
	spec = accept("page-faults/period=7,nostack/");
	assert_true(spec.has_stack && !spec.stack && spec.has_period && !spec.attr.freq);
	assert_int_equal(spec.attr.sample_period, 7);
	spec = accept("cycles:kpp");
	assert_true(spec.attr.exclude_user && !spec.attr.exclude_kernel);
	assert_int_equal(spec.attr.precise_ip, 2);
	spec = accept("cycles:uk");
	assert_true(!spec.attr.exclude_user && !spec.attr.exclude_kernel);
	spec = accept("r1a8");
	assert_int_equal(spec.attr.type, PERF_TYPE_RAW);
	assert_int_equal(spec.attr.config, 0x1a8);
}

static void what_is_no_event_is_refused(void **state)
{
	static const char *const plain[] = {"", "nope", "/", "//", "cycles/", "cycles/stack/x",
		"cycles/no-such-term/", "cycles/freq=0/", "cycles/freq=x/", "rxyz", "r",
		"r11112222333344445", "../cpu", ".", "a/../b/", "cycles/a=b/c/", " cycles",
		"cpu clock", "\xff\x1b", "no_such_pmu/config=1/"};
	char longest[400];

	(void)state;
	for (size_t i = 0; i < COUNT(plain); i++)
		refuse(plain[i], "");
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	refuse(longest, "");
	refuse("cycles:q", "");
	refuse("cycles/stack/:q", "");
	refuse("a:b:c/d", "");
	refuse("../x:y", "");
	refuse("x:../y", "");
	refuse("x:", "");
	refuse("nope", "'nope' is not an event: tracetop list events");
}

static void tracepoints_are_found(void **state)
{
	const char *root = mount_tracefs();
	struct event_spec spec;
	char path[300];
	FILE *file;
	unsigned id = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/events/sched/sched_switch/id", root ? root : "");
	file = fopen(path, "r");
	if (!file) {
		print_message("tracepoints were not tried: %s: %s\n", path, strerror(errno));
		return;
	}
	assert_int_equal(fscanf(file, "%u", &id), 1);
	fclose(file);
	spec = accept("sched:sched_switch");
	assert_int_equal(spec.attr.type, PERF_TYPE_TRACEPOINT);
	assert_int_equal(spec.attr.config, id);
	assert_int_equal(spec.group, EVENT_TRACEPOINT);
	spec = accept("sched:sched_switch/stack,period=100/");
	assert_true(spec.stack && spec.attr.sample_period == 100);
	assert_string_equal(spec.name, "sched:sched_switch");
	refuse("sched:no_such_event", "there is no tracepoint 'sched:no_such_event'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_names_are_known),
		cmocka_unit_test(terms_and_modifiers_are_taken),
		cmocka_unit_test(what_is_no_event_is_refused),
		cmocka_unit_test(tracepoints_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
