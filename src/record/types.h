/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of records there are, and what each carries.
 *
 * Every record has a time, a thread, a CPU, flags, a name, a duration, a result and a stack, each
 * of which may be empty; what only its own type has stands in numbered slots: numbers first, then
 * texts.  Types, subtypes and slots are part of the capture format (tracetop-capture(5)): they are
 * added at the end and never change their meaning.  A reader leaves out types and slots that it
 * does not know, and takes slots that an older file lacks as 0 and "".
 */
#ifndef RECORD_TYPES_H
#define RECORD_TYPES_H

#include <stdint.h>

#include "base/str.h"

enum record_type {
	RECORD_NONE,
	RECORD_HOST,	 /* the machine and its clocks; name: host name */
	RECORD_EVENT,	 /* an event that is sampled; subtype: its id; name: as written after -e */
	RECORD_INTERVAL, /* a tick of the display or of `show`: closes the time from its duration on
			  */
	RECORD_NOTE,	 /* subtype: enum note; name: the text */
	RECORD_SAMPLE,	 /* an event hit here; subtype: the id of its EVENT */
	RECORD_SYSCALL,	 /* a system call that ended; subtype: number; name: the path or the file */
	RECORD_TASK,	 /* subtype: enum task_change; thread: the task itself */
	RECORD_CGROUP,	 /* a cgroup made; name: its path below the root of its hierarchy */
	RECORD_DSO,	 /* a file or region that code runs from; name: its path */
	RECORD_SYMBOL,	 /* an address range of a DSO; name: as shown, empty where there is none */
	RECORD_LOST,	 /* subtype: enum lost; name: what lost it */
	RECORD_TYPES
};

/* Which chunks hold a type: see chunk.h. */
enum record_class { RECORD_DATA, RECORD_STATE, RECORD_FACT, RECORD_CLASSES };

enum record_flag {
	RECORD_LATE = 1,     /* older than a record that was taken in before it */
	RECORD_SNAPSHOT = 2, /* what was already so, repeated for a keyframe or found at start */
};

enum host_num { HOST_CPUS, HOST_REALTIME, HOST_PAGE_SIZE, HOST_NUMS };
/* HOST_REALTIME: nanoseconds to add to CLOCK_MONOTONIC for the time since 1970. */
enum host_text { HOST_KERNEL, HOST_ARCH, HOST_BOOT, HOST_SYSTEM, HOST_TEXTS };

enum event_num {
	EVENT_TYPE, /* perf_event_attr.type and .config */
	EVENT_CONFIG,
	EVENT_FREQUENCY, /* Hz a CPU, or 0 with a fixed period */
	EVENT_PERIOD,
	EVENT_STACKS, /* 1: with call chains */
	EVENT_NUMS
};
/* EVENT_UNIT: of the weight ("ns", "" for plain counts); EVENT_WHY: why this event was chosen. */
enum event_text { EVENT_UNIT, EVENT_WHY, EVENT_TEXTS };

enum note { NOTE_SETTING = 1, NOTE_NARROWING, NOTE_ACTION, NOTE_BOOKMARK };

/* SAMPLE_WEIGHT: the period, how much of the event the sample stands for. */
enum sample_num { SAMPLE_WEIGHT, SAMPLE_NUMS };

#define SYSCALL_NUMS 6 /* the arguments */

enum task_change { TASK_ALIVE = 1, TASK_FORK, TASK_EXEC, TASK_COMM, TASK_EXIT };
enum task_num { TASK_PARENT, TASK_START, TASK_NUMS };
/* TASK_PARENT: tgid.  TASK_START: CLOCK_MONOTONIC, 0 where nobody saw it start. */

enum cgroup_num { CGROUP_HIERARCHY, CGROUP_ID, CGROUP_NUMS };

enum dso_kind {
	DSO_UNKNOWN, /* an address that no mapping covers */
	DSO_FILE,
	DSO_KERNEL, /* the kernel proper, its modules, BPF programs and trampolines: */
	DSO_MODULE, /* addresses are absolute in these four */
	DSO_BPF,
	DSO_TRAMPOLINE,
	DSO_VDSO,
	DSO_ANON, /* memory without a file: code made while running; one a process */
	DSO_KINDS
};

/* What is known of the file that names are taken from. */
enum dso_status {
	DSO_UNSEEN,	/* nobody has looked yet */
	DSO_PROVEN,	/* the very file that was mapped: same build id, or same inode */
	DSO_UNVERIFIED, /* found by its path, nothing proves that it is the one */
	DSO_REPLACED,	/* another build stands at its path: no names are taken from it */
	DSO_UNREADABLE, /* DSO_WHY says why */
	DSO_STRIPPED,	/* proven, and without a symbol table */
};

enum dso_num { DSO_ID, DSO_KIND, DSO_STATUS, DSO_DEV, DSO_INODE, DSO_GENERATION, DSO_NUMS };
/* DSO_GENERATION: of the inode, whose number is used again; 0 where nobody told. */
enum dso_text { DSO_BUILD_ID, DSO_WHY, DSO_TEXTS }; /* the build id as bytes */

enum symbol_num { SYMBOL_DSO, SYMBOL_START, SYMBOL_END, SYMBOL_OWNER, SYMBOL_NUMS };
/* The range is [start, end).  SYMBOL_OWNER: the DSO it is shown for, a module of the kernel; or 0.
 */
enum symbol_text { SYMBOL_LINKAGE, SYMBOL_TEXTS }; /* as in the symbol table, if another */

enum lost {
	LOST_SAMPLES = 1, /* the ring was full */
	LOST_SIDEBAND,	  /* forks, maps and names were lost with it */
	LOST_THROTTLED,	  /* the kernel paused the event; duration: for how long; count unknown */
	LOST_EVICTED,	  /* given up by tracetop itself */
};
enum lost_num { LOST_COUNT, LOST_NUMS };

#define RECORD_SLOTS 8 /* numbers and texts of the largest type */

struct record_schema {
	const char *name;
	enum record_class kept; /* the class of chunks it is kept in */
	uint8_t nums, texts;
};

/* Never NULL; for a type that is not known, a schema without slots. */
const struct record_schema *record_schema(enum record_type type);

/* A thread as a source knows it when it takes a record in. */
struct thread {
	uint32_t tid, tgid;
	uint32_t cgroup_hierarchy;
	uint64_t cgroup_id; /* 0: not told, ask the model */
	char comm[16];	    /* of the thread, padded with NUL; any other byte */
	char process[16];   /* of the process's first thread */
	/*
	 * Where the chunk that is open keeps it: chunk_thread()'s own.  Whoever changes anything
	 * above sets chunk to 0.
	 */
	uint64_t chunk;
	uint32_t at;
};

/* A frame of a stack: where in which DSO; an offset in the file for DSO_FILE and DSO_VDSO. */
struct frame {
	uint64_t address;
	uint32_t dso; /* id of a DSO record, 0: unknown */
};

/* A record on its way in, or taken out whole; texts are borrowed. */
struct record {
	enum record_type type;
	uint32_t sub;
	uint64_t time; /* CLOCK_MONOTONIC */
	uint64_t duration;
	int64_t result;
	uint32_t cpu;
	uint32_t flags;		     /* enum record_flag */
	uint32_t stack;		     /* a node of the chunk it goes into; 0: none */
	const struct thread *thread; /* NULL: none */
	struct str name;
	const uint64_t *nums;	 /* as many as the schema says; NULL: all 0 */
	const struct str *texts; /* likewise; NULL: all empty */
};

#endif
