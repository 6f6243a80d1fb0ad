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
	RECORD_CGROUP,	 /* subtype: enum cgroup_change; name: its path below the root of its
			    hierarchy */
	RECORD_DSO,	 /* a file or region that code runs from; name: its path */
	RECORD_SYMBOL,	 /* an address range of a DSO; name: as shown, empty where there is none */
	RECORD_LOST,	 /* subtype: enum lost; name: what lost it */
	RECORD_USER,	 /* a user; name: as in the passwd file that counts for it */
	RECORD_CONTAINER,	/* a container; name: as people call it, or empty */
	RECORD_TASK_USAGE,	/* what a thread used since the record before it, and how it stands;
				   subtype: enum task_usage_of; duration: of the interval */
	RECORD_CGROUP_USAGE,	/* likewise of a cgroup: that of its thread, which is none */
	RECORD_HOST_USAGE,	/* likewise of the machine; closes an interval of usage */
	RECORD_CPU_USAGE,	/* likewise of a CPU */
	RECORD_DEVICE_USAGE,	/* likewise of a disk or network device: its name; subtype: enum
				   device_usage_of */
	RECORD_DETAIL,		/* something of a process that someone looked at; subtype: enum
				   detail; name: which */
	RECORD_CONTAINER_USAGE, /* what a container used beside what its cgroup tells: that of its
				   thread, which is none, or its first process */
	RECORD_TYPES
};

/* Which chunks hold a type: see chunk.h. */
enum record_class { RECORD_DATA, RECORD_STATE, RECORD_FACT, RECORD_CLASSES };

enum record_flag {
	RECORD_LATE = 1,     /* older than a record that was taken in before it */
	RECORD_SNAPSHOT = 2, /* what was already so, repeated for a keyframe or found at start */
	RECORD_PARTIAL = 4,  /* of a look at tasks that tells of those that were not idle alone */
};

enum host_num { HOST_CPUS, HOST_REALTIME, HOST_PAGE_SIZE, HOST_MEMORY, HOST_SELF, HOST_NUMS };
/* HOST_SELF: process id of the tracetop that records. */
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
enum task_num { TASK_PARENT, TASK_START, TASK_UID, TASK_PIDNS, TASK_MNTNS, TASK_NUMS };
/*
 * TASK_PARENT: tgid.  TASK_START: CLOCK_MONOTONIC, 0 where nobody saw it start.  TASK_UID: the
 * real user, plus 1; TASK_PIDNS, TASK_MNTNS: inodes of namespaces.  0 where nobody told.
 */
enum task_text { TASK_CMDLINE, TASK_TEXTS }; /* arguments with NULs between, or empty */

enum cgroup_change { CGROUP_THERE, CGROUP_REMOVED };
enum cgroup_num { CGROUP_HIERARCHY, CGROUP_ID, CGROUP_PARENT, CGROUP_NUMS };
/*
 * CGROUP_HIERARCHY: 0 for version 2, else its number in cgroups(7).  CGROUP_PARENT: the id of the
 * cgroup above, 0 where nobody told.
 */

enum user_num { USER_UID, USER_NAMESPACE, USER_NUMS };
/* USER_UID: as the machine's own namespace numbers it.  USER_NAMESPACE: inode of the mount
 * namespace whose passwd file named it, 0 for the machine's own. */

enum container_state {
	CONTAINER_UNKNOWN,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_ENDED,
};

enum container_flag {
	CONTAINER_SANDBOX = 1,	  /* holds the namespaces of a pod and runs nothing */
	CONTAINER_PRIVILEGED = 2, /* told so by its runtime */
};

enum container_num {
	CONTAINER_NUMBER,    /* no other container of the recording has it; not 0 */
	CONTAINER_HIERARCHY, /* where its cgroup is */
	CONTAINER_CGROUP,    /* id of its cgroup; 0: it has none of its own */
	CONTAINER_PIDNS,     /* inode of its pid namespace; 0: not known, or the machine's */
	CONTAINER_MNTNS,
	CONTAINER_PID1,	 /* of the machine's numbers; 0: not known */
	CONTAINER_START, /* CLOCK_MONOTONIC; 0: not known */
	CONTAINER_END,	 /* 0: it is there */
	CONTAINER_STATE,
	CONTAINER_FLAGS,
	CONTAINER_RESTARTS,
	CONTAINER_NUMS
};
enum container_text {
	CONTAINER_ID, /* whole, as its runtime writes it */
	CONTAINER_RUNTIME,
	CONTAINER_IMAGE,
	CONTAINER_POD,
	CONTAINER_POD_NAMESPACE, /* of Kubernetes */
	CONTAINER_POD_UID,
	CONTAINER_LABELS, /* "name=value", NULs between */
	CONTAINER_TEXTS
};

enum task_usage_of { USAGE_PROCESS = 1, USAGE_THREAD };
enum task_usage_num {
	TASK_USAGE_USER, /* ns on a CPU, of the thread alone */
	TASK_USAGE_SYSTEM,
	TASK_USAGE_STATE, /* the letter of proc_pid_stat(5); 'X': it ended */
	TASK_USAGE_NICE,
	/* Of a process, with the record of its first thread: */
	TASK_USAGE_RSS, /* bytes */
	TASK_USAGE_SHARED,
	TASK_USAGE_VIRTUAL,
	TASK_USAGE_READ, /* bytes from and to devices: proc_pid_io(5), read_bytes, write_bytes */
	TASK_USAGE_WRITTEN,
	TASK_USAGE_THREADS,
	TASK_USAGE_FAULTS, /* major */
	TASK_USAGE_NUMS
};

enum cgroup_usage_num {
	CGROUP_USAGE_CPU, /* ns */
	CGROUP_USAGE_USER,
	CGROUP_USAGE_SYSTEM,
	CGROUP_USAGE_PERIODS, /* of its CPU quota, and those in which it was throttled */
	CGROUP_USAGE_THROTTLED,
	CGROUP_USAGE_THROTTLED_TIME, /* ns */
	CGROUP_USAGE_CPU_LIMIT,	     /* thousandths of a CPU; 0: none */
	CGROUP_USAGE_MEMORY,	     /* bytes, without inactive file pages */
	CGROUP_USAGE_MEMORY_LIMIT,   /* 0: none */
	CGROUP_USAGE_OOM_KILLS,
	CGROUP_USAGE_READ, /* bytes */
	CGROUP_USAGE_WRITTEN,
	CGROUP_USAGE_PIDS,
	CGROUP_USAGE_PIDS_LIMIT,
	CGROUP_USAGE_PSI_CPU, /* ns in which some of its tasks waited: psi in the kernel's docs */
	CGROUP_USAGE_PSI_MEMORY,
	CGROUP_USAGE_PSI_IO,
	CGROUP_USAGE_IO_PARTLY, /* 1: what was written to files and back later is not in WRITTEN */
	CGROUP_USAGE_NUMS
};

/*
 * CONTAINER_USAGE_NETNS: inode of its network namespace; 0: it is the machine's own, or not known,
 * and what was received and sent is not told.  Containers of a pod share one: all of them are told
 * of the same, and CONTAINER_USAGE_COUNTS is 1 for the one that sums count it for.
 * CONTAINER_USAGE_TOLD: bits of enum container_usage_told, what is summed up over its processes as
 * its cgroup does not tell it, or it has none.
 */
enum container_usage_told {
	CONTAINER_TOLD_CPU = 1,
	CONTAINER_TOLD_MEMORY = 2,
	CONTAINER_TOLD_IO = 4,
	CONTAINER_TOLD_PIDS = 8,
};
enum container_usage_num {
	CONTAINER_USAGE_NETNS,
	CONTAINER_USAGE_COUNTS,
	CONTAINER_USAGE_RECEIVED, /* bytes, of all its devices but lo */
	CONTAINER_USAGE_SENT,
	CONTAINER_USAGE_RECEIVED_PACKETS,
	CONTAINER_USAGE_SENT_PACKETS,
	CONTAINER_USAGE_ERRORS, /* packets, received and sent */
	CONTAINER_USAGE_DROPPED,
	CONTAINER_USAGE_TOLD,
	CONTAINER_USAGE_USER, /* ns on a CPU */
	CONTAINER_USAGE_SYSTEM,
	CONTAINER_USAGE_MEMORY, /* bytes resident; what processes share counts for each */
	CONTAINER_USAGE_READ,	/* bytes from and to devices */
	CONTAINER_USAGE_WRITTEN,
	CONTAINER_USAGE_PIDS, /* threads */
	CONTAINER_USAGE_NUMS
};

enum host_usage_num {
	HOST_USAGE_MEMORY, /* bytes, as in proc_meminfo(5) */
	HOST_USAGE_AVAILABLE,
	HOST_USAGE_FREE,
	HOST_USAGE_CACHED, /* with buffers and what of the kernel's own can be given up */
	HOST_USAGE_SWAP,
	HOST_USAGE_SWAP_FREE,
	HOST_USAGE_LOAD_1, /* thousandths */
	HOST_USAGE_LOAD_5,
	HOST_USAGE_LOAD_15,
	HOST_USAGE_TASKS,
	HOST_USAGE_RUNNING,
	HOST_USAGE_FORKS, /* in the interval, as is what follows */
	HOST_USAGE_SWITCHES,
	HOST_USAGE_PSI_CPU, /* ns in which some task waited */
	HOST_USAGE_PSI_MEMORY,
	HOST_USAGE_PSI_IO,
	HOST_USAGE_NUMS
};

enum cpu_usage_num {	/* ns in the interval, as in proc_stat(5) */
	CPU_USAGE_USER, /* with guests */
	CPU_USAGE_NICE,
	CPU_USAGE_SYSTEM,
	CPU_USAGE_IDLE,
	CPU_USAGE_IOWAIT,
	CPU_USAGE_IRQ,
	CPU_USAGE_SOFTIRQ,
	CPU_USAGE_STEAL,
	CPU_USAGE_NUMS
};

enum device_usage_of { USAGE_DISK = 1, USAGE_NETWORK };
enum device_usage_num {
	DEVICE_USAGE_IN, /* bytes read or received */
	DEVICE_USAGE_OUT,
	DEVICE_USAGE_IN_COUNT, /* requests or packets */
	DEVICE_USAGE_OUT_COUNT,
	DEVICE_USAGE_BUSY,   /* ns in which a disk had something to do */
	DEVICE_USAGE_ERRORS, /* of a network device, with what it dropped */
	DEVICE_USAGE_NUMS
};

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
	LOST_EVICTED,	  /* tasks, cgroups and containers that ended, given up by tracetop itself;
			     records about them are there */
	LOST_TASKS,	  /* execs and exits; forks are the side-band's */
	LOST_CGROUPS,	  /* cgroups that came or went; it was looked again which there are */
};
enum lost_num { LOST_COUNT, LOST_NUMS };

enum detail {
	DETAIL_FILES = 1, /* name: what is open; number: the descriptor; value: its flags */
	DETAIL_MAPS,	  /* name: the file; number: the address; value: range and rights */
	DETAIL_LIMITS,	  /* name: of the limit; value: soft, hard and unit */
	DETAIL_ENVIRONMENT,
	DETAIL_NAMESPACES,
	DETAIL_CGROUPS,
	/* Of a container: the record's cgroup is its own. */
	DETAIL_INSPECT, /* name: what it is about; value: what is told of it */
	DETAIL_LOG,	/* name: the line; value: the stream it was written to */
	DETAIL_KINDS
};
/*
 * DETAIL_NUMBER: see above; where nothing is said, the place in the list.  A line of a log keeps
 * its number when it is told of again.  DETAIL_TIME: when a line was written, CLOCK_MONOTONIC; 0
 * where nobody told, or before the machine was started.
 */
enum detail_num { DETAIL_NUMBER, DETAIL_TIME, DETAIL_NUMS };
enum detail_text { DETAIL_VALUE, DETAIL_SECTION, DETAIL_TEXTS };
/* DETAIL_SECTION: of what inspect tells: mounts, ports, environment… */

#define RECORD_SLOTS 20 /* numbers and texts of the largest type */

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
	uint64_t start;	    /* numbers are used again: tells its lives apart; 0: not told */
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
