/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/btf_file.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define SIZE_LIMIT (64u << 20)

/* Bytes behind the fixed part of a type; -1: a kind that is not known. */
static int64_t size_behind(const struct btf_type *type)
{
	int64_t count = btf_vlen(type);

	switch (btf_kind(type)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
		return sizeof(uint32_t);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DECL_TAG:
		return sizeof(struct btf_decl_tag);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_ENUM:
		return count * (int64_t)sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return count * (int64_t)sizeof(struct btf_enum64);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return count * (int64_t)sizeof(struct btf_member);
	case BTF_KIND_FUNC_PROTO:
		return count * (int64_t)sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return count * (int64_t)sizeof(struct btf_var_secinfo);
	default:
		return -1;
	}
}

/* Where each type is: they are of different sizes, and are named by number. */
static bool find_starts(struct btf_file *file, uint32_t size)
{
	size_t capacity = 0;
	uint32_t at = 0;

	file->starts = mem_grow(NULL, &capacity, size / 32 + 1, sizeof(*file->starts));
	file->starts[0] = 0;
	for (file->count = 1; at < size; file->count++) {
		const struct btf_type *type = (const struct btf_type *)(file->types + at);
		int64_t more = size - at < sizeof(*type) ? -1 : size_behind(type);

		if (more < 0 || more > (int64_t)(size - at - sizeof(*type)))
			return false;
		if (file->count >= capacity)
			file->starts = mem_grow(
				file->starts, &capacity, file->count + 1, sizeof(*file->starts));
		file->starts[file->count] = at;
		at += (uint32_t)(sizeof(*type) + (size_t)more);
	}
	return true;
}

static bool parse(struct btf_file *file)
{
	const struct btf_header *header = file->data;
	uint64_t types, strings;

	if (file->size < sizeof(*header) || header->magic != BTF_MAGIC ||
		header->version != BTF_VERSION)
		return false;
	types = (uint64_t)header->hdr_len + header->type_off;
	strings = (uint64_t)header->hdr_len + header->str_off;
	if (types % 4 || types + header->type_len > file->size ||
		strings + header->str_len > file->size || !header->str_len)
		return false;
	file->types = (const char *)file->data + types;
	file->strings = (const char *)file->data + strings;
	file->strings_size = header->str_len;
	return !file->strings[header->str_len - 1] && find_starts(file, header->type_len);
}

static bool read_whole(int fd, char *to, size_t size)
{
	size_t have = 0;
	ssize_t got;

	while (have < size) {
		got = read(fd, to + have, size - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		have += (size_t)got;
	}
	return true;
}

bool btf_file_open(struct btf_file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool good = false;

	*file = (struct btf_file){0};
	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0 && st.st_size <= SIZE_LIMIT) {
		file->size = (size_t)st.st_size;
		/* The kernel's own can be mapped since Linux 6.16. */
		file->data = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
		file->is_mapped = file->data != MAP_FAILED;
		if (!file->is_mapped)
			file->data = mem_alloc(file->size);
		good = (file->is_mapped || read_whole(fd, file->data, file->size)) && parse(file);
	}
	if (fd >= 0)
		close(fd);
	if (!good)
		btf_file_close(file);
	return good;
}

void btf_file_close(struct btf_file *file)
{
	free(file->starts);
	if (file->is_mapped)
		munmap(file->data, file->size);
	else
		free(file->data);
	*file = (struct btf_file){0};
}

const struct btf_type *btf_file_type(const struct btf_file *file, uint32_t id)
{
	if (!id || id >= file->count)
		return NULL;
	return (const struct btf_type *)(file->types + file->starts[id]);
}

const char *btf_file_name(const struct btf_file *file, uint32_t offset)
{
	return offset < file->strings_size ? file->strings + offset : "";
}
