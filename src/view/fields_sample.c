/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of samples: the event, the code that was executing, its binary, its stack. */
#include <stdio.h>

#include "base/intern.h"
#include "view/fields.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define SAMPLES FIELD_TYPE(RECORD_SAMPLE)

static const struct event_fact *event_at(struct extract *x, uint32_t kind)
{
	uint32_t count;
	const struct chunk_kind *kinds = rows_kinds(x->rows, &count);

	return kinds[kind].type == RECORD_SAMPLE ? model_event(x->model, kinds[kind].sub) : NULL;
}

static struct value get_event(struct extract *x, uint32_t kind)
{
	const struct event_fact *event = event_at(x, kind);

	return event ? value_text(event->name) : value_none();
}

static struct value get_unit(struct extract *x, uint32_t kind)
{
	const struct event_fact *event = event_at(x, kind);

	return event ? value_text(event->unit) : value_none();
}

static struct value get_one(struct extract *x, uint32_t row)
{
	(void)x;
	(void)row;
	return value_unsigned(1);
}

static const uint64_t *weight_column(struct extract *x)
{
	return rows_num(x->rows, RECORD_SAMPLE, SAMPLE_WEIGHT);
}

/*
 * A CPU with nothing to do: its idle task, in one of the functions it rests in.  Interrupts that
 * come while it rests are work.  As long as the kernel's names are not there (or hidden by
 * kptr_restrict), all of the idle task counts as idle.
 */
static struct value get_idle(struct extract *x, uint32_t row)
{
	const uint32_t *thread = rows_index(x->rows, CHUNK_THREAD);
	const uint32_t *stack = rows_index(x->rows, CHUNK_STACK);
	const struct chunk_thread *threads;
	const struct symbol *symbol;
	uint32_t count;

	threads = rows_threads(x->rows, &count);
	if (!thread || !stack || !threads || !thread[row])
		return value_none();
	if (threads[thread[row]].tid)
		return value_bool(false);
	symbol = symbols_get(&x->model->symbols, extract_symbol(x, stack[row]));
	return value_bool(symbol->is_idle || !symbol->is_known || !symbol->name.size);
}

static const struct field sample_fields[] = {
	{.name = "sample.event",
		.type = VALUE_TEXT,
		.domain = DOMAIN_KIND,
		.types = SAMPLES,
		.title = "EVENT",
		.width = 16,
		.help = "event that was sampled, as written after -e",
		.get = get_event},
	{.name = "sample.count",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = SAMPLES,
		.title = "SAMPLES",
		.width = 8,
		.help = "number of samples",
		.get = get_one,
		.is_constant = true},
	{.name = "sample.weight",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = SAMPLES,
		.title = "WEIGHT",
		.width = 8,
		.help = "weight of the samples: how much of the event they stand for",
		.column = weight_column},
	{.name = "sample.self",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_ROW,
		.types = SAMPLES,
		.title = "SELF",
		.width = 8,
		.help = "weight of the samples in the function itself, not in what it calls",
		.column = weight_column,
		.is_self = true},
	{.name = "sample.unit",
		.type = VALUE_TEXT,
		.domain = DOMAIN_KIND,
		.types = SAMPLES,
		.title = "UNIT",
		.width = 5,
		.help = "what the weight counts: ns, or empty for hits",
		.get = get_unit},
	{.name = "sample.idle",
		.type = VALUE_BOOL,
		.domain = DOMAIN_ROW,
		.types = SAMPLES,
		.title = "IDLE",
		.width = 5,
		.help = "whether the CPU had nothing to do",
		.get = get_idle},
};

const struct field_class fields_sample = {
	"sample", "a hit of an event that is sampled", sample_fields, COUNT(sample_fields)};

static const struct symbol *symbol_at(struct extract *x, uint32_t node)
{
	return node ? symbols_get(&x->model->symbols, extract_symbol(x, node)) : NULL;
}

static struct value get_symbol_id(struct extract *x, uint32_t node)
{
	return node ? value_unsigned(extract_symbol(x, node)) : value_none();
}

/* A name made up for what has none: where in which binary. */
static struct value made_name(struct extract *x, const char *text)
{
	return value_text(intern(&x->model->strings, str_from(text)));
}

static struct value get_symbol_name(struct extract *x, uint32_t node)
{
	const struct symbol *symbol = symbol_at(x, node);
	const struct dso *dso;
	char text[64];

	if (!symbol)
		return value_none();
	if (symbol->name.size)
		return value_text(symbol->name);
	dso = symbols_dso(&x->model->symbols, symbol->dso);
	if (dso->kind == DSO_UNKNOWN)
		return value_text(STR("[not in any mapping]"));
	if (dso->kind == DSO_ANON)
		return value_text(STR("[code made while running]"));
	if (symbol->end == UINT64_MAX)
		return value_text(STR("[no symbol]"));
	if (symbol->is_known)
		snprintf(text, sizeof(text), "[no symbol] 0x%llx-0x%llx",
			(unsigned long long)symbol->start, (unsigned long long)symbol->end);
	else
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)symbol->start);
	return made_name(x, text);
}

static struct value get_symbol_linkage(struct extract *x, uint32_t node)
{
	const struct symbol *symbol = symbol_at(x, node);

	if (!symbol || !symbol->name.size)
		return value_none();
	return value_text(symbol->linkage.size ? symbol->linkage : symbol->name);
}

static struct value get_symbol_start(struct extract *x, uint32_t node)
{
	const struct symbol *symbol = symbol_at(x, node);

	return symbol && symbol->end != UINT64_MAX ? value_unsigned(symbol->start) : value_none();
}

static const struct dso *dso_at(struct extract *x, uint32_t node)
{
	const struct symbol *symbol = symbol_at(x, node);

	return symbol ? symbols_dso(&x->model->symbols, symbol->dso) : NULL;
}

static struct value get_space(struct extract *x, uint32_t node)
{
	const struct dso *dso = dso_at(x, node);

	if (!dso)
		return value_none();
	switch (dso->kind) {
	case DSO_KERNEL:
	case DSO_MODULE:
	case DSO_TRAMPOLINE:
		return value_text(STR("k"));
	case DSO_BPF:
		return value_text(STR("b"));
	case DSO_ANON:
		return value_text(STR("j"));
	default:
		return value_text(STR("u"));
	}
}

/*
 * What the names of a binary are worth.  What the kernel itself names needs no file to prove it.
 */
static struct value get_proof(struct extract *x, uint32_t node)
{
	const struct dso *dso = dso_at(x, node);

	if (!dso)
		return value_none();
	switch (dso->status) {
	case DSO_PROVEN:
		return value_text(STR("proven"));
	case DSO_STRIPPED:
		return value_text(STR("stripped"));
	case DSO_UNVERIFIED:
		return value_text(STR("unverified"));
	case DSO_REPLACED:
		return value_text(STR("replaced"));
	case DSO_UNREADABLE:
		return value_text(STR("unreadable"));
	default:
		return value_text(STR("pending"));
	}
}

/* Empty where all is well, so that a column of it says what to look out for. */
static struct value get_doubt(struct extract *x, uint32_t node)
{
	const struct dso *dso = dso_at(x, node);

	if (!dso || dso->status == DSO_PROVEN || dso->status == DSO_UNSEEN)
		return value_none();
	return dso->status == DSO_STRIPPED && symbol_at(x, node)->name.size ? value_none()
									    : get_proof(x, node);
}

static const struct field symbol_fields[] = {
	{.name = "symbol.id",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_FRAME,
		.title = "ID",
		.width = 6,
		.help = "number of the symbol, of this run of tracetop only",
		.get = get_symbol_id},
	{.name = "symbol.name",
		.type = VALUE_TEXT,
		.domain = DOMAIN_FRAME,
		.title = "SYMBOL",
		.width = 32,
		.help = "function, demangled; where there is none, the address",
		.get = get_symbol_name},
	{.name = "symbol.linkage",
		.type = VALUE_TEXT,
		.domain = DOMAIN_FRAME,
		.title = "LINKAGE",
		.width = 32,
		.help = "function as its symbol table has it",
		.get = get_symbol_linkage},
	{.name = "symbol.start",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ADDRESS,
		.domain = DOMAIN_FRAME,
		.title = "START",
		.width = 18,
		.help = "where it begins: offset in the file, or address in the kernel",
		.get = get_symbol_start},
	{.name = "symbol.space",
		.type = VALUE_TEXT,
		.domain = DOMAIN_FRAME,
		.title = "",
		.width = 1,
		.help = "k kernel, u user, b BPF, j code made while running",
		.get = get_space},
	{.name = "symbol.proof",
		.type = VALUE_TEXT,
		.domain = DOMAIN_FRAME,
		.title = "PROOF",
		.width = 10,
		.help = "proven, unverified, replaced, unreadable, stripped or pending: what the "
			"file that the name is from is known to be",
		.get = get_proof},
	{.name = "symbol.doubt",
		.type = VALUE_TEXT,
		.domain = DOMAIN_FRAME,
		.title = "DOUBT",
		.width = 10,
		.help = "what is wrong with the names of the binary, if anything is",
		.get = get_doubt},
};

const struct field_class fields_symbol = {"symbol",
	"the function that was executing, or that a frame is in", symbol_fields,
	COUNT(symbol_fields)};

static struct value get_dso_name(struct extract *x, uint32_t node)
{
	const struct dso *dso = dso_at(x, node);

	if (!dso)
		return value_none();
	if (!dso->path.size)
		return value_text(STR("[unknown]"));
	if (dso->kind == DSO_FILE)
		return value_text(str_basename(dso->path));
	return value_text(dso->path);
}

static struct value get_dso_path(struct extract *x, uint32_t node)
{
	const struct dso *dso = dso_at(x, node);

	return dso && dso->path.size ? value_text(dso->path) : value_none();
}

static struct value get_dso_id(struct extract *x, uint32_t node)
{
	const struct dso *dso = dso_at(x, node);

	return dso ? value_unsigned(dso->id) : value_none();
}

static struct value get_build_id(struct extract *x, uint32_t node)
{
	const struct dso *dso = dso_at(x, node);
	char text[65];

	if (!dso || !dso->build_id.size)
		return value_none();
	for (size_t i = 0; i < dso->build_id.size && i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", (unsigned char)dso->build_id.data[i]);
	return made_name(x, text);
}

static struct value get_dso_why(struct extract *x, uint32_t node)
{
	const struct dso *dso = dso_at(x, node);

	return dso && dso->why.size ? value_text(dso->why) : value_none();
}

static const struct field dso_fields[] = {
	{.name = "dso.id",
		.type = VALUE_UNSIGNED,
		.unit = UNIT_ID,
		.domain = DOMAIN_FRAME,
		.title = "DSO",
		.width = 6,
		.help = "number of the binary within the recording",
		.get = get_dso_id},
	{.name = "dso.name",
		.type = VALUE_TEXT,
		.domain = DOMAIN_FRAME,
		.title = "BINARY",
		.width = 20,
		.help = "file that the code is from, without its folder",
		.get = get_dso_name},
	{.name = "dso.path",
		.type = VALUE_TEXT,
		.domain = DOMAIN_FRAME,
		.title = "PATH",
		.width = 40,
		.help = "file that the code is from, as the process sees it",
		.get = get_dso_path},
	{.name = "dso.build_id",
		.type = VALUE_TEXT,
		.domain = DOMAIN_FRAME,
		.title = "BUILD ID",
		.width = 40,
		.help = "build id of the file",
		.get = get_build_id},
	{.name = "dso.why",
		.type = VALUE_TEXT,
		.domain = DOMAIN_FRAME,
		.title = "WHY",
		.width = 40,
		.help = "what keeps names of it from being read",
		.get = get_dso_why},
};

const struct field_class fields_dso = {"dso",
	"the binary (file, kernel, module, BPF program) of the code", dso_fields,
	COUNT(dso_fields)};

static struct value get_depth(struct extract *x, uint32_t node)
{
	uint32_t count, depth = 0;
	const struct chunk_node *nodes = rows_nodes(x->rows, &count);

	for (; nodes && node; node = nodes[node].parent)
		depth++;
	return value_unsigned(depth);
}

static const struct field stack_fields[] = {
	{.name = "stack.depth",
		.type = VALUE_UNSIGNED,
		.domain = DOMAIN_STACK,
		.types = SAMPLES,
		.title = "DEPTH",
		.width = 6,
		.help = "frames of the stack, the kernel's included",
		.get = get_depth},
};

const struct field_class fields_stack = {
	"stack", "the chain of calls of a sample", stack_fields, COUNT(stack_fields)};
