/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/kernel_btf.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "source/btf_file.h"

/* The names of bpf/kernel_types.h, in order; one that is missing keeps programs from loading. */
static const char *const wanted[] = {"atomic64_t", "atomic_t", "bpf_array", "bpf_iter__task",
	"bpf_iter_meta", "cgroup", "cgroup_root", "cgroup_subsys_id", "cgroup_subsys_state", "cred",
	"css_set", "kernfs_node", "kuid_t", "mm_rss_stat", "mm_struct", "mnt_namespace",
	"ns_common", "nsproxy", "percpu_counter", "pid", "pid_namespace", "sched_entity",
	"signal_struct", "task_io_accounting", "task_struct", "upid"};

#define WANTED (sizeof(wanted) / sizeof(*wanted))
#define DEPTH 32 /* of structures in one another */

struct picking {
	const struct btf_file *from;
	struct btf *to;
	int *made; /* by number in from: its number in to, 0: not made yet */
	bool failed;
};

static int compare_names(const void *name, const void *entry)
{
	return strcmp(name, *(const char *const *)entry);
}

static bool is_wanted(const struct btf_file *from, const struct btf_type *type)
{
	if (!btf_is_composite(type) && !btf_is_typedef(type) && !btf_is_enum(type))
		return false;
	return bsearch(btf_file_name(from, type->name_off), wanted, WANTED, sizeof(*wanted),
		compare_names);
}

static int pick(struct picking *picking, uint32_t id, int depth);

static int pick_fields(struct picking *picking, const struct btf_type *type, int depth)
{
	const struct btf_member *members = btf_members(type);
	const char *name = btf_file_name(picking->from, type->name_off);
	uint16_t count = btf_vlen(type);
	int *types = mem_alloc((count + 1u) * sizeof(*types)), made;

	/* A structure is finished before the next is begun. */
	for (uint16_t i = 0; i < count; i++)
		types[i] = pick(picking, members[i].type, depth + 1);
	made = btf_is_struct(type) ? btf__add_struct(picking->to, name, type->size)
				   : btf__add_union(picking->to, name, type->size);
	for (uint16_t i = 0; i < count; i++)
		if (btf__add_field(picking->to, btf_file_name(picking->from, members[i].name_off),
			    types[i], btf_member_bit_offset(type, i),
			    btf_member_bitfield_size(type, i)))
			picking->failed = true;
	free(types);
	return made;
}

static int pick_enum(struct picking *picking, const struct btf_type *type)
{
	int made = btf__add_enum(
		picking->to, btf_file_name(picking->from, type->name_off), type->size);

	for (uint16_t i = 0; i < btf_vlen(type); i++)
		if (btf__add_enum_value(picking->to,
			    btf_file_name(picking->from, btf_enum(type)[i].name_off),
			    btf_enum(type)[i].val))
			picking->failed = true;
	return made;
}

static int make(struct picking *picking, const struct btf_type *type, int depth)
{
	const char *name = btf_file_name(picking->from, type->name_off);
	struct btf *to = picking->to;

	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		return btf__add_int(to, name, type->size, btf_int_encoding(type));
	case BTF_KIND_FLOAT:
		return btf__add_float(to, name, type->size);
	case BTF_KIND_ENUM:
		return pick_enum(picking, type);
	case BTF_KIND_ENUM64:
		return btf__add_enum64(to, name, type->size, false);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return pick_fields(picking, type, depth);
	case BTF_KIND_ARRAY:
		return btf__add_array(to, pick(picking, btf_array(type)->index_type, depth + 1),
			pick(picking, btf_array(type)->type, depth + 1), btf_array(type)->nelems);
	case BTF_KIND_TYPEDEF:
		return btf__add_typedef(to, name, pick(picking, type->type, depth + 1));
	default: /* a pointer: where it leads is its own matter */
		return btf__add_ptr(to, 0);
	}
}

/* The number of a type in what is made. */
static int pick(struct picking *picking, uint32_t id, int depth)
{
	const struct btf_type *type;

	while ((type = btf_file_type(picking->from, id)) &&
		(btf_is_mod(type) || btf_is_type_tag(type)))
		id = type->type;
	if (!id || !type)
		return 0;
	if (depth > DEPTH) {
		picking->failed = true;
		return 0;
	}
	if (!picking->made[id])
		picking->made[id] = make(picking, type, depth);
	if (picking->made[id] < 0)
		picking->failed = true;
	return picking->made[id];
}

/*
 * Picks what is wanted out of all there is, and finds the function that iterators over tasks are
 * attached to: its number, or 0.
 */
static uint32_t pick_all(struct picking *picking)
{
	uint32_t iterator = 0;

	picking->made = mem_zalloc(picking->from->count * sizeof(*picking->made));
	for (uint32_t id = 1; id < picking->from->count && !picking->failed; id++) {
		const struct btf_type *type = btf_file_type(picking->from, id);

		if (is_wanted(picking->from, type))
			pick(picking, id, 0);
		else if (btf_is_func(type) &&
			 !strcmp(btf_file_name(picking->from, type->name_off), "bpf_iter_task"))
			iterator = id;
	}
	free(picking->made);
	return iterator;
}

static bool write_whole(int fd, const struct btf *btf)
{
	uint32_t size;
	const void *data = btf__raw_data(btf, &size);

	return data && write(fd, data, size) == (ssize_t)size;
}

/* --- iterators --- */

static int prepare_iterator(
	struct bpf_program *program, struct bpf_prog_load_opts *options, long id)
{
	options->attach_btf_id = (uint32_t)id;
	/* Only now: libbpf reads all types for an object that has a program of this type. */
	return bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
}

static void load_iterators_by_number(uint32_t id)
{
	const struct libbpf_prog_handler_opts options = {.sz = sizeof(options),
		.cookie = (long)id,
		.prog_prepare_load_fn = prepare_iterator};

	/* Where it is refused, libbpf goes its own way. */
	(void)libbpf_register_prog_handler(
		"iter/task", BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_TRACE_ITER, &options);
}

/* --- once --- */

static char path[32];

static void make_path(void)
{
	struct btf_file from;
	struct picking picking = {.from = &from, .to = btf__new_empty()};
	uint32_t iterator = 0;
	int fd = -1;

	if (picking.to && btf_file_open(&from, "/sys/kernel/btf/vmlinux")) {
		iterator = pick_all(&picking);
		btf_file_close(&from);
		fd = picking.failed ? -1 : memfd_create("tracetop-btf", MFD_CLOEXEC);
	}
	if (fd >= 0 && write_whole(fd, picking.to))
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	else if (fd >= 0)
		close(fd);
	if (*path && iterator)
		load_iterators_by_number(iterator);
	btf__free(picking.to);
}

const char *kernel_btf_path(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_path);
	return *path ? path : NULL;
}

struct btf *kernel_btf_load(void)
{
	const char *small = kernel_btf_path();

	return small ? btf__parse(small, NULL) : btf__load_vmlinux_btf();
}
