/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What inspect tells, logs, and those that do not run: trees that are made up, files that are
 * hostile. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "resolve/container_inspect.h"
#include "resolve/container_log.h"
#include "resolve/container_stopped.h"
#include "unit.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DOCKER "lib/docker/containers/" ID

struct tree {
	char *root;
	char proc[4200], run[4200], lib[4200], cgroup[4200];
	struct containers_roots roots;
	struct fact_sources *sources;
};

static void path_of(const struct tree *tree, const char *path, char *out, size_t size)
{
	snprintf(out, size, "%s/%s", tree->root, path);
}

static void put(const struct tree *tree, const char *path, const char *text, const char *mode)
{
	char command[9000], whole[8500];
	FILE *file;

	path_of(tree, path, whole, sizeof(whole));
	snprintf(command, sizeof(command), "mkdir -p \"$(dirname '%s')\"", whole);
	assert_int_equal(system(command), 0);
	file = fopen(whole, mode);
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void tree_make(struct tree *tree)
{
	tree->root = folder_make();
	path_of(tree, "proc", tree->proc, sizeof(tree->proc));
	path_of(tree, "run", tree->run, sizeof(tree->run));
	path_of(tree, "lib", tree->lib, sizeof(tree->lib));
	path_of(tree, "cgroup", tree->cgroup, sizeof(tree->cgroup));
	tree->roots = (struct containers_roots){
		.proc = tree->proc, .run = tree->run, .var_lib = tree->lib, .cgroup = tree->cgroup};
	put(tree, "proc/keep", "", "w");
	put(tree, "run/keep", "", "w");
	put(tree, "lib/keep", "", "w");
	tree->sources = fact_sources_new(&tree->roots);
}

static void tree_remove(struct tree *tree)
{
	fact_sources_free(tree->sources);
	folder_remove(tree->root);
}

static void look(const struct tree *tree, const char *runtime, char *id, uint32_t pid,
	struct inspect *inspect)
{
	struct container_wish wish = {.runtime = runtime, .id = id, .path = (char[]){"/x"}};

	*inspect = (struct inspect){0};
	container_inspect(tree->sources, &wish, pid, inspect);
}

/* The value of a row; one that cannot be where there is none. */
static struct str told(
	const struct inspect *inspect, enum inspect_section section, const char *name)
{
	for (size_t i = 0; i < inspect->count; i++)
		if (inspect->rows[i].section == section &&
			str_equal(inspect_name(inspect, i), str_from(name)))
			return inspect_value(inspect, i);
	return STR("(nothing)");
}

static bool has_text(const struct inspect *inspect, const char *text)
{
	return inspect->texts.size &&
	       memmem(inspect->texts.data, inspect->texts.size, text, strlen(text));
}

/* --- inspect --- */

static void test_docker(void **state)
{
	struct tree tree;
	struct inspect inspect;

	(void)state;
	tree_make(&tree);
	put(&tree, DOCKER "/config.v2.json",
		"{\"Name\":\"/we\\u001bb\",\"ID\":\"" ID
		"\",\"Created\":\"2026-01-02T03:04:05Z\",\"Path\":\"/bin/x\",\"Args\":[\"a\",\"b "
		"c\"],"
		"\"State\":{\"Running\":false,\"StartedAt\":\"2026-01-02T03:04:06Z\",\"ExitCode\":"
		"137,"
		"\"OOMKilled\":true,\"FinishedAt\":\"2026-01-02T03:04:07Z\"},\"RestartCount\":4,"
		"\"Config\":{\"Image\":\"redis:7\",\"Env\":[\"TOKEN=hidden\",\"hidden\",\"="
		"hidden\"],"
		"\"Labels\":{\"a\":\"b\"},\"ExposedPorts\":{\"53/udp\":{}}},"
		"\"NetworkSettings\":{\"Ports\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":"
		"\"8080\"},{\"HostIp\":\"::\",\"HostPort\":\"8080\"}],\"443/tcp\":null},"
		"\"Networks\":{\"bridge\":{\"IPAddress\":\"172.17.0.2\",\"IPPrefixLen\":16,"
		"\"Gateway\":\"172.17.0.1\"}}},\"MountPoints\":{\"/data\":{\"Source\":\"/srv\","
		"\"RW\":true,\"Type\":\"bind\",\"Propagation\":\"rprivate\"}}}",
		"w");
	put(&tree, DOCKER "/hostconfig.json",
		"{\"Memory\":67108864,\"NanoCpus\":1500000000,\"RestartPolicy\":{\"Name\":"
		"\"always\"},"
		"\"MemorySwap\":-1,\"LogConfig\":{\"Type\":\"journald\"},\"CapAdd\":[\"A\",\"B\"]}",
		"w");
	look(&tree, "docker", (char[]){ID}, 0, &inspect);
	assert_str_equal(told(&inspect, INSPECT_STATE, "name"), "we\x1b"
								"b");
	assert_str_equal(told(&inspect, INSPECT_STATE, "state"), "exited");
	assert_str_equal(told(&inspect, INSPECT_STATE, "exit code"), "137");
	assert_str_equal(told(&inspect, INSPECT_STATE, "restarts"), "4");
	assert_str_equal(told(&inspect, INSPECT_STATE, "restart policy"), "always");
	assert_str_equal(told(&inspect, INSPECT_PROCESS, "command"), "/bin/x a b c");
	assert_str_equal(told(&inspect, INSPECT_LIMITS, "memory"), "67108864 (64 MiB)");
	assert_str_equal(told(&inspect, INSPECT_LIMITS, "cpus"), "1.5");
	assert_str_equal(told(&inspect, INSPECT_LIMITS, "memory and swap"), "unlimited");
	assert_str_equal(told(&inspect, INSPECT_MOUNTS, "/data"), "/srv, rw, bind, rprivate");
	assert_str_equal(told(&inspect, INSPECT_PORTS, "80/tcp"), "0.0.0.0:8080, [::]:8080");
	assert_str_equal(told(&inspect, INSPECT_PORTS, "443/tcp"), "exposed, not published");
	assert_str_equal(told(&inspect, INSPECT_PORTS, "53/udp"), "exposed, not published");
	assert_str_equal(told(&inspect, INSPECT_NETWORK, "network bridge"),
		"172.17.0.2/16, gateway 172.17.0.1");
	assert_str_equal(told(&inspect, INSPECT_SECURITY, "capabilities added"), "A, B");
	assert_str_equal(told(&inspect, INSPECT_LOG, "driver"), "journald");
	assert_str_equal(told(&inspect, INSPECT_LABELS, "a"), "b");
	inspect_release(&inspect);
	tree_remove(&tree);
}

static void test_promise_23_values_of_the_environment_are_not_taken(void **state)
{
	struct tree tree;
	struct inspect inspect;

	(void)state;
	tree_make(&tree);
	put(&tree, DOCKER "/config.v2.json",
		"{\"Name\":\"/x\",\"Config\":{\"Env\":[\"TOKEN=hidden\",\"hidden\",\"=hidden\"]}}",
		"w");
	put(&tree, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
		"{\"ociVersion\":\"1\",\"process\":{\"env\":[\"KEY=hidden=hidden\"]}}", "w");
	put(&tree, "lib/lxc/c1/config", "lxc.environment = PASS=hidden\nlxc.uts.name = c1\n", "w");
	look(&tree, "docker", (char[]){ID}, 0, &inspect);
	assert_str_equal(told(&inspect, INSPECT_ENVIRONMENT, "TOKEN"), "");
	assert_false(has_text(&inspect, "hidden"));
	inspect_release(&inspect);
	look(&tree, "k8s", (char[]){ID}, 0, &inspect);
	assert_false(has_text(&inspect, "hidden"));
	inspect_release(&inspect);
	look(&tree, "containerd", (char[]){ID}, 0, &inspect);
	assert_str_equal(told(&inspect, INSPECT_ENVIRONMENT, "KEY"), "");
	assert_false(has_text(&inspect, "hidden"));
	inspect_release(&inspect);
	look(&tree, "lxc", (char[]){"c1"}, 0, &inspect);
	assert_str_equal(told(&inspect, INSPECT_ENVIRONMENT, "PASS"), "");
	assert_str_equal(told(&inspect, INSPECT_NETWORK, "lxc.uts.name"), "c1");
	assert_false(has_text(&inspect, "hidden"));
	inspect_release(&inspect);
	tree_remove(&tree);
}

static void test_bundle(void **state)
{
	struct tree tree;
	struct inspect inspect;

	(void)state;
	tree_make(&tree);
	put(&tree, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
		"{\"ociVersion\":\"1\",\"process\":{\"args\":[\"/"
		"s\",\"-v\"],\"user\":{\"uid\":5,\"gid\":6},"
		"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":9,\"soft\":8}]},\"mounts\":[{"
		"\"destination\":\"/etc/hosts\",\"type\":\"bind\",\"source\":\"/k/"
		"hosts\",\"options\":["
		"\"rbind\",\"ro\"]}],\"annotations\":{\"io.kubernetes.cri.container-name\":\"web\","
		"\"io.kubernetes.cri.image-name\":\"i:1\",\"io.kubernetes.cri.sandbox-name\":\"p\"}"
		","
		"\"linux\":{\"resources\":{\"memory\":{\"limit\":1048576},\"pids\":{\"limit\":7}}}"
		"}",
		"w");
	look(&tree, "k8s", (char[]){ID}, 0, &inspect);
	assert_str_equal(told(&inspect, INSPECT_STATE, "name"), "web");
	assert_str_equal(told(&inspect, INSPECT_STATE, "pod"), "p");
	assert_str_equal(told(&inspect, INSPECT_IMAGE, "name"), "i:1");
	assert_str_equal(told(&inspect, INSPECT_PROCESS, "command"), "/s -v");
	assert_str_equal(told(&inspect, INSPECT_PROCESS, "user"), "5:6");
	assert_str_equal(told(&inspect, INSPECT_LIMITS, "ulimit RLIMIT_NOFILE"), "8, hard 9");
	assert_str_equal(told(&inspect, INSPECT_LIMITS, "memory"), "1048576 (1 MiB)");
	assert_str_equal(told(&inspect, INSPECT_LIMITS, "pids"), "7");
	assert_str_equal(told(&inspect, INSPECT_MOUNTS, "/etc/hosts"), "/k/hosts, bind, rbind,ro");
	inspect_release(&inspect);
	tree_remove(&tree);
}

/* Of a runtime that nobody knows: the process, the smallest limit of the cgroups above. */
static void test_process(void **state)
{
	struct tree tree;
	struct inspect inspect;

	(void)state;
	tree_make(&tree);
	put(&tree, "proc/7/stat", "7 (a b) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0", "w");
	put(&tree, "proc/7/status", "Name:\ta\nNSpid:\t7\t1\n", "w");
	put(&tree, "proc/7/cgroup", "0::/up/own\n", "w");
	put(&tree, "proc/7/environ", "HOME=hidden", "w");
	put(&tree, "proc/7/mountinfo",
		"30 20 8:1 /sub /data rw,nosuid - ext4 /dev/sda rw\n31 20 0:5 / /proc ro - proc "
		"proc rw\n"
		"broken\n",
		"w");
	put(&tree, "cgroup/up/memory.max", "1000000\n", "w");
	put(&tree, "cgroup/up/own/memory.max", "max\n", "w");
	put(&tree, "cgroup/up/own/cpu.max", "50000 100000\n", "w");
	put(&tree, "cgroup/up/cpu.max", "max 100000\n", "w");
	look(&tree, "oci", (char[]){ID}, 7, &inspect);
	assert_str_equal(told(&inspect, INSPECT_STATE, "pid"), "7");
	assert_str_equal(told(&inspect, INSPECT_LIMITS, "memory in force"), "1000000 (0.9537 MiB)");
	assert_str_equal(told(&inspect, INSPECT_LIMITS, "cpus in force"), "0.5");
	assert_str_equal(told(&inspect, INSPECT_LIMITS, "pids in force"), "none");
	assert_str_equal(told(&inspect, INSPECT_MOUNTS, "/data"), "/dev/sda /sub, ext4, rw,nosuid");
	assert_str_equal(told(&inspect, INSPECT_ENVIRONMENT, "HOME"), "");
	assert_str_equal(told(&inspect, INSPECT_CGROUP, "version 2"), "/up/own");
	assert_false(has_text(&inspect, "hidden"));
	inspect_release(&inspect);
	tree_remove(&tree);
}

/* Whatever stands in the files, there is an end to it. */
static void test_hostile_files(void **state)
{
	static const char *const broken[] = {"", "{", "[]", "null", "{\"Name\":7}",
		"{\"Name\":\"/"
		"x\",\"Config\":7,\"State\":[],\"MountPoints\":[1],\"Args\":{},\"Path\":\"p\"}",
		"{\"Name\":\"/"
		"x\",\"NetworkSettings\":{\"Ports\":{\"a\":[1,null]},\"Networks\":{\"b\":3}}}",
		"{\"Name\":\"/x\",\"Mounts\":[7,{}],\"Config\":{\"Env\":{\"a\":1},\"Labels\":[1]}}",
		"{\"process\":3,\"mounts\":[3,{\"options\":3}],\"linux\":[],\"annotations\":3}"};
	struct tree tree;
	struct inspect inspect;
	struct buf large = {0};

	(void)state;
	tree_make(&tree);
	for (size_t i = 0; i < COUNT(broken); i++) {
		put(&tree, DOCKER "/config.v2.json", broken[i], "w");
		put(&tree, DOCKER "/hostconfig.json", broken[COUNT(broken) - 1 - i], "w");
		put(&tree, "run/containerd/io.containerd.runtime.v2.task/a/" ID "/config.json",
			broken[i], "w");
		look(&tree, "docker", (char[]){ID}, 0, &inspect);
		inspect_release(&inspect);
		look(&tree, "containerd", (char[]){ID}, 0, &inspect);
		inspect_release(&inspect);
	}
	/* A label of 100 KB, and ten thousand of them. */
	buf_add_text(&large, "{\"Name\":\"/x\",\"Config\":{\"Labels\":{\"long\":\"");
	for (size_t i = 0; i < 100000; i++)
		buf_add_char(&large, 'x');
	buf_add_text(&large, "\"");
	for (size_t i = 0; i < 10000; i++)
		buf_printf(&large, ",\"%zu\":\"v\"", i);
	buf_add_text(&large, "}}}");
	put(&tree, DOCKER "/config.v2.json", large.data, "w");
	look(&tree, "docker", (char[]){ID}, 0, &inspect);
	assert_int_equal(told(&inspect, INSPECT_LABELS, "long").size, 4096);
	assert_true(inspect.count <= 4096);
	inspect_release(&inspect);
	/* An id that is a path leads nowhere. */
	put(&tree, "lib/docker/config.v2.json", "{\"Name\":\"/outside\"}", "w");
	look(&tree, "docker", (char[]){".."}, 0, &inspect);
	assert_false(has_text(&inspect, "outside"));
	inspect_release(&inspect);
	buf_release(&large);
	tree_remove(&tree);
}

/* --- logs --- */

static struct str line_at(const struct container_log *log, size_t i)
{
	assert_true(i < log->count);
	return (struct str){log->lines[i].text, log->lines[i].size};
}

static void follow(const struct tree *tree, struct container_log *log, const char *path,
	enum container_log_format format)
{
	static struct container_files files;

	memset(&files, 0, sizeof(files));
	path_of(tree, path, files.log, sizeof(files.log));
	files.log_format = format;
	container_log_read(log, &files, "id");
}

static void test_formats_of_logs(void **state)
{
	struct container_log log;
	struct tree tree;

	(void)state;
	tree_make(&tree);
	container_log_init(&log);
	put(&tree, "a.log",
		"{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05.5Z\"}\n"
		"{\"log\":\"be\",\"stream\":\"stderr\"}\n{\"log\":\"gun\\n\",\"stream\":\"stderr\"}"
		"\n"
		"no json\n{\"log\":\"\\u001b[2J\\n\",\"stream\":\"a stream with a long "
		"name\"}\n{\"log\":\"un",
		"w");
	follow(&tree, &log, "a.log", LOG_DOCKER);
	assert_int_equal(log.count, 4);
	assert_str_equal(line_at(&log, 0), "one");
	assert_str_equal(str_from(log.lines[0].stream), "stdout");
	assert_str_equal(line_at(&log, 1), "begun");
	assert_str_equal(line_at(&log, 2), "no json");
	assert_str_equal(line_at(&log, 3), "\x1b[2J");
	put(&tree, "a.log", "ended\\n\"}\n", "a");
	follow(&tree, &log, "a.log", LOG_DOCKER);
	assert_int_equal(log.count, 5);
	assert_str_equal(line_at(&log, 4), "unended");
	assert_int_equal(log.lines[4].number, 5);
	put(&tree, "b.log",
		"2026-01-02T03:04:05.123456789+01:00 stdout F full\n"
		"2026-01-02T03:04:05Z stderr P part \n2026-01-02T03:04:05Z stderr F of it\nbad\n",
		"w");
	follow(&tree, &log, "b.log", LOG_CRI);
	assert_int_equal(log.count, 8);
	assert_str_equal(line_at(&log, 5), "full");
	assert_str_equal(line_at(&log, 6), "part of it");
	assert_str_equal(line_at(&log, 7), "bad");
	container_log_release(&log);
	tree_remove(&tree);
}

static void test_a_log_is_rotated_and_cut(void **state)
{
	struct container_log log;
	struct tree tree;
	char from[8500], to[8500], older[8500];

	(void)state;
	tree_make(&tree);
	path_of(&tree, "c.log", from, sizeof(from));
	path_of(&tree, "c.log.1", to, sizeof(to));
	path_of(&tree, "c.log.2", older, sizeof(older));
	container_log_init(&log);
	put(&tree, "c.log", "1\n", "w");
	follow(&tree, &log, "c.log", LOG_PLAIN);
	/* Twice between two looks. */
	put(&tree, "c.log", "2\n", "a");
	assert_int_equal(rename(from, older), 0);
	put(&tree, "c.log.1", "3\n4\n", "w");
	put(&tree, "c.log", "5\n", "w");
	follow(&tree, &log, "c.log", LOG_PLAIN);
	assert_int_equal(log.count, 5);
	for (size_t i = 0; i < 5; i++) {
		char digit[] = {(char)('1' + i), '\0'};

		assert_str_equal(line_at(&log, i), digit);
	}
	put(&tree, "c.log", "", "w"); /* cut, as by copytruncate */
	follow(&tree, &log, "c.log", LOG_PLAIN);
	put(&tree, "c.log", "6\n", "a");
	follow(&tree, &log, "c.log", LOG_PLAIN);
	assert_int_equal(log.count, 6);
	assert_str_equal(line_at(&log, 5), "6");
	/* So often that what came between is gone: that is said. */
	assert_int_equal(unlink(from), 0);
	put(&tree, "c.log.1", "x\n", "w");
	put(&tree, "c.log", "7\n", "w");
	follow(&tree, &log, "c.log", LOG_PLAIN);
	assert_str_equal(line_at(&log, 6), "(the file was rotated: lines may be missing here)");
	assert_str_equal(line_at(&log, 7), "7");
	assert_int_equal(unlink(to), 0);
	container_log_release(&log);
	tree_remove(&tree);
}

static void test_a_log_is_bounded(void **state)
{
	struct container_log log;
	struct tree tree;
	struct buf text = {0};
	char path[8500];

	(void)state;
	tree_make(&tree);
	container_log_init(&log);
	for (size_t i = 0; i < 100000; i++)
		buf_printf(&text, "%zu\n", i);
	put(&tree, "d.log", text.data, "w");
	follow(&tree, &log, "d.log", LOG_PLAIN);
	assert_int_equal(log.count, LOG_LINES);
	assert_str_equal(line_at(&log, LOG_LINES - 1), "99999");
	assert_str_equal(line_at(&log, 0), "99000");
	/* A line of a megabyte without an end, then one that has one. */
	buf_clear(&text);
	for (size_t i = 0; i < 1 << 20; i++)
		buf_add_text(&text, i % 2 ? "\xa4" : "\xc3");
	put(&tree, "d.log", text.data, "a");
	put(&tree, "d.log", "\nshort\n", "a");
	follow(&tree, &log, "d.log", LOG_PLAIN);
	assert_true(log.bytes <= LOG_BYTES);
	assert_true(log.rest.size <= LOG_BYTES);
	assert_str_equal(line_at(&log, log.count - 1), "short");
	assert_true(str_ends(line_at(&log, log.count - 2), STR("are left out)")));
	/* What is no file is not waited for. */
	path_of(&tree, "pipe", path, sizeof(path));
	assert_int_equal(mkfifo(path, 0600), 0);
	follow(&tree, &log, "pipe", LOG_PLAIN);
	assert_true(str_starts(line_at(&log, log.count - 1), STR("(the log cannot be read: ")));
	path_of(&tree, "link", path, sizeof(path));
	assert_int_equal(symlink("d.log", path), 0);
	follow(&tree, &log, "link", LOG_PLAIN);
	assert_true(str_ends(line_at(&log, log.count - 1), STR("symbolic links)")));
	buf_release(&text);
	container_log_release(&log);
	tree_remove(&tree);
}

/* Where each runtime keeps it. */
static void test_places_of_logs(void **state)
{
	static struct container_files files;
	char text[8500];
	struct container_wish wish = {.runtime = "k8s", .id = (char[]){ID}, .path = (char[]){"/x"}};
	struct tree tree;

	(void)state;
	tree_make(&tree);
	put(&tree, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
		"{\"ociVersion\":\"1\",\"annotations\":{\"io.kubernetes.cri.container-name\":"
		"\"web\","
		"\"io.kubernetes.cri.sandbox-name\":\"p\",\"io.kubernetes.cri.sandbox-uid\":\"u\","
		"\"io.kubernetes.cri.sandbox-namespace\":\"n\"}}",
		"w");
	put(&tree, "log/pods/n_p_u/web/2.log", "", "w");
	put(&tree, "log/pods/n_p_u/web/10.log", "", "w");
	put(&tree, "log/pods/n_p_u/web/11.log.gz", "", "w");
	container_files_find(tree.sources, &wish, 0, &files);
	assert_true(str_ends(str_from(files.log), STR("/log/pods/n_p_u/web/10.log")));
	assert_int_equal(files.log_format, LOG_CRI);
	container_files_release(&files);
	/* Elsewhere, where the sandbox says so. */
	put(&tree, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
		"{\"ociVersion\":\"1\",\"annotations\":{\"io.kubernetes.cri.container-name\":"
		"\"web\","
		"\"io.kubernetes.cri.sandbox-id\":\"box\"}}",
		"w");
	snprintf(text, sizeof(text),
		"{\"annotations\":{\"io.kubernetes.cri.sandbox-log-directory\":\"%s/logs\"}}",
		tree.root);
	put(&tree, "run/containerd/io.containerd.runtime.v2.task/k8s.io/box/config.json", text,
		"w");
	put(&tree, "logs/web/0.log", "", "w");
	container_files_find(tree.sources, &wish, 0, &files);
	assert_true(str_ends(str_from(files.log), STR("/logs/web/0.log")));
	container_files_release(&files);
	/* A name with a slash leads nowhere. */
	put(&tree, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
		"{\"ociVersion\":\"1\",\"annotations\":{\"io.kubernetes.cri.container-name\":\"../"
		"web\","
		"\"io.kubernetes.cri.sandbox-name\":\"p\",\"io.kubernetes.cri.sandbox-uid\":\"u\","
		"\"io.kubernetes.cri.sandbox-namespace\":\"n\"}}",
		"w");
	container_files_find(tree.sources, &wish, 0, &files);
	assert_int_equal(files.log_format, LOG_NONE);
	container_files_release(&files);
	put(&tree, "run/containers/storage/overlay-containers/" ID "/userdata/config.json",
		"{\"ociVersion\":\"1\",\"annotations\":{\"io.kubernetes.cri-o.LogPath\":\"/l/"
		"0.log\"}}",
		"w");
	wish.runtime = "cri-o";
	container_files_find(tree.sources, &wish, 0, &files);
	assert_str_equal(str_from(files.log), "/l/0.log");
	container_files_release(&files);
	put(&tree, "lib/lxc/c1/config", "# c\nlxc.console.logfile = /l/c1 \n", "w");
	wish.runtime = "lxc";
	wish.id = (char[]){"c1"};
	container_files_find(tree.sources, &wish, 0, &files);
	assert_str_equal(str_from(files.log), "/l/c1");
	container_files_release(&files);
	tree_remove(&tree);
}

/* --- those that do not run --- */

static void take_stopped(void *arg, const struct stopped_container *container)
{
	struct buf *out = arg;
	const struct container_facts *facts = &container->facts;

	buf_printf(out, "%.*s %.*s %s %lld\n", (int)facts->runtime.size, facts->runtime.data,
		(int)facts->name.size, facts->name.data, container->state,
		(long long)container->exit_code);
}

static void test_stopped(void **state)
{
	struct tree tree;
	struct buf out = {0};

	(void)state;
	tree_make(&tree);
	put(&tree, DOCKER "/config.v2.json",
		"{\"Name\":\"/"
		"gone\",\"State\":{\"Running\":false,\"StartedAt\":\"2026-01-02T03:04:05Z\","
		"\"FinishedAt\":\"2026-01-02T03:04:06Z\",\"ExitCode\":3}}",
		"w");
	put(&tree, "lib/docker/containers/b/config.v2.json",
		"{\"Name\":\"/runs\",\"State\":{\"Running\":true}}", "w");
	put(&tree, "lib/docker/containers/c/config.v2.json", "{\"Name\":", "w");
	put(&tree, "lib/containers/storage/overlay-containers/containers.json",
		"[{\"id\":\"p1\",\"names\":[\"pod\"],\"metadata\":\"{\\\"image-name\\\":\\\"i\\\"}"
		"\"},"
		"{\"id\":\"x\",\"names\":[\"buildah\"],\"metadata\":\"{}\"},{\"id\":\"../x\","
		"\"names\":[\"n\"],\"metadata\":\"{\\\"image-name\\\":\\\"i\\\"}\"},7,null]",
		"w");
	put(&tree, "lib/lxc/c1/config", "", "w");
	put(&tree, "run/runc/r1/state.json", "{}", "w");
	containers_stopped(tree.sources, NULL, take_stopped, &out);
	assert_str_equal(buf_str(&out), "docker gone exited 3\npodman pod created -1\n"
					"lxc c1 stopped -1\nrunc r1 stopped -1\n");
	buf_release(&out);
	tree_remove(&tree);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_docker),
		cmocka_unit_test(test_promise_23_values_of_the_environment_are_not_taken),
		cmocka_unit_test(test_bundle), cmocka_unit_test(test_process),
		cmocka_unit_test(test_hostile_files), cmocka_unit_test(test_formats_of_logs),
		cmocka_unit_test(test_a_log_is_rotated_and_cut),
		cmocka_unit_test(test_a_log_is_bounded), cmocka_unit_test(test_places_of_logs),
		cmocka_unit_test(test_stopped)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
