/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/narrow.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../bpf/narrow.h"
#include "base/mem.h"
#include "narrow.skel.h"
#include "source/hierarchy.h"
#include "source/kernel_btf.h"

struct narrow {
	struct narrow_bpf *skeleton;
	uint64_t *counts; /* room for one a CPU */
	int cpus;
};

/* Only what is used is loaded, and only what is used has room. */
static void configure(struct narrow_bpf *skeleton, bool to_processes, bool to_places)
{
	skeleton->rodata->settings.by_tgid = to_processes;
	skeleton->rodata->settings.by_place = to_places;
	skeleton->rodata->settings.v1_subsystem = to_places ? hierarchy_v1_subsystem() : -1;
	if (!to_processes) {
		bpf_program__set_autoload(skeleton->progs.narrow_fork, false);
		bpf_map__set_max_entries(skeleton->maps.narrow_tgids, 1);
	}
	if (!to_places)
		bpf_map__set_max_entries(skeleton->maps.narrow_places, 1);
}

struct narrow *narrow_new(bool to_processes, bool to_places, struct error *error)
{
	struct bpf_object_open_opts options = {
		.sz = sizeof(options), .btf_custom_path = kernel_btf_path()};
	struct narrow_bpf *skeleton = narrow_bpf__open_opts(&options);
	int code = skeleton ? 0 : -errno;
	struct narrow *narrow;

	if (!code) {
		configure(skeleton, to_processes, to_places);
		code = narrow_bpf__load(skeleton);
	}
	if (!code)
		code = narrow_bpf__attach(skeleton);
	if (code) {
		error_set(error, code, "BPF does not narrow here: %s%s", strerror(-code),
			code == -EPERM ? "; it takes root, or CAP_BPF and CAP_PERFMON" : "");
		narrow_bpf__destroy(skeleton);
		return NULL;
	}
	narrow = mem_zalloc(sizeof(*narrow));
	narrow->skeleton = skeleton;
	narrow->cpus = libbpf_num_possible_cpus();
	if (narrow->cpus > 0)
		narrow->counts = mem_zalloc((size_t)narrow->cpus * sizeof(*narrow->counts));
	return narrow;
}

void narrow_free(struct narrow *narrow)
{
	if (!narrow)
		return;
	narrow_bpf__destroy(narrow->skeleton);
	free(narrow->counts);
	free(narrow);
}

int narrow_add(struct narrow *narrow, uint32_t tgid)
{
	uint8_t one = 1;

	return bpf_map_update_elem(
		bpf_map__fd(narrow->skeleton->maps.narrow_tgids), &tgid, &one, BPF_ANY);
}

void narrow_decide(
	struct narrow *narrow, const struct chosen_place *place, enum chosen_answer answer)
{
	static const uint8_t answers[] = {
		[CHOSEN_IN] = NARROW_IN, [CHOSEN_OUT] = NARROW_OUT, [CHOSEN_HOST] = NARROW_HOST};
	static const uint32_t kinds[] = {[CHOSEN_CGROUP] = NARROW_CGROUP,
		[CHOSEN_PIDNS] = NARROW_PIDNS,
		[CHOSEN_MNTNS] = NARROW_MNTNS};
	struct narrow_place key = {place->id, kinds[place->kind], place->hierarchy};
	int map = bpf_map__fd(narrow->skeleton->maps.narrow_places);

	/* Where there is no room left, it stays open. */
	if (answer == CHOSEN_OPEN)
		bpf_map_delete_elem(map, &key);
	else
		bpf_map_update_elem(map, &key, &answers[answer], BPF_ANY);
}

int narrow_attach(struct narrow *narrow, int perf_fd)
{
	int program = bpf_program__fd(narrow->skeleton->progs.narrow_sample);

	return ioctl(perf_fd, PERF_EVENT_IOC_SET_BPF, program) ? -errno : 0;
}

uint64_t narrow_left_out(const struct narrow *narrow)
{
	uint32_t zero = 0;
	uint64_t sum = 0;

	if (!narrow->counts ||
		bpf_map_lookup_elem(
			bpf_map__fd(narrow->skeleton->maps.narrow_left_out), &zero, narrow->counts))
		return 0;
	for (int i = 0; i < narrow->cpus; i++)
		sum += narrow->counts[i];
	return sum;
}
