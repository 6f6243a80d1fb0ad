/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/elf.h"

#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What is read of a file at most; a table beyond it is a broken or a hostile one. */
#define SYMBOLS_MAX (8u << 20)
#define NAME_MAX_BYTES RESOLVE_NAME

void elf_symbols_release(struct elf_symbols *symbols)
{
	name_table_release(&symbols->table);
	free(symbols->segments);
	free(symbols->sections);
	*symbols = (struct elf_symbols){0};
}

static void read_segments(struct elf_symbols *symbols, Elf *elf)
{
	size_t count = 0;

	elf_getphdrnum(elf, &count);
	for (size_t i = 0; i < count && i < 65536; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD)
			continue;
		symbols->segments = mem_grow(symbols->segments, &symbols->segment_capacity,
			symbols->segment_count + 1, sizeof(*symbols->segments));
		symbols->segments[symbols->segment_count++] = (struct elf_segment){
			header.p_offset, header.p_vaddr, header.p_filesz, header.p_flags & PF_X};
	}
}

/* A note of type NT_GNU_BUILD_ID and name "GNU" (elf(5)). */
static bool take_build_id(struct elf_symbols *symbols, Elf_Data *data)
{
	size_t at = 0, next, name, content;
	GElf_Nhdr note;

	while (data && (next = gelf_getnote(data, at, &note, &name, &content)) > 0) {
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
			!memcmp((char *)data->d_buf + name, "GNU", 4) && note.n_descsz) {
			symbols->build_id_size = note.n_descsz < RESOLVE_BUILD_ID
							 ? note.n_descsz
							 : RESOLVE_BUILD_ID;
			memcpy(symbols->build_id, (char *)data->d_buf + content,
				symbols->build_id_size);
			return true;
		}
		at = next;
	}
	return false;
}

static void read_build_id(struct elf_symbols *symbols, Elf *elf)
{
	size_t count = 0;
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	/* As the kernel does: by the segments, which also stripped files have. */
	elf_getphdrnum(elf, &count);
	for (size_t i = 0; i < count && i < 65536; i++) {
		GElf_Phdr segment;

		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_NOTE &&
			segment.p_filesz < (1 << 20) &&
			take_build_id(symbols, elf_getdata_rawchunk(elf, (int64_t)segment.p_offset,
						       segment.p_filesz, ELF_T_NHDR)))
			return;
	}
	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE &&
			take_build_id(symbols, elf_getdata(section, NULL)))
			return;
}

static void read_sections(struct elf_symbols *symbols, Elf *elf)
{
	Elf_Scn *section = NULL;
	size_t strings = 0;

	if (elf_getshdrstrndx(elf, &strings))
		return;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR) ||
			!header.sh_size)
			continue;
		name = elf_strptr(elf, strings, header.sh_name);
		name = name ? name : "";
		symbols->sections = mem_grow(symbols->sections, &symbols->section_capacity,
			symbols->section_count + 1, sizeof(*symbols->sections));
		symbols->sections[symbols->section_count++] = (struct elf_section){header.sh_addr,
			header.sh_addr + header.sh_size,
			name_table_text(
				&symbols->table, (struct str){name, strnlen(name, NAME_MAX_BYTES)}),
			!strncmp(name, ".plt", 4)};
	}
}

static bool is_code(const struct elf_symbols *symbols, uint64_t address)
{
	for (size_t i = 0; i < symbols->section_count; i++)
		if (address >= symbols->sections[i].start && address < symbols->sections[i].end)
			return true;
	return false;
}

/*
 * Functions are taken; labels without a type too where they lie in code (assembler functions are
 * often not marked), but not the marks that tell code from data on arm64 ($x, $d) nor local ones.
 */
static bool is_wanted(const struct elf_symbols *symbols, const GElf_Sym *symbol, const char *name)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);

	if (symbol->st_shndx == SHN_UNDEF || !*name)
		return false;
	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		return true;
	return type == STT_NOTYPE && symbol->st_shndx < SHN_LORESERVE && name[0] != '$' &&
	       strncmp(name, ".L", 2) && is_code(symbols, symbol->st_value);
}

static uint8_t symbol_rank(const GElf_Sym *symbol)
{
	unsigned bind = GELF_ST_BIND(symbol->st_info);
	uint8_t rank = symbol->st_size ? 8 : 0;

	if (GELF_ST_TYPE(symbol->st_info) != STT_NOTYPE)
		rank |= 4;
	if (bind != STB_WEAK)
		rank |= 2;
	return bind == STB_GLOBAL || bind == STB_GNU_UNIQUE ? rank | 1 : rank;
}

static void read_symbol_table(
	struct elf_symbols *symbols, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;

	for (size_t i = 1; data && i < count && i < SYMBOLS_MAX; i++) {
		GElf_Sym symbol;
		const char *name;

		if (!gelf_getsym(data, (int)i, &symbol))
			break;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (!name || !is_wanted(symbols, &symbol, name))
			continue;
		name_table_add(&symbols->table,
			(struct name_entry){.start = symbol.st_value,
				.end = symbol.st_value + symbol.st_size,
				.name = name_table_text(&symbols->table,
					(struct str){name, strnlen(name, NAME_MAX_BYTES)}),
				.rank = symbol_rank(&symbol)});
		symbols->has_symbols |= header->sh_type == SHT_SYMTAB;
	}
}

static void read_symbol_tables(struct elf_symbols *symbols, Elf *elf, GElf_Word type)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == type)
			read_symbol_table(symbols, elf, section, &header);
}

/* Where code ends, so does what has no size. */
static void add_borders(struct elf_symbols *symbols)
{
	for (size_t i = 0; i < symbols->section_count; i++)
		name_table_add(
			&symbols->table, (struct name_entry){.start = symbols->sections[i].end,
						 .end = symbols->sections[i].end});
}

const char *elf_symbols_read(struct elf_symbols *symbols, int fd)
{
	GElf_Ehdr header;
	Elf *elf;

	*symbols = (struct elf_symbols){0};
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header)) {
		elf_end(elf);
		return "not an ELF file";
	}
	name_table_init(&symbols->table);
	read_segments(symbols, elf);
	read_build_id(symbols, elf);
	read_sections(symbols, elf);
	read_symbol_tables(symbols, elf, SHT_SYMTAB);
	read_symbol_tables(symbols, elf, SHT_DYNSYM);
	elf_end(elf);
	if (!symbols->segment_count) {
		elf_symbols_release(symbols);
		return "an ELF file without segments";
	}
	add_borders(symbols);
	name_table_sort(&symbols->table);
	return NULL;
}

/* The segment with the offset; the executable one where two share a page of the file. */
static const struct elf_segment *find_segment(const struct elf_symbols *symbols, uint64_t offset)
{
	const struct elf_segment *found = NULL;

	for (size_t i = 0; i < symbols->segment_count; i++) {
		const struct elf_segment *segment = &symbols->segments[i];

		if (offset >= segment->offset && offset - segment->offset < segment->size &&
			(!found || segment->executable))
			found = segment;
	}
	return found;
}

static const struct elf_section *find_section(const struct elf_symbols *symbols, uint64_t address)
{
	for (size_t i = 0; i < symbols->section_count; i++)
		if (address >= symbols->sections[i].start && address < symbols->sections[i].end)
			return &symbols->sections[i];
	return NULL;
}

bool elf_symbols_find(const struct elf_symbols *symbols, uint64_t offset, const char **name,
	uint64_t *start, uint64_t *end)
{
	const struct elf_segment *segment = find_segment(symbols, offset);
	const struct elf_section *section;
	const struct name_entry *entry;
	uint64_t address;

	if (!segment)
		return false;
	address = offset - segment->offset + segment->address;
	entry = name_table_find(&symbols->table, address, start, end);
	section = find_section(symbols, address);
	*name = entry ? symbols->table.names.data + entry->name : "";
	if (section && section->start > *start && section->start <= address)
		*start = section->start;
	if (section && section->end < *end)
		*end = section->end;
	if (!entry && section && section->is_plt)
		*name = symbols->table.names.data + section->name;
	/* From addresses back to offsets, within the segment. */
	if (*start < segment->address)
		*start = segment->address;
	if (*end - segment->address > segment->size)
		*end = segment->address + segment->size;
	*start = *start - segment->address + segment->offset;
	*end = *end - segment->address + segment->offset;
	return *start <= offset && offset < *end;
}
