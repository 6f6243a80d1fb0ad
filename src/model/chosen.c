/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/chosen.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/model.h"

#define ID_SHOWN 12 /* characters, where a container has no name: see container.name */
/* How long something new may turn out to be a container, and one may turn out to have a name. */
#define FOUND_NS NS_PER_S
#define NAMED_NS (10 * NS_PER_S)

struct entry {
	struct chosen_place place;
	uint32_t walk;	/* of a namespace: number of the last one that found somebody in it */
	uint64_t since; /* of a cgroup when it was met, of a namespace its oldest process; 0: old */
	enum chosen_answer answer;
};

struct chosen {
	const struct model *model;
	const char *const *names;
	size_t name_count;
	chosen_hook *hook;
	void *hook_arg;
	struct entry *entries;
	size_t count, capacity;
	struct index by_place;
	bool begun;
	uint32_t walks;
	uint64_t seen; /* cgroups that the model had met */
	uint64_t generation, containers,
		tasks; /* counts of the model, as far as it was looked at */
	uint64_t due;  /* when what is open is to be decided */
};

struct chosen *chosen_new(const struct model *model, const char *const *names, size_t count)
{
	struct chosen *chosen = mem_zalloc(sizeof(*chosen));

	chosen->model = model;
	chosen->names = names;
	chosen->name_count = count;
	return chosen;
}

void chosen_free(struct chosen *chosen)
{
	if (!chosen)
		return;
	free(chosen->entries);
	index_release(&chosen->by_place);
	free(chosen);
}

/* --- names --- */

bool chosen_is_id(const char *name)
{
	return *name && name[strspn(name, "0123456789abcdef")] == '\0';
}

/* Ids that a runtime lets people choose are names: only of the others a beginning is enough. */
bool chosen_is_called(const struct container *container, const char *name)
{
	struct str wanted = str_from(name), id = container->id;

	if (str_equal(id, wanted) || str_equal(container->name, wanted) ||
		(container->pod.size && str_equal(container->pod, wanted)))
		return wanted.size > 0;
	if (!container->name.size && id.size > ID_SHOWN && wanted.size == ID_SHOWN &&
		str_starts(id, wanted))
		return true;
	return chosen_is_id(name) && str_starts(id, wanted);
}

bool chosen_has(const struct chosen *chosen, const struct container *container)
{
	for (size_t i = 0; i < chosen->name_count; i++)
		if (chosen_is_called(container, chosen->names[i]))
			return true;
	return false;
}

bool chosen_missing(const struct chosen *chosen, bool ended, struct buf *names)
{
	const struct cgroups *cgroups = &chosen->model->cgroups;
	bool missing = false;

	for (size_t i = 0; i < chosen->name_count; i++) {
		size_t k = 0;

		while (k < cgroups->container_count &&
			((!ended && cgroups->containers[k].end) ||
				!chosen_is_called(&cgroups->containers[k], chosen->names[i])))
			k++;
		if (k < cgroups->container_count)
			continue;
		buf_add_text(names, missing ? ", '" : "'");
		text_escape(names, str_from(chosen->names[i]), TEXT_UTF8);
		buf_add_char(names, '\'');
		missing = true;
	}
	return missing;
}

/* --- places --- */

static uint64_t hash_place(const struct chosen_place *place)
{
	return hash_two(place->id, (uint64_t)place->kind << 32 | place->hierarchy);
}

static bool entry_has_place(const void *owner, uint32_t at, const void *wanted)
{
	const struct chosen_place *have = &((const struct chosen *)owner)->entries[at].place;
	const struct chosen_place *key = wanted;

	return have->id == key->id && have->kind == key->kind && have->hierarchy == key->hierarchy;
}

static struct entry *find(const struct chosen *chosen, const struct chosen_place *place)
{
	uint32_t at = index_find(
		&chosen->by_place, hash_place(place), entry_has_place, chosen, place);

	return at == INDEX_NONE ? NULL : &chosen->entries[at];
}

static struct entry *add(struct chosen *chosen, const struct chosen_place *place, uint64_t since)
{
	struct entry *entry;

	chosen->entries = mem_grow(
		chosen->entries, &chosen->capacity, chosen->count + 1, sizeof(*chosen->entries));
	entry = &chosen->entries[chosen->count];
	*entry = (struct entry){.place = *place, .since = since};
	index_add(&chosen->by_place, hash_place(place), (uint32_t)chosen->count++);
	return entry;
}

static void answer(struct chosen *chosen, struct entry *entry, enum chosen_answer now)
{
	/* The kernel forgets a namespace that ends, and its number may be another's by now. */
	bool again = entry->place.kind == CHOSEN_PIDNS && now != CHOSEN_OPEN;

	if (now == entry->answer && !again)
		return;
	entry->answer = now;
	if (chosen->hook)
		chosen->hook(chosen->hook_arg, &entry->place, now);
}

static void drop(struct chosen *chosen, struct entry *entry)
{
	struct entry *last = &chosen->entries[chosen->count - 1];

	answer(chosen, entry, CHOSEN_OPEN);
	index_remove(
		&chosen->by_place, hash_place(&entry->place), (uint32_t)(entry - chosen->entries));
	if (entry != last) {
		index_remove(
			&chosen->by_place, hash_place(&last->place), (uint32_t)chosen->count - 1);
		*entry = *last;
		index_add(&chosen->by_place, hash_place(&entry->place),
			(uint32_t)(entry - chosen->entries));
	}
	chosen->count--;
}

/* --- deciding --- */

static bool waits(struct chosen *chosen, const struct entry *entry, uint64_t how_long, uint64_t now)
{
	uint64_t until = entry->since + how_long;

	if (!entry->since || now >= until)
		return false;
	if (until < chosen->due)
		chosen->due = until;
	return true;
}

/* When nothing more is to be expected; of a cgroup that is no container's, NULL. */
static enum chosen_answer answer_of(const struct chosen *chosen, const struct container *container)
{
	if (!container)
		return CHOSEN_HOST;
	return chosen_has(chosen, container) ? CHOSEN_IN : CHOSEN_OUT;
}

static enum chosen_answer decide(struct chosen *chosen, const struct entry *entry, uint64_t now)
{
	const struct cgroups *cgroups = &chosen->model->cgroups;
	bool is_cgroup = entry->place.kind == CHOSEN_CGROUP;
	const struct container *container =
		is_cgroup ? cgroups_container(cgroups, entry->place.hierarchy, entry->place.id)
			  : cgroups_container_in(cgroups, entry->place.id, 0, now);
	enum chosen_answer found = answer_of(chosen, container);

	if (found == CHOSEN_OUT && !container->name.size && waits(chosen, entry, NAMED_NS, now))
		return CHOSEN_OPEN;
	if (found == CHOSEN_HOST && waits(chosen, entry, FOUND_NS, now))
		return CHOSEN_OPEN;
	return found == CHOSEN_HOST && !is_cgroup ? CHOSEN_OUT : found;
}

static void meet_cgroups(struct chosen *chosen, uint64_t now)
{
	const struct cgroups *cgroups = &chosen->model->cgroups;

	for (size_t i = cgroups_met_after(cgroups, chosen->seen); i < cgroups->count; i++) {
		const struct cgroup *cgroup = &cgroups->cgroups[i];
		struct chosen_place place = {CHOSEN_CGROUP, cgroup->hierarchy, cgroup->id};

		if (!cgroup->gone)
			add(chosen, &place, chosen->begun ? now : 0);
	}
	chosen->seen = cgroups->met;
}

struct walk {
	struct chosen *chosen;
	struct entry *last; /* most tasks are where the one before was */
};

static void meet_task(void *arg, struct task *task)
{
	struct walk *walk = arg;
	struct chosen *chosen = walk->chosen;
	struct chosen_place place = {CHOSEN_PIDNS, 0, task->pidns};
	struct entry *entry = walk->last;

	if (!task->pidns)
		return;
	if (!entry || entry->place.id != task->pidns)
		entry = find(chosen, &place);
	if (!entry)
		entry = add(chosen, &place, task->start);
	if (entry->walk != chosen->walks || task->start < entry->since)
		entry->since = task->start;
	entry->walk = chosen->walks;
	walk->last = entry;
}

/* Who has neither a cgroup nor a pid namespace of its container's; the machine's are never asked.
 */
static void meet_mounts(struct chosen *chosen)
{
	const struct cgroups *cgroups = &chosen->model->cgroups;

	for (size_t i = 0; i < cgroups->container_count; i++) {
		const struct container *container = &cgroups->containers[i];
		struct chosen_place place = {CHOSEN_MNTNS, 0, container->mntns};
		struct entry *entry;

		if (container->end || container->cgroup || !container->mntns ||
			!chosen_has(chosen, container))
			continue;
		entry = find(chosen, &place);
		if (!entry)
			entry = add(chosen, &place, 0);
		entry->walk = chosen->walks;
	}
}

static bool is_gone(const struct chosen *chosen, const struct entry *entry)
{
	const struct cgroup *cgroup;

	if (entry->place.kind != CHOSEN_CGROUP)
		return entry->walk != chosen->walks;
	cgroup = cgroups_find(&chosen->model->cgroups, entry->place.hierarchy, entry->place.id);
	return !cgroup || cgroup->gone;
}

/* @walked: it was looked who is in which namespace. */
static void update_entry(
	struct chosen *chosen, struct entry *entry, bool again, bool walked, uint64_t now)
{
	bool renew = again || (walked && entry->place.kind == CHOSEN_PIDNS);

	if (is_gone(chosen, entry))
		drop(chosen, entry);
	else if (entry->place.kind == CHOSEN_MNTNS)
		answer(chosen, entry, CHOSEN_IN);
	else if (renew || entry->answer == CHOSEN_OPEN)
		answer(chosen, entry, decide(chosen, entry, now));
}

void chosen_update(struct chosen *chosen, uint64_t now)
{
	const struct model *model = chosen->model;
	bool again = !chosen->begun || chosen->containers != model->cgroups.container_generation;
	bool walks = again || chosen->tasks != model->tasks.namespaces_told;
	struct walk walk = {chosen, NULL};

	if (!walks && chosen->generation == model->cgroups.generation && now < chosen->due)
		return;
	chosen->generation = model->cgroups.generation;
	chosen->containers = model->cgroups.container_generation;
	chosen->due = UINT64_MAX;
	meet_cgroups(chosen, now);
	if (walks) {
		chosen->tasks = model->tasks.namespaces_told;
		chosen->walks++;
		tasks_each_alive(&model->tasks, meet_task, &walk);
		meet_mounts(chosen);
	}
	for (size_t i = chosen->count; i-- > 0;)
		update_entry(chosen, &chosen->entries[i], again, walks, now);
	chosen->begun = true;
}

/* --- asking --- */

void chosen_on_change(struct chosen *chosen, chosen_hook *hook, void *arg)
{
	chosen->hook = hook;
	chosen->hook_arg = arg;
}

void chosen_each(const struct chosen *chosen, chosen_hook *hook, void *arg)
{
	for (size_t i = 0; i < chosen->count; i++)
		if (chosen->entries[i].answer != CHOSEN_OPEN)
			hook(arg, &chosen->entries[i].place, chosen->entries[i].answer);
}

static enum chosen_answer ask(
	const struct chosen *chosen, enum chosen_kind kind, uint32_t hierarchy, uint64_t id)
{
	struct chosen_place place = {kind, hierarchy, id};
	const struct entry *entry = find(chosen, &place);

	return entry ? entry->answer : CHOSEN_OPEN;
}

/* Of one that is gone: what was used there is told a moment later. */
static enum chosen_answer ask_cgroup(const struct chosen *chosen, uint32_t hierarchy, uint64_t id)
{
	const struct cgroups *cgroups = &chosen->model->cgroups;
	enum chosen_answer found = ask(chosen, CHOSEN_CGROUP, hierarchy, id);
	const struct cgroup *cgroup;

	if (found != CHOSEN_OPEN)
		return found;
	cgroup = cgroups_find(cgroups, hierarchy, id);
	return cgroup && cgroup->gone ? answer_of(chosen, cgroups_container(cgroups, hierarchy, id))
				      : CHOSEN_OPEN;
}

/* As narrow_sample() in bpf/narrow.bpf.c does. */
enum chosen_answer chosen_ask(const struct chosen *chosen, uint32_t hierarchy, uint64_t cgroup,
	uint64_t pidns, uint64_t mntns)
{
	enum chosen_answer found = cgroup ? ask_cgroup(chosen, hierarchy, cgroup) : CHOSEN_HOST;

	if (found != CHOSEN_HOST)
		return found;
	found = pidns ? ask(chosen, CHOSEN_PIDNS, 0, pidns) : CHOSEN_OUT;
	if (found != CHOSEN_OUT)
		return found;
	return ask(chosen, CHOSEN_MNTNS, 0, mntns) == CHOSEN_IN ? CHOSEN_IN : CHOSEN_OUT;
}
