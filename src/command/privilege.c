/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/privilege.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/*
 * What looking takes.  SYS_ADMIN is among them for kernels before 5.8, and for what later ones
 * still ask it for; SETUID and SETGID for the sandbox, which is nobody, and KILL to end it.
 */
static const cap_value_t looking[] = {CAP_BPF, CAP_CHECKPOINT_RESTORE, CAP_DAC_OVERRIDE,
	CAP_DAC_READ_SEARCH, CAP_IPC_LOCK, CAP_KILL, CAP_PERFMON, CAP_SETGID, CAP_SETUID,
	CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_RESOURCE, CAP_SYSLOG};
#define LOOKING (sizeof(looking) / sizeof(*looking))

void privilege_no_dumps(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static bool is_for_looking(cap_value_t one)
{
	for (size_t i = 0; i < LOOKING; i++)
		if (looking[i] == one)
			return true;
	return false;
}

/* Of those that the process has, the ones for looking; the kernel may know fewer. */
static int keep_looking(cap_t caps)
{
	for (cap_value_t one = 0; prctl(PR_CAPBSET_READ, one, 0, 0, 0) >= 0; one++) {
		if (is_for_looking(one))
			continue;
		if (cap_set_flag(caps, CAP_PERMITTED, 1, &one, CAP_CLEAR) ||
			cap_set_flag(caps, CAP_EFFECTIVE, 1, &one, CAP_CLEAR) ||
			cap_set_flag(caps, CAP_INHERITABLE, 1, &one, CAP_CLEAR))
			return -errno;
	}
	return cap_set_proc(caps) ? -errno : 0;
}

int privilege_keep_looking(void)
{
	cap_t caps = cap_get_proc();
	int code = caps ? 0 : -errno;

	/* Who may not shrink the bounds, as who is not root, gains nothing by a program either. */
	for (cap_value_t one = 0; prctl(PR_CAPBSET_READ, one, 0, 0, 0) >= 0; one++)
		if (!is_for_looking(one))
			prctl(PR_CAPBSET_DROP, one, 0, 0, 0);
	if (!code && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		code = -errno;
	if (!code)
		code = keep_looking(caps);
	cap_free(caps);
	return code;
}

int privilege_drop_all(void)
{
	cap_t none = cap_init();
	int code = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !none || cap_set_proc(none))
		code = -errno;
	cap_free(none);
	return code;
}
