/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/container_kept.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	size_t from, to; /* in container_facts, in kept_facts */
} texts[] = {
#define FACT(name)                                                                        \
	{                                                                                 \
		offsetof(struct container_facts, name), offsetof(struct kept_facts, name) \
	}
	FACT(name), FACT(id), FACT(runtime), FACT(image), FACT(pod), FACT(pod_namespace),
	FACT(pod_uid),
#undef FACT
	{0, offsetof(struct kept_facts, labels)}, /* these come from elsewhere */
};

#define LABELS (COUNT(texts) - 1)

static const struct str *text_of(const struct kept_facts *facts, size_t number)
{
	return (const struct str *)((const char *)facts + texts[number].to);
}

static struct str told_text(const struct container_facts *facts, size_t number)
{
	const struct fact_text *text;

	if (number == LABELS)
		return (struct str){facts->labels, facts->labels_size};
	text = (const struct fact_text *)((const char *)facts + texts[number].from);
	return (struct str){text->data, text->size};
}

static void keep_numbers(struct kept_facts *kept, const struct container_facts *facts,
	const struct kept_facts *before)
{
	static const struct kept_facts none;

	if (!before)
		before = &none;
	kept->pid1 = facts->pid1 ? facts->pid1 : before->pid1;
	kept->start = facts->pid1 ? facts->start : before->start;
	kept->flags = facts->flags | before->flags;
	kept->pidns = facts->pidns ? facts->pidns : before->pidns;
	kept->mntns = facts->mntns ? facts->mntns : before->mntns;
	kept->restarts = facts->restarts ? facts->restarts : before->restarts;
	kept->state = facts->state == CONTAINER_UNKNOWN ? before->state : facts->state;
}

struct kept_facts *facts_keep(const struct container_facts *facts, const struct kept_facts *before)
{
	struct str told[COUNT(texts)];
	size_t size = sizeof(struct kept_facts);
	struct kept_facts *kept;
	char *at;

	for (size_t i = 0; i < COUNT(texts); i++) {
		told[i] = told_text(facts, i);
		if (!told[i].size && before)
			told[i] = *text_of(before, i);
		size += told[i].size;
	}
	kept = mem_zalloc(size);
	at = (char *)(kept + 1);
	for (size_t i = 0; i < COUNT(texts); i++) {
		memcpy(at, told[i].data ? told[i].data : "", told[i].size);
		*(struct str *)((char *)kept + texts[i].to) = (struct str){at, told[i].size};
		at += told[i].size;
	}
	keep_numbers(kept, facts, before);
	return kept;
}

bool facts_are_same(const struct kept_facts *a, const struct kept_facts *b)
{
	for (size_t i = 0; i < COUNT(texts); i++)
		if (!str_equal(*text_of(a, i), *text_of(b, i)))
			return false;
	return a->pid1 == b->pid1 && a->flags == b->flags && a->pidns == b->pidns &&
	       a->mntns == b->mntns && a->start == b->start && a->restarts == b->restarts &&
	       a->state == b->state;
}
