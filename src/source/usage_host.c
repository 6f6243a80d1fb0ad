/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine itself: CPUs, memory, load, pressure, disks, network devices; all of /proc. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "source/usage_local.h"

#define SECTOR 512 /* of /proc/diskstats, whatever the device's own are */

void host_look_release(struct host_look *look)
{
	free(look->cpus);
	free(look->devices);
	*look = (struct host_look){0};
}

/* The number behind a name at the start of a line; 0 if there is none. */
static uint64_t number_of(const char *text, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, name, size))
			return strtoull(at + size, NULL, 10);
	}
	return 0;
}

/* proc_stat(5): ticks of each CPU since the boot. */
static void look_at_cpus(struct host_look *look, const char *text)
{
	uint64_t tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);

	for (const char *at = strchr(text, '\n'); at && !strncmp(at, "\ncpu", 4);
		at = strchr(at + 1, '\n')) {
		unsigned long long n[CPU_USAGE_NUMS] = {0};
		struct host_cpu *cpu;
		unsigned number;

		if (sscanf(at + 4, "%u %llu %llu %llu %llu %llu %llu %llu %llu", &number, &n[0],
			    &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]) < 5)
			break;
		look->cpus = mem_grow(
			look->cpus, &look->cpu_capacity, look->cpu_count + 1, sizeof(*look->cpus));
		cpu = &look->cpus[look->cpu_count++];
		cpu->number = number;
		for (int i = 0; i < CPU_USAGE_NUMS; i++)
			cpu->ns[i] = n[i] * tick;
	}
	look->nums[HOST_USAGE_FORKS] = number_of(text, "processes ");
	look->nums[HOST_USAGE_SWITCHES] = number_of(text, "ctxt ");
}

static void look_at_memory(struct host_look *look, const char *text)
{
	look->nums[HOST_USAGE_MEMORY] = 1024 * number_of(text, "MemTotal:");
	look->nums[HOST_USAGE_AVAILABLE] = 1024 * number_of(text, "MemAvailable:");
	look->nums[HOST_USAGE_FREE] = 1024 * number_of(text, "MemFree:");
	look->nums[HOST_USAGE_CACHED] = 1024 *
					(number_of(text, "Cached:") + number_of(text, "Buffers:") +
						number_of(text, "SReclaimable:"));
	look->nums[HOST_USAGE_SWAP] = 1024 * number_of(text, "SwapTotal:");
	look->nums[HOST_USAGE_SWAP_FREE] = 1024 * number_of(text, "SwapFree:");
}

static void look_at_load(struct host_look *look, const char *text)
{
	double load[3] = {0};
	unsigned long long running = 0, tasks = 0;

	sscanf(text, "%lf %lf %lf %llu/%llu", &load[0], &load[1], &load[2], &running, &tasks);
	for (int i = 0; i < 3; i++)
		look->nums[HOST_USAGE_LOAD_1 + i] = (uint64_t)(load[i] * 1000 + 0.5);
	look->nums[HOST_USAGE_RUNNING] = running;
	look->nums[HOST_USAGE_TASKS] = tasks;
}

/* "some … total=MICROSECONDS", Documentation/accounting/psi.rst of the kernel. */
static uint64_t pressure_of(const char *text)
{
	const char *at = strstr(text, "total=");

	return at ? 1000 * strtoull(at + 6, NULL, 10) : 0;
}

static struct host_device *add_device(
	struct host_look *look, enum device_usage_of kind, const char *name, size_t size)
{
	struct host_device *device;

	look->devices = mem_grow(look->devices, &look->device_capacity, look->device_count + 1,
		sizeof(*look->devices));
	device = &look->devices[look->device_count++];
	*device = (struct host_device){.kind = kind};
	if (size >= sizeof(device->name))
		size = sizeof(device->name) - 1;
	memcpy(device->name, name, size);
	return device;
}

/* Whole disks that were ever used: /sys/block has no folder for partitions. */
static void look_at_disks(struct host_look *look, const char *text)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		unsigned long long reads, in, writes, out, busy;
		char name[64], path[96];
		struct host_device *device;

		line += *line == '\n';
		if (sscanf(line, " %*u %*u %63s %llu %*u %llu %*u %llu %*u %llu %*u %*u %llu", name,
			    &reads, &in, &writes, &out, &busy) != 6 ||
			!(reads + writes))
			continue;
		snprintf(path, sizeof(path), "/sys/block/%s", name);
		for (char *at = path + 11; (at = strchr(at, '/'));)
			*at = '!'; /* as sysfs writes a slash */
		if (access(path, F_OK))
			continue;
		device = add_device(look, USAGE_DISK, name, strlen(name));
		device->nums[DEVICE_USAGE_IN] = in * SECTOR;
		device->nums[DEVICE_USAGE_OUT] = out * SECTOR;
		device->nums[DEVICE_USAGE_IN_COUNT] = reads;
		device->nums[DEVICE_USAGE_OUT_COUNT] = writes;
		device->nums[DEVICE_USAGE_BUSY] = busy * NS_PER_MS;
	}
}

/* Behind two lines of titles: name, what was received, what was sent. */
static void look_at_network(struct host_look *look, const char *text)
{
	for (const char *line = text; line; line = strchr(line + 1, '\n')) {
		const char *colon = strchr(line, ':'), *name = line + strspn(line, "\n ");
		unsigned long long n[12] = {0};
		struct host_device *device;

		if (!colon || memchr(name, '\n', (size_t)(colon - name)) ||
			sscanf(colon + 1, "%llu %llu %llu %llu %*u %*u %*u %*u %llu %llu %llu %llu",
				&n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]) != 8)
			continue;
		device = add_device(look, USAGE_NETWORK, name, (size_t)(colon - name));
		device->nums[DEVICE_USAGE_IN] = n[0];
		device->nums[DEVICE_USAGE_OUT] = n[4];
		device->nums[DEVICE_USAGE_IN_COUNT] = n[1];
		device->nums[DEVICE_USAGE_OUT_COUNT] = n[5];
		device->nums[DEVICE_USAGE_ERRORS] = n[2] + n[3] + n[6] + n[7];
	}
}

void host_look(struct host_look *look)
{
	struct buf text = {0};
	static const struct {
		const char *path;
		void (*take)(struct host_look *look, const char *text);
	} files[] = {{"/proc/stat", look_at_cpus}, {"/proc/meminfo", look_at_memory},
		{"/proc/loadavg", look_at_load}, {"/proc/diskstats", look_at_disks},
		{"/proc/self/net/dev", look_at_network}};
	static const char *const pressures[] = {
		"/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io"};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		buf_clear(&text);
		if (!fs_read(files[i].path, &text, 4 << 20, NULL) && text.size)
			files[i].take(look, text.data);
	}
	for (size_t i = 0; i < 3; i++) {
		buf_clear(&text);
		if (!fs_read(pressures[i], &text, 4096, NULL) && text.size)
			look->nums[HOST_USAGE_PSI_CPU + i] = pressure_of(text.data);
	}
	buf_release(&text);
}

/* --- records --- */

static uint64_t more(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

static void append_cpus(
	struct usage *usage, const struct host_look *look, uint64_t time, uint64_t duration)
{
	const struct host_look *last = &usage->host;

	for (size_t i = 0; i < look->cpu_count; i++) {
		uint64_t nums[CPU_USAGE_NUMS];
		const struct host_cpu *now = &look->cpus[i], *before = NULL;

		for (size_t k = 0; !before && k < last->cpu_count; k++)
			if (last->cpus[k].number == now->number)
				before = &last->cpus[k];
		if (!before)
			continue;
		for (int k = 0; k < CPU_USAGE_NUMS; k++)
			nums[k] = more(before->ns[k], now->ns[k]);
		recording_append(usage->recording, &(struct record){.type = RECORD_CPU_USAGE,
							   .time = time,
							   .duration = duration,
							   .cpu = now->number,
							   .nums = nums});
	}
}

static void append_devices(
	struct usage *usage, const struct host_look *look, uint64_t time, uint64_t duration)
{
	const struct host_look *last = &usage->host;

	for (size_t i = 0; i < look->device_count; i++) {
		uint64_t nums[DEVICE_USAGE_NUMS];
		const struct host_device *now = &look->devices[i], *before = NULL;

		for (size_t k = 0; !before && k < last->device_count; k++)
			if (last->devices[k].kind == now->kind &&
				!strcmp(last->devices[k].name, now->name))
				before = &last->devices[k];
		if (!before)
			continue;
		for (int k = 0; k < DEVICE_USAGE_NUMS; k++)
			nums[k] = more(before->nums[k], now->nums[k]);
		recording_append(usage->recording, &(struct record){.type = RECORD_DEVICE_USAGE,
							   .sub = now->kind,
							   .time = time,
							   .duration = duration,
							   .name = str_from(now->name),
							   .nums = nums});
	}
}

void host_take(struct usage *usage, struct host_look *look, uint64_t time, uint64_t duration)
{
	uint64_t nums[HOST_USAGE_NUMS];

	if (duration) {
		append_cpus(usage, look, time, duration);
		append_devices(usage, look, time, duration);
	}
	memcpy(nums, look->nums, sizeof(nums));
	for (int i = HOST_USAGE_FORKS; i < HOST_USAGE_NUMS; i++)
		nums[i] = duration ? more(usage->host.nums[i], look->nums[i]) : 0;
	/* The first look is what others are differences to: no interval ends with it. */
	recording_append(usage->recording, &(struct record){.type = RECORD_HOST_USAGE,
						   .flags = usage->is_partial ? RECORD_PARTIAL : 0,
						   .time = time,
						   .duration = duration,
						   .nums = nums});
	host_look_release(&usage->host);
	usage->host = *look;
	*look = (struct host_look){0};
}
