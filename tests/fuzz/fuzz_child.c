/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver child's side: requests with any content, some with an ELF file or kernel symbols
 * that are any bytes.  Its answers have to be ones that the parent takes.  Its file is taken in
 * whole, to be asked without a process around it; the socket is a pair of this process.
 */
#include "fuzz.h"

#include <sys/socket.h>

#include "resolve/protocol.h"

static int child_end, parent_end;
#undef RESOLVE_FD
#define RESOLVE_FD child_end
#include "resolve/child.c"

/* An answer has the form that protocol.h says, whatever was asked. */
static void take_answers(uint32_t op, uint32_t count)
{
	static union {
		struct resolve_reply reply;
		char room[RESOLVE_MESSAGE + 1];
	} message;
	uint32_t symbols = 0;
	ssize_t size;

	while ((size = recv(parent_end, &message, sizeof(message), MSG_DONTWAIT)) > 0) {
		const char *at = (const char *)(&message.reply + 1);
		const char *end = message.room + size;

		CHECK(size >= (ssize_t)sizeof(message.reply) && size <= RESOLVE_MESSAGE);
		CHECK(message.reply.build_id_size <= RESOLVE_BUILD_ID);
		CHECK((op == RESOLVE_LOOK_UP) == (message.reply.answer == RESOLVE_SYMBOLS));
		for (uint32_t i = 0; op == RESOLVE_LOOK_UP && i < message.reply.count; i++) {
			struct resolve_symbol symbol;

			CHECK((size_t)(end - at) >= sizeof(symbol));
			memcpy(&symbol, at, sizeof(symbol));
			CHECK(symbol.name_size <= RESOLVE_NAME &&
				symbol.linkage_size <= RESOLVE_NAME &&
				symbol.owner_size <= RESOLVE_NAME && symbol.start < symbol.end);
			at += (sizeof(symbol) + symbol.name_size + symbol.linkage_size +
				      symbol.owner_size + 7) &
			      ~(size_t)7;
			CHECK(at <= end);
			symbols++;
		}
	}
	CHECK(op != RESOLVE_LOOK_UP || symbols == count);
}

static void ask(struct child *child, uint32_t op, uint32_t dso, const uint64_t *addresses, int fd)
{
	union {
		struct resolve_request request;
		char room[sizeof(struct resolve_request) + 16 * sizeof(uint64_t)];
	} message = {.request = {.op = op, .dso = dso, .count = op == RESOLVE_LOOK_UP ? 16 : 0}};

	memcpy(&message.request + 1, addresses, 16 * sizeof(uint64_t));
	serve(child, &message.request, sizeof(message), fd);
	take_answers(op, message.request.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct child child = {0};
	uint64_t addresses[16];
	int pair[2], room = 4 << 20, fd;

	if (size < sizeof(addresses) + 2)
		return 0;
	memcpy(addresses, data + 2, sizeof(addresses));
	for (size_t i = 0; i < 16; i++) /* perf uses the last numbers for marks in chains */
		addresses[i] -= addresses[i] == UINT64_MAX;
	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	parent_end = pair[0];
	child_end = pair[1];
	setsockopt(child_end, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	fd = fuzz_file(data + 2 + sizeof(addresses), size - 2 - sizeof(addresses));
	ask(&child, RESOLVE_LOOK_UP, data[0], addresses, -1);
	ask(&child, data[1] & 1 ? RESOLVE_LOAD_ELF : RESOLVE_LOAD_KALLSYMS, data[0], addresses, fd);
	ask(&child, RESOLVE_LOOK_UP, data[0], addresses, -1);
	/* Another file under the same number, or the same under another. */
	lseek(fd, 0, SEEK_SET);
	ask(&child, data[1] & 2 ? RESOLVE_LOAD_ELF : RESOLVE_LOAD_KALLSYMS, data[1] & 3, addresses,
		fd);
	ask(&child, RESOLVE_LOOK_UP, data[0], addresses, -1);
	for (size_t i = 0; i < child.count; i++)
		forget(&child.loaded[i]);
	free(child.loaded);
	buf_release(&child.reply);
	close(fd);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
