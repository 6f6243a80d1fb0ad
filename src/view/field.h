/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields: everything that can be a column, a key, a filter.
 *
 * One table a class of fields (fields_*.c), one row a field; `tracetop list fields`,
 * tracetop-fields(7), the filter language and the view files all read it.  A field is computed from
 * a record and the model.  Most depend only on one entry of a chunk's dictionaries (the thread, the
 * kind, a node of the stacks), and are computed once for each such entry, not once a record.
 */
#ifndef VIEW_FIELD_H
#define VIEW_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "record/rows.h"
#include "view/value.h"

enum field_domain {
	DOMAIN_ROW,    /* each record by itself */
	DOMAIN_KIND,   /* by type and subtype */
	DOMAIN_THREAD, /* by thread */
	DOMAIN_FRAME,  /* by node: of its own frame; for a record, the frame that was executing */
	DOMAIN_STACK,  /* by node: of the whole stack down to it */
	DOMAIN_NAME,   /* by string */
	DOMAIN_CPU,    /* by CPU number */
	DOMAINS
};

/* The chunk that is looked at, and what is computed for it once. */
struct extract {
	struct rows *rows;
	struct model *model;
	uint32_t *node_symbols; /* symbol number + 1 by node, 0: not looked up yet */
	uint32_t node_count;	/* 0: the list was not made for this chunk yet */
	size_t node_capacity;
};

void extract_release(struct extract *extract);
void extract_attach(struct extract *extract, struct rows *rows, struct model *model);

/* The number (now) of the symbol at a node; SYMBOL_NONE without a frame. */
uint32_t extract_symbol(struct extract *extract, uint32_t node);

#define FIELD_TYPE(type) (1u << (type))

struct field {
	const char *name;
	enum value_type type; /* of its values, unless there is none */
	enum unit unit;
	enum field_domain domain;
	uint32_t types;	   /* FIELD_TYPE()s of the records that have it; 0: any may */
	const char *title; /* of its column */
	uint8_t width;	   /* of its column, cells */
	const char *help;  /* one line */
	/* The value for an entry of the domain; for DOMAIN_ROW, of a row. */
	struct value (*get)(struct extract *extract, uint32_t entry);
	/* DOMAIN_ROW, unsigned and signed: the values of all rows; NULL if damaged. */
	const uint64_t *(*column)(struct extract *extract);
	bool is_constant; /* 1 for every record that has it: counts */
	bool is_self;	  /* in views of stacks: only where the frame itself was executing */
};

/* A table of fields and what they have in common. */
struct field_class {
	const char *name; /* "sample" */
	const char *help; /* what the class is about, one line */
	const struct field *fields;
	size_t count;
};

/* All classes, in the order in which they are listed. */
const struct field_class *const *field_classes(size_t *count);

/* Adds a class while the program starts; for what is not always built in. */
void field_add_class(const struct field_class *class);

/* The field with that name; sysdig's names are understood where it has one.  NULL: none. */
const struct field *field_find(struct str name);

/* The name that is nearest to what was written, for "did you mean"; NULL: none is near. */
const char *field_nearest(struct str name);

/* The column of numbers that says which entry of the domain each row has; NULL if damaged. */
const uint32_t *extract_entries(struct extract *extract, enum field_domain domain);

/* How many entries the domain has in this chunk; for DOMAIN_ROW, rows. */
uint32_t extract_entry_count(struct extract *extract, enum field_domain domain);

#endif
