/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of what containers use: by their cgroups, and where these do not tell, beside them. */
#include "view/fields.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/*
 * Whether the record of what a cgroup used is that of a container's own cgroup: what is below it is
 * counted in it.
 */
static bool is_own(struct extract *x, uint32_t row)
{
	const uint32_t *threads = rows_index(x->rows, CHUNK_THREAD);
	const struct chunk_cgroup *cgroup = threads ? field_cgroup(x, threads[row]) : NULL;
	const struct container *c = cgroup ? cgroups_container(&x->model->cgroups,
						     cgroup->hierarchy, cgroup->id)
					   : NULL;

	return c && c->cgroup == cgroup->id && c->hierarchy == cgroup->hierarchy;
}

static bool is_beside(struct extract *x, uint32_t row)
{
	const uint32_t *entries = rows_index(x->rows, CHUNK_KIND);
	uint32_t count;
	const struct chunk_kind *kinds = rows_kinds(x->rows, &count);

	return entries && kinds && kinds[entries[row]].type == RECORD_CONTAINER_USAGE;
}

static uint64_t beside_at(struct extract *x, uint32_t row, enum container_usage_num num)
{
	const uint64_t *numbers = rows_num(x->rows, RECORD_CONTAINER_USAGE, num);

	return numbers ? numbers[row] : 0;
}

/* What its cgroup tells, or where that does not, what its processes used together. */
static struct value cgroup_or_sum(struct extract *x, uint32_t row,
	struct value (*of_cgroup)(struct extract *x, uint32_t row), enum container_usage_told told,
	enum container_usage_num num)
{
	if (!is_beside(x, row))
		return is_own(x, row) ? of_cgroup(x, row) : value_none();
	return beside_at(x, row, CONTAINER_USAGE_TOLD) & told
		       ? value_unsigned(beside_at(x, row, num))
		       : value_none();
}

static struct value part_of_time(struct extract *x, uint32_t row, uint64_t ns)
{
	const uint64_t *durations = rows_value(x->rows, CHUNK_DURATION);

	if (!durations || !durations[row] ||
		!(beside_at(x, row, CONTAINER_USAGE_TOLD) & CONTAINER_TOLD_CPU))
		return value_none();
	return value_real(100 * (double)ns / (double)durations[row]);
}

static struct value get_container_cpu(struct extract *x, uint32_t row)
{
	if (is_beside(x, row))
		return part_of_time(x, row,
			beside_at(x, row, CONTAINER_USAGE_USER) +
				beside_at(x, row, CONTAINER_USAGE_SYSTEM));
	return is_own(x, row) ? field_cgroup_cpu(x, row) : value_none();
}

static struct value get_container_cpu_user(struct extract *x, uint32_t row)
{
	if (is_beside(x, row))
		return part_of_time(x, row, beside_at(x, row, CONTAINER_USAGE_USER));
	return is_own(x, row) ? field_cgroup_cpu_user(x, row) : value_none();
}

static struct value get_container_cpu_system(struct extract *x, uint32_t row)
{
	if (is_beside(x, row))
		return part_of_time(x, row, beside_at(x, row, CONTAINER_USAGE_SYSTEM));
	return is_own(x, row) ? field_cgroup_cpu_system(x, row) : value_none();
}

static struct value get_container_cpu_throttled(struct extract *x, uint32_t row)
{
	return is_own(x, row) ? field_cgroup_throttled(x, row) : value_none();
}

static struct value get_container_cpu_limit(struct extract *x, uint32_t row)
{
	return is_own(x, row) ? field_cgroup_cpu_limit(x, row) : value_none();
}

static struct value get_container_memory(struct extract *x, uint32_t row)
{
	return cgroup_or_sum(
		x, row, field_cgroup_memory, CONTAINER_TOLD_MEMORY, CONTAINER_USAGE_MEMORY);
}

static struct value get_container_memory_limit(struct extract *x, uint32_t row)
{
	return is_own(x, row) ? field_cgroup_memory_limit(x, row) : value_none();
}

static struct value get_container_memory_percent(struct extract *x, uint32_t row)
{
	struct value memory = is_own(x, row) ? field_cgroup_memory(x, row) : value_none();
	struct value limit = field_cgroup_memory_limit(x, row);

	if (memory.type == VALUE_NONE || limit.type == VALUE_NONE)
		return value_none();
	return value_real(100 * value_number(memory) / value_number(limit));
}

/* A cgroup of version 1 does not know the most of it. */
static struct value all_read(struct extract *x, uint32_t row)
{
	return field_cgroup_io_is_partly(x, row) ? value_none() : field_cgroup_io_read(x, row);
}

static struct value all_written(struct extract *x, uint32_t row)
{
	return field_cgroup_io_is_partly(x, row) ? value_none() : field_cgroup_io_written(x, row);
}

static struct value get_container_io_read(struct extract *x, uint32_t row)
{
	return cgroup_or_sum(x, row, all_read, CONTAINER_TOLD_IO, CONTAINER_USAGE_READ);
}

static struct value get_container_io_written(struct extract *x, uint32_t row)
{
	return cgroup_or_sum(x, row, all_written, CONTAINER_TOLD_IO, CONTAINER_USAGE_WRITTEN);
}

static struct value get_container_pids(struct extract *x, uint32_t row)
{
	return cgroup_or_sum(x, row, field_cgroup_pids, CONTAINER_TOLD_PIDS, CONTAINER_USAGE_PIDS);
}

static struct value get_container_pids_limit(struct extract *x, uint32_t row)
{
	return is_own(x, row) ? field_cgroup_pids_limit(x, row) : value_none();
}

static struct value get_container_psi_cpu(struct extract *x, uint32_t row)
{
	return is_own(x, row) ? field_cgroup_psi_cpu(x, row) : value_none();
}

static struct value get_container_psi_memory(struct extract *x, uint32_t row)
{
	return is_own(x, row) ? field_cgroup_psi_memory(x, row) : value_none();
}

static struct value get_container_psi_io(struct extract *x, uint32_t row)
{
	return is_own(x, row) ? field_cgroup_psi_io(x, row) : value_none();
}

static struct value get_container_oom_kills(struct extract *x, uint32_t row)
{
	return is_own(x, row) ? field_cgroup_oom_kills(x, row) : value_none();
}

/* Of its network namespace, unless that is the machine's. */
static struct value network_at(struct extract *x, uint32_t row, enum container_usage_num num)
{
	return beside_at(x, row, CONTAINER_USAGE_NETNS) ? value_unsigned(beside_at(x, row, num))
							: value_none();
}

static struct value get_netns(struct extract *x, uint32_t row)
{
	return network_at(x, row, CONTAINER_USAGE_NETNS);
}

static struct value get_received(struct extract *x, uint32_t row)
{
	return network_at(x, row, CONTAINER_USAGE_RECEIVED);
}

static struct value get_sent(struct extract *x, uint32_t row)
{
	return network_at(x, row, CONTAINER_USAGE_SENT);
}

static struct value get_received_packets(struct extract *x, uint32_t row)
{
	return network_at(x, row, CONTAINER_USAGE_RECEIVED_PACKETS);
}

static struct value get_sent_packets(struct extract *x, uint32_t row)
{
	return network_at(x, row, CONTAINER_USAGE_SENT_PACKETS);
}

static struct value get_net_errors(struct extract *x, uint32_t row)
{
	return network_at(x, row, CONTAINER_USAGE_ERRORS);
}

static struct value get_net_dropped(struct extract *x, uint32_t row)
{
	return network_at(x, row, CONTAINER_USAGE_DROPPED);
}

/* Containers of a pod share a namespace: only one of them counts. */
static struct value get_pod_received(struct extract *x, uint32_t row)
{
	return beside_at(x, row, CONTAINER_USAGE_COUNTS) ? get_received(x, row) : value_none();
}

static struct value get_pod_sent(struct extract *x, uint32_t row)
{
	return beside_at(x, row, CONTAINER_USAGE_COUNTS) ? get_sent(x, row) : value_none();
}

#define USAGE FIELD_TYPE(RECORD_CGROUP_USAGE)
#define BESIDE FIELD_TYPE(RECORD_CONTAINER_USAGE)

static const struct field usage_fields[] = {
	{.name = "container.cpu",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE | BESIDE,
		.title = "CPU%",
		.width = 7,
		.help = "time on CPUs, of one CPU",
		.get = get_container_cpu},
	{.name = "container.cpu_user",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE | BESIDE,
		.title = "USER%",
		.width = 7,
		.help = "time on CPUs outside of the kernel",
		.get = get_container_cpu_user},
	{.name = "container.cpu_system",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE | BESIDE,
		.title = "SYS%",
		.width = 7,
		.help = "time on CPUs in the kernel",
		.get = get_container_cpu_system},
	{.name = "container.cpu_throttled",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "THR%",
		.width = 7,
		.help = "part of the periods of its CPU limit in which it was held back",
		.get = get_container_cpu_throttled},
	{.name = "container.cpu_limit",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "CPULIM",
		.width = 7,
		.help = "CPU time it may use, of one CPU; the smallest limit of those above it",
		.get = get_container_cpu_limit},
	{.name = "container.memory",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE | BESIDE,
		.title = "MEM",
		.width = 6,
		.help = "memory it uses, without inactive file pages; where no cgroup tells, "
			"what its processes have resident",
		.get = get_container_memory},
	{.name = "container.memory_percent",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "MEM%",
		.width = 7,
		.help = "memory it uses, of its limit",
		.get = get_container_memory_percent},
	{.name = "container.memory_limit",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "LIMIT",
		.width = 6,
		.help = "memory it may use; the smallest limit of those above it",
		.get = get_container_memory_limit},
	{.name = "container.io_read",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE | BESIDE,
		.title = "READ/s",
		.width = 7,
		.help = "bytes read from devices; with cgroups of version 1, by its processes",
		.get = get_container_io_read},
	{.name = "container.io_written",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = USAGE | BESIDE,
		.title = "WRITE/s",
		.width = 7,
		.help = "bytes written to devices; with cgroups of version 1, by its processes to "
			"files, which are written back later",
		.get = get_container_io_written},
	{.name = "container.pids",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = USAGE | BESIDE,
		.title = "PIDS",
		.width = 5,
		.help = "threads in it, as its limit counts them",
		.get = get_container_pids},
	{.name = "container.pids_limit",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "PIDMAX",
		.width = 6,
		.help = "threads that may be in it; the smallest limit of those above it",
		.get = get_container_pids_limit},
	{.name = "container.psi_cpu",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "PSI-C",
		.width = 7,
		.help = "time in which some of its threads waited for a CPU",
		.get = get_container_psi_cpu},
	{.name = "container.psi_memory",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "PSI-M",
		.width = 7,
		.help = "time in which some of its threads waited for memory",
		.get = get_container_psi_memory},
	{.name = "container.psi_io",
		.type = VALUE_REAL,
		.unit = UNIT_PERCENT,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "PSI-IO",
		.width = 7,
		.help = "time in which some of its threads waited for a device",
		.get = get_container_psi_io},
	{.name = "container.oom_kills",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = USAGE,
		.title = "OOM",
		.width = 5,
		.help = "processes killed for want of memory",
		.get = get_container_oom_kills},
	{.name = "container.netns",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_ROW,
		.types = BESIDE,
		.title = "NETNS",
		.width = 10,
		.help = "its network namespace, where it is not the machine's",
		.get = get_netns},
	{.name = "container.net_received",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = BESIDE,
		.title = "RECV/s",
		.width = 7,
		.help = "bytes that its network namespace received; that of a pod is shared",
		.get = get_received},
	{.name = "container.net_sent",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = BESIDE,
		.title = "SENT/s",
		.width = 7,
		.help = "bytes that its network namespace sent; that of a pod is shared",
		.get = get_sent},
	{.name = "container.net_received_packets",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = BESIDE,
		.title = "RPKT/s",
		.width = 7,
		.help = "packets that its network namespace received",
		.get = get_received_packets},
	{.name = "container.net_sent_packets",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = BESIDE,
		.title = "SPKT/s",
		.width = 7,
		.help = "packets that its network namespace sent",
		.get = get_sent_packets},
	{.name = "container.net_errors",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = BESIDE,
		.title = "NETERR",
		.width = 6,
		.help = "packets that its network namespace received or sent with errors",
		.get = get_net_errors},
	{.name = "container.net_dropped",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = BESIDE,
		.title = "DROP",
		.width = 6,
		.help = "packets that its network namespace dropped",
		.get = get_net_dropped},
	{.name = "k8s.pod.net_received",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = BESIDE,
		.title = "RECV/s",
		.width = 7,
		.help = "bytes that the pod's network namespace received, counted once",
		.get = get_pod_received},
	{.name = "k8s.pod.net_sent",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_BYTES,
		.domain = DOMAIN_ROW,
		.types = BESIDE,
		.title = "SENT/s",
		.width = 7,
		.help = "bytes that the pod's network namespace sent, counted once",
		.get = get_pod_sent},
};

const struct field_class fields_container_usage = {
	"container", "what the container uses", usage_fields, COUNT(usage_fields)};
