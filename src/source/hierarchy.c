/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/hierarchy.h"

#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "source/kernel_btf.h"

/*
 * Where a hierarchy of version 1 is in css_set.subsys: of pids, memory, cpu the first one that is
 * mounted as one (cgroups(7): the second column of /proc/cgroups).  -1: none.
 */
int hierarchy_v1_subsystem(void)
{
	static const char *const names[] = {"pids", "memory", "cpu"};
	struct buf text = {0};
	int found = -1;

	if (fs_read("/proc/cgroups", &text, 65536, NULL)) {
		buf_release(&text);
		return -1;
	}
	for (size_t i = 0; i < 3 && found < 0; i++) {
		char line[32], symbol[32];
		const char *at;
		struct btf *btf;

		snprintf(line, sizeof(line), "\n%s\t", names[i]);
		at = strstr(text.data, line);
		if (!at || strtoul(at + strlen(line), NULL, 10) == 0)
			continue;
		btf = kernel_btf_load();
		snprintf(symbol, sizeof(symbol), "%s_cgrp_id", names[i]);
		for (uint32_t id = 1; btf && id < btf__type_cnt(btf) && found < 0; id++) {
			const struct btf_type *type = btf__type_by_id(btf, id);
			const char *name = btf__name_by_offset(btf, type->name_off);

			if (!btf_is_enum(type) || strcmp(name, "cgroup_subsys_id"))
				continue;
			for (int k = 0; k < btf_vlen(type); k++)
				if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[k].name_off),
					    symbol))
					found = btf_enum(type)[k].val;
		}
		btf__free(btf);
	}
	buf_release(&text);
	return found;
}
