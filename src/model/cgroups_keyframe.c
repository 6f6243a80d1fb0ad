/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a keyframe tells of control groups and containers: all that the model still has. */
#include "model/cgroups.h"
#include "record/recording.h"

static void snapshot_cgroup(const struct cgroup *cgroup, struct recording *recording, uint64_t time)
{
	uint64_t nums[CGROUP_NUMS] = {[CGROUP_HIERARCHY] = cgroup->hierarchy,
		[CGROUP_ID] = cgroup->id,
		[CGROUP_PARENT] = cgroup->parent};

	recording_append(recording, &(struct record){.type = RECORD_CGROUP,
					    .sub = cgroup->gone ? CGROUP_REMOVED : CGROUP_THERE,
					    .time = time,
					    .flags = RECORD_SNAPSHOT,
					    .name = cgroup->path,
					    .nums = nums});
}

static void snapshot_container(
	const struct container *container, struct recording *recording, uint64_t time)
{
	uint64_t nums[CONTAINER_NUMS] = {[CONTAINER_NUMBER] = container->number,
		[CONTAINER_HIERARCHY] = container->hierarchy,
		[CONTAINER_CGROUP] = container->cgroup,
		[CONTAINER_PIDNS] = container->pidns,
		[CONTAINER_MNTNS] = container->mntns,
		[CONTAINER_PID1] = container->pid1,
		[CONTAINER_START] = container->start,
		[CONTAINER_END] = container->end,
		[CONTAINER_STATE] = container->state,
		[CONTAINER_FLAGS] = container->flags,
		[CONTAINER_RESTARTS] = container->restarts};
	struct str texts[CONTAINER_TEXTS] = {[CONTAINER_ID] = container->id,
		[CONTAINER_RUNTIME] = container->runtime,
		[CONTAINER_IMAGE] = container->image,
		[CONTAINER_POD] = container->pod,
		[CONTAINER_POD_NAMESPACE] = container->pod_namespace,
		[CONTAINER_POD_UID] = container->pod_uid,
		[CONTAINER_LABELS] = container->labels};

	recording_append(recording, &(struct record){.type = RECORD_CONTAINER,
					    .time = time,
					    .flags = RECORD_SNAPSHOT,
					    .name = container->name,
					    .nums = nums,
					    .texts = texts});
}

void cgroups_snapshot(const struct cgroups *cgroups, struct recording *recording, uint64_t time)
{
	for (size_t i = 0; i < cgroups->count; i++)
		snapshot_cgroup(&cgroups->cgroups[i], recording, time);
	for (size_t i = 0; i < cgroups->container_count; i++)
		snapshot_container(&cgroups->containers[i], recording, time);
}
