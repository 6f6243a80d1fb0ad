/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens the events and maps their rings. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "source/build_ids.h"
#include "source/proc.h"
#include "source/sampler_local.h"

#define SIDEBAND_RING (256u << 10)
#define RING_SMALLEST (32u << 10)
#define RING_LEAST (512u << 10)
#define RING_COUNTED (4u << 20)
#define RING_MOST (16u << 20)
#define CPUS_MAX 4096
#define MAX_SAMPLE_RATE 100000 /* DEFAULT_MAX_SAMPLE_RATE of the kernel */

/* "0-3,8": into numbers; false if it is not such a list. */
static bool parse_cpus(const char *text, uint32_t **cpus, size_t *count)
{
	size_t capacity = 0;

	*cpus = NULL;
	*count = 0;
	while (*text && *text != '\n') {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (end == text)
			return false;
		if (*end == '-') {
			text = end + 1;
			last = strtoul(text, &end, 10);
			if (end == text)
				return false;
		}
		if (last < first || last >= CPUS_MAX || (*end && *end != ',' && *end != '\n'))
			return false;
		for (; first <= last; first++) {
			*cpus = mem_grow(*cpus, &capacity, *count + 1, sizeof(**cpus));
			(*cpus)[(*count)++] = (uint32_t)first;
		}
		text = *end == ',' ? end + 1 : end;
	}
	return *count > 0;
}

static bool has_cpu(const uint32_t *cpus, size_t count, uint32_t cpu)
{
	for (size_t i = 0; i < count; i++)
		if (cpus[i] == cpu)
			return true;
	return false;
}

/* The CPUs that are online, of those asked for. */
static int choose_cpus(struct sampler *sampler, const char *wanted, struct error *error)
{
	struct buf text = {0};
	uint32_t *online = NULL, *asked = NULL;
	size_t online_count = 0, asked_count = 0;
	int code = fs_read("/sys/devices/system/cpu/online", &text, 65536, NULL);
	bool good = !code && parse_cpus(text.data, &online, &online_count);

	if (!good) { /* without sysfs: what the C library counts */
		online_count = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
		online = mem_realloc(online, online_count * sizeof(*online));
		for (uint32_t i = 0; i < online_count; i++)
			online[i] = i;
	}
	buf_release(&text);
	code = 0;
	if (wanted && !parse_cpus(wanted, &asked, &asked_count))
		code = error_set(error, -EINVAL, "'%s' is not a list of CPUs like 0-3,8", wanted);
	free(sampler->cpus);
	sampler->cpus = mem_alloc(online_count * sizeof(*online));
	sampler->cpu_count = 0;
	for (size_t i = 0; !code && i < online_count; i++)
		if (!wanted || has_cpu(asked, asked_count, online[i]))
			sampler->cpus[sampler->cpu_count++] = online[i];
	for (size_t i = 0; !code && i < asked_count; i++)
		if (!has_cpu(online, online_count, asked[i]))
			code = error_set(error, -ENODEV, "CPU %u is not online", asked[i]);
	free(online);
	free(asked);
	return code;
}

/* --- descriptors --- */

static bool perf_id_is(const void *owner, uint32_t entry, const void *wanted)
{
	return ((const struct sampler *)owner)->opened[entry].perf_id == *(const uint64_t *)wanted;
}

struct opened *sampler_opened(const struct sampler *sampler, uint64_t perf_id)
{
	uint32_t at = index_find(
		&sampler->by_perf_id, hash_u64(perf_id), perf_id_is, sampler, &perf_id);

	return at == INDEX_NONE ? NULL : &sampler->opened[at];
}

static int add_opened(struct sampler *sampler, int fd, uint32_t event, uint32_t cpu)
{
	struct opened *opened;
	uint64_t id;

	if (ioctl(fd, PERF_EVENT_IOC_ID, &id)) {
		int code = -errno;

		close(fd);
		return code;
	}
	sampler->opened = mem_grow(sampler->opened, &sampler->opened_capacity,
		sampler->opened_count + 1, sizeof(*sampler->opened));
	opened = &sampler->opened[sampler->opened_count];
	*opened = (struct opened){.fd = fd, .perf_id = id, .event = event, .cpu = cpu};
	index_add(&sampler->by_perf_id, hash_u64(id), (uint32_t)sampler->opened_count++);
	return 0;
}

/*
 * Into the ring of the CPU: a new one for the first event there, the same for the others.  -ENOMEM:
 * it is more memory than may be locked (kernel.perf_event_mlock_kb).
 */
static int share_ring(struct sampler *sampler, int fd, size_t ring, size_t size)
{
	struct ring *shared = &sampler->set.rings[ring];
	int code;

	if (!shared->page) {
		code = ring_open(shared, fd, size);
		return code == -EPERM ? -ENOMEM : code;
	}
	return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, shared->fd) ? -errno : 0;
}

/* Opens an event on one CPU, of one thread or (tid -1) of all. */
static int open_one(struct sampler *sampler, struct perf_event_attr *attr, uint32_t event,
	size_t cpu, int tid, size_t ring, size_t size)
{
	int fd = perf_open(attr, tid, (int)sampler->cpus[cpu]), code;

	if (fd < 0)
		return fd;
	code = add_opened(sampler, fd, event, sampler->cpus[cpu]);
	if (code)
		return code;
	code = share_ring(sampler, fd, ring, size);
	if (!code && event != SIDEBAND && sampler->narrow)
		code = sampler_narrow_event(sampler, attr, fd);
	return code;
}

/* Opens an event on all CPUs, of all threads or of those of the processes asked for. */
static int open_everywhere(struct sampler *sampler, struct perf_event_attr *attr, uint32_t event,
	bool by_threads, size_t first_ring, size_t size)
{
	int code = 0;

	for (size_t cpu = 0; !by_threads && !code && cpu < sampler->cpu_count; cpu++)
		code = open_one(sampler, attr, event, cpu, -1, first_ring + cpu, size);
	attr->inherit = by_threads;
	for (size_t i = 0; by_threads && !code && i < sampler->pid_count; i++) {
		uint32_t *tids;
		int count = proc_threads(sampler->pids[i], &tids);

		code = count < 0 ? count : 0;
		for (int k = 0; !code && k < count; k++)
			for (size_t cpu = 0; !code && cpu < sampler->cpu_count; cpu++)
				code = open_one(sampler, attr, event, cpu, (int)tids[k],
					first_ring + cpu, size);
		free(tids);
	}
	return code;
}

static void close_from(struct sampler *sampler, size_t first)
{
	for (size_t i = first; i < sampler->opened_count; i++) {
		index_remove(
			&sampler->by_perf_id, hash_u64(sampler->opened[i].perf_id), (uint32_t)i);
		close(sampler->opened[i].fd);
	}
	sampler->opened_count = first;
}

/* --- the side-band --- */

static int open_sideband(struct sampler *sampler)
{
	size_t first = sampler->opened_count;
	int code = 0;

	/*
	 * Newer kernels tell more: build ids of what is mapped (5.12), cgroups (5.7), symbols of
	 * code the kernel makes (5.1).  An older one refuses what it does not know.
	 */
	for (int level = 0; level < 4; level++) {
		struct perf_event_attr attr;

		perf_attr_init(&attr);
		attr.type = PERF_TYPE_SOFTWARE;
		attr.config = PERF_COUNT_SW_DUMMY;
		attr.mmap = attr.mmap2 = attr.comm = attr.comm_exec = attr.task = 1;
		attr.build_id = sampler->build_ids = level < 1 && !build_ids_leak();
		/* Its ids are those of the perf_event hierarchy, as those of samples. */
		attr.cgroup = level < 2 && sampler->cgroups;
		attr.ksymbol = level < 3;
		attr.wakeup_watermark = SIDEBAND_RING / 2;
		code = open_everywhere(sampler, &attr, SIDEBAND, false, 0, SIDEBAND_RING);
		if ((code == -EACCES || code == -EPERM) && sampler->pid_count) {
			close_from(sampler, first);
			attr.exclude_kernel = 1;
			code = open_everywhere(sampler, &attr, SIDEBAND, true, 0, SIDEBAND_RING);
		}
		if (code != -EINVAL && code != -E2BIG)
			break;
		close_from(sampler, first);
	}
	if (code)
		close_from(sampler, first);
	return code;
}

/* --- events --- */

/* PERF_SAMPLE_CGROUP gives ids of the perf_event hierarchy: of use where that is cgroup v2. */
static bool cgroups_are_v2(void)
{
	struct buf text = {0};
	const char *line;
	unsigned hierarchy = 1;

	if (!fs_read("/proc/cgroups", &text, 65536, NULL) && text.data) {
		line = strstr(text.data, "\nperf_event");
		if (line)
			sscanf(line, "\nperf_event %u", &hierarchy);
	}
	buf_release(&text);
	return hierarchy == 0;
}

/* Where it cannot be read it is taken to be what kernels begin with. */
static uint64_t max_sample_rate(void)
{
	int64_t rate;

	if (fs_read_i64("/proc/sys/kernel/perf_event_max_sample_rate", &rate))
		return MAX_SAMPLE_RATE;
	return rate < 1 ? 1 : (uint64_t)rate;
}

/* Whether it is sampled every so many hits, however many those are a second. */
static bool hits_are_counted(const struct event_spec *spec)
{
	return spec->has_period || (spec->group == EVENT_TRACEPOINT && !spec->has_frequency);
}

static void sampler_event_attr(const struct sampler *sampler, struct sampled_event *event,
	const struct sampler_config *config, uint64_t most)
{
	struct event_spec *spec = &event->spec;
	struct perf_event_attr *attr = &spec->attr;
	bool stack = spec->has_stack ? spec->stack : config->stacks;

	attr->sample_type = PERF_SAMPLE_BASE;
	if (stack)
		attr->sample_type |= PERF_SAMPLE_CALLCHAIN;
	if (sampler->cgroups)
		attr->sample_type |= PERF_SAMPLE_CGROUP;
	if (hits_are_counted(spec)) {
		if (!spec->has_period)
			attr->sample_period = 1;
	} else {
		uint64_t wanted = spec->has_frequency ? attr->sample_freq : config->frequency;

		attr->freq = 1;
		attr->sample_freq = wanted > most ? most : wanted;
	}
	if (sampler->user_only)
		attr->exclude_kernel = attr->exclude_callchain_kernel = attr->exclude_hv = 1;
	event->sample_type = attr->sample_type;
}

static size_t ring_size(const struct sampler *sampler, const struct sampler_config *config)
{
	size_t size = RING_LEAST;

	if (config->ring_size)
		size = config->ring_size;
	else /* a second of samples with long chains */
		while (size < RING_MOST && size < config->frequency * 1024 * sampler->event_count)
			size *= 2;
	/* There is no telling how often an event hits that is not sampled by frequency. */
	for (size_t i = 0; !config->ring_size && i < sampler->event_count; i++)
		if (hits_are_counted(&sampler->events[i].spec) && size < RING_COUNTED)
			size = RING_COUNTED;
	while (size & (size - 1)) /* the kernel wants a power of two */
		size &= size - 1;
	return size < 4096 ? 4096 : size;
}

static int open_events_of(struct sampler *sampler, const struct sampler_config *config,
	uint64_t most, uint64_t read_format, size_t size)
{
	size_t first = sampler->opened_count;
	int code = 0;

	for (size_t i = 0; !code && i < sampler->event_count; i++) {
		struct sampled_event *event = &sampler->events[i];

		sampler_event_attr(sampler, event, config, most);
		event->spec.attr.wakeup_watermark = (uint32_t)(size / 2);
		event->spec.attr.read_format = read_format;
		code = open_everywhere(sampler, &event->spec.attr, (uint32_t)i, sampler->by_threads,
			sampler->sideband_rings, size);
	}
	if (code) { /* the rings were of these */
		for (size_t i = sampler->sideband_rings; i < sampler->set.count; i++)
			if (sampler->set.rings[i].page)
				ring_close(&sampler->set.rings[i]);
		close_from(sampler, first);
	}
	return code;
}

/* Who may not lock as much memory (a container without CAP_IPC_LOCK, say) gets smaller rings. */
static int open_events_with(struct sampler *sampler, const struct sampler_config *config,
	uint64_t most, uint64_t read_format)
{
	size_t size = ring_size(sampler, config);
	int code = open_events_of(sampler, config, most, read_format, size);

	while (code == -ENOMEM && !config->ring_size && size > RING_SMALLEST)
		code = open_events_of(sampler, config, most, read_format, size /= 2);
	return code;
}

/* Before Linux 6.0 losses at the very end of a ring cannot be asked for. */
static int open_events(struct sampler *sampler, const struct sampler_config *config, uint64_t most)
{
	int code = open_events_with(sampler, config, most, PERF_FORMAT_LOST);

	return code == -EINVAL ? open_events_with(sampler, config, most, 0) : code;
}

/* Opens, giving up what is refused one by one: the frequency, narrowing by BPF, the kernel. */
static int open_events_somehow(struct sampler *sampler, const struct sampler_config *config)
{
	uint64_t most = max_sample_rate();
	int code = open_events(sampler, config, most);

	/* A busy kernel lowers the limit by itself, also between reading and opening. */
	for (int i = 0; code == -EINVAL && i < 3; i++)
		code = open_events(sampler, config, most = max_sample_rate());
	if ((code == -EACCES || code == -EPERM) && sampler->pid_count && !sampler->by_threads) {
		sampler_forget_narrow(sampler, code);
		sampler->by_threads = true;
		code = open_events(sampler, config, most);
	}
	if ((code == -EACCES || code == -EPERM) && !sampler->user_only) {
		sampler->user_only = true;
		code = open_events(sampler, config, most);
	}
	sampler->frequency = config->frequency > most ? most : config->frequency;
	if (!code && sampler->frequency < config->frequency)
		snprintf(sampler->why, sizeof(sampler->why),
			"%llu Hz asked, %llu given: kernel.perf_event_max_sample_rate",
			(unsigned long long)config->frequency,
			(unsigned long long)sampler->frequency);
	else if (!code && sampler->user_only)
		snprintf(sampler->why, sizeof(sampler->why),
			"user space only: no right to sample the kernel");
	return code;
}

static int parse_events(
	struct sampler *sampler, const struct sampler_config *config, struct error *error)
{
	size_t count = config->event_count;

	sampler->events = mem_zalloc(count * sizeof(*sampler->events));
	sampler->event_count = count;
	for (size_t i = 0; i < count; i++) {
		int code = event_parse(config->events[i], &sampler->events[i].spec, error);

		if (code)
			return code;
	}
	return 0;
}

/* cycles where there is a PMU that samples them, else cpu-clock, and why. */
static int choose_event(struct sampler *sampler, struct error *error)
{
	struct sampled_event *event;
	int fd, code;

	sampler->events = mem_zalloc(sizeof(*sampler->events));
	sampler->event_count = 1;
	event = &sampler->events[0];
	code = event_parse("cycles", &event->spec, error);
	if (code)
		return code;
	event->spec.attr.freq = 1;
	event->spec.attr.sample_freq = 1;
	fd = perf_open(&event->spec.attr, sampler->by_threads ? 0 : -1,
		sampler->by_threads ? -1 : (int)sampler->cpus[0]);
	if (fd >= 0) {
		close(fd);
		event->spec.attr.sample_freq = 0;
		return 0;
	}
	code = event_parse("cpu-clock", &event->spec, error);
	if (fd == -ENOENT || fd == -EOPNOTSUPP || fd == -ENODEV || fd == -ENXIO)
		snprintf(event->why, sizeof(event->why), "no PMU");
	else
		snprintf(event->why, sizeof(event->why), "cycles: %s", strerror(-fd));
	return code;
}

static void record_events(struct sampler *sampler)
{
	sampler->names[0] = '\0';
	for (size_t i = 0; i < sampler->event_count; i++) {
		struct sampled_event *event = &sampler->events[i];
		const struct perf_event_attr *attr = &event->spec.attr;
		size_t used = strlen(sampler->names);

		event->id = ++sampler->next_event_id;
		snprintf(sampler->names + used, sizeof(sampler->names) - used, "%s%s",
			used ? ", " : "", event->spec.name);
		if (*event->why && !*sampler->why)
			snprintf(sampler->why, sizeof(sampler->why), "%s", event->why);
		recording_append(sampler->recording,
			&(struct record){.type = RECORD_EVENT,
				.sub = event->id,
				.time = clock_now(),
				.name = str_from(event->spec.name),
				.nums = (uint64_t[EVENT_NUMS]){[EVENT_TYPE] = attr->type,
					[EVENT_CONFIG] = attr->config,
					[EVENT_FREQUENCY] = attr->freq ? attr->sample_freq : 0,
					[EVENT_PERIOD] = attr->freq ? 0 : attr->sample_period,
					[EVENT_STACKS] = !!(
						attr->sample_type & PERF_SAMPLE_CALLCHAIN)},
				.texts = (struct str[EVENT_TEXTS]){
					[EVENT_UNIT] = str_from(event->spec.unit),
					[EVENT_WHY] = str_from(event->why)}});
	}
}

static int explain(const struct sampler *sampler, int code, struct error *error)
{
	struct buf why = {0};

	for (size_t i = 0; (code == -EACCES || code == -EPERM) && i < sampler->pid_count; i++)
		if (kill((pid_t)sampler->pids[i], 0) && errno == EPERM)
			return error_set(error, code,
				"cannot sample process %u, which is another user's: run as root, "
				"or give the program CAP_PERFMON",
				sampler->pids[i]);
	event_explain(&why, code, !sampler->pid_count);
	error_set(error, code, "cannot sample %s: %s",
		sampler->event_count ? sampler->events[0].spec.name : "", why.data);
	buf_release(&why);
	return code;
}

/* BPF narrows to a number that nobody has without a word. */
static int check_pids(const struct sampler_config *config, struct error *error)
{
	for (size_t i = 0; i < config->pid_count; i++)
		if (kill((pid_t)config->pids[i], 0) && errno == ESRCH)
			return error_set(error, -ESRCH, "there is no process %u", config->pids[i]);
	return 0;
}

int sampler_open(struct sampler *sampler, const struct sampler_config *config, struct error *error)
{
	int code = choose_cpus(sampler, config->cpus, error);

	code = code ? code : check_pids(config, error);
	if (code)
		return code;
	free(sampler->pids);
	sampler->pids = mem_dup(config->pids, config->pid_count * sizeof(*sampler->pids));
	sampler->pid_count = config->pid_count;
	for (size_t i = 0; i < sampler->pid_count; i++)
		sampler_follow(sampler, sampler->pids[i]);
	sampler->chosen = config->chosen;
	sampler->cgroups = cgroups_are_v2();
	sampler->why[0] = '\0';
	code = config->event_count ? parse_events(sampler, config, error)
				   : choose_event(sampler, error);
	if (code)
		return code;
	sampler_choose_narrowing(sampler);
	sampler->sideband_rings = sampler->cpu_count;
	sampler->set.count = 2 * sampler->cpu_count;
	sampler->set.rings = mem_zalloc(sampler->set.count * sizeof(*sampler->set.rings));
	sampler->set.heap = mem_zalloc(sampler->set.count * sizeof(*sampler->set.heap));
	code = open_sideband(sampler);
	if (!code)
		code = open_events_somehow(sampler, config);
	if (code)
		return explain(sampler, code, error);
	return 0;
}

void sampler_begin(struct sampler *sampler)
{
	record_events(sampler);
	for (size_t i = 0; i < sampler->opened_count; i++)
		ioctl(sampler->opened[i].fd, PERF_EVENT_IOC_ENABLE, 0);
}

/*
 * Losses that no record told of: the ring was full to the very end.  The kernel counts them by
 * event, but tells of those of a ring with the event that finds room again: they are compared by
 * ring.
 */
static void settle_losses(struct sampler *sampler)
{
	int64_t *untold = mem_zalloc(CPUS_MAX * sizeof(*untold));

	for (size_t i = 0; i < sampler->opened_count; i++) {
		const struct opened *opened = &sampler->opened[i];
		uint64_t values[2] = {0, 0}; /* the count, what was lost */

		if (opened->event != SIDEBAND &&
			sampler->events[opened->event].spec.attr.read_format &&
			read(opened->fd, values, sizeof(values)) == sizeof(values))
			untold[opened->cpu] += (int64_t)(values[1] - opened->lost);
	}
	for (size_t i = 0; i < sampler->cpu_count; i++)
		if (untold[sampler->cpus[i]] > 0)
			sampler_lose(sampler, LOST_SAMPLES, sampler->newest, sampler->cpus[i],
				(uint64_t)untold[sampler->cpus[i]], 0);
	free(untold);
}

void sampler_close(struct sampler *sampler)
{
	if (sampler->running)
		settle_losses(sampler);
	for (size_t i = 0; i < sampler->set.count; i++)
		if (sampler->set.rings[i].page)
			ring_close(&sampler->set.rings[i]);
	close_from(sampler, 0);
	free(sampler->set.rings);
	free(sampler->set.heap);
	sampler->set = (struct ring_set){0};
	free(sampler->events);
	sampler->events = NULL;
	sampler->event_count = 0;
	sampler_forget_narrow(sampler, 0);
	sampler->by_threads = sampler->user_only = false;
}
