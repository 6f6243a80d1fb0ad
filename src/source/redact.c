/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/redact.h"

#include <string.h>

#include "base/text.h"

#define MASK "***"

static bool is_secret_name(struct str name)
{
	static const char *const words[] = {"pass", "secret", "token", "credential", "apikey",
		"api-key", "api_key", "access-key", "access_key", "private-key", "private_key"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (text_contains_folded(name, str_from(words[i])))
			return true;
	return false;
}

static const char *find(struct str text, const char *part)
{
	return text.size ? memmem(text.data, text.size, part, strlen(part)) : NULL;
}

/* scheme://user:password@host: what stands between the colon and the at sign. */
static bool find_password(struct str argument, size_t *from, size_t *to)
{
	const char *end = argument.data + argument.size, *at = find(argument, "://");
	const char *user = at ? at + 3 : NULL, *host, *colon, *path;

	if (!user)
		return false;
	path = memchr(user, '/', (size_t)(end - user));
	host = memrchr(user, '@', (size_t)((path ? path : end) - user));
	colon = host ? memchr(user, ':', (size_t)(host - user)) : NULL;
	if (!colon)
		return false;
	*from = (size_t)(colon + 1 - argument.data);
	*to = (size_t)(host - argument.data);
	return true;
}

/* Appends an argument; whether the next one is a secret. */
static bool redact_argument(struct buf *out, struct str argument)
{
	const char *equals = argument.size ? memchr(argument.data, '=', argument.size) : NULL;
	struct str name = {
		argument.data, equals ? (size_t)(equals - argument.data) : argument.size};
	size_t from, to;

	if (equals && is_secret_name(name)) {
		buf_add(out, argument.data, name.size + 1);
		buf_add_text(out, MASK);
		return false;
	}
	if (find_password(argument, &from, &to)) {
		buf_add(out, argument.data, from);
		buf_add_text(out, MASK);
		buf_add(out, argument.data + to, argument.size - to);
		return false;
	}
	buf_add_str(out, argument);
	return !equals && str_starts(argument, STR("-")) && is_secret_name(name);
}

void redact_arguments(struct buf *out, struct str arguments)
{
	bool is_secret = false;

	for (size_t at = 0; at < arguments.size;) {
		const char *end = memchr(arguments.data + at, '\0', arguments.size - at);
		size_t size = end ? (size_t)(end - arguments.data) - at : arguments.size - at;
		struct str argument = {arguments.data + at, size};

		if (is_secret) {
			buf_add_text(out, MASK);
			is_secret = false;
		} else {
			is_secret = redact_argument(out, argument);
		}
		if (end)
			buf_add_char(out, '\0');
		at += size + 1;
	}
}
