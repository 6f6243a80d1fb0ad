/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parent's side: any bytes as answers of a resolver child that a hostile file has taken over.
 * Its file is taken in whole; in place of a process stands a list of messages.
 */
#include "fuzz.h"

#include "resolve/symbols.c"

#define ASKED 4
#define DSO 1

/* Messages: two bytes of size, then so many bytes, one after the other. */
static const uint8_t *messages;
static size_t messages_left;

int resolve_process_start(struct resolve_process *process)
{
	process->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return 0;
}

void resolve_process_end(struct resolve_process *process, char *how, size_t size)
{
	if (size)
		snprintf(how, size, "ended");
	close(process->fd);
	process->fd = -1;
}

int resolve_process_send(const struct resolve_process *process,
	const struct resolve_request *request, const void *more, size_t size, int fd)
{
	(void)process;
	(void)more;
	(void)fd;
	CHECK(request->count * sizeof(uint64_t) == size);
	return 0;
}

ssize_t resolve_process_receive(const struct resolve_process *process, void *data, size_t size)
{
	size_t part;

	(void)process;
	if (messages_left < 2)
		return 0;
	part = messages[0] | (size_t)messages[1] << 8;
	messages += 2;
	messages_left -= 2;
	part = part < messages_left ? part : messages_left;
	part = part < size ? part : size;
	memcpy(data, messages, part);
	messages += part;
	messages_left -= part;
	return (ssize_t)part;
}

static void fold(void *arg, const struct record *record)
{
	model_fold(arg, record);
}

static void add_dso(struct recording *recording, enum dso_kind kind)
{
	recording_append(
		recording, &(struct record){.type = RECORD_DSO,
				   .name = STR("/bin/true"),
				   .nums = (uint64_t[DSO_NUMS]){[DSO_ID] = DSO, [DSO_KIND] = kind},
				   .texts = (struct str[DSO_TEXTS]){STR(""), STR("")}});
}

/* As if the file had been opened and the addresses had been asked for. */
static void wait_for_answer(struct resolver *resolver, bool loaded)
{
	struct source *source = resolver_source(resolver, DSO);

	source->state = loaded ? SOURCE_READY : SOURCE_OPEN;
	for (uint64_t i = 0; i < ASKED; i++)
		symbols_want(&resolver->model->symbols, DSO, 0x1000 * (i + 1));
	if (!loaded)
		source->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	resolver_kick(resolver);
	CHECK(resolver->busy == DSO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording *recording = recording_new(NULL, (size_t)64 << 20);
	struct loop *loop = loop_new();
	struct model *model = model_new();
	struct resolver *resolver = resolver_new(loop, recording, model);

	if (size) {
		recording_observe(recording, fold, model);
		add_dso(recording, data[0] & 1 ? DSO_KERNEL : DSO_VDSO);
		wait_for_answer(resolver, data[0] & 2);
		messages = data + 1;
		messages_left = size - 1;
		while (resolver->busy && resolver->process.fd >= 0)
			resolver_read(resolver);
		CHECK(messages_left < size);
	}
	resolver_free(resolver);
	model_free(model);
	recording_free(recording);
	loop_free(loop);
	return 0;
}
