/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What network namespaces of containers receive and send: /proc/PID/net/dev of one who is in it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "source/proc.h"
#include "source/usage_container.h"

#define TEXT_MAX (1u << 20)
#define START_SLACK_NS (50 * NS_PER_MS) /* /proc tells starts in ticks of 10 ms */

/* --- devices --- */

/* Behind two lines of titles: name, what was received, what was sent. */
void net_devices_parse(struct net_devices *devices, const char *text)
{
	devices->count = 0;
	for (const char *line = text; line && *line; line = strchr(line + 1, '\n')) {
		const char *name = line + strspn(line, "\n "), *colon = strchr(name, ':');
		unsigned long long in[4], out[4];
		struct net_device *device;
		size_t size;

		if (!colon || memchr(name, '\n', (size_t)(colon - name)) ||
			sscanf(colon + 1, "%llu %llu %llu %llu %*u %*u %*u %*u %llu %llu %llu %llu",
				&in[0], &in[1], &in[2], &in[3], &out[0], &out[1], &out[2],
				&out[3]) != 8)
			continue;
		size = (size_t)(colon - name);
		if (size >= sizeof(device->name) || (size == 2 && !memcmp(name, "lo", 2)))
			continue;
		devices->devices = mem_grow(devices->devices, &devices->capacity,
			devices->count + 1, sizeof(*devices->devices));
		device = &devices->devices[devices->count++];
		*device = (struct net_device){.nums = {[NET_RECEIVED] = in[0],
						      [NET_RECEIVED_PACKETS] = in[1],
						      [NET_SENT] = out[0],
						      [NET_SENT_PACKETS] = out[1],
						      [NET_ERRORS] = in[2] + out[2],
						      [NET_DROPPED] = in[3] + out[3]}};
		memcpy(device->name, name, size);
	}
}

void net_devices_release(struct net_devices *devices)
{
	free(devices->devices);
	*devices = (struct net_devices){0};
}

/* Devices mostly stand where they stood. */
static const struct net_device *device_named(
	const struct net_devices *devices, const char *name, size_t hint)
{
	if (hint < devices->count && !strcmp(devices->devices[hint].name, name))
		return &devices->devices[hint];
	for (size_t i = 0; i < devices->count; i++)
		if (!strcmp(devices->devices[i].name, name))
			return &devices->devices[i];
	return NULL;
}

void net_devices_rise(
	const struct net_devices *before, const struct net_devices *now, uint64_t *nums)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct net_device *device = &now->devices[i];
		const struct net_device *last = device_named(before, device->name, i);

		for (int k = 0; last && k < NET_NUMS; k++)
			if (device->nums[k] > last->nums[k])
				nums[k] += device->nums[k] - last->nums[k];
	}
}

/* --- members --- */

void net_member_close(struct net_spaces *spaces, struct net_member *member)
{
	if (member->folder < 0)
		return;
	close(member->folder);
	member->folder = -1;
	spaces->open--;
}

/*
 * The folder stands for that process alone: when it is gone and its number another's, nothing can
 * be opened in it any more.  It keeps neither process nor namespace alive.
 */
static bool open_member(struct net_spaces *spaces, struct net_member *member)
{
	struct proc_info info;
	char path[32];
	uint64_t apart;
	int code;

	if (member->folder >= 0)
		return true;
	snprintf(path, sizeof(path), "/proc/%u", member->pid1);
	member->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (member->folder < 0)
		return false;
	spaces->open++;
	code = proc_read(member->pid1, member->pid1, 0, &info);
	apart = info.start > member->start ? info.start - member->start
					   : member->start - info.start;
	proc_info_release(&info);
	if (!code && (!member->start || !info.start || apart < START_SLACK_NS))
		return true;
	net_member_close(spaces, member);
	return false;
}

static uint64_t inode_of(int folder, const char *path)
{
	struct stat status;

	return fstatat(folder, path, &status, 0) ? 0 : status.st_ino;
}

static bool space_is(const void *owner, uint32_t entry, const void *inode)
{
	return ((const struct net_spaces *)owner)->spaces[entry].inode == *(const uint64_t *)inode;
}

static uint32_t find_space(const struct net_spaces *spaces, uint64_t inode)
{
	return index_find(&spaces->by_inode, hash_u64(inode), space_is, spaces, &inode);
}

static struct net_space *meet_space(struct net_spaces *spaces, uint64_t inode)
{
	uint32_t at = find_space(spaces, inode);

	if (at != INDEX_NONE)
		return &spaces->spaces[at];
	spaces->spaces = mem_grow(
		spaces->spaces, &spaces->capacity, spaces->count + 1, sizeof(*spaces->spaces));
	spaces->spaces[spaces->count] = (struct net_space){.inode = inode};
	index_add(&spaces->by_inode, hash_u64(inode), (uint32_t)spaces->count);
	return &spaces->spaces[spaces->count++];
}

/* --- a look --- */

static bool read_devices(
	struct net_spaces *spaces, const struct net_member *member, struct net_devices *devices)
{
	int fd = openat(member->folder, "net/dev", O_RDONLY | O_CLOEXEC);
	bool is;

	if (fd < 0)
		return false;
	buf_clear(&spaces->text);
	is = !fs_read_fd(fd, &spaces->text, TEXT_MAX) && spaces->text.size;
	close(fd);
	if (is)
		net_devices_parse(devices, spaces->text.data);
	return is;
}

/* The one that a namespace is counted for: who holds a pod together, else the oldest. */
static bool comes_before(const struct net_member *a, const struct net_member *b)
{
	if (a->is_sandbox != b->is_sandbox)
		return a->is_sandbox;
	return a->number < b->number;
}

/* Where a member is; true: nothing of that namespace was read in this look yet. */
static bool place_member(struct net_spaces *spaces, struct net_member *const *members, size_t at)
{
	struct net_member *member = members[at];
	uint64_t before = member->inode;
	struct net_space *space;

	member->inode = open_member(spaces, member) ? inode_of(member->folder, "ns/net") : 0;
	if (member->inode == spaces->host)
		member->inode = 0;
	if (!member->inode)
		return false;
	space = meet_space(spaces, member->inode);
	if (space->look != spaces->looks) {
		space->look = spaces->looks;
		space->is_known = space->is_read = false;
		space->counted = at;
	}
	space->is_known |= before == member->inode;
	if (comes_before(member, members[space->counted]))
		space->counted = at;
	return !space->is_read;
}

static void read_space(
	struct net_spaces *spaces, const struct net_member *member, struct net_devices *now)
{
	struct net_space *space = &spaces->spaces[find_space(spaces, member->inode)];
	struct net_devices before;

	if (!read_devices(spaces, member, now))
		return;
	space->is_read = true;
	/* One that began since the look before began with nothing, and so did its namespace. */
	if (!space->is_known && member->is_new) {
		net_devices_release(&space->devices);
		for (size_t i = 0; i < now->count; i++)
			for (int k = 0; k < NET_NUMS; k++)
				space->rise[k] += now->devices[i].nums[k];
	} else if (space->is_known) {
		net_devices_rise(&space->devices, now, space->rise);
	}
	before = space->devices;
	space->devices = *now;
	*now = before;
}

static void forget_spaces(struct net_spaces *spaces)
{
	for (size_t i = spaces->count; i-- > 0;) {
		struct net_space *space = &spaces->spaces[i], *last;

		if (space->look == spaces->looks && space->is_read)
			continue;
		last = &spaces->spaces[spaces->count - 1];
		index_remove(&spaces->by_inode, hash_u64(space->inode), (uint32_t)i);
		net_devices_release(&space->devices);
		if (space != last) {
			index_remove(&spaces->by_inode, hash_u64(last->inode),
				(uint32_t)spaces->count - 1);
			*space = *last;
			index_add(&spaces->by_inode, hash_u64(space->inode), (uint32_t)i);
		}
		spaces->count--;
	}
}

void net_spaces_look(struct net_spaces *spaces, struct net_member *const *members, size_t count)
{
	struct net_devices now = {0};

	if (!spaces->looks++) {
		spaces->host = inode_of(AT_FDCWD, "/proc/1/ns/net");
		if (!spaces->host)
			spaces->host = inode_of(AT_FDCWD, "/proc/self/ns/net");
	}
	/* Those that were in theirs before come first: what is known of a namespace is theirs. */
	for (int is_new = 0; is_new < 2; is_new++)
		for (size_t i = 0; i < count; i++) {
			if (members[i]->is_new != is_new || !members[i]->pid1)
				continue;
			if (place_member(spaces, members, i))
				read_space(spaces, members[i], &now);
			if (spaces->open > spaces->open_max)
				net_member_close(spaces, members[i]);
		}
	net_devices_release(&now);
	forget_spaces(spaces);
}

void net_spaces_told(struct net_spaces *spaces)
{
	for (size_t i = 0; i < spaces->count; i++)
		memset(spaces->spaces[i].rise, 0, sizeof(spaces->spaces[i].rise));
}

const struct net_space *net_spaces_of(
	const struct net_spaces *spaces, const struct net_member *member)
{
	uint32_t at = member->inode ? find_space(spaces, member->inode) : INDEX_NONE;

	return at == INDEX_NONE ? NULL : &spaces->spaces[at];
}

void net_spaces_release(struct net_spaces *spaces)
{
	for (size_t i = 0; i < spaces->count; i++)
		net_devices_release(&spaces->spaces[i].devices);
	free(spaces->spaces);
	index_release(&spaces->by_inode);
	buf_release(&spaces->text);
	*spaces = (struct net_spaces){0};
}
