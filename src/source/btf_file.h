/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of the kernel's types (BTF: Documentation/bpf/btf.rst of the kernel), to look things up
 * in.  libbpf copies all of it before the first look, twice, and that is the most of what it takes
 * to find a few of 126,000.
 */
#ifndef SOURCE_BTF_FILE_H
#define SOURCE_BTF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf_type;

struct btf_file {
	uint32_t count; /* of types; 0 is void */
	/* Its own: */
	const char *types, *strings;
	uint32_t *starts; /* of types, by number */
	uint32_t strings_size;
	void *data;
	size_t size;
	bool is_mapped;
};

/* false: there is none, or it is none; nothing is left open. */
bool btf_file_open(struct btf_file *file, const char *path);
void btf_file_close(struct btf_file *file);

/* NULL: there is no such type; of 0, too. */
const struct btf_type *btf_file_type(const struct btf_file *file, uint32_t id);
/* "" where there is none. */
const char *btf_file_name(const struct btf_file *file, uint32_t offset);

#endif
