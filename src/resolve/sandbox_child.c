/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/sandbox_child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "resolve/protocol.h"

#define MEMORY_MAX (2ull << 30) /* of address space */
#define NOBODY 65534

/* AddressSanitizer maps terabytes and calls what the filter forbids; tested apart. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static void limit(int resource, rlim_t value)
{
	struct rlimit limit = {value, value};

	setrlimit((__rlimit_resource_t)resource, &limit);
}

static int give_up_rights(void)
{
	cap_t none;
	int code = 0;

	/* Only root can, and only root needs to. */
	if (!geteuid() && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
				  setresuid(NOBODY, NOBODY, NOBODY))) {
		/* In a user namespace without that user: the capabilities go all the same. */
	}
	none = cap_init();
	if (!none || cap_set_proc(none))
		code = -errno;
	cap_free(none);
	return code;
}

static int filter_calls(void)
{
	/* Descriptors that it was handed, memory, its end, and what the C library needs for these.
	 */
	static const int allowed[] = {SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv),
		SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(close),
		SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(write),
		SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap),
		SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(clock_gettime),
		SCMP_SYS(getrandom), SCMP_SYS(sysinfo), /* qsort() asks for it */ SCMP_SYS(exit),
		SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall)};
	const struct scmp_arg_cmp asks_only = {.arg = 1, .op = SCMP_CMP_EQ, .datum_a = F_GETFD};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int code = filter ? 0 : -ENOMEM;

	for (size_t i = 0; !code && i < sizeof(allowed) / sizeof(*allowed); i++)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!code) /* libelf asks whether the descriptor is one */
		code = seccomp_rule_add_array(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, &asks_only);
	if (!code)
		code = seccomp_load(filter);
	seccomp_release(filter);
	return code;
}

int sandbox_child_enter(void)
{
	int code;

	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_NOFILE, 64);
	if (!SANITIZED)
		limit(RLIMIT_AS, MEMORY_MAX);
	/* Reading names is never more urgent than what is looked at. */
	setpriority(PRIO_PROCESS, 0, RESOLVE_NICE);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	code = give_up_rights();
	if (!code && !SANITIZED)
		code = filter_calls();
	return code;
}
