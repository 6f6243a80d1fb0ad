/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What containers use beside what their cgroups tell: once an interval, a CONTAINER_USAGE record of
 * each, with what its network namespace received and sent; and where its cgroup does not tell CPU
 * time, memory, I/O or threads, or where it has none, what its processes used together.
 *
 * Of a network namespace, all devices but lo count.  Containers that share one are told of the
 * same, and one of them is marked as the one that sums count it for: the one that holds the pod
 * together, else the oldest.  The machine's own namespace is nobody's.
 */
#ifndef SOURCE_USAGE_CONTAINER_H
#define SOURCE_USAGE_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"

struct cgroup_watch;
struct container_usage;
struct loop;
struct model;
struct recording;
struct task;

/* @cgroups: asked what it tells; must live as long. */
struct container_usage *container_usage_new(struct loop *loop, struct recording *recording,
	struct model *model, const struct cgroup_watch *cgroups);
void container_usage_free(struct container_usage *usage);

/* Records only what these containers use; NULL: all.  @chosen must live as long. */
struct chosen;
void container_usage_choose(struct container_usage *usage, const struct chosen *chosen);

/* Adds what a task used, the numbers of its TASK_USAGE record: for usage_on_task(). */
void container_usage_add(void *usage, const struct task *task, const uint64_t *nums);
/* Whether those that did not run are to be added too: the memory of one without a cgroup, say. */
bool container_usage_needs_idle(const struct container_usage *usage);

/*
 * Looks at containers that were there before anyone looked, so that there is something to count
 * from; costs nothing where there is none.
 */
void container_usage_meet(struct container_usage *usage);

/* After a look at tasks: looks at network namespaces, on the worker; the records follow. */
void container_usage_tick(struct container_usage *usage);

/* Likewise, and waits for it; what was found is dated before @end, where an interval ended. */
void container_usage_close_interval(struct container_usage *usage, uint64_t end);

/* --- usage_net.c: for its own files --- */

enum net_num {
	NET_RECEIVED,
	NET_SENT,
	NET_RECEIVED_PACKETS,
	NET_SENT_PACKETS,
	NET_ERRORS,
	NET_DROPPED,
	NET_NUMS
};

struct net_device {
	char name[16];
	uint64_t nums[NET_NUMS]; /* since it was made */
};

/* The devices of a namespace, all but lo. */
struct net_devices {
	struct net_device *devices;
	size_t count, capacity;
};

/* Takes in the text of /proc/PID/net/dev instead of what was there. */
void net_devices_parse(struct net_devices *devices, const char *text);
void net_devices_release(struct net_devices *devices);

/*
 * Adds what went through devices between two looks to @nums.  A device that was not there before
 * counts from the next look on: it may have come from elsewhere, with a past.
 */
void net_devices_rise(
	const struct net_devices *before, const struct net_devices *now, uint64_t *nums);

/* A network namespace that some container is in. */
struct net_space {
	uint64_t inode;
	uint32_t look;	/* number of the last one that found it */
	size_t counted; /* member it is counted for */
	bool is_known;	/* a member was in it at the look before, too */
	bool is_read;	/* in this look */
	struct net_devices devices;
	uint64_t rise[NET_NUMS]; /* since it was told */
};

/* Who is in one; all but number and below is the loop's. */
struct net_member {
	uint32_t number, pid1;
	uint64_t start; /* of pid1; 0: not known */
	bool is_sandbox;
	bool is_new;	/* began since the look before */
	int folder;	/* of the very process that pid1 means; -1: closed */
	uint64_t inode; /* of its namespace as last looked at; 0: the machine's, or not known */
};

struct net_spaces {
	struct net_space *spaces;
	size_t count, capacity;
	struct index by_inode;
	uint32_t looks;
	uint64_t host; /* inode of the machine's own */
	size_t open, open_max;
	struct buf text;
};

void net_member_close(struct net_spaces *spaces, struct net_member *member);

/* Looks at the namespaces of all members, on a worker. */
void net_spaces_look(struct net_spaces *spaces, struct net_member *const *members, size_t count);

/* The space of a member as of the last look; NULL: there is nothing to tell of it. */
const struct net_space *net_spaces_of(
	const struct net_spaces *spaces, const struct net_member *member);

/* What went through them is told: what follows counts from here. */
void net_spaces_told(struct net_spaces *spaces);

void net_spaces_release(struct net_spaces *spaces);

#endif
