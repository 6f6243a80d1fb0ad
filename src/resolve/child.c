/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "resolve/elf.h"
#include "resolve/kallsyms.h"
#include "resolve/protocol.h"
#include "resolve/sandbox_child.h"

/* What was read for a DSO. */
struct loaded {
	bool is_elf, is_kallsyms;
	struct elf_symbols elf;
	struct name_table kallsyms;
};

struct child {
	struct loaded *loaded; /* by DSO */
	size_t count, capacity;
	struct buf reply;
};

#define DSOS_MAX (1u << 20)

static struct loaded *child_loaded(struct child *child, uint32_t dso)
{
	size_t had = child->count;

	if (dso >= DSOS_MAX)
		return NULL;
	if (dso >= had) {
		child->count = dso + 1;
		child->loaded = mem_grow(
			child->loaded, &child->capacity, child->count, sizeof(*child->loaded));
		memset(child->loaded + had, 0, (child->count - had) * sizeof(*child->loaded));
	}
	return &child->loaded[dso];
}

static void forget(struct loaded *loaded)
{
	if (loaded->is_elf)
		elf_symbols_release(&loaded->elf);
	if (loaded->is_kallsyms)
		name_table_release(&loaded->kallsyms);
	memset(loaded, 0, sizeof(*loaded));
}

static void send_reply(const struct child *child)
{
	while (send(RESOLVE_FD, child->reply.data, child->reply.size, 0) < 0)
		if (errno != EINTR)
			_exit(1); /* the parent is gone */
}

static struct resolve_reply *begin_reply(
	struct child *child, enum resolve_answer answer, uint32_t dso)
{
	struct resolve_reply reply = {.answer = answer, .dso = dso};

	buf_clear(&child->reply);
	buf_add(&child->reply, &reply, sizeof(reply));
	return (struct resolve_reply *)child->reply.data;
}

static void load_elf(struct child *child, const struct resolve_request *request, int fd)
{
	struct loaded *loaded = child_loaded(child, request->dso);
	struct elf_symbols elf;
	const char *why = elf_symbols_read(&elf, fd);
	struct resolve_reply *reply;

	if (why || !loaded) {
		reply = begin_reply(child, RESOLVE_REFUSED, request->dso);
		reply->count = (uint32_t)strlen(why ? why : "too many");
		buf_add_text(&child->reply, why ? why : "too many");
		return;
	}
	if (request->build_id_size &&
		(elf.build_id_size != request->build_id_size ||
			memcmp(elf.build_id, request->build_id, elf.build_id_size))) {
		elf_symbols_release(&elf);
		begin_reply(child, RESOLVE_MISMATCH, request->dso);
		return;
	}
	forget(loaded);
	loaded->is_elf = true;
	loaded->elf = elf;
	reply = begin_reply(
		child, elf.has_symbols ? RESOLVE_LOADED : RESOLVE_STRIPPED, request->dso);
	reply->build_id_size = elf.build_id_size;
	memcpy(reply->build_id, elf.build_id, elf.build_id_size);
}

static void load_kallsyms(struct child *child, const struct resolve_request *request, int fd)
{
	struct loaded *loaded = child_loaded(child, request->dso);
	bool good;

	if (!loaded) {
		begin_reply(child, RESOLVE_REFUSED, request->dso);
		return;
	}
	/* Modules have come or gone: what the kernel was before is not asked for any more. */
	for (size_t i = 0; i < child->count; i++)
		if (child->loaded[i].is_kallsyms)
			forget(&child->loaded[i]);
	loaded->is_kallsyms = true;
	name_table_init(&loaded->kallsyms);
	good = kallsyms_read(&loaded->kallsyms, fd);
	begin_reply(child, good ? RESOLVE_LOADED : RESOLVE_HIDDEN, request->dso);
}

static struct str bounded(const char *text)
{
	return (struct str){text, strnlen(text, RESOLVE_NAME)};
}

static void add_symbol(
	struct child *child, uint64_t start, uint64_t end, const char *linkage, const char *owner)
{
	static const char padding[8];
	char *demangled = name_demangle(linkage);
	struct str name = bounded(demangled ? demangled : linkage);
	struct str raw = demangled ? bounded(linkage) : (struct str){"", 0};
	struct str module = bounded(owner);
	struct resolve_symbol symbol = {
		start, end, (uint32_t)name.size, (uint32_t)raw.size, (uint32_t)module.size, 0};

	/* A message that is full goes out; its rest comes in the next. */
	if (child->reply.size + sizeof(symbol) + name.size + raw.size + module.size + 8 >
		RESOLVE_MESSAGE) {
		uint32_t dso = ((struct resolve_reply *)child->reply.data)->dso;

		send_reply(child);
		begin_reply(child, RESOLVE_SYMBOLS, dso);
	}
	buf_add(&child->reply, &symbol, sizeof(symbol));
	buf_add_str(&child->reply, name);
	buf_add_str(&child->reply, raw);
	buf_add_str(&child->reply, module);
	buf_add(&child->reply, padding, -child->reply.size & 7);
	((struct resolve_reply *)child->reply.data)->count++;
	free(demangled);
}

static void look_up(
	struct child *child, const struct resolve_request *request, const uint64_t *addresses)
{
	const struct loaded *loaded = child_loaded(child, request->dso);

	begin_reply(child, RESOLVE_SYMBOLS, request->dso);
	for (uint32_t i = 0; loaded && i < request->count; i++) {
		uint64_t start = addresses[i], end = addresses[i] + 1;
		const struct name_entry *entry;
		const char *name = "", *names = loaded->kallsyms.names.data;

		if (loaded->is_elf) {
			if (!elf_symbols_find(&loaded->elf, addresses[i], &name, &start, &end)) {
				name = "";
				start = addresses[i];
				end = addresses[i] + 1;
			}
			add_symbol(child, start, end, name, "");
		} else if (loaded->is_kallsyms) {
			entry = name_table_find(&loaded->kallsyms, addresses[i], &start, &end);
			add_symbol(child, start, end, entry ? names + entry->name : "",
				entry ? names + entry->owner : "");
		} else { /* given back meanwhile: every question has an answer */
			add_symbol(child, start, end, "", "");
		}
	}
}

/* A message and the descriptor that came with it, or -1; false at the end. */
static bool receive(void *data, size_t *size, int *fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = {data, *size};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	struct cmsghdr *header;
	ssize_t got;

	do {
		got = recvmsg(RESOLVE_FD, &message, 0);
	} while (got < 0 && errno == EINTR);
	*fd = -1;
	header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	*size = got > 0 ? (size_t)got : 0;
	return got > 0;
}

static void serve(struct child *child, const struct resolve_request *request, size_t size, int fd)
{
	if (request->op == RESOLVE_LOAD_ELF && fd >= 0)
		load_elf(child, request, fd);
	else if (request->op == RESOLVE_LOAD_KALLSYMS && fd >= 0)
		load_kallsyms(child, request, fd);
	else if (request->op == RESOLVE_LOOK_UP &&
		 size >= sizeof(*request) + request->count * sizeof(uint64_t))
		look_up(child, request, (const uint64_t *)(request + 1));
	else
		_exit(1);
	send_reply(child);
}

int resolve_child_main(void)
{
	static union {
		struct resolve_request request;
		uint64_t align;
		char room[RESOLVE_MESSAGE];
	} message;
	struct child child = {0};
	size_t size = sizeof(message);
	int code, fd;

	prctl(PR_SET_NAME, "tracetop-names", 0, 0, 0);
	code = sandbox_child_enter();
	if (code) {
		fprintf(stderr, "tracetop: the resolver cannot give up its rights: %s\n",
			strerror(-code));
		return 1;
	}
	while (receive(&message, &size, &fd)) {
		if (size < sizeof(message.request) ||
			message.request.build_id_size > RESOLVE_BUILD_ID ||
			message.request.count > RESOLVE_ADDRESSES)
			return 1;
		serve(&child, &message.request, size, fd);
		if (fd >= 0)
			close(fd);
		size = sizeof(message);
	}
	return 0;
}
