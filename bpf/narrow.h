/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What source/narrow.c tells the BPF programs of narrow.bpf.c. */
#ifndef BPF_NARROW_H
#define BPF_NARROW_H

/* Processes and places that are told apart at most; who has no room is let through. */
#define NARROW_TGIDS 65536
#define NARROW_PLACES 32768

enum narrow_kind { NARROW_CGROUP, NARROW_PIDNS, NARROW_MNTNS };

struct narrow_place {
	unsigned long long id; /* of the cgroup, inode of the namespace */
	unsigned int kind;
	unsigned int hierarchy; /* of a cgroup; 0: version 2 */
};

/* A place without an answer is not decided: who lives there is let through. */
enum narrow_answer {
	NARROW_IN = 1,
	NARROW_OUT,
	NARROW_HOST, /* a cgroup of no container: the namespaces tell */
};

/* What the programs are told before they are loaded. */
struct narrow_settings {
	unsigned char by_tgid, by_place;
	int v1_subsystem; /* index in css_set.subsys of the hierarchy that tasks are told with; -1
			   */
};

#endif
