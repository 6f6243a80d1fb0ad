/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `tracetop record`: a capture without a screen. */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/loop.h"
#include "command/command.h"
#include "command/scope.h"
#include "command/session.h"
#include "command/signals.h"
#include "record/capture.h"
#include "record/recording.h"

struct record_run {
	struct session session;
	uint64_t end; /* 0: when told to */
	int status;
};

static void record_signal(void *arg, int number)
{
	struct record_run *run = arg;

	(void)number;
	loop_stop(run->session.loop, 0);
}

static uint64_t record_expire(void *arg, uint64_t now)
{
	struct record_run *run = arg;
	struct error error;

	if (capture_writer_failed(run->session.writer, &error))
		run->status = EXIT_FAILED; /* the end says why */
	if (run->status || (run->end && now >= run->end) || session_command_ended(&run->session)) {
		loop_stop(run->session.loop, 0);
		return 0;
	}
	now += run->session.options->command ? 20 * NS_PER_MS : 200 * NS_PER_MS;
	return run->end && run->end < now ? run->end : now;
}

static void record_report(const struct session *session, uint64_t size)
{
	struct sampler_status sampler = sampler_status(session->sampler);
	struct recording_stats stats = recording_stats(session->recording);

	fprintf(stderr, "tracetop: %llu samples in %s (%.1f MB)",
		(unsigned long long)stats.rows[RECORD_SAMPLE], session->options->write_file,
		(double)size / 1e6);
	if (sampler.left_out)
		fprintf(stderr, ", %llu of others left out", (unsigned long long)sampler.left_out);
	if (stats.lost)
		fprintf(stderr, ", %llu lost", (unsigned long long)stats.lost);
	if (stats.late)
		fprintf(stderr, ", %llu late", (unsigned long long)stats.late);
	fputc('\n', stderr);
}

static int record_run(struct record_run *run)
{
	struct session *session = &run->session;
	struct signals *signals;
	struct error error;
	uint64_t size, end;

	if (session->sampling.code) {
		command_complain(session->sampling.text);
		return EXIT_FAILED;
	}
	scope_complain_missing(session);
	signals = signals_watch(session->loop, false, record_signal, run);
	if (session->options->duration > 0)
		run->end = session->interval_from + (uint64_t)(session->options->duration * 1e9);
	session_release_command(session);
	loop_timer_add(session->loop, clock_now(), record_expire, run);
	loop_run(session->loop);
	end = session_finish(session);
	session_close_interval(session, end);
	recording_seal(session->recording);
	size = capture_writer_size(session->writer);
	if (session_end_writing(session, &error)) {
		command_complain(error.text);
		run->status = EXIT_FAILED;
	} else {
		record_report(session, size);
	}
	signals_free(signals);
	return run->status;
}

int command_record(const struct options *options)
{
	struct record_run run = {0};
	struct error error = {0};
	int status;

	if (!options->write_file) {
		command_complain("record needs a file: tracetop record -w FILE");
		return EXIT_USAGE;
	}
	if (session_open(&run.session, options, &error)) {
		command_complain(error.text);
		status = error.code == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	} else {
		status = record_run(&run);
	}
	session_close(&run.session);
	return status;
}
