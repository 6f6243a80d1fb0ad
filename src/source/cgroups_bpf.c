/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroups that come and go, by BPF. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/cgroups.h"
#include "base/mem.h"
#include "cgroups.skel.h"
#include "source/cgroups_local.h"
#include "source/kernel_btf.h"

struct cgroup_bpf {
	struct cgroups_bpf *skeleton;
	struct ring_buffer *ring;
	void (*take)(void *arg, const struct cgroup_change_event *event); /* while draining */
	void *arg;
};

static int take_event(void *arg, void *data, size_t size)
{
	struct cgroup_bpf *bpf = arg;
	const struct cgroup_event *event = data;
	size_t path;

	if (size < sizeof(*event) || !bpf->take)
		return 0;
	path = size - sizeof(*event);
	if (path > event->path_size)
		path = event->path_size;
	bpf->take(bpf->arg, &(struct cgroup_change_event){
				    .kind = event->kind == CGROUP_EVENT_MADE	  ? CGROUP_MADE
					    : event->kind == CGROUP_EVENT_REMOVED ? CGROUP_WENT
										  : CGROUP_MOVED,
				    .hierarchy = event->hierarchy,
				    .time = event->time,
				    .id = event->id,
				    .parent = event->parent,
				    .path = {(const char *)(event + 1), path}});
	return 0;
}

struct cgroup_bpf *cgroup_bpf_new(uint32_t v1_hierarchy, struct error *error)
{
	struct bpf_object_open_opts options = {
		.sz = sizeof(options), .btf_custom_path = kernel_btf_path()};
	struct cgroup_bpf *bpf = mem_zalloc(sizeof(*bpf));
	int code;

	bpf->skeleton = cgroups_bpf__open_opts(&options);
	code = bpf->skeleton ? 0 : -errno;
	if (!code) {
		bpf->skeleton->rodata->hierarchy_v1 = v1_hierarchy;
		code = cgroups_bpf__load(bpf->skeleton);
	}
	if (!code)
		code = cgroups_bpf__attach(bpf->skeleton);
	if (!code) {
		bpf->ring = ring_buffer__new(
			bpf_map__fd(bpf->skeleton->maps.cgroup_events), take_event, bpf, NULL);
		code = bpf->ring ? 0 : -errno;
	}
	if (!code)
		return bpf;
	error_set(error, code,
		"cgroups are looked for every few seconds, BPF does not work here: %s%s",
		strerror(-code),
		code == -EPERM ? "; it takes root, or CAP_BPF and CAP_PERFMON" : "");
	cgroup_bpf_free(bpf);
	return NULL;
}

void cgroup_bpf_free(struct cgroup_bpf *bpf)
{
	if (!bpf)
		return;
	ring_buffer__free(bpf->ring);
	cgroups_bpf__destroy(bpf->skeleton);
	free(bpf);
}

void cgroup_bpf_drain(struct cgroup_bpf *bpf,
	void (*take)(void *arg, const struct cgroup_change_event *event), void *arg)
{
	bpf->take = take;
	bpf->arg = arg;
	ring_buffer__consume(bpf->ring);
	bpf->take = NULL;
}

int cgroup_bpf_fd(const struct cgroup_bpf *bpf)
{
	return bpf_map__fd(bpf->skeleton->maps.cgroup_events);
}

uint64_t cgroup_bpf_lost(const struct cgroup_bpf *bpf)
{
	return __atomic_load_n(&bpf->skeleton->bss->cgroups_lost, __ATOMIC_RELAXED);
}
