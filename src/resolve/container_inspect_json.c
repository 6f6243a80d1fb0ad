/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Docker's files, and those of OCI bundles, tell of a container. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "resolve/container_inspect.h"
#include "resolve/json.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum form {
	FORM_TEXT,
	FORM_TIME,   /* text; what begins with year 1 is none */
	FORM_NUMBER, /* 0 is none */
	FORM_BYTES,  /* 0 is none, -1 is no limit */
	FORM_CPUS,   /* thousand millionths */
	FORM_YES,    /* said only if it is so */
	FORM_LIST,
	FORM_WORDS, /* arguments */
};

struct pick {
	const char *path;
	enum inspect_section section;
	const char *name;
	enum form form;
};

/* --- forms --- */

static void add_list(struct inspect *inspect, const struct pick *pick, struct json_object *list)
{
	struct buf text = {0};

	for (size_t i = 0; i < json_pick_count(list); i++) {
		buf_add_text(&text, i && pick->form == FORM_LIST ? ", " : "");
		buf_add_str(&text, json_pick_text(json_object_array_get_idx(list, i)));
		if (pick->form == FORM_WORDS)
			buf_add_char(&text, '\0');
	}
	if (pick->form == FORM_WORDS)
		inspect_arguments(inspect, pick->section, pick->name, buf_str(&text));
	else
		inspect_text(inspect, pick->section, pick->name, buf_str(&text));
	buf_release(&text);
}

static void add_bytes(struct inspect *inspect, const struct pick *pick, int64_t bytes)
{
	if (bytes < 0)
		inspect_print(inspect, pick->section, pick->name, "unlimited");
	else if (bytes >= 1 << 20)
		inspect_print(inspect, pick->section, pick->name, "%" PRId64 " (%.4g MiB)", bytes,
			(double)bytes / (1 << 20));
	else if (bytes)
		inspect_print(inspect, pick->section, pick->name, "%" PRId64, bytes);
}

static void add_pick(struct inspect *inspect, const struct pick *pick, struct json_object *value)
{
	int64_t number = json_object_is_type(value, json_type_int) ? json_object_get_int64(value)
								   : 0;
	struct str text = json_pick_text(value);

	switch (pick->form) {
	case FORM_TEXT:
		inspect_text(inspect, pick->section, pick->name, text);
		break;
	case FORM_TIME:
		if (!str_starts(text, STR("0001-")))
			inspect_text(inspect, pick->section, pick->name, text);
		break;
	case FORM_NUMBER:
		if (number)
			inspect_print(inspect, pick->section, pick->name, "%" PRId64, number);
		break;
	case FORM_BYTES:
		add_bytes(inspect, pick, number);
		break;
	case FORM_CPUS:
		if (number)
			inspect_print(
				inspect, pick->section, pick->name, "%g", (double)number / 1e9);
		break;
	case FORM_YES:
		if (json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value))
			inspect_print(inspect, pick->section, pick->name, "yes");
		break;
	case FORM_LIST:
	case FORM_WORDS:
		add_list(inspect, pick, value);
		break;
	}
}

static void add_picks(
	struct inspect *inspect, const struct pick *picks, size_t count, struct json_object *object)
{
	for (size_t i = 0; i < count; i++)
		add_pick(inspect, &picks[i], json_pick_member(object, picks[i].path));
}

static void add_environment(struct inspect *inspect, struct json_object *list)
{
	for (size_t i = 0; i < json_pick_count(list); i++)
		inspect_variable(inspect, json_pick_text(json_object_array_get_idx(list, i)));
}

static void add_labels(struct inspect *inspect, struct json_object *labels)
{
	if (!json_object_is_type(labels, json_type_object))
		return;
	json_object_object_foreach(labels, key, value)
		inspect_add(inspect, INSPECT_LABELS, str_from(key), json_pick_text(value));
}

/* --- Docker --- */

static const struct pick docker_picks[] = {
	{"Name", INSPECT_STATE, "name", FORM_TEXT},
	{"ID", INSPECT_STATE, "id", FORM_TEXT},
	{"Id", INSPECT_STATE, "id", FORM_TEXT},
	{"State.Pid", INSPECT_STATE, "pid", FORM_NUMBER},
	{"State.ExitCode", INSPECT_STATE, "exit code", FORM_NUMBER},
	{"State.Error", INSPECT_STATE, "error", FORM_TEXT},
	{"State.OOMKilled", INSPECT_STATE, "killed for want of memory", FORM_YES},
	{"State.Health.Status", INSPECT_STATE, "health", FORM_TEXT},
	{"Created", INSPECT_STATE, "created", FORM_TIME},
	{"State.StartedAt", INSPECT_STATE, "started", FORM_TIME},
	{"State.FinishedAt", INSPECT_STATE, "finished", FORM_TIME},
	{"Config.Image", INSPECT_IMAGE, "name", FORM_TEXT},
	{"Image", INSPECT_IMAGE, "id", FORM_TEXT},
	{"Config.Entrypoint", INSPECT_PROCESS, "entry point", FORM_WORDS},
	{"Config.User", INSPECT_PROCESS, "user", FORM_TEXT},
	{"Config.WorkingDir", INSPECT_PROCESS, "folder", FORM_TEXT},
	{"Config.Tty", INSPECT_PROCESS, "terminal", FORM_YES},
	{"Config.StopSignal", INSPECT_PROCESS, "stop signal", FORM_TEXT},
	{"Config.Healthcheck.Test", INSPECT_PROCESS, "health check", FORM_WORDS},
	{"Config.Hostname", INSPECT_NETWORK, "host name", FORM_TEXT},
	{"LogPath", INSPECT_LOG, "path", FORM_TEXT},
	{"AppArmorProfile", INSPECT_SECURITY, "AppArmor profile", FORM_TEXT},
	{"Platform", INSPECT_IMAGE, "platform", FORM_TEXT},
	{"OS", INSPECT_IMAGE, "platform", FORM_TEXT},
	{"Driver", INSPECT_IMAGE, "storage driver", FORM_TEXT},
};

static const struct pick host_picks[] = {
	{"Memory", INSPECT_LIMITS, "memory", FORM_BYTES},
	{"MemoryReservation", INSPECT_LIMITS, "memory reservation", FORM_BYTES},
	{"MemorySwap", INSPECT_LIMITS, "memory and swap", FORM_BYTES},
	{"NanoCpus", INSPECT_LIMITS, "cpus", FORM_CPUS},
	{"CpuShares", INSPECT_LIMITS, "cpu shares", FORM_NUMBER},
	{"CpuQuota", INSPECT_LIMITS, "cpu quota, us", FORM_NUMBER},
	{"CpuPeriod", INSPECT_LIMITS, "cpu period, us", FORM_NUMBER},
	{"CpusetCpus", INSPECT_LIMITS, "cpu set", FORM_TEXT},
	{"CpusetMems", INSPECT_LIMITS, "memory nodes", FORM_TEXT},
	{"PidsLimit", INSPECT_LIMITS, "pids", FORM_NUMBER},
	{"BlkioWeight", INSPECT_LIMITS, "block I/O weight", FORM_NUMBER},
	{"ShmSize", INSPECT_LIMITS, "shared memory", FORM_BYTES},
	{"OomKillDisable", INSPECT_LIMITS, "no OOM kills", FORM_YES},
	{"NetworkMode", INSPECT_NETWORK, "mode", FORM_TEXT},
	{"Dns", INSPECT_NETWORK, "DNS", FORM_LIST},
	{"ExtraHosts", INSPECT_NETWORK, "hosts", FORM_LIST},
	{"Privileged", INSPECT_SECURITY, "privileged", FORM_YES},
	{"CapAdd", INSPECT_SECURITY, "capabilities added", FORM_LIST},
	{"CapDrop", INSPECT_SECURITY, "capabilities dropped", FORM_LIST},
	{"SecurityOpt", INSPECT_SECURITY, "options", FORM_LIST},
	{"ReadonlyRootfs", INSPECT_SECURITY, "read-only root", FORM_YES},
	{"UsernsMode", INSPECT_SECURITY, "user namespace", FORM_TEXT},
	{"PidMode", INSPECT_SECURITY, "pid namespace", FORM_TEXT},
	{"IpcMode", INSPECT_SECURITY, "ipc namespace", FORM_TEXT},
	{"AutoRemove", INSPECT_STATE, "removed at its end", FORM_YES},
	{"Runtime", INSPECT_STATE, "OCI runtime", FORM_TEXT},
	{"LogConfig.Type", INSPECT_LOG, "driver", FORM_TEXT},
	{"CgroupParent", INSPECT_CGROUP, "parent", FORM_TEXT},
};

static bool is_yes(struct json_object *object, const char *path)
{
	struct json_object *value = json_pick_member(object, path);

	return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

static void add_docker_state(struct inspect *inspect, struct json_object *state)
{
	struct str started = json_pick_string(state, "StartedAt");
	const char *word = is_yes(state, "Paused")	       ? "paused"
			   : is_yes(state, "Restarting")       ? "restarting"
			   : is_yes(state, "Running")	       ? "running"
			   : is_yes(state, "Dead")	       ? "dead"
			   : str_starts(started, STR("0001-")) ? "created"
							       : "exited";

	if (json_pick_member(state, "Running"))
		inspect_print(inspect, INSPECT_STATE, "state", "%s", word);
}

/* "SOURCE TYPE rw": what is mounted where. */
static void add_docker_mount(
	struct inspect *inspect, struct str destination, struct json_object *mount)
{
	struct str source = json_pick_string(mount, "Source"),
		   type = json_pick_string(mount, "Type"), name = json_pick_string(mount, "Name"),
		   spread = json_pick_string(mount, "Propagation");
	struct buf text = {0};

	buf_add_str(&text, source);
	buf_printf(&text, "%s%s", source.size ? ", " : "", is_yes(mount, "RW") ? "rw" : "ro");
	if (type.size) {
		buf_add_text(&text, ", ");
		buf_add_str(&text, type);
	}
	if (name.size) {
		buf_add_char(&text, ' ');
		buf_add_str(&text, name);
	}
	if (spread.size) {
		buf_add_text(&text, ", ");
		buf_add_str(&text, spread);
	}
	inspect_add(inspect, INSPECT_MOUNTS, destination, buf_str(&text));
	buf_release(&text);
}

/* An object by destination in the file, a list in what the socket answers. */
static void add_docker_mounts(struct inspect *inspect, struct json_object *config)
{
	struct json_object *points = json_pick_member(config, "MountPoints"),
			   *list = json_pick_member(config, "Mounts");

	if (json_object_is_type(points, json_type_object)) {
		json_object_object_foreach(points, key, value)
			add_docker_mount(inspect, str_from(key), value);
	}
	for (size_t i = 0; i < json_pick_count(list); i++) {
		struct json_object *mount = json_object_array_get_idx(list, i);

		add_docker_mount(inspect, json_pick_string(mount, "Destination"), mount);
	}
}

static void add_tmpfs(struct inspect *inspect, struct json_object *points)
{
	struct buf text = {0};

	if (!json_object_is_type(points, json_type_object))
		return;
	json_object_object_foreach(points, key, value)
	{
		buf_clear(&text);
		buf_add_text(&text, "tmpfs ");
		buf_add_str(&text, json_pick_text(value));
		inspect_add(inspect, INSPECT_MOUNTS, str_from(key), buf_str(&text));
	}
	buf_release(&text);
}

/* {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}; null: it is only exposed. */
static void add_docker_ports(struct inspect *inspect, struct json_object *ports)
{
	struct buf text = {0};

	if (!json_object_is_type(ports, json_type_object))
		return;
	json_object_object_foreach(ports, key, list)
	{
		buf_clear(&text);
		for (size_t i = 0; i < json_pick_count(list); i++) {
			struct json_object *one = json_object_array_get_idx(list, i);
			struct str address = json_pick_string(one, "HostIp"),
				   port = json_pick_string(one, "HostPort");
			bool is_six = address.size && memchr(address.data, ':', address.size);

			buf_add_text(&text, i ? ", " : "");
			buf_add_text(&text, is_six ? "[" : "");
			buf_add_str(&text, address.size ? address : STR("*"));
			buf_add_text(&text, is_six ? "]:" : ":");
			buf_add_str(&text, port.size ? port : STR("any"));
		}
		inspect_add(inspect, INSPECT_PORTS, str_from(key),
			text.size ? buf_str(&text) : STR("exposed, not published"));
	}
	buf_release(&text);
}

static void add_address(
	struct buf *text, struct json_object *network, const char *address, const char *prefix)
{
	struct str value = json_pick_string(network, address);

	if (!value.size)
		return;
	buf_add_text(text, text->size ? ", " : "");
	buf_add_str(text, value);
	buf_printf(text, "/%" PRId64, json_object_get_int64(json_pick_member(network, prefix)));
}

static void add_docker_networks(struct inspect *inspect, struct json_object *networks)
{
	static const struct {
		const char *key, *label;
	} texts[] = {{"Gateway", "gateway "}, {"MacAddress", "MAC "}};
	struct buf text = {0}, name = {0};

	if (!json_object_is_type(networks, json_type_object))
		return;
	json_object_object_foreach(networks, key, network)
	{
		buf_clear(&text);
		buf_clear(&name);
		add_address(&text, network, "IPAddress", "IPPrefixLen");
		add_address(&text, network, "GlobalIPv6Address", "GlobalIPv6PrefixLen");
		for (size_t i = 0; i < COUNT(texts); i++) {
			struct str value = json_pick_string(network, texts[i].key);

			if (!value.size)
				continue;
			buf_printf(&text, "%s%s", text.size ? ", " : "", texts[i].label);
			buf_add_str(&text, value);
		}
		buf_printf(&name, "network %s", key);
		inspect_add(inspect, INSPECT_NETWORK, buf_str(&name), buf_str(&text));
	}
	buf_release(&name);
	buf_release(&text);
}

static void add_rlimits(struct inspect *inspect, struct json_object *list, const char *const *keys)
{
	struct buf name = {0};

	for (size_t i = 0; i < json_pick_count(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		buf_clear(&name);
		buf_add_text(&name, "ulimit ");
		buf_add_str(&name, json_pick_string(one, keys[0]));
		inspect_print(inspect, INSPECT_LIMITS, name.data, "%" PRId64 ", hard %" PRId64,
			json_object_get_int64(json_pick_member(one, keys[1])),
			json_object_get_int64(json_pick_member(one, keys[2])));
	}
	buf_release(&name);
}

static void add_docker_devices(struct inspect *inspect, struct json_object *list)
{
	for (size_t i = 0; i < json_pick_count(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		struct buf text = {0};

		buf_add_text(&text, "device ");
		buf_add_str(&text, json_pick_string(one, "PathOnHost"));
		buf_add_char(&text, ' ');
		buf_add_str(&text, json_pick_string(one, "CgroupPermissions"));
		inspect_add(inspect, INSPECT_MOUNTS, json_pick_string(one, "PathInContainer"),
			buf_str(&text));
		buf_release(&text);
	}
}

static void add_command(struct inspect *inspect, struct json_object *config)
{
	struct json_object *arguments = json_pick_member(config, "Args");
	struct str path = json_pick_string(config, "Path");
	struct buf text = {0};

	if (!path.size)
		return;
	buf_add_str(&text, path);
	buf_add_char(&text, '\0');
	for (size_t i = 0; i < json_pick_count(arguments); i++) {
		buf_add_str(&text, json_pick_text(json_object_array_get_idx(arguments, i)));
		buf_add_char(&text, '\0');
	}
	inspect_arguments(inspect, INSPECT_PROCESS, "command", buf_str(&text));
	buf_release(&text);
}

static void add_docker_host(struct inspect *inspect, struct json_object *host)
{
	static const char *const ulimit_keys[] = {"Name", "Soft", "Hard"};
	struct str policy = json_pick_string(host, "RestartPolicy.Name");
	int64_t most = json_object_get_int64(
		json_pick_member(host, "RestartPolicy.MaximumRetryCount"));
	struct json_object *options = json_pick_member(host, "LogConfig.Config");

	add_picks(inspect, host_picks, COUNT(host_picks), host);
	if (policy.size && most)
		inspect_print(inspect, INSPECT_STATE, "restart policy", "%.*s, at most %" PRId64,
			(int)policy.size, policy.data, most);
	inspect_text(inspect, INSPECT_STATE, "restart policy", policy);
	add_rlimits(inspect, json_pick_member(host, "Ulimits"), ulimit_keys);
	add_tmpfs(inspect, json_pick_member(host, "Tmpfs"));
	add_docker_devices(inspect, json_pick_member(host, "Devices"));
	if (json_object_is_type(options, json_type_object)) {
		json_object_object_foreach(options, key, value)
			inspect_add(inspect, INSPECT_LOG, str_from(key), json_pick_text(value));
	}
}

void inspect_docker(struct inspect *inspect, struct json_object *config, struct json_object *host)
{
	struct str name = json_pick_string(config, "Name");
	struct json_object *restarts = json_pick_member(config, "RestartCount");

	if (name.size && name.data[0] == '/')
		inspect_text(
			inspect, INSPECT_STATE, "name", (struct str){name.data + 1, name.size - 1});
	add_docker_state(inspect, json_pick_member(config, "State"));
	add_picks(inspect, docker_picks, COUNT(docker_picks), config);
	if (json_object_is_type(restarts, json_type_int))
		inspect_print(inspect, INSPECT_STATE, "restarts", "%" PRId64,
			json_object_get_int64(restarts));
	add_command(inspect, config);
	add_docker_mounts(inspect, config);
	add_docker_ports(inspect, json_pick_member(config, "NetworkSettings.Ports"));
	if (!inspect_has(inspect, INSPECT_PORTS)) /* as they will be when it is started */
		add_docker_ports(inspect, json_pick_member(host, "PortBindings"));
	add_docker_ports(inspect, json_pick_member(config, "Config.ExposedPorts"));
	add_docker_host(inspect, host);
	add_docker_networks(inspect, json_pick_member(config, "NetworkSettings.Networks"));
	add_environment(inspect, json_pick_member(config, "Config.Env"));
	add_labels(inspect, json_pick_member(config, "Config.Labels"));
}

/* --- OCI --- */

static const struct pick bundle_picks[] = {
	{"process.args", INSPECT_PROCESS, "command", FORM_WORDS},
	{"process.cwd", INSPECT_PROCESS, "folder", FORM_TEXT},
	{"process.terminal", INSPECT_PROCESS, "terminal", FORM_YES},
	{"process.user.username", INSPECT_PROCESS, "user", FORM_TEXT},
	{"process.noNewPrivileges", INSPECT_SECURITY, "no new privileges", FORM_YES},
	{"process.apparmorProfile", INSPECT_SECURITY, "AppArmor profile", FORM_TEXT},
	{"process.selinuxLabel", INSPECT_SECURITY, "SELinux label", FORM_TEXT},
	{"process.capabilities.bounding", INSPECT_SECURITY, "capabilities", FORM_LIST},
	{"root.path", INSPECT_IMAGE, "root", FORM_TEXT},
	{"root.readonly", INSPECT_SECURITY, "read-only root", FORM_YES},
	{"hostname", INSPECT_NETWORK, "host name", FORM_TEXT},
	{"linux.cgroupsPath", INSPECT_CGROUP, "wanted", FORM_TEXT},
	{"linux.resources.memory.limit", INSPECT_LIMITS, "memory", FORM_BYTES},
	{"linux.resources.memory.reservation", INSPECT_LIMITS, "memory reservation", FORM_BYTES},
	{"linux.resources.memory.swap", INSPECT_LIMITS, "memory and swap", FORM_BYTES},
	{"linux.resources.cpu.shares", INSPECT_LIMITS, "cpu shares", FORM_NUMBER},
	{"linux.resources.cpu.quota", INSPECT_LIMITS, "cpu quota, us", FORM_NUMBER},
	{"linux.resources.cpu.period", INSPECT_LIMITS, "cpu period, us", FORM_NUMBER},
	{"linux.resources.cpu.cpus", INSPECT_LIMITS, "cpu set", FORM_TEXT},
	{"linux.resources.cpu.mems", INSPECT_LIMITS, "memory nodes", FORM_TEXT},
	{"linux.resources.pids.limit", INSPECT_LIMITS, "pids", FORM_NUMBER},
	{"linux.resources.blockIO.weight", INSPECT_LIMITS, "block I/O weight", FORM_NUMBER},
};

/* Annotations that say what others have rows for. */
static const struct pick annotation_picks[] = {
	{"io.kubernetes.cri.container-name", INSPECT_STATE, "name", FORM_TEXT},
	{"io.kubernetes.container.name", INSPECT_STATE, "name", FORM_TEXT},
	{"nerdctl/name", INSPECT_STATE, "name", FORM_TEXT},
	{"io.kubernetes.cri.image-name", INSPECT_IMAGE, "name", FORM_TEXT},
	{"io.kubernetes.cri-o.ImageName", INSPECT_IMAGE, "name", FORM_TEXT},
	{"io.kubernetes.cri-o.ImageRef", INSPECT_IMAGE, "id", FORM_TEXT},
	{"io.kubernetes.cri-o.LogPath", INSPECT_LOG, "path", FORM_TEXT},
	{"io.kubernetes.cri-o.Created", INSPECT_STATE, "created", FORM_TIME},
};

static void add_bundle_mount(struct inspect *inspect, struct json_object *mount)
{
	struct json_object *options = json_pick_member(mount, "options");
	struct str type = json_pick_string(mount, "type");
	struct buf text = {0};

	buf_add_str(&text, json_pick_string(mount, "source"));
	if (type.size) {
		buf_add_text(&text, ", ");
		buf_add_str(&text, type);
	}
	for (size_t i = 0; i < json_pick_count(options); i++) {
		buf_add_text(&text, i ? "," : ", ");
		buf_add_str(&text, json_pick_text(json_object_array_get_idx(options, i)));
	}
	inspect_add(
		inspect, INSPECT_MOUNTS, json_pick_string(mount, "destination"), buf_str(&text));
	buf_release(&text);
}

static void add_annotations(struct inspect *inspect, struct json_object *annotations)
{
	if (!json_object_is_type(annotations, json_type_object))
		return;
	json_object_object_foreach(annotations, key, value)
	{
		for (size_t i = 0; i < COUNT(annotation_picks); i++)
			if (!strcmp(key, annotation_picks[i].path)) /* with dots of its own */
				add_pick(inspect, &annotation_picks[i], value);
		inspect_add(inspect, INSPECT_LABELS, str_from(key), json_pick_text(value));
	}
}

void inspect_bundle(struct inspect *inspect, struct json_object *config)
{
	static const char *const rlimit_keys[] = {"type", "soft", "hard"};
	struct json_object *mounts = json_pick_member(config, "mounts"),
			   *uid = json_pick_member(config, "process.user.uid"),
			   *gid = json_pick_member(config, "process.user.gid");

	add_annotations(inspect, json_pick_member(config, "annotations"));
	add_picks(inspect, bundle_picks, COUNT(bundle_picks), config);
	if (json_object_is_type(uid, json_type_int))
		inspect_print(inspect, INSPECT_PROCESS, "user", "%" PRId64 ":%" PRId64,
			json_object_get_int64(uid), json_object_get_int64(gid));
	add_rlimits(inspect, json_pick_member(config, "process.rlimits"), rlimit_keys);
	for (size_t i = 0; i < json_pick_count(mounts); i++)
		add_bundle_mount(inspect, json_object_array_get_idx(mounts, i));
	add_environment(inspect, json_pick_member(config, "process.env"));
}
