/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as /proc/PID/maps: what older kernels are asked by.  The parser is reached from nowhere
 * else, so its file is taken in whole.
 */
#include "fuzz.h"

#include "source/proc.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_info info = {0};
	int fd = fuzz_file(data, size);

	CHECK(!proc_parse_maps(fd, &info));
	close(fd);
	for (size_t i = 0; i < info.map_count; i++)
		CHECK(info.maps[i].path <= info.paths.size &&
			info.maps[i].path_size <= info.paths.size - info.maps[i].path);
	proc_info_release(&info);
	return 0;
}
