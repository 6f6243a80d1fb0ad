/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP/1.0 over a local socket: the answer has a length or ends, and is never in pieces. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "resolve/container_facts.h"

#define PATIENCE_NS (500 * NS_PER_MS)
#define POST_PATIENCE_NS (5 * NS_PER_S) /* it does something, and who asked wants to know */

/* Waits for the descriptor, no longer than until @end. */
static int wait_for(int fd, short events, uint64_t end)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};

	for (;;) {
		uint64_t now = clock_now();
		int ready;

		if (now >= end)
			return -ETIMEDOUT;
		ready = poll(&poll_fd, 1, (int)((end - now) / NS_PER_MS) + 1);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, code;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* A full queue of a daemon that hangs is told at once (EAGAIN), not waited for. */
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	code = -errno;
	close(fd);
	return code;
}

static int send_all(int fd, const char *text, size_t size, uint64_t end)
{
	while (size) {
		ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
		int code;

		if (sent > 0) {
			text += sent;
			size -= (size_t)sent;
			continue;
		}
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		code = wait_for(fd, POLLOUT, end);
		if (code)
			return code;
	}
	return 0;
}

static int receive_all(int fd, struct buf *out, uint64_t end)
{
	for (;;) {
		int code = wait_for(fd, POLLIN, end);
		ssize_t got;

		if (code)
			return code;
		if (out->size >= FACT_FILE_MAX)
			return -EFBIG;
		got = recv(fd, buf_reserve(out, 65536), 65536, 0);
		if (!got)
			return 0;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got > 0)
			out->size += (size_t)got;
	}
}

/* Leaves the body of an answer; its status, or a negative errno. */
static int take_body(struct buf *answer)
{
	const char *body;
	size_t head;
	int status;

	if (answer->size)
		answer->data[answer->size] = '\0'; /* what is read at a time leaves room */
	if (answer->size < 12 || memcmp(answer->data, "HTTP/1.", 7) || answer->data[8] != ' ')
		return -EPROTO;
	status = (int)strtoul(answer->data + 9, NULL, 10);
	body = memmem(answer->data, answer->size, "\r\n\r\n", 4);
	if (!body || status < 100)
		return -EPROTO;
	head = (size_t)(body + 4 - answer->data);
	memmove(answer->data, body + 4, answer->size - head);
	answer->size -= head;
	answer->data[answer->size] = '\0';
	return status;
}

static int exchange(
	const char *socket_path, const struct buf *request, struct buf *body, uint64_t patience_ns)
{
	uint64_t end = clock_now() + patience_ns;
	int fd = connect_to(socket_path), code;

	if (fd < 0)
		return fd;
	code = send_all(fd, request->data, request->size, end);
	if (!code)
		code = receive_all(fd, body, end);
	if (!code)
		code = take_body(body);
	close(fd);
	return code;
}

int fact_socket_get(const char *socket_path, const char *request_path, struct buf *body)
{
	struct buf request = {0};
	int status;

	buf_printf(&request, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", request_path);
	status = exchange(socket_path, &request, body, PATIENCE_NS);
	buf_release(&request);
	return status == 200 ? 0 : status < 0 ? status : -EPROTO;
}

int fact_socket_post(const char *socket_path, const char *request_path, struct buf *body)
{
	struct buf request = {0};
	int status;

	buf_printf(&request, "POST %s HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
		request_path);
	status = exchange(socket_path, &request, body, POST_PATIENCE_NS);
	buf_release(&request);
	return status;
}
