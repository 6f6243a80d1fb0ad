/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/symbols.h"

#include <stdlib.h>

#include "base/mem.h"

/* Addresses without a symbol that are told apart; more than that are one row a DSO. */
#define PENDING_MAX 65536

static struct symbol *symbols_add(
	struct symbols *symbols, uint32_t dso, uint64_t start, uint64_t end)
{
	uint32_t number = (uint32_t)symbols->count;

	symbols->symbols = mem_grow(symbols->symbols, &symbols->capacity, symbols->count + 1,
		sizeof(*symbols->symbols));
	symbols->symbols[number] = (struct symbol){.start = start,
		.end = end,
		.dso = dso,
		.now = number,
		.name = {"", 0},
		.linkage = {"", 0}};
	symbols->count++;
	return &symbols->symbols[number];
}

static void dso_init(struct dso *dso, uint32_t id)
{
	*dso = (struct dso){
		.id = id, .same_as = id, .path = {"", 0}, .build_id = {"", 0}, .why = {"", 0}};
}

void symbols_init(struct symbols *symbols)
{
	*symbols = (struct symbols){.generation = 1};
	symbols_add(symbols, 0, 0, 0);
	symbols->dsos = mem_grow(symbols->dsos, &symbols->dso_capacity, 1, sizeof(struct dso));
	dso_init(&symbols->dsos[0], 0);
	symbols->dso_count = 1;
}

void symbols_release(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->dso_count; i++) {
		free(symbols->dsos[i].ranges);
		free(symbols->dsos[i].pending);
	}
	free(symbols->dsos);
	free(symbols->symbols);
	free(symbols->wanted);
	index_release(&symbols->by_address);
	index_release(&symbols->by_key);
	index_release(&symbols->by_build);
	intern_release(&symbols->strings);
}

const struct dso *symbols_dso(const struct symbols *symbols, uint32_t id)
{
	return &symbols->dsos[id < symbols->dso_count ? id : 0];
}

uint32_t symbols_next_dso(const struct symbols *symbols)
{
	return (uint32_t)symbols->dso_count;
}

static uint64_t dso_key_hash(const struct dso_key *key)
{
	uint64_t hash = hash_two(hash_str(key->path), (uint64_t)key->kind);

	if (key->build_id.size)
		return hash_two(hash, hash_str(key->build_id));
	return hash_two(hash, hash_two(hash_two(key->dev, key->inode), key->generation));
}

/* Compared with the first record of the DSO: what is found out later does not change its key. */
static bool dso_key_is(const void *owner, uint32_t entry, const void *wanted)
{
	const struct dso *dso = &((const struct symbols *)owner)->dsos[entry];
	const struct dso_key *key = wanted;

	if (dso->kind != key->kind || !str_equal(dso->path, key->path))
		return false;
	if (key->build_id.size)
		return str_equal(dso->build_id, key->build_id);
	return dso->dev == key->dev && dso->inode == key->inode &&
	       dso->generation == key->generation;
}

uint32_t symbols_find_dso(const struct symbols *symbols, const struct dso_key *key)
{
	uint32_t at = index_find(&symbols->by_key, dso_key_hash(key), dso_key_is, symbols, key);

	return at == INDEX_NONE ? 0 : at;
}

static bool build_is(const void *owner, uint32_t entry, const void *wanted)
{
	return str_equal(
		((const struct symbols *)owner)->dsos[entry].build_id, *(const struct str *)wanted);
}

/* The range that covers the address, or the place where one would go. */
static bool dso_find_range(const struct dso *dso, uint64_t address, size_t *at)
{
	size_t low = 0, high = dso->range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dso->ranges[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return low < dso->range_count && dso->ranges[low].start <= address;
}

struct address_key {
	uint64_t address;
	uint32_t dso;
};

static bool address_is(const void *owner, uint32_t entry, const void *wanted)
{
	const struct symbol *symbol = &((const struct symbols *)owner)->symbols[entry];
	const struct address_key *key = wanted;

	return symbol->start == key->address && symbol->dso == key->dso;
}

static uint64_t address_hash(const struct address_key *key)
{
	return hash_two(key->address, key->dso);
}

/* One symbol for all of a DSO's addresses that are not told apart. */
static uint32_t symbols_whole(struct symbols *symbols, uint32_t dso)
{
	if (!symbols->dsos[dso].whole) {
		struct symbol *symbol = symbols_add(symbols, dso, 0, UINT64_MAX);

		symbols->dsos[dso].whole = symbol->now;
	}
	return symbols->dsos[dso].whole;
}

/*
 * Addresses are told apart where a name for them may come; not in memory that belongs to no file,
 * nor in files that nobody could read.
 */
static bool dso_may_name(const struct dso *dso)
{
	return dso->kind != DSO_ANON && dso->kind != DSO_UNKNOWN && dso->status != DSO_REPLACED &&
	       dso->status != DSO_UNREADABLE;
}

static uint32_t symbols_resolve(struct symbols *symbols, uint32_t id, uint64_t address, bool *added)
{
	const struct dso *dso = symbols_dso(symbols, id);
	struct address_key key;
	struct symbol *symbol;
	struct dso *owner;
	uint32_t at;
	size_t range;

	*added = false;
	dso = symbols_dso(symbols, dso->same_as);
	if (dso_find_range(dso, address, &range))
		return dso->ranges[range].symbol;
	if (!dso_may_name(dso))
		return symbols_whole(symbols, dso->id);
	key = (struct address_key){address, dso->id};
	at = index_find(&symbols->by_address, address_hash(&key), address_is, symbols, &key);
	if (at != INDEX_NONE)
		return at;
	if (symbols->pending >= PENDING_MAX)
		return symbols_whole(symbols, dso->id);
	symbol = symbols_add(symbols, key.dso, address, address + 1);
	index_add(&symbols->by_address, address_hash(&key), symbol->now);
	owner = &symbols->dsos[key.dso];
	owner->pending = mem_grow(owner->pending, &owner->pending_capacity,
		owner->pending_count + 1, sizeof(*owner->pending));
	owner->pending[owner->pending_count++] = symbol->now;
	symbols->pending++;
	*added = true;
	return symbol->now;
}

uint32_t symbols_at(struct symbols *symbols, uint32_t dso, uint64_t address)
{
	bool added;

	return symbols_resolve(symbols, dso, address, &added);
}

void symbols_want(struct symbols *symbols, uint32_t dso, uint64_t address)
{
	bool added;
	uint32_t number = symbols_resolve(symbols, dso, address, &added);

	if (!added)
		return;
	symbols->wanted = mem_grow(symbols->wanted, &symbols->wanted_capacity,
		symbols->wanted_count + 1, sizeof(*symbols->wanted));
	symbols->wanted[symbols->wanted_count++] = number;
}

/*
 * Functions that a processor sits in while it has nothing to do: the kernel's idle loop on x86 and
 * arm64 (kernel/sched/idle.c, arch/<arch>/kernel/process.c and idle.c, drivers/cpuidle,
 * drivers/idle).
 */
static bool is_idle_function(struct str name)
{
	static const char *const idle[] = {"acpi_idle_do_entry", "acpi_processor_ffh_cstate_enter",
		"acpi_safe_halt", "arch_cpu_idle", "cpu_do_idle", "cpu_idle", "cpu_idle_loop",
		"cpu_startup_entry", "cpuidle_enter", "cpuidle_enter_state", "cpuidle_idle_call",
		"default_idle", "default_idle_call", "do_idle", "intel_idle", "intel_idle_ibrs",
		"intel_idle_irq", "kvm_haltpoll_enter_idle", "mwait_idle", "mwait_idle_with_hints",
		"native_safe_halt", "poll_idle", "psci_cpu_suspend_enter", "pv_native_safe_halt",
		"tdx_halt", "tdx_safe_halt"};

	for (size_t i = 0; i < sizeof(idle) / sizeof(*idle); i++)
		if (str_equal(name, str_from(idle[i])))
			return true;
	return false;
}

static void symbol_becomes(struct symbols *symbols, uint32_t number, uint32_t now)
{
	struct symbol *symbol = &symbols->symbols[number];
	struct address_key key = {symbol->start, symbol->dso};

	index_remove(&symbols->by_address, address_hash(&key), number);
	symbol->now = now;
	symbols->pending--;
}

/* Addresses of [start, end) that waited for a symbol have one now. */
static void symbols_settle(
	struct symbols *symbols, struct dso *dso, const struct symbol_range *range)
{
	size_t kept = 0;

	for (size_t i = 0; i < dso->pending_count; i++) {
		uint32_t number = dso->pending[i];
		uint64_t address = symbols->symbols[number].start;

		if (address >= range->start && address < range->end)
			symbol_becomes(symbols, number, range->symbol);
		else
			dso->pending[kept++] = number;
	}
	dso->pending_count = kept;
}

/* A symbol of a DSO; what is known already keeps its ground. */
static void dso_add_range(struct symbols *symbols, struct dso *dso, struct symbol_range range)
{
	size_t at;

	if (range.start >= range.end || dso_find_range(dso, range.start, &at))
		return;
	if (at < dso->range_count && range.end > dso->ranges[at].start)
		range.end = dso->ranges[at].start;
	dso->ranges = mem_grow(
		dso->ranges, &dso->range_capacity, dso->range_count + 1, sizeof(*dso->ranges));
	memmove(dso->ranges + at + 1, dso->ranges + at,
		(dso->range_count - at) * sizeof(*dso->ranges));
	dso->ranges[at] = range;
	dso->range_count++;
	symbols_settle(symbols, dso, &range);
}

/* A build that is known under another id: what is known of this one moves there. */
static void symbols_unite(struct symbols *symbols, uint32_t from, uint32_t to)
{
	struct dso *old = &symbols->dsos[from];

	old->same_as = to;
	for (size_t i = 0; i < old->range_count; i++)
		dso_add_range(symbols, &symbols->dsos[to], old->ranges[i]);
	for (size_t i = 0; i < symbols->dsos[from].pending_count; i++) {
		uint32_t number = symbols->dsos[from].pending[i];
		uint64_t address = symbols->symbols[number].start;
		bool added;
		uint32_t now = symbols_resolve(symbols, to, address, &added);

		symbol_becomes(symbols, number, now);
		if (added) { /* asked for under the old id, maybe: ask again */
			symbols->wanted = mem_grow(symbols->wanted, &symbols->wanted_capacity,
				symbols->wanted_count + 1, sizeof(*symbols->wanted));
			symbols->wanted[symbols->wanted_count++] = now;
		}
	}
	old = &symbols->dsos[from];
	free(old->ranges);
	old->ranges = NULL;
	old->range_count = old->range_capacity = old->pending_count = 0;
}

static void symbols_learn_build(struct symbols *symbols, struct dso *dso, struct str build_id)
{
	uint32_t id = dso->id, first;

	dso->build_id = intern(&symbols->strings, build_id);
	first = index_find(
		&symbols->by_build, hash_str(build_id), build_is, symbols, &dso->build_id);
	if (first == INDEX_NONE)
		index_add(&symbols->by_build, hash_str(build_id), id);
	else if (first != id)
		symbols_unite(symbols, id, first);
}

/* No name will come for the addresses that wait for one. */
static void symbols_give_up(struct symbols *symbols, struct dso *dso)
{
	uint32_t id = dso->id, whole;

	if (!dso->pending_count)
		return;
	whole = symbols_whole(symbols, id);
	dso = &symbols->dsos[id];
	for (size_t i = 0; i < dso->pending_count; i++)
		symbol_becomes(symbols, dso->pending[i], whole);
	dso->pending_count = 0;
}

static void symbols_fold_dso(struct symbols *symbols, const struct record *record)
{
	uint64_t id = record->nums[DSO_ID];
	struct dso *dso;

	/* Ids are given one after the other; a capture that says otherwise gets no huge table. */
	if (!id || id > symbols->dso_count)
		return;
	if (id == symbols->dso_count) {
		struct dso_key key = {record->nums[DSO_KIND] < DSO_KINDS
					      ? (enum dso_kind)record->nums[DSO_KIND]
					      : DSO_UNKNOWN,
			record->name, record->texts[DSO_BUILD_ID], record->nums[DSO_DEV],
			record->nums[DSO_INODE], record->nums[DSO_GENERATION]};

		symbols->dsos = mem_grow(symbols->dsos, &symbols->dso_capacity,
			symbols->dso_count + 1, sizeof(*symbols->dsos));
		dso = &symbols->dsos[symbols->dso_count++];
		dso_init(dso, (uint32_t)id);
		dso->kind = key.kind;
		dso->path = intern(&symbols->strings, key.path);
		dso->dev = key.dev;
		dso->inode = key.inode;
		dso->generation = key.generation;
		dso->since = record->time;
		index_add(&symbols->by_key, dso_key_hash(&key), dso->id);
	}
	dso = &symbols->dsos[id];
	dso->status = (enum dso_status)record->nums[DSO_STATUS];
	if (!dso_may_name(dso))
		symbols_give_up(symbols, dso);
	dso->why = intern(&symbols->strings, record->texts[DSO_WHY]);
	if (record->texts[DSO_BUILD_ID].size && !dso->build_id.size)
		symbols_learn_build(symbols, dso, record->texts[DSO_BUILD_ID]);
	symbols->generation++;
}

static void symbols_fold_symbol(struct symbols *symbols, const struct record *record)
{
	uint64_t id = record->nums[SYMBOL_DSO], owner = record->nums[SYMBOL_OWNER];
	struct symbol_range range = {record->nums[SYMBOL_START], record->nums[SYMBOL_END], 0};
	struct symbol *symbol;
	struct dso *dso;
	size_t at;

	if (!id || id >= symbols->dso_count || owner >= symbols->dso_count)
		return;
	id = symbols->dsos[id].same_as;
	dso = &symbols->dsos[id];
	if (dso_find_range(dso, range.start, &at)) /* known; a stripped copy may have said less */
		return;
	symbol = symbols_add(
		symbols, owner ? (uint32_t)owner : (uint32_t)id, range.start, range.end);
	symbol->is_known = true;
	symbol->name = intern(&symbols->strings, record->name);
	symbol->linkage = intern(&symbols->strings, record->texts[SYMBOL_LINKAGE]);
	symbol->is_idle = dso->kind == DSO_KERNEL && is_idle_function(symbol->name);
	range.symbol = symbol->now;
	dso_add_range(symbols, dso, range);
	symbols->generation++;
}

void symbols_fold(struct symbols *symbols, const struct record *record)
{
	if (record->type == RECORD_DSO)
		symbols_fold_dso(symbols, record);
	else if (record->type == RECORD_SYMBOL)
		symbols_fold_symbol(symbols, record);
}
