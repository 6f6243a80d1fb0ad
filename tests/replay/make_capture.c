/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes captures that are the same each time: for the tests of replay, and as seeds for fuzzing.
 *
 *   make_capture plain FILE    ten seconds, two events, every kind of binary
 *   make_capture small FILE    some samples in a few chunks: to be cut and damaged
 *   make_capture hostile FILE  names that would drive a terminal or a spreadsheet
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/worker.h"
#include "record/capture.h"
#include "record/recording.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
/* STR() of a table that is not made while running. */
#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}
#define SECOND 1000000000ull
#define START (1000 * SECOND)
#define CLOCK_EVENT 1
#define FAULT_EVENT 2
#define DEEPEST 12

struct scene {
	struct recording *recording;
	uint64_t time, random;
};

static uint64_t below(struct scene *scene, uint64_t limit)
{
	scene->random ^= scene->random >> 12;
	scene->random ^= scene->random << 25;
	scene->random ^= scene->random >> 27;
	return (scene->random * 2685821657736338717u >> 11) % limit;
}

/* --- who and where --- */

static void add_host(struct scene *scene, struct str name)
{
	recording_append(scene->recording,
		&(struct record){.type = RECORD_HOST,
			.time = START,
			.name = name,
			.nums = (uint64_t[HOST_NUMS]){[HOST_CPUS] = 2,
				[HOST_REALTIME] = 1700000000 * SECOND,
				[HOST_PAGE_SIZE] = 4096},
			.texts = (struct str[HOST_TEXTS]){[HOST_KERNEL] = STR("6.12.0-test"),
				[HOST_ARCH] = STR("x86_64"),
				[HOST_BOOT] = STR("00000000-0000-4000-8000-000000000000"),
				[HOST_SYSTEM] = STR("Test GNU/Linux")}});
}

static void add_event(struct scene *scene, uint32_t id, struct str name, struct str unit)
{
	recording_append(scene->recording,
		&(struct record){.type = RECORD_EVENT,
			.sub = id,
			.time = START,
			.name = name,
			.nums = (uint64_t[EVENT_NUMS]){[EVENT_TYPE] = 1,
				[EVENT_FREQUENCY] = unit.size ? 99 : 0,
				[EVENT_PERIOD] = unit.size ? 0 : 100,
				[EVENT_STACKS] = 1},
			.texts = (struct str[EVENT_TEXTS]){
				[EVENT_UNIT] = unit, [EVENT_WHY] = STR("made for a test")}});
}

struct made_dso {
	struct str path, build_id, why;
	enum dso_kind kind;
	enum dso_status status;
};

static void add_dso(struct scene *scene, uint64_t id, const struct made_dso *dso)
{
	recording_append(scene->recording,
		&(struct record){.type = RECORD_DSO,
			.time = START,
			.name = dso->path,
			.nums = (uint64_t[DSO_NUMS]){[DSO_ID] = id,
				[DSO_KIND] = dso->kind,
				[DSO_STATUS] = dso->status,
				[DSO_DEV] = dso->build_id.size ? 0 : 8ull << 32 | 1,
				[DSO_INODE] = dso->build_id.size ? 0 : 1000 + id},
			.texts = (struct str[DSO_TEXTS]){
				[DSO_BUILD_ID] = dso->build_id, [DSO_WHY] = dso->why}});
}

struct made_symbol {
	uint64_t dso, start, end, owner;
	struct str name, linkage;
};

static void add_symbol(struct scene *scene, const struct made_symbol *symbol)
{
	recording_append(scene->recording,
		&(struct record){.type = RECORD_SYMBOL,
			.time = START,
			.name = symbol->name,
			.nums = (uint64_t[SYMBOL_NUMS]){[SYMBOL_DSO] = symbol->dso,
				[SYMBOL_START] = symbol->start,
				[SYMBOL_END] = symbol->end,
				[SYMBOL_OWNER] = symbol->owner},
			.texts = (struct str[SYMBOL_TEXTS]){[SYMBOL_LINKAGE] = symbol->linkage}});
}

static void add_task(
	struct scene *scene, enum task_change change, const struct thread *thread, uint64_t parent)
{
	recording_append(scene->recording,
		&(struct record){.type = RECORD_TASK,
			.sub = change,
			.time = scene->time,
			.flags = change == TASK_ALIVE ? RECORD_SNAPSHOT : 0,
			.thread = thread,
			.nums = (uint64_t[TASK_NUMS]){[TASK_PARENT] = parent,
				[TASK_START] = change == TASK_ALIVE ? 0 : scene->time}});
}

static void add_cgroup(struct scene *scene, uint64_t id, struct str path)
{
	recording_append(
		scene->recording, &(struct record){.type = RECORD_CGROUP,
					  .time = START,
					  .name = path,
					  .nums = (uint64_t[CGROUP_NUMS]){[CGROUP_ID] = id}});
}

/* --- what happened --- */

/* Frames: the outermost first. */
static void add_sample(struct scene *scene, uint32_t event, const struct thread *thread,
	const struct frame *frames, size_t depth, uint64_t weight)
{
	struct chunk *chunk = recording_chunk(scene->recording, RECORD_SAMPLE);
	uint32_t node = 0;
	bool added;

	for (size_t i = 0; i < depth; i++)
		node = chunk_node(chunk, node, chunk_frame(chunk, frames[i], &added));
	recording_append(scene->recording, &(struct record){.type = RECORD_SAMPLE,
						   .sub = event,
						   .time = scene->time,
						   .cpu = (uint32_t)(scene->time / 7 % 2),
						   .stack = node,
						   .thread = thread,
						   .nums = (uint64_t[SAMPLE_NUMS]){weight}});
}

static void add_lost(struct scene *scene, enum lost how, uint64_t count)
{
	recording_append(scene->recording, &(struct record){.type = RECORD_LOST,
						   .sub = how,
						   .time = scene->time,
						   .name = STR("the ring of CPU 1"),
						   .nums = (uint64_t[LOST_NUMS]){count}});
}

static void add_note(struct scene *scene, enum note kind, struct str text)
{
	recording_append(scene->recording,
		&(struct record){
			.type = RECORD_NOTE, .sub = kind, .time = scene->time, .name = text});
}

/* An interval of @length ends now, and with it a chunk. */
static void end_interval(struct scene *scene, uint64_t length)
{
	recording_append(scene->recording,
		&(struct record){.type = RECORD_INTERVAL, .time = scene->time, .duration = length});
	recording_seal(scene->recording);
}

/* --- plain --- */

enum {
	DSO_THE_KERNEL = 1,
	DSO_SPIN,
	DSO_SHARED,
	DSO_SHARED_TOO,
	DSO_STRIPPED_TOOL,
	DSO_REPLACED_LIB,
	DSO_JIT,
	DSO_EXT4,
	DSO_THE_VDSO,
	DSO_SECRET,
	DSO_PATHLESS
};

static const struct made_dso plain_dsos[] = {
	{TEXT("[kernel]"), TEXT(""), TEXT(""), DSO_KERNEL, DSO_PROVEN},
	{TEXT("/usr/bin/spin"), TEXT("12345678901234567890"), TEXT(""), DSO_FILE, DSO_PROVEN},
	{TEXT("/usr/lib/libshared.so.1"), TEXT("abcdefghijabcdefghij"), TEXT(""), DSO_FILE,
		DSO_PROVEN},
	{TEXT("/srv/jail/usr/lib/libshared.so.1"), TEXT("abcdefghijabcdefghij"), TEXT(""), DSO_FILE,
		DSO_PROVEN},
	{TEXT("/opt/tool"), TEXT("stripped-build-id-20"), TEXT(""), DSO_FILE, DSO_STRIPPED},
	{TEXT("/usr/lib/libold.so"), TEXT(""), TEXT("another file stands at its path now"),
		DSO_FILE, DSO_REPLACED},
	{TEXT("[anon]"), TEXT(""), TEXT(""), DSO_ANON, DSO_UNSEEN},
	{TEXT("[ext4]"), TEXT(""), TEXT(""), DSO_MODULE, DSO_PROVEN},
	{TEXT("[vdso]"), TEXT(""), TEXT(""), DSO_VDSO, DSO_PROVEN},
	{TEXT("/root/secret"), TEXT(""), TEXT("Permission denied"), DSO_FILE, DSO_UNREADABLE},
	{TEXT(""), TEXT(""), TEXT(""), DSO_UNKNOWN, DSO_UNSEEN},
};

#define KERNEL 0xffffffff81000000ull

static const struct made_symbol plain_symbols[] = {
	{DSO_THE_KERNEL, KERNEL, KERNEL + 0x100, 0, TEXT("entry_SYSCALL_64"), TEXT("")},
	{DSO_THE_KERNEL, KERNEL + 0x100, KERNEL + 0x300, 0, TEXT("do_syscall_64"), TEXT("")},
	{DSO_THE_KERNEL, KERNEL + 0x300, KERNEL + 0x380, 0, TEXT("clear_page_erms"), TEXT("")},
	{DSO_THE_KERNEL, KERNEL + 0x400, KERNEL + 0x480, 0, TEXT("pv_native_safe_halt"), TEXT("")},
	{DSO_THE_KERNEL, KERNEL + 0x1000000, KERNEL + 0x1000200, DSO_EXT4, TEXT("ext4_read"),
		TEXT("")},
	{DSO_SPIN, 0x1000, 0x1100, 0, TEXT("main"), TEXT("")},
	{DSO_SPIN, 0x1100, 0x1200, 0, TEXT("Spinner::fast(int)"), TEXT("_ZN7Spinner4fastEi")},
	{DSO_SPIN, 0x1200, 0x1300, 0, TEXT("Spinner::slow(int)"), TEXT("_ZN7Spinner4slowEi")},
	{DSO_SPIN, 0x1300, 0x1400, 0, TEXT("recurse"), TEXT("")},
	{DSO_SPIN, 0x1400, 0x1500, 0, TEXT(""), TEXT("")},
	{DSO_SHARED, 0x2000, 0x2100, 0, TEXT("shared_work"), TEXT("")},
	{DSO_THE_VDSO, 0x800, 0x900, 0, TEXT("__vdso_clock_gettime"), TEXT("")},
};

static struct thread plain_threads[] = {
	{.tid = 100, .tgid = 100, .cgroup_id = 7, .comm = "spin", .process = "spin"},
	{.tid = 101, .tgid = 100, .cgroup_id = 7, .comm = "spin worker", .process = "spin"},
	{.tid = 200, .tgid = 200, .cgroup_id = 8, .comm = "bash", .process = "bash"},
	{.tid = 15, .tgid = 15, .comm = "kworker/0:1", .process = "kworker/0:1"},
	{.tid = 0, .tgid = 0, .comm = "swapper/0", .process = "swapper/0"},
};

/* What a sample's innermost frames are, by thread; what stands before them repeats. */
static size_t plain_stack(struct scene *scene, size_t thread, struct frame *frames)
{
	size_t depth = 0;

	if (thread == 4) { /* idle; now and then an interrupt that is not */
		frames[depth++] = (struct frame){
			below(scene, 10) ? KERNEL + 0x410 : KERNEL + 0x310, DSO_THE_KERNEL};
		return depth;
	}
	if (thread == 3) {
		frames[depth++] = (struct frame){KERNEL + 0x110, DSO_THE_KERNEL};
		frames[depth++] = (struct frame){KERNEL + 0x1000010, DSO_THE_KERNEL};
		return depth;
	}
	frames[depth++] = (struct frame){0x1010, DSO_SPIN};
	for (uint64_t more = below(scene, 5); more-- > 0 && depth < 6;)
		frames[depth++] = (struct frame){0x1310 + 4 * more, DSO_SPIN};
	switch (below(scene, 11)) {
	case 0:
		frames[depth++] = (struct frame){0x1208, DSO_SPIN};
		frames[depth++] = (struct frame){KERNEL + 0x10, DSO_THE_KERNEL};
		frames[depth++] = (struct frame){KERNEL + 0x120, DSO_THE_KERNEL};
		break;
	case 1:
		frames[depth++] = (struct frame){0x1450, DSO_SPIN};
		break;
	case 2:
		frames[depth++] = (struct frame){0x2010, DSO_SHARED};
		break;
	case 3:
		frames[depth++] = (struct frame){0x2020, DSO_SHARED_TOO};
		break;
	case 4: /* every address by itself: no symbol table */
		frames[depth++] = (struct frame){0x5000 + below(scene, 3), DSO_STRIPPED_TOOL};
		break;
	case 5:
		frames[depth++] = (struct frame){0x6000 + below(scene, 50), DSO_REPLACED_LIB};
		break;
	case 6:
		frames[depth++] = (struct frame){below(scene, 1000), DSO_JIT};
		break;
	case 7:
		frames[depth++] = (struct frame){0x810, DSO_THE_VDSO};
		break;
	case 8:
		frames[depth++] = (struct frame){0x7000 + below(scene, 50), DSO_SECRET};
		break;
	case 9:
		frames[depth++] = (struct frame){below(scene, 1000), DSO_PATHLESS};
		break;
	default:
		frames[depth++] = (struct frame){0x1110, DSO_SPIN};
	}
	return depth;
}

static void plain_facts(struct scene *scene)
{
	add_host(scene, STR("replay-host"));
	add_event(scene, CLOCK_EVENT, STR("cpu-clock"), STR("ns"));
	add_event(scene, FAULT_EVENT, STR("page-faults"), STR(""));
	for (size_t i = 0; i < COUNT(plain_dsos); i++)
		add_dso(scene, i + 1, &plain_dsos[i]);
	for (size_t i = 0; i < COUNT(plain_symbols); i++)
		add_symbol(scene, &plain_symbols[i]);
	add_cgroup(scene, 7, STR("/system.slice/spin.service"));
	add_cgroup(scene, 8, STR("/user.slice"));
	for (size_t i = 0; i < COUNT(plain_threads); i++)
		if (plain_threads[i].tid != 101)
			add_task(scene, TASK_ALIVE, &plain_threads[i], 1);
}

static void plain_second(struct scene *scene, unsigned second, unsigned samples)
{
	struct frame frames[DEEPEST];

	for (unsigned i = 0; i < samples; i++) {
		size_t thread = below(scene, 8);
		uint32_t event = below(scene, 5) ? CLOCK_EVENT : FAULT_EVENT;
		size_t depth;

		scene->time += SECOND / samples - 1000 + below(scene, 1000);
		thread = thread < COUNT(plain_threads) ? thread : 0;
		if (thread == 1 && second < 2)
			thread = 2;
		if (thread == 4) /* an idle CPU has no page faults */
			event = CLOCK_EVENT;
		depth = plain_stack(scene, thread, frames);
		add_sample(scene, event, &plain_threads[thread], frames, depth,
			event == CLOCK_EVENT ? 10101010 : 100);
	}
}

static void make_plain(struct scene *scene)
{
	plain_facts(scene);
	for (unsigned second = 0; second < 10; second++) {
		uint64_t start = scene->time;

		if (second == 2)
			add_task(scene, TASK_FORK, &plain_threads[1], 1);
		plain_second(scene, second, 200);
		if (second == 3) {
			add_lost(scene, LOST_SAMPLES, 7);
			add_lost(scene, LOST_THROTTLED, 0);
			add_note(scene, NOTE_BOOKMARK, STR("something was lost here"));
		}
		if (second == 8)
			add_task(scene, TASK_EXIT, &plain_threads[1], 1);
		/* Taken in late, and an address nobody knew when it was sampled. */
		if (second == 5) {
			scene->time -= SECOND / 2;
			add_sample(scene, CLOCK_EVENT, &plain_threads[2],
				&(struct frame){0x1500, DSO_SPIN}, 1, 10101010);
		}
		scene->time = start + SECOND;
		end_interval(scene, SECOND);
	}
}

static void make_small(struct scene *scene)
{
	plain_facts(scene);
	recording_seal(scene->recording);
	for (unsigned second = 2; second < 6; second++) {
		uint64_t start = scene->time;

		plain_second(scene, second, 12);
		add_lost(scene, LOST_SAMPLES, second);
		scene->time = start + SECOND;
		end_interval(scene, SECOND);
	}
}

/* --- hostile --- */

static const struct str payloads[] = {
	TEXT("\033]0;owned\007"),	      /* sets a title */
	TEXT("\033[2J\033[31mred"),	      /* clears, colours */
	TEXT("\033P1$r\033\\"),		      /* DCS */
	TEXT("\033_APC\033\\"),		      /* APC */
	TEXT("\033]52;c;cm0gLXJm\007"),	      /* clipboard */
	TEXT("\302\2331mcsi"),		      /* C1 CSI, as UTF-8 */
	TEXT("\2331mraw"),		      /* and raw */
	TEXT("a\nb\rc\td\be\ff\vg\177"),      /* breaks lines, erases */
	TEXT("\xff\xfe\xc0\xaf\xed\xa0\x80"), /* not UTF-8 */
	TEXT("\xe2\x80\xaegpj.exe"),	      /* right to left override */
	TEXT("\xe2\x81\xa6isolate"),	      /* bidi isolate */
	TEXT("zero\xe2\x80\x8bwidth\xe2\x80\x8d\xef\xbb\xbf"),
	TEXT("e\xcc\x81\xcc\x81\xcc\x81"), /* combining */
	TEXT("line\xe2\x80\xa8sep\xe2\x80\xa9par"),
	TEXT("=cmd|'/c calc'!A0"), /* formulas */
	TEXT("+1+1"),
	TEXT("-1-1"),
	TEXT("@SUM(1)"),
	TEXT("\t=1+1"),
	TEXT("quote\"comma,semi;"),
	TEXT("back\\slash \\x1b \\u{202e}"),
	TEXT("nul\0byte"),
	TEXT("\xe5\xae\xbd\xe5\xad\x97"), /* wide */
	TEXT(" lead and trail "),
	TEXT("%s%n%d"),
	TEXT("{\"json\": [1]}"),
};

static struct thread hostile_thread(uint32_t tid, struct str name)
{
	struct thread thread = {.tid = tid, .tgid = tid, .cgroup_id = tid};

	memcpy(thread.comm, name.data, name.size < 16 ? name.size : 16);
	memcpy(thread.process, thread.comm, sizeof(thread.comm));
	return thread;
}

static void make_hostile(struct scene *scene)
{
	static char longest[65536];

	memset(longest, 'L', sizeof(longest));
	add_host(scene, payloads[0]);
	for (uint32_t i = 0; i < 3; i++)
		add_event(scene, i + 1, payloads[i], i ? payloads[i + 3] : STR("ns"));
	add_event(scene, 4, STR("cut\0here"), STR(""));
	for (uint32_t i = 0; i < COUNT(payloads) + 1; i++) {
		struct str name = i < COUNT(payloads) ? payloads[i]
						      : (struct str){longest, sizeof(longest)};
		struct made_dso dso = {name, STR(""), name, DSO_FILE, DSO_PROVEN};
		struct made_symbol symbol = {i + 1, 0x1000, 0x2000, 0, name, name};
		struct thread thread = hostile_thread(1000 + i, name);

		dso.status = i % 2 ? DSO_PROVEN : DSO_UNVERIFIED;
		add_dso(scene, i + 1, &dso);
		add_symbol(scene, &symbol);
		add_cgroup(scene, 1000 + i, name);
		add_task(scene, TASK_ALIVE, &thread, 1);
		add_note(scene, NOTE_BOOKMARK, name);
		scene->time += 1000000;
		add_sample(scene, 1 + i % 4, &thread, &(struct frame){0x1800, i + 1}, 1, 100 + i);
	}
	scene->time = START + SECOND;
	end_interval(scene, SECOND);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(struct scene *scene);
	} scenes[] = {{"plain", make_plain}, {"small", make_small}, {"hostile", make_hostile}};
	struct worker *worker = worker_new(NULL, "disk", 1, false);
	struct scene scene = {recording_new(worker, (size_t)64 << 20), START, 88172645463325252u};
	struct capture_writer *writer = NULL;
	struct error error = {0};
	int code = -1;

	for (size_t i = 0; argc == 3 && i < COUNT(scenes); i++) {
		if (strcmp(argv[1], scenes[i].name))
			continue;
		writer = capture_writer_new(scene.recording, worker, argv[2], &error);
		if (writer)
			scenes[i].make(&scene);
	}
	if (writer)
		code = capture_writer_finish(writer, &error);
	if (code)
		fprintf(stderr, "make_capture: %s\n", *error.text ? error.text : "SCENE FILE?");
	recording_free(scene.recording);
	worker_free(worker, false);
	return code ? EXIT_FAILURE : EXIT_SUCCESS;
}
