/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files and sockets tell of containers: trees that are made up, answers that are hostile. */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "resolve/container_facts.h"
#include "unit.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct tree {
	char *root;
	char proc[4200], run[4200], lib[4200], cgroup[4200];
	struct containers_roots roots;
};

static void put(const struct tree *tree, const char *path, const char *text)
{
	char command[9000], whole[8500];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", tree->root, path);
	snprintf(command, sizeof(command), "mkdir -p \"$(dirname '%s')\"", whole);
	assert_int_equal(system(command), 0);
	file = fopen(whole, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void tree_make(struct tree *tree)
{
	tree->root = folder_make();
	snprintf(tree->proc, sizeof(tree->proc), "%s/proc", tree->root);
	snprintf(tree->run, sizeof(tree->run), "%s/run", tree->root);
	snprintf(tree->lib, sizeof(tree->lib), "%s/lib", tree->root);
	snprintf(tree->cgroup, sizeof(tree->cgroup), "%s/cgroup", tree->root);
	tree->roots = (struct containers_roots){tree->proc, tree->run, tree->lib, tree->cgroup};
	put(tree, "proc/keep", "");
	put(tree, "run/keep", "");
}

static void look(const struct tree *tree, const char *runtime, char *id, bool is_free,
	struct container_facts *facts)
{
	struct fact_sources *sources = fact_sources_new(&tree->roots);
	struct container_wish wish = {
		.runtime = runtime, .id = id, .path = (char[]){"/x"}, .is_free = is_free};

	container_facts_read(sources, &wish, facts);
	fact_sources_free(sources);
}

static struct str text(const struct fact_text *from)
{
	return (struct str){from->data, from->size};
}

static void test_docker(void **state)
{
	struct tree tree;
	struct container_facts facts;

	(void)state;
	tree_make(&tree);
	put(&tree, "lib/docker/containers/" ID "/config.v2.json",
		"{\"Name\":\"/"
		"we\\u001bb\",\"Config\":{\"Image\":\"redis:7\",\"Labels\":{\"a\":\"b\","
		"\"c\":\"d\"}},\"State\":{\"Running\":true,\"Paused\":true},\"RestartCount\":3}");
	put(&tree, "lib/docker/containers/" ID "/hostconfig.json", "{\"Privileged\":true}");
	look(&tree, "docker", (char[]){ID}, false, &facts);
	assert_str_equal(text(&facts.name), "we\x1b"
					    "b");
	assert_str_equal(text(&facts.image), "redis:7");
	assert_int_equal(facts.labels_size, 7);
	assert_memory_equal(facts.labels, "a=b\0c=d", 7);
	assert_int_equal(facts.state, CONTAINER_PAUSED);
	assert_int_equal(facts.flags, CONTAINER_PRIVILEGED);
	assert_int_equal(facts.restarts, 3);
	folder_remove(tree.root);
}

static void test_podman(void **state)
{
	struct tree tree;
	struct container_facts facts;

	(void)state;
	tree_make(&tree);
	put(&tree, "lib/containers/storage/overlay-containers/containers.json",
		"[{\"id\":\"other\",\"names\":[\"no\"]},{\"id\":\"" ID
		"\",\"names\":[\"web4\"],\"metadata\":\"{\\\"image-name\\\":\\\"bb:1\\\","
		"\\\"name\\\":\\\"old\\\"}\"}]");
	look(&tree, "podman", (char[]){ID}, false, &facts);
	assert_str_equal(text(&facts.name), "web4");
	assert_str_equal(text(&facts.image), "bb:1");
	folder_remove(tree.root);
}

static void test_kubernetes(void **state)
{
	struct tree tree;
	struct container_facts facts;

	(void)state;
	tree_make(&tree);
	put(&tree, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
		"{\"ociVersion\":\"1.0.2\",\"annotations\":{"
		"\"io.kubernetes.cri.container-type\":\"sandbox\","
		"\"io.kubernetes.cri.container-name\":\"web\","
		"\"io.kubernetes.cri.image-name\":\"bb:latest\","
		"\"io.kubernetes.cri.sandbox-name\":\"shop-7d9f\","
		"\"io.kubernetes.cri.sandbox-namespace\":\"prod\","
		"\"io.kubernetes.cri.sandbox-uid\":\"1f0c\"}}");
	look(&tree, "k8s", (char[]){ID}, false, &facts);
	assert_str_equal(text(&facts.name), "web");
	assert_str_equal(text(&facts.runtime), "containerd");
	assert_str_equal(text(&facts.pod), "shop-7d9f");
	assert_str_equal(text(&facts.pod_namespace), "prod");
	assert_str_equal(text(&facts.pod_uid), "1f0c");
	assert_int_equal(facts.flags, CONTAINER_SANDBOX);
	put(&tree, "run/containers/storage/overlay-containers/" ID "/userdata/config.json",
		"{\"ociVersion\":\"1\",\"annotations\":{\"io.kubernetes.container.name\":\"c\","
		"\"io.kubernetes.pod.name\":\"p\",\"io.kubernetes.cri-o.ImageName\":\"i\"}}");
	look(&tree, "cri-o", (char[]){ID}, false, &facts);
	assert_str_equal(text(&facts.name), "c");
	assert_str_equal(text(&facts.pod), "p");
	assert_str_equal(text(&facts.image), "i");
	folder_remove(tree.root);
}

/* Any text may be an id: only a state that goes with it makes it one. */
static void test_free_ids(void **state)
{
	struct tree tree;
	struct container_facts facts;

	(void)state;
	tree_make(&tree);
	look(&tree, "", (char[]){"c1"}, true, &facts);
	assert_false(facts.found);
	put(&tree, "run/runc/c1/state.json", "{\"id\":\"c1\"}");
	look(&tree, "", (char[]){"c1"}, true, &facts);
	assert_true(facts.found);
	assert_str_equal(text(&facts.runtime), "runc");
	put(&tree, "run/containerd/io.containerd.runtime.v2.task/default/t1/config.json",
		"{\"ociVersion\":\"1\"}");
	look(&tree, "", (char[]){"t1"}, true, &facts);
	assert_true(facts.found);
	assert_str_equal(text(&facts.name), "t1");
	look(&tree, "", (char[]){".."}, true, &facts);
	assert_false(facts.found);
	folder_remove(tree.root);
}

/* Whatever stands in the files, there is an answer, and its texts are cut. */
static void test_hostile_files(void **state)
{
	static const char *const broken[] = {"", "{", "[]", "null", "{\"Name\":7}",
		"{\"Name\":\"/x\",\"Config\":7,\"State\":[],\"RestartCount\":-1}",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
	struct tree tree;
	struct container_facts facts;
	char *large = malloc((1 << 20) + 100), path[4300];

	(void)state;
	tree_make(&tree);
	for (size_t i = 0; i < COUNT(broken); i++) {
		put(&tree, "lib/docker/containers/" ID "/config.v2.json", broken[i]);
		look(&tree, "docker", (char[]){ID}, false, &facts);
		assert_true(facts.found);
		assert_true(facts.name.size <= 1);
		assert_int_equal(facts.restarts, 0);
	}
	memset(large, 'x', 20000);
	memcpy(large, "{\"Name\":\"/", 10);
	strcpy(large + 20000, "\",\"Config\":{\"Labels\":{\"a\":\"b\"}}}");
	put(&tree, "lib/docker/containers/" ID "/config.v2.json", large);
	look(&tree, "docker", (char[]){ID}, false, &facts);
	assert_int_equal(facts.name.size, 256);
	memset(large, ' ', 1 << 20);
	strcpy(large + (1 << 20), "{\"Name\":\"/x\"}");
	put(&tree, "lib/docker/containers/" ID "/config.v2.json", large);
	look(&tree, "docker", (char[]){ID}, false, &facts);
	assert_int_equal(facts.name.size, 0);
	/* A pipe that nobody writes to. */
	snprintf(path, sizeof(path), "%s/lib/docker/containers/" ID "/config.v2.json", tree.root);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	look(&tree, "docker", (char[]){ID}, false, &facts);
	assert_int_equal(facts.name.size, 0);
	free(large);
	folder_remove(tree.root);
}

/* --- a daemon --- */

enum manner { ANSWERS, SILENT, ENDLESS, BROKEN };

struct daemon {
	int fd;
	enum manner manner;
	pthread_t thread;
	char path[4300];
};

static void *serve(void *arg)
{
	static const char body[] =
		"HTTP/1.0 200 OK\r\n\r\n{\"Name\":\"/asked\",\"Config\":{\"Image\":\"i\"}}";
	struct daemon *daemon = arg;
	char room[65536] = "HTTP/1.0 200 OK\r\n\r\n";
	int fd = accept(daemon->fd, NULL, NULL);

	while (fd >= 0 && recv(fd, room + 100, 4096, 0) > 0) {
		if (daemon->manner == SILENT)
			continue; /* until the other side goes */
		if (daemon->manner == ANSWERS)
			send(fd, body, sizeof(body) - 1, MSG_NOSIGNAL);
		if (daemon->manner == BROKEN)
			send(fd, "HTTP/1.0 200 OK\r\n\r\n{\"Na", 23, MSG_NOSIGNAL);
		while (daemon->manner == ENDLESS && send(fd, room, sizeof(room), MSG_NOSIGNAL) > 0)
			;
		break;
	}
	close(fd);
	return NULL;
}

static void daemon_start(struct daemon *daemon, const struct tree *tree, enum manner manner)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	daemon->manner = manner;
	snprintf(daemon->path, sizeof(daemon->path), "%s/docker.sock", tree->run);
	unlink(daemon->path);
	assert_true(strlen(daemon->path) < sizeof(address.sun_path));
	strcpy(address.sun_path, daemon->path);
	daemon->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(daemon->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(daemon->fd, 4), 0);
	assert_int_equal(pthread_create(&daemon->thread, NULL, serve, daemon), 0);
}

static void daemon_end(struct daemon *daemon)
{
	pthread_join(daemon->thread, NULL);
	close(daemon->fd);
}

static void test_promise_20_local_sockets_are_not_trusted(void **state)
{
	static const struct {
		enum manner manner;
		const char *name;
	} cases[] = {{ANSWERS, "asked"}, {SILENT, ""}, {ENDLESS, ""}, {BROKEN, ""}};
	struct tree tree;

	(void)state;
	tree_make(&tree);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct container_facts facts;
		struct daemon daemon;
		uint64_t since;

		daemon_start(&daemon, &tree, cases[i].manner);
		since = clock_now();
		look(&tree, "docker", (char[]){ID}, false, &facts);
		assert_true(clock_now() - since < 2 * NS_PER_S);
		daemon_end(&daemon);
		assert_str_equal(text(&facts.name), cases[i].name);
		assert_true(facts.found);
	}
	folder_remove(tree.root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_docker),
		cmocka_unit_test(test_podman), cmocka_unit_test(test_kubernetes),
		cmocka_unit_test(test_free_ids), cmocka_unit_test(test_hostile_files),
		cmocka_unit_test(test_promise_20_local_sockets_are_not_trusted)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
