/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the sampler: opening (sampler_open.c), taking in (sampler_take.c), the rest. */
#ifndef SOURCE_SAMPLER_LOCAL_H
#define SOURCE_SAMPLER_LOCAL_H

#include "base/buf.h"
#include "base/hash.h"
#include "model/model.h"
#include "record/recording.h"
#include "source/event.h"
#include "source/perf.h"
#include "source/ring.h"
#include "source/sampler.h"

struct narrow;
struct worker;

/* One event on one CPU (and, narrowed by perf, of one thread). */
struct opened {
	int fd;
	uint64_t perf_id; /* PERF_EVENT_IOC_ID */
	uint32_t event;	  /* number in sampler->events; SIDEBAND */
	uint32_t cpu;
	uint64_t lost;	       /* told by LOST records so far */
	uint64_t paused_since; /* by throttling; 0: it runs */
};

#define SIDEBAND UINT32_MAX

struct sampled_event {
	struct event_spec spec;
	uint32_t id; /* of its EVENT record, the subtype of its samples */
	uint64_t sample_type;
	char why[256];
};

/* Stacks of the chunk that is open by their raw addresses: most samples repeat one. */
struct stack_cache {
	uint64_t chunk; /* sequence */
	struct index index;
	struct cached_stack {
		uint64_t user_maps, kernel_maps; /* generations */
		uint32_t first, depth;		 /* in addresses */
		uint32_t node;
	} * stacks;
	uint64_t *addresses;
	size_t count, capacity, address_count, address_capacity;
};

struct sampler {
	struct loop *loop;
	struct recording *recording;
	struct model *model;
	struct worker *worker; /* for /proc */
	struct loop_timer *timer;
	uint64_t tick_ns;
	void (*hook)(void *arg);
	void *hook_arg;

	uint32_t *cpus;
	size_t cpu_count;
	uint32_t *pids;
	size_t pid_count;
	uint32_t own_pid; /* of tracetop itself */
	const struct chosen *chosen;
	struct narrow *narrow;
	uint64_t left_out; /* by those that were closed */
	struct error wide; /* why it is not narrowed to what is chosen; code 0: it is */
	bool by_threads;   /* narrowed by perf's own targets */
	bool user_only;	   /* no right to sample the kernel */
	bool cgroups;	   /* samples carry the id of the cgroup */
	bool build_ids;	   /* mappings come with them */

	struct sampled_event *events;
	size_t event_count;
	struct opened *opened;
	size_t opened_count, opened_capacity;
	struct index by_perf_id; /* of opened */
	struct ring_set set;	 /* a side-band ring a CPU, then a ring for samples a CPU */
	size_t sideband_rings;
	uint32_t next_event_id;

	/* A record that waits for what /proc says of its process. */
	bool waiting;
	uint64_t waiting_since;
	unsigned asked; /* jobs under way */
	uint32_t kernel_dso;
	uint64_t modules_checked;
	uint64_t modules_hash;
	bool modules_asked;
	struct stack_cache stacks;
	struct thread stranger; /* of a sample whose thread nobody knows */
	struct frame *frames;
	size_t frame_capacity;
	struct index followed; /* tgids, when narrowed */
	uint32_t *followed_tgids;
	size_t followed_count, followed_capacity;

	char names[160], why[256];
	uint64_t frequency, lost, throttled, broken;
	uint64_t newest; /* time of the record taken in last */
	uint64_t begun;	 /* when sampling was */
	bool sampled;	 /* there was a sample since */
	bool running;
};

/* sampler_open.c */
int sampler_open(struct sampler *sampler, const struct sampler_config *config, struct error *error);
void sampler_begin(struct sampler *sampler); /* what was opened is recorded and switched on */
void sampler_close(struct sampler *sampler);
struct opened *sampler_opened(const struct sampler *sampler, uint64_t perf_id);

/* sampler_narrow.c */
void sampler_choose_narrowing(struct sampler *sampler);
int sampler_narrow_event(struct sampler *sampler, const struct perf_event_attr *attr, int perf_fd);
/* @code: why it does not work; 0: it is no longer needed. */
void sampler_forget_narrow(struct sampler *sampler, int code);

/* sampler_take.c: false if the record has to wait, and is to be given again. */
bool sampler_take(struct sampler *sampler, const struct perf_record *record, uint64_t now);
void sampler_lose(struct sampler *sampler, enum lost how, uint64_t time, uint32_t cpu,
	uint64_t count, uint64_t duration);
bool sampler_follows(const struct sampler *sampler, uint32_t tgid);
void sampler_follow(struct sampler *sampler, uint32_t tgid);
void sampler_describe_kernel(struct sampler *sampler);

/* sampler_proc.c: asks /proc on the worker. */
void sampler_ask(struct sampler *sampler, uint32_t tgid, uint32_t tid, bool maps);
void sampler_check_modules(struct sampler *sampler, uint64_t now);

/* sampler_maps.c: addresses become DSOs and offsets. */
uint32_t sampler_dso(
	struct sampler *sampler, uint64_t time, const struct dso_key *key, enum dso_status status);
/* @key without its kind. */
uint32_t sampler_map_dso(struct sampler *sampler, uint64_t time, uint32_t tgid, uint64_t start,
	struct dso_key key, bool *absolute);
uint32_t sampler_stack(
	struct sampler *sampler, struct chunk *chunk, const struct perf_record *sample);

#endif
