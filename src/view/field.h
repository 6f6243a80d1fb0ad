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
	uint64_t to;		/* end of the span that is looked at; 0: there is none */
	uint32_t *node_symbols; /* symbol number + 1 by node, 0: not looked up yet */
	uint32_t node_count;	/* 0: the list was not made for this chunk yet */
	size_t node_capacity;
	const struct task **processes; /* by thread, as far as they were looked up */
	uint8_t *has_process;
	uint32_t thread_count; /* 0: none was for this chunk yet */
	size_t process_capacity, has_process_capacity;
	char *room; /* of the text that was made last */
	size_t room_capacity;
};

void extract_release(struct extract *extract);
void extract_attach(struct extract *extract, struct rows *rows, struct model *model);

/* Room for a text that a field makes: valid until the next one is made. */
char *extract_room(struct extract *extract, size_t size);

/* The number (now) of the symbol at a node; SYMBOL_NONE without a frame. */
uint32_t extract_symbol(struct extract *extract, uint32_t node);

#define FIELD_TYPE(type) (1u << (type))

/* Records of what was used over an interval, all of which end with a HOST_USAGE. */
#define FIELD_USAGE                                                            \
	(FIELD_TYPE(RECORD_TASK_USAGE) | FIELD_TYPE(RECORD_CGROUP_USAGE) |     \
		FIELD_TYPE(RECORD_HOST_USAGE) | FIELD_TYPE(RECORD_CPU_USAGE) | \
		FIELD_TYPE(RECORD_DEVICE_USAGE) | FIELD_TYPE(RECORD_CONTAINER_USAGE))

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
	/*
	 * Instead, of a field whose name ends in one of many: the label of "container.label.app".
	 * Only one of them is in the tables; field_find() makes the others of it.
	 */
	struct value (*get_named)(struct extract *extract, uint32_t entry, const char *argument);
	const char *argument;
	/* DOMAIN_ROW, unsigned and signed: the values of all rows; NULL if damaged. */
	const uint64_t *(*column)(struct extract *extract);
	bool is_constant; /* 1 for every record that has it: counts */
	bool is_self;	  /* in views of stacks: only where the frame itself was executing */
	bool is_level;	  /* of tasks: stands as it is, so that looks that are partial lack some */
};

/* The field's value for an entry of its domain. */
static inline struct value field_get(
	const struct field *field, struct extract *extract, uint32_t entry)
{
	if (field->get_named)
		return field->get_named(extract, entry, field->argument);
	return field->get ? field->get(extract, entry) : value_none();
}

/* Whether the field is of such records alone. */
static inline bool is_usage(const struct field *field)
{
	return field->types && !(field->types & ~FIELD_USAGE);
}

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

/*
 * The field with that name; sysdig's names are understood where it has one.  NULL: none.  Fields
 * last as long as the program.
 */
const struct field *field_find(struct str name);

/* The name that is nearest to what was written, for "did you mean"; NULL: none is near. */
const char *field_nearest(struct str name);

/* The column of numbers that says which entry of the domain each row has; NULL if damaged. */
const uint32_t *extract_entries(struct extract *extract, enum field_domain domain);

/* How many entries the domain has in this chunk; for DOMAIN_ROW, rows. */
uint32_t extract_entry_count(struct extract *extract, enum field_domain domain);

#endif
