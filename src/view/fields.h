/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The field tables there are; field.c lists them. */
#ifndef VIEW_FIELDS_H
#define VIEW_FIELDS_H

#include "view/field.h"

/* The first thread of the process of an entry of DOMAIN_THREAD as the model has it; NULL. */
const struct task *field_process(struct extract *x, uint32_t entry);

/* The cgroup of an entry of DOMAIN_THREAD; NULL: not told. */
const struct chunk_cgroup *field_cgroup(struct extract *x, uint32_t entry);

/* What a cgroup used, from a CGROUP_USAGE row; containers have the same of their own cgroup. */
struct value field_cgroup_cpu(struct extract *x, uint32_t row);
struct value field_cgroup_cpu_user(struct extract *x, uint32_t row);
struct value field_cgroup_cpu_system(struct extract *x, uint32_t row);
struct value field_cgroup_throttled(struct extract *x, uint32_t row);
struct value field_cgroup_cpu_limit(struct extract *x, uint32_t row);
struct value field_cgroup_memory(struct extract *x, uint32_t row);
struct value field_cgroup_memory_limit(struct extract *x, uint32_t row);
struct value field_cgroup_io_read(struct extract *x, uint32_t row);
struct value field_cgroup_io_written(struct extract *x, uint32_t row);
bool field_cgroup_io_is_partly(struct extract *x, uint32_t row);
struct value field_cgroup_pids(struct extract *x, uint32_t row);
struct value field_cgroup_pids_limit(struct extract *x, uint32_t row);
struct value field_cgroup_psi_cpu(struct extract *x, uint32_t row);
struct value field_cgroup_psi_memory(struct extract *x, uint32_t row);
struct value field_cgroup_psi_io(struct extract *x, uint32_t row);
struct value field_cgroup_oom_kills(struct extract *x, uint32_t row);

extern const struct field_class fields_evt, fields_sample, fields_symbol, fields_dso, fields_stack,
	fields_proc, fields_thread, fields_user, fields_container, fields_container_usage,
	fields_k8s, fields_cgroup, fields_detail, fields_host;

#endif
