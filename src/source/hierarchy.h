/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hierarchy of cgroups version 1 that tasks are told with, beside version 2. */
#ifndef SOURCE_HIERARCHY_H
#define SOURCE_HIERARCHY_H

/* Where BPF programs find it: its index in css_set.subsys of this kernel; -1: there is none. */
int hierarchy_v1_subsystem(void);

#endif
