/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/actions.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "command/session.h"
#include "model/model.h"
#include "source/proc.h"

/* /proc tells starts in ticks of 10 ms. */
#define START_SLACK_NS (50 * NS_PER_MS)

/* A descriptor of the very process that the model means by the number; or a negative errno. */
static int open_target(struct session *session, const char *target, struct error *error)
{
	const struct task *task;
	struct proc_info info;
	char *end;
	unsigned long pid = strtoul(target ? target : "", &end, 10);
	int fd, code;
	uint64_t apart;

	if (!target || end == target || *end || !pid || pid > INT32_MAX)
		return error_set(error, -EINVAL, "'%s' is not a process", target ? target : "");
	task = tasks_alive(&session->model->tasks, (uint32_t)pid);
	fd = task ? (int)syscall(SYS_pidfd_open, task->thread.tgid, 0) : -1;
	if (fd < 0)
		return error_set(error, task ? -errno : -ESRCH, "process %lu: %s", pid,
			task && errno != ESRCH ? strerror(errno) : "it has ended");
	/* What is read now is the process of the descriptor, or it has ended and that will say so.
	 */
	code = proc_read(task->thread.tgid, task->thread.tgid, 0, &info);
	apart = info.start > task->start ? info.start - task->start : task->start - info.start;
	proc_info_release(&info);
	if (code || (task->start && task->thread.tid == task->thread.tgid && info.start &&
			    apart > START_SLACK_NS)) {
		close(fd);
		return error_set(error, -ESRCH,
			"process %lu has ended, and its number is another's by now", pid);
	}
	return fd;
}

static int signal_number(const char *name)
{
	for (int number = 1; number < SIGRTMIN; number++)
		if (sigabbrev_np(number) && !strncmp(name, "SIG", 3) &&
			!strcmp(name + 3, sigabbrev_np(number)))
			return number;
	return -1;
}

int action_signal(struct session *session, const struct request *request, struct error *error)
{
	int number = signal_number(request->argument ? request->argument : ""), fd, code = 0;

	if (number < 0)
		return error_set(error, -EINVAL, "no signal is named '%s'",
			request->argument ? request->argument : "");
	fd = open_target(session, request->target, error);
	if (fd < 0)
		return fd;
	if (syscall(SYS_pidfd_send_signal, fd, number, NULL, 0))
		code = error_set(error, -errno, "cannot send %s to process %s: %s",
			request->argument, request->target, strerror(errno));
	close(fd);
	return code;
}

static int parse_nice(const char *text, int *nice, struct error *error)
{
	char *end;
	long number = strtol(text ? text : "", &end, 10);

	if (!text || end == text || *end || number < -20 || number > 19)
		return error_set(error, -EINVAL, "a nice value is a number from -20 to 19");
	*nice = (int)number;
	return 0;
}

int action_check_renice(const struct request *request, struct error *error)
{
	int nice;

	return parse_nice(request->argument, &nice, error);
}

int action_renice(struct session *session, const struct request *request, struct error *error)
{
	int nice = 0, fd, code = parse_nice(request->argument, &nice, error);

	if (code)
		return code;
	fd = open_target(session, request->target, error);
	if (fd < 0)
		return fd;
	if (setpriority(PRIO_PROCESS, (id_t)strtoul(request->target, NULL, 10), nice))
		code = error_set(error, -errno, "cannot set the nice value of %s to %d: %s",
			request->target, nice, strerror(errno));
	close(fd);
	return code;
}

/* "0-3,8" */
static bool parse_cpu_list(const char *text, cpu_set_t *set)
{
	CPU_ZERO(set);
	while (*text) {
		char *end;
		unsigned long first, last;

		if (*text < '0' || *text > '9')
			return false;
		first = last = strtoul(text, &end, 10);
		if (*end == '-') {
			text = end + 1;
			last = strtoul(text, &end, 10);
			if (*text < '0' || *text > '9')
				return false;
		}
		if (last < first || last >= CPU_SETSIZE)
			return false;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			CPU_SET(cpu, set);
		if (!*end)
			return true;
		text = end + 1;
		if (*end != ',')
			return false;
	}
	return false;
}

/* All of which are there: the kernel would leave out the others, and say nothing. */
static int parse_cpus(const char *text, cpu_set_t *set, struct error *error)
{
	struct buf online = {0};
	cpu_set_t there;
	int code = 0, cpu = 0;

	if (!text || !parse_cpu_list(text, set))
		return error_set(
			error, -EINVAL, "CPUs are numbers and ranges with commas between: 0-3,8");
	if (!fs_read("/sys/devices/system/cpu/online", &online, 65536, NULL)) {
		online.data[strcspn(online.data, "\n")] = '\0';
		if (!parse_cpu_list(online.data, &there))
			cpu = CPU_SETSIZE; /* not to be understood: the kernel has the last word */
		while (cpu < CPU_SETSIZE && (!CPU_ISSET(cpu, set) || CPU_ISSET(cpu, &there)))
			cpu++;
		if (cpu < CPU_SETSIZE)
			code = error_set(error, -EINVAL, "there is no CPU %d: those online are %s",
				cpu, online.data);
	}
	buf_release(&online);
	return code;
}

int action_check_affinity(const struct request *request, struct error *error)
{
	cpu_set_t set;

	return parse_cpus(request->argument, &set, error);
}

int action_affinity(struct session *session, const struct request *request, struct error *error)
{
	cpu_set_t set;
	int fd, code = parse_cpus(request->argument, &set, error);

	if (code)
		return code;
	fd = open_target(session, request->target, error);
	if (fd < 0)
		return fd;
	if (sched_setaffinity((pid_t)strtoul(request->target, NULL, 10), sizeof(set), &set))
		code = error_set(error, -errno, "cannot bind %s to CPUs %s: %s", request->target,
			request->argument, strerror(errno));
	close(fd);
	return code;
}
