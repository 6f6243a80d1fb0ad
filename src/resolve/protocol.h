/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tracetop and its resolver child say to each other, over a SOCK_SEQPACKET pair: one struct a
 * message, with what belongs to it behind.  The child is handed open files and never a path; the
 * parent believes nothing that comes back before it has looked at it.
 */
#ifndef RESOLVE_PROTOCOL_H
#define RESOLVE_PROTOCOL_H

#include <stdint.h>

#define RESOLVE_MESSAGE (64u << 10) /* bytes, the largest message */
#define RESOLVE_NAME 4096	    /* bytes, the longest name; longer ones are cut */
#define RESOLVE_ADDRESSES 512	    /* asked for at once */
#define RESOLVE_BUILD_ID 20
#define RESOLVE_NICE 10 /* of the child */

enum resolve_op {
	RESOLVE_LOAD_ELF,      /* with a descriptor of the file */
	RESOLVE_LOAD_KALLSYMS, /* with a descriptor of /proc/kallsyms */
	RESOLVE_LOOK_UP,       /* addresses (uint64_t) follow */
};

struct resolve_request {
	uint32_t op;
	uint32_t dso;
	uint32_t count;		/* of addresses */
	uint32_t build_id_size; /* that the file has to have; 0: any */
	uint8_t build_id[RESOLVE_BUILD_ID];
	uint32_t unused; /* what follows is aligned to 8 bytes */
};

enum resolve_answer {
	RESOLVE_LOADED,	  /* build_id is what the file has */
	RESOLVE_STRIPPED, /* likewise, and there is no symbol table */
	RESOLVE_MISMATCH, /* the file has another build id */
	RESOLVE_REFUSED,  /* not an ELF file, or a broken one; text follows */
	RESOLVE_HIDDEN,	  /* kallsyms without addresses: kptr_restrict */
	RESOLVE_SYMBOLS,  /* struct resolve_symbol follow */
};

struct resolve_reply {
	uint32_t answer;
	uint32_t dso;
	uint32_t count; /* of symbols, or bytes of text */
	uint32_t build_id_size;
	uint8_t build_id[RESOLVE_BUILD_ID];
	uint32_t unused; /* what follows is aligned to 8 bytes */
};

/* Followed by the name, the linkage name and the owner, without NUL, padded to 8 bytes. */
struct resolve_symbol {
	uint64_t start, end;
	uint32_t name_size;    /* 0: nothing is known to be there */
	uint32_t linkage_size; /* 0: the same as the name */
	uint32_t owner_size;   /* of a kernel symbol: its module, "[name]"; 0: the kernel itself */
	uint32_t unused;
};

/* The child's end of the pair. */
#define RESOLVE_FD 3

#endif
