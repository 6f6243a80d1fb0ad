/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What code is where: DSOs and the symbols in them, folded from DSO and SYMBOL records.
 *
 * Names come late: a sample is on the screen before anyone has opened the binary.  So an address
 * is turned into a symbol number that stands for the address alone until its name is known, and
 * for the named symbol from then on; numbers stay valid, and symbols_now() leads from an old one to
 * what it has become.  Two DSOs that turn out to be the same build (same build id) are one.
 */
#ifndef MODEL_SYMBOLS_H
#define MODEL_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/intern.h"
#include "record/types.h"

#define SYMBOL_NONE 0

struct dso {
	uint32_t id;	  /* of its DSO record; 0: not in use */
	uint32_t same_as; /* the DSO that holds the symbols of this build; itself, mostly */
	enum dso_kind kind;
	enum dso_status status;
	uint64_t dev, inode, generation;
	struct str path;	     /* "" for DSO_UNKNOWN */
	struct str build_id;	     /* bytes; empty: not known */
	struct str why;		     /* what keeps names from being read */
	uint64_t since;		     /* when it was first seen, CLOCK_MONOTONIC */
	struct symbol_range *ranges; /* symbols that are known, by start, without overlap */
	size_t range_count, range_capacity;
	uint32_t *pending; /* numbers of single addresses that still lack a symbol */
	size_t pending_count, pending_capacity;
	uint32_t whole; /* the symbol of addresses that are not told apart; 0: none yet */
};

struct symbol_range {
	uint64_t start, end;
	uint32_t symbol;
};

struct symbol {
	uint64_t start, end; /* in the DSO */
	uint32_t dso;	     /* that it is a part of: of kernel symbols, the module */
	uint32_t now;	     /* the symbol this one has become; itself: none */
	bool is_known;	     /* a SYMBOL record spoke of it */
	bool is_idle;	     /* the processor rests here */
	struct str name;     /* "": none, or not known yet */
	struct str linkage;  /* "": the same as the name */
};

struct symbols {
	struct symbol *symbols; /* [0] stands for "no frame" */
	size_t count, capacity;
	struct dso *dsos; /* [0]: unknown */
	size_t dso_count, dso_capacity;
	struct index by_address;       /* pending ones */
	struct index by_key, by_build; /* DSOs */
	struct intern strings;
	uint64_t generation; /* changes with every answer that may */
	/* What nobody asked a resolver about yet: numbers of symbols. */
	uint32_t *wanted;
	size_t wanted_count, wanted_capacity;
	size_t pending; /* addresses, all DSOs */
};

void symbols_init(struct symbols *symbols);
void symbols_release(struct symbols *symbols);
void symbols_fold(struct symbols *symbols, const struct record *record);

/* What a DSO is recognised by when it is mapped again. */
struct dso_key {
	enum dso_kind kind;
	struct str path;
	struct str build_id; /* with one, device and inode do not count */
	uint64_t dev, inode;
	uint64_t generation; /* of the inode; 0: not told */
};

/* The DSO with that key, or 0; and an id for a new one. */
uint32_t symbols_find_dso(const struct symbols *symbols, const struct dso_key *key);
uint32_t symbols_next_dso(const struct symbols *symbols);

/* Never NULL; borrowed until the next fold. */
const struct dso *symbols_dso(const struct symbols *symbols, uint32_t id);

/* The symbol number of an address; a new one if nothing is known of it. */
uint32_t symbols_at(struct symbols *symbols, uint32_t dso, uint64_t address);

/* The same, and if there is no name for it, asks for one: see wanted. */
void symbols_want(struct symbols *symbols, uint32_t dso, uint64_t address);

static inline uint32_t symbols_now(const struct symbols *symbols, uint32_t number)
{
	while (symbols->symbols[number].now != number)
		number = symbols->symbols[number].now;
	return number;
}

/* What the number stands for now; never NULL, borrowed until the next fold or symbols_at(). */
static inline const struct symbol *symbols_get(const struct symbols *symbols, uint32_t number)
{
	return &symbols->symbols[symbols_now(symbols, number)];
}

#endif
