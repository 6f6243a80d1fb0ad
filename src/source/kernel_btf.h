/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's types that our BPF programs look into, apart from the 126,000 others it tells of.
 *
 * libbpf reads all of them for each object anew, and compares each structure that a program names
 * with all that the kernel has: half of what starting took.  So those in bpf/kernel_types.h are
 * picked out once.
 */
#ifndef SOURCE_KERNEL_BTF_H
#define SOURCE_KERNEL_BTF_H

/*
 * The name of a file to open objects with (bpf_object_open_opts.btf_custom_path); NULL where it
 * cannot be made: libbpf goes through all types then.  Any thread may ask; it is made once and
 * stays.
 *
 * From then on programs of iterators over tasks are loaded by the number that was found for them,
 * so that no object needs all types; they are attached by bpf_link_create(), not by libbpf.
 */
const char *kernel_btf_path(void);

struct btf;

/* These types, or all where they cannot be had apart; the caller's to free. */
struct btf *kernel_btf_load(void);

#endif
