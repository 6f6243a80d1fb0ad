/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/event.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "source/event_names.h"
#include "source/mounts.h"
#include "source/perf.h"

#define PMU_FOLDER "/sys/bus/event_source/devices"

void event_explain(struct buf *out, int code, bool system_wide)
{
	int64_t paranoid = 0;

	buf_add_text(out, strerror(-code));
	if (code == -ENOENT || code == -EOPNOTSUPP)
		buf_add_text(out, " (no PMU of this machine counts it)");
	if (code == -ENOMEM)
		buf_add_text(out,
			" (kernel.perf_event_mlock_kb is all that may be locked for rings: give "
			"CAP_IPC_LOCK, or --ring a smaller size)");
	if (code != -EACCES && code != -EPERM)
		return;
	if (fs_read_i64("/proc/sys/kernel/perf_event_paranoid", &paranoid))
		return;
	if (paranoid <= (system_wide ? 0 : 1)) {
		buf_printf(out,
			" (kernel.perf_event_paranoid is %lld, which allows it: a security module "
			"or the seccomp filter of a container refuses: run outside of it)",
			(long long)paranoid);
		return;
	}
	buf_printf(out,
		" (kernel.perf_event_paranoid is %lld, this needs %s: run as root, give the "
		"program "
		"CAP_PERFMON, or: sysctl kernel.perf_event_paranoid=%s)",
		(long long)paranoid, system_wide ? "0 or less" : "1 or less",
		system_wide ? "0" : "1");
}

/* --- names --- */

static bool find_generic(struct event_spec *spec, struct str name)
{
	for (size_t i = 0; i < event_generic_count; i++) {
		const struct event_name *event = &event_generic[i];

		if (!str_equal(name, str_from(event->name)) &&
			!str_equal(name, str_from(event->alias)))
			continue;
		spec->attr.type = event->type;
		spec->attr.config = event->config;
		spec->group = event->type == PERF_TYPE_HARDWARE ? EVENT_HARDWARE : EVENT_SOFTWARE;
		if (event->is_time)
			spec->unit = "ns";
		return true;
	}
	return false;
}

static bool find_cache(struct event_spec *spec, struct str name)
{
	char have[64];

	for (size_t cache = 0; cache < PERF_COUNT_HW_CACHE_MAX; cache++)
		for (size_t op = 0; op < EVENT_CACHE_OPS; op++) {
			event_cache_name(have, sizeof(have), cache, op);
			if (!str_equal(name, str_from(have)))
				continue;
			spec->attr.type = PERF_TYPE_HW_CACHE;
			spec->attr.config = event_cache_config(cache, op);
			spec->group = EVENT_CACHE;
			return true;
		}
	return false;
}

static bool find_raw(struct event_spec *spec, struct str name)
{
	char *end;

	if (name.size < 2 || name.size > 17 || name.data[0] != 'r')
		return false;
	spec->attr.config = strtoull(name.data + 1, &end, 16);
	if (end != name.data + name.size)
		return false;
	spec->attr.type = PERF_TYPE_RAW;
	spec->group = EVENT_HARDWARE;
	return true;
}

/* A part of a path that comes from the command line: nothing that leads elsewhere. */
static bool is_plain_name(struct str name)
{
	if (!name.size || name.size > 100 || name.data[0] == '.')
		return false;
	for (size_t i = 0; i < name.size; i++)
		if (name.data[i] == '/' || (unsigned char)name.data[i] <= ' ')
			return false;
	return true;
}

static int find_tracepoint(
	struct event_spec *spec, struct str system, struct str name, struct error *error)
{
	const char *root = mount_tracefs();
	struct error reason = {0};
	struct buf text = {0};
	char *path;
	int code;

	if (!root)
		return error_set(error, -ENOENT,
			"tracepoints need tracefs, which is not mounted: mount -t tracefs tracefs "
			"/sys/kernel/tracing");
	path = mem_printf("%s/events/%.*s/%.*s/id", root, (int)system.size, system.data,
		(int)name.size, name.data);
	code = fs_read(path, &text, 64, &reason);
	if (!code) {
		spec->attr.type = PERF_TYPE_TRACEPOINT;
		spec->attr.config = strtoull(text.data, NULL, 10);
		spec->group = EVENT_TRACEPOINT;
	} else if (code == -ENOENT) {
		error_set(error, -ENOENT,
			"there is no tracepoint '%s': tracetop list events shows those there are",
			spec->name);
	} else if (code == -EACCES || code == -EPERM) {
		error_set(error, code,
			"%s: tracepoints are for those who may read tracefs: run as root",
			reason.text);
	} else {
		*error = reason;
	}
	free(path);
	buf_release(&text);
	return code;
}

/* --- PMU/terms/ --- */

/*
 * Puts a value into the bits that a format file names: "config:0-7,32-35"
 * (Documentation/ABI/testing/sysfs-bus-event_source-devices-format of the kernel).
 */
static int set_format_bits(struct perf_event_attr *attr, const char *format, uint64_t value)
{
	__u64 *config = &attr->config;
	const char *at = strchr(format, ':');
	unsigned used = 0;

	if (!at)
		return -EINVAL;
	if (!strncmp(format, "config1", 7))
		config = (__u64 *)&attr->config1;
	else if (!strncmp(format, "config2", 7))
		config = (__u64 *)&attr->config2;
	else if (strncmp(format, "config:", 7))
		return -EINVAL;
	while (*at == ':' || *at == ',') {
		char *end;
		unsigned long first = strtoul(at + 1, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && last < 64; first++, used++)
			if (used < 64 && (value >> used & 1))
				*config |= UINT64_C(1) << first;
		at = end;
	}
	return used < 64 && value >> used ? -EINVAL : 0;
}

static int pmu_terms(struct event_spec *spec, struct str pmu, const char *terms, bool named,
	struct error *error);

static int pmu_term(
	struct event_spec *spec, struct str pmu, const char *term, bool named, struct error *error)
{
	const char *equal = strchr(term, '=');
	struct str key = {term, equal ? (size_t)(equal - term) : strlen(term)};
	struct buf text = {0};
	char *path;
	int code;

	if (!is_plain_name(key))
		return error_set(error, -EINVAL, "'%s' is not a term of an event", term);
	if (str_equal(key, STR("config")) && equal) {
		spec->attr.config = strtoull(equal + 1, NULL, 0);
		return 0;
	}
	path = mem_printf(
		PMU_FOLDER "/%.*s/format/%.*s", (int)pmu.size, pmu.data, (int)key.size, key.data);
	code = fs_read(path, &text, 256, NULL);
	free(path);
	if (!code) {
		code = set_format_bits(
			&spec->attr, text.data, equal ? strtoull(equal + 1, NULL, 0) : 1);
	} else if (!equal && !named) { /* a name that stands for terms */
		path = mem_printf(PMU_FOLDER "/%.*s/events/%.*s", (int)pmu.size, pmu.data,
			(int)key.size, key.data);
		code = fs_read(path, &text, 256, NULL);
		free(path);
		if (!code) {
			text.data[strcspn(text.data, "\n")] = '\0';
			code = pmu_terms(spec, pmu, text.data, true, error);
		}
	}
	buf_release(&text);
	return code ? error_set(error, -EINVAL, "'%s' is not a term of %.*s: see %s/%.*s/format",
			      term, (int)pmu.size, pmu.data, PMU_FOLDER, (int)pmu.size, pmu.data)
		    : 0;
}

static int pmu_terms(
	struct event_spec *spec, struct str pmu, const char *terms, bool named, struct error *error)
{
	char *copy = mem_strdup(terms), *rest = copy, *term;
	int code = 0;

	while (!code && (term = strsep(&rest, ",")))
		if (*term)
			code = pmu_term(spec, pmu, term, named, error);
	free(copy);
	return code;
}

static int find_pmu(struct event_spec *spec, struct str pmu)
{
	char *path = mem_printf(PMU_FOLDER "/%.*s/type", (int)pmu.size, pmu.data);
	int64_t type = 0;
	int code = fs_read_i64(path, &type);

	free(path);
	spec->attr.type = (uint32_t)type;
	spec->group = EVENT_PMU;
	return code;
}

/* --- terms and modifiers of all --- */

/* Takes a term of sampling out; false: it is one of the PMU's. */
static bool sampling_term(struct event_spec *spec, const char *term)
{
	unsigned long long number;
	char *end;

	if (!strcmp(term, "stack") || !strcmp(term, "nostack")) {
		spec->has_stack = true;
		spec->stack = term[0] == 's';
		return true;
	}
	if (strncmp(term, "freq=", 5) && strncmp(term, "period=", 7))
		return false;
	number = strtoull(strchr(term, '=') + 1, &end, 0);
	if (*end || !number)
		return false;
	spec->has_frequency = term[0] == 'f';
	spec->has_period = term[0] == 'p';
	spec->attr.freq = spec->has_frequency;
	spec->attr.sample_freq = number; /* sample_period is the same word */
	return true;
}

/* Splits terms: those of sampling are taken, the others left in @rest. */
static void take_terms(struct event_spec *spec, const char *terms, struct buf *rest)
{
	char *copy = mem_strdup(terms), *at = copy, *term;

	while ((term = strsep(&at, ",")))
		if (*term && !sampling_term(spec, term))
			buf_printf(rest, "%s%s", rest->size ? "," : "", term);
	free(copy);
}

static bool take_modifiers(struct event_spec *spec, const char *modifiers)
{
	bool user = strchr(modifiers, 'u'), kernel = strchr(modifiers, 'k');

	if (modifiers[strspn(modifiers, "ukp")] || strlen(modifiers) > 5)
		return false;
	for (const char *at = modifiers; *at; at++)
		if (*at == 'p' && spec->attr.precise_ip < 3)
			spec->attr.precise_ip++;
	if (user || kernel) {
		spec->attr.exclude_user = !user;
		spec->attr.exclude_kernel = !kernel;
		spec->attr.exclude_hv = 1;
	}
	return true;
}

static int find_event(
	struct event_spec *spec, struct str name, const char *terms, struct error *error)
{
	char shown[160];

	if (terms && !find_pmu(spec, name))
		return pmu_terms(spec, name, terms, false, error);
	if (!terms && (find_generic(spec, name) || find_cache(spec, name) || find_raw(spec, name)))
		return 0;
	text_escape_into(shown, sizeof(shown), spec->name);
	return error_set(error, -EINVAL,
		"'%s' is not an event: tracetop list events shows those there are", shown);
}

static int malformed(const char *text, struct error *error)
{
	char shown[160];

	text_escape_into(shown, sizeof(shown), text);
	return error_set(error, -EINVAL,
		"'%s' is not an event: one is written NAME/terms/:modifiers or SYSTEM:EVENT",
		shown);
}

int event_parse(const char *text, struct event_spec *spec, struct error *error)
{
	struct buf terms = {0}, name = {0}, left = {0};
	const char *slash = strchr(text, '/'), *last = strrchr(text, '/'), *colon;
	const char *modifiers = "";
	struct str whole;
	int code;

	memset(spec, 0, sizeof(*spec));
	perf_attr_init(&spec->attr);
	spec->unit = "";
	buf_add(&name, text, slash ? (size_t)(slash - text) : strlen(text));
	if (slash && last > slash) {
		buf_add(&terms, slash + 1, (size_t)(last - slash - 1));
		if (last[1] == ':')
			modifiers = last + 2;
	}
	snprintf(spec->name, sizeof(spec->name), "%s", name.data ? name.data : "");
	whole = buf_str(&name);
	take_terms(spec, terms.data ? terms.data : "", &left);
	colon = whole.size ? memchr(whole.data, ':', whole.size) : NULL;
	if (strlen(text) >= sizeof(spec->name) || !whole.size ||
		(slash && (last == slash || (last[1] && last[1] != ':')))) {
		code = malformed(text, error);
	} else if (colon && !left.size) {
		struct str system = {whole.data, (size_t)(colon - whole.data)};
		struct str event = {colon + 1, whole.size - system.size - 1};
		struct error unused;

		if (!find_event(spec, system, NULL, &unused) && take_modifiers(spec, event.data))
			code = 0;
		else if (is_plain_name(system) && is_plain_name(event))
			code = find_tracepoint(spec, system, event, error);
		else
			code = malformed(text, error);
	} else {
		if (left.size) /* they are a part of which event it is */
			snprintf(spec->name, sizeof(spec->name), "%s/%s/", name.data, left.data);
		code = is_plain_name(whole)
			       ? find_event(spec, whole, left.size ? left.data : NULL, error)
			       : malformed(text, error);
	}
	if (!code && *modifiers && !take_modifiers(spec, modifiers))
		code = error_set(
			error, -EINVAL, "'%s' are not modifiers of an event: u, k, p", modifiers);
	buf_release(&terms);
	buf_release(&name);
	buf_release(&left);
	return code;
}
