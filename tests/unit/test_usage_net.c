/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What network devices of a container's namespace received and sent. */
#include "source/usage_container.h"
#include "unit.h"

#define TITLES                                                                        \
	"Inter-|   Receive                        |  Transmit\n"                      \
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    " \
	"packets errs drop fifo colls carrier compressed\n"

static void all_devices_but_lo_count(void **state)
{
	static const char text[] = TITLES
		"    lo: 1000 10 1 1 0 0 0 0 1000 10 1 1 0 0 0 0\n"
		"  eth0: 500 5 1 2 9 9 9 9 700 7 3 4 9 9 9 9\n"
		"eth1:18446744073709551615 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n";
	struct net_devices devices = {0};
	const uint64_t *nums;

	(void)state;
	net_devices_parse(&devices, text);
	assert_int_equal(devices.count, 2);
	assert_string_equal(devices.devices[0].name, "eth0");
	nums = devices.devices[0].nums;
	assert_int_equal(nums[NET_RECEIVED], 500);
	assert_int_equal(nums[NET_SENT], 700);
	assert_int_equal(nums[NET_RECEIVED_PACKETS], 5);
	assert_int_equal(nums[NET_SENT_PACKETS], 7);
	assert_int_equal(nums[NET_ERRORS], 4);
	assert_int_equal(nums[NET_DROPPED], 6);
	assert_true(devices.devices[1].nums[NET_RECEIVED] == UINT64_MAX);
	net_devices_release(&devices);
}

static void broken_text_is_no_device(void **state)
{
	static const char *const texts[] = {"", "\n", ":", "x", "eth0: 1 2 3\n", "eth0\n: 1 2 3\n",
		"a name that is too long: 1 2 3 4 5 6 7 8 1 2 3 4 5 6 7 8\n", TITLES};
	struct net_devices devices = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		net_devices_parse(&devices, texts[i]);
		assert_int_equal(devices.count, 0);
	}
	net_devices_release(&devices);
}

/* A device that came counts from the next look on, one that fell back from where it is. */
static void rises_are_of_each_device(void **state)
{
	struct net_devices before = {0}, now = {0};
	uint64_t nums[NET_NUMS] = {0};

	(void)state;
	net_devices_parse(&before, "a: 10 1 0 0 0 0 0 0 20 2 0 0 0 0 0 0\n"
				   "b: 90 9 0 0 0 0 0 0 90 9 0 0 0 0 0 0\n"
				   "gone: 5 5 5 5 0 0 0 0 5 5 5 5 0 0 0 0\n");
	net_devices_parse(&now, "came: 999 9 9 9 0 0 0 0 999 9 9 9 0 0 0 0\n"
				"b: 40 4 0 0 0 0 0 0 95 10 0 0 0 0 0 0\n"
				"a: 17 3 0 1 0 0 0 0 20 2 1 0 0 0 0 0\n");
	net_devices_rise(&before, &now, nums);
	assert_int_equal(nums[NET_RECEIVED], 7);
	assert_int_equal(nums[NET_SENT], 5);
	assert_int_equal(nums[NET_RECEIVED_PACKETS], 2);
	assert_int_equal(nums[NET_SENT_PACKETS], 1);
	assert_int_equal(nums[NET_ERRORS], 1);
	assert_int_equal(nums[NET_DROPPED], 1);
	net_devices_rise(&before, &now, nums);
	assert_int_equal(nums[NET_RECEIVED], 14); /* it adds up until it is told */
	net_devices_release(&before);
	net_devices_release(&now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_devices_but_lo_count),
		cmocka_unit_test(broken_text_is_no_device),
		cmocka_unit_test(rises_are_of_each_device)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
