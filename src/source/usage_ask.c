/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments of processes that were there before anyone looked, asked of /proc on the worker. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "source/redact.h"
#include "source/usage_local.h"

struct asking {
	struct job job;
	struct usage *usage;
	uint32_t *tgids;
	uint32_t *ends; /* of each one's arguments in text */
	size_t count;
	struct buf text;
};

static void asking_run(struct job *job)
{
	struct asking *asking = (struct asking *)job;

	for (size_t i = 0; i < asking->count; i++) {
		char path[32], args[CMDLINE_MAX];
		ssize_t size = 0;
		int fd;

		snprintf(path, sizeof(path), "/proc/%u/cmdline", asking->tgids[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			size = read(fd, args, sizeof(args));
			close(fd);
		}
		if (size > 0)
			redact_arguments(&asking->text, (struct str){args, (size_t)size});
		asking->ends[i] = (uint32_t)asking->text.size;
	}
}

static void asking_done(struct job *job)
{
	struct asking *asking = (struct asking *)job;
	struct usage *usage = asking->usage;
	uint64_t now = clock_now();

	for (size_t i = 0; i < asking->count; i++) {
		uint32_t start = i ? asking->ends[i - 1] : 0;
		struct str args = {asking->text.data + start, asking->ends[i] - start};
		struct task *task = tasks_alive(&usage->model->tasks, asking->tgids[i]);
		struct thread thread;

		if (!task || !args.size || task->cmdline.size)
			continue;
		thread = task->thread;
		recording_append(usage->recording, &(struct record){.type = RECORD_TASK,
							   .sub = TASK_ALIVE,
							   .time = now,
							   .thread = &thread,
							   .texts = &args});
	}
	buf_release(&asking->text);
	free(asking->tgids);
	free(asking->ends);
	free(asking);
}

void usage_ask(struct usage *usage, const uint32_t *tgids, size_t count)
{
	struct asking *asking = mem_zalloc(sizeof(*asking));

	asking->job.run = asking_run;
	asking->job.done = asking_done;
	asking->usage = usage;
	asking->tgids = mem_dup(tgids, count * sizeof(*tgids));
	asking->ends = mem_zalloc(count * sizeof(*asking->ends));
	asking->count = count;
	worker_post(usage->worker, &asking->job);
}
