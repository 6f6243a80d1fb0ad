/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/narrow.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/mem.h"
#include "narrow.skel.h"

struct narrow {
	struct narrow_bpf *skeleton;
};

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0; /* what went wrong is told by who asked */
}

struct narrow *narrow_new(struct error *error)
{
	libbpf_print_fn_t before = libbpf_set_print(quiet);
	struct narrow_bpf *skeleton = narrow_bpf__open();
	int code = skeleton ? narrow_bpf__load(skeleton) : -errno;
	struct narrow *narrow;

	if (!code)
		code = narrow_bpf__attach(skeleton);
	libbpf_set_print(before);
	if (code) {
		error_set(error, code, "BPF does not narrow here: %s", strerror(-code));
		narrow_bpf__destroy(skeleton);
		return NULL;
	}
	narrow = mem_alloc(sizeof(*narrow));
	narrow->skeleton = skeleton;
	return narrow;
}

void narrow_free(struct narrow *narrow)
{
	if (!narrow)
		return;
	narrow_bpf__destroy(narrow->skeleton);
	free(narrow);
}

int narrow_add(struct narrow *narrow, uint32_t tgid)
{
	uint8_t one = 1;

	return bpf_map_update_elem(
		bpf_map__fd(narrow->skeleton->maps.narrow_tgids), &tgid, &one, BPF_ANY);
}

int narrow_attach(struct narrow *narrow, int perf_fd)
{
	int program = bpf_program__fd(narrow->skeleton->progs.narrow_sample);

	return ioctl(perf_fd, PERF_EVENT_IOC_SET_BPF, program) ? -errno : 0;
}
