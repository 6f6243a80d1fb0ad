/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few fields of kernel structures that our BPF programs read.  libbpf finds them in the running
 * kernel by name (CO-RE), so order and other fields do not matter, and no generated header of three
 * megabytes is needed.
 */
#ifndef BPF_KERNEL_TYPES_H
#define BPF_KERNEL_TYPES_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
};

struct task_struct {
	int pid;
	int tgid;
	struct signal_struct *signal;
};

#pragma clang attribute pop

#endif
