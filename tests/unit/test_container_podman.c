/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pods of Podman, who keeps a container, how often Kubernetes started it. */
#include <sys/stat.h>
#include <unistd.h>

#include "resolve/container_keeper.h"
#include "resolve/container_podman.h"
#include "unit.h"

#define POD "5df8807e667e90b138ed755487405bd56153d5d415ff49bcb73e1e46f3544ae0"
#define INFRA "4eb26449687cc1ccaeb4ce2049e45802b65457bfee4daa1f2d4f1596b3d19f7d"
#define WEB "652e3a78bb418c6a59f0c37ce1349ad11e61be32153ff6703710dce47665d8d3"

__attribute__((format(printf, 3, 4))) static void write_file(
	const char *folder, const char *name, const char *format, ...)
{
	char path[4096], *slash;
	va_list arguments;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	fclose(file);
}

static char *make_store(const char *host)
{
	char *folder = folder_make();

	write_file(folder, INFRA "/userdata/config.json",
		"{\"ociVersion\":\"1\",\"hostname\":\"%s\",\"annotations\":{}}", host);
	write_file(folder, WEB "/userdata/config.json",
		"{\"ociVersion\":\"1\",\"annotations\":{\"io.kubernetes.cri-o.SandboxID\":\"" INFRA
		"\"}}");
	write_file(folder, "containers.json",
		"[{\"id\":\"" INFRA "\",\"names\":[\"5df8807e667e-infra\"]},"
		"{\"id\":\"" WEB "\",\"names\":[\"web\"]}]");
	return folder;
}

static void look(struct container_facts *facts, const char *folder, const char *name,
	const char *id, const char *path)
{
	struct podman_lists lists = {.next = 0};

	memset(facts, 0, sizeof(*facts));
	fact_text_set(&facts->name, name, strlen(name), 256);
	podman_pod(&lists, facts, folder, id, path);
	podman_lists_release(&lists);
}

#define TEXT(text) ((struct str){(text).data, (text).size})

static void a_pod_has_the_host_name_of_who_holds_it(void **state)
{
	static const char *const paths[] = {"/libpod_parent/" POD "/libpod-" WEB,
		"/machine.slice/machine-libpod_pod_" POD ".slice/libpod-" WEB ".scope",
		"/machine.slice/machine-libpod_pod_" POD ".slice/libpod-" WEB ".scope/container"};
	struct container_facts facts;
	char *folder = make_store("shop");

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		look(&facts, folder, "web", WEB, paths[i]);
		assert_str_equal(TEXT(facts.pod), "shop");
		assert_str_equal(TEXT(facts.pod_uid), POD);
		assert_false(facts.flags & CONTAINER_SANDBOX);
	}
	/* Without a cgroup the first digits of its id are known, from the name of who holds it. */
	look(&facts, folder, "web", WEB, NULL);
	assert_str_equal(TEXT(facts.pod), "shop");
	assert_str_equal(TEXT(facts.pod_uid), "5df8807e667e");
	look(&facts, folder, "5df8807e667e-infra", INFRA, "/libpod_parent/" POD "/libpod-" INFRA);
	assert_str_equal(TEXT(facts.pod), "shop");
	assert_true(facts.flags & CONTAINER_SANDBOX);
	folder_remove(folder);
}

static void a_pod_without_a_host_name_has_its_id(void **state)
{
	struct container_facts facts;
	char *folder = make_store("");

	(void)state;
	look(&facts, folder, "web", WEB, "/libpod_parent/" POD "/libpod-" WEB);
	assert_str_equal(TEXT(facts.pod), "5df8807e667e");
	folder_remove(folder);
}

static void a_pod_that_nothing_holds_has_its_id(void **state)
{
	struct container_facts facts;
	char *folder = make_store("");

	(void)state;
	write_file(folder, WEB "/userdata/config.json",
		"{\"hostname\":\"web\",\"annotations\":{\"io.kubernetes.cri-o.SandboxID\":\"" POD
		"\"}}");
	look(&facts, folder, "web", WEB, "/libpod_parent/libpod-" WEB);
	assert_str_equal(TEXT(facts.pod), "5df8807e667e");
	assert_str_equal(TEXT(facts.pod_uid), POD);
	assert_false(facts.flags & CONTAINER_SANDBOX);
	folder_remove(folder);
}

static void what_is_in_no_pod_has_none(void **state)
{
	struct container_facts facts;
	char *folder = make_store("shop");

	(void)state;
	write_file(folder, POD "/userdata/config.json",
		"{\"ociVersion\":\"1\",\"hostname\":\"alone\"}");
	look(&facts, folder, "alone", POD, "/libpod_parent/libpod-" POD);
	assert_int_equal(facts.pod.size, 0);
	look(&facts, folder, "alone", "../" POD, "/libpod_parent/libpod-" POD);
	look(&facts, folder, "gone", "0000", NULL);
	assert_int_equal(facts.pod.size, 0);
	/* An id that is none is no part of a path. */
	write_file(folder, WEB "/userdata/config.json",
		"{\"annotations\":{\"io.kubernetes.cri-o.SandboxID\":\"../../../etc\"}}");
	look(&facts, folder, "web", WEB, NULL);
	assert_int_equal(facts.pod.size, 0);
	write_file(folder, WEB "/userdata/config.json", "[1,{\"annotations\":[");
	look(&facts, folder, "web", WEB, NULL);
	assert_int_equal(facts.pod.size, 0);
	folder_remove(folder);
}

/* podman writes another file in its place. */
static void a_list_that_changed_is_read_again(void **state)
{
	static const char *const names[] = {"old", "new", "a much longer name"};
	struct podman_lists lists = {.next = 0};
	char *folder = folder_make(), path[4096], before[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/containers.json", folder);
	snprintf(before, sizeof(before), "%s/next", folder);
	for (size_t i = 0; i < COUNT(names); i++) {
		write_file(folder, "next",
			"[{\"id\":\"%s\",\"names\":[\"%s\"],\"metadata\":"
			"\"{\\\"image-name\\\":\\\"bb\\\"}\"},7]",
			WEB, names[i]);
		assert_int_equal(rename(before, path), 0);
		for (int again = 0; again < 2; again++) {
			struct container_facts facts = {.state = CONTAINER_UNKNOWN};

			assert_true(podman_lists_find(&lists, path, WEB, &facts));
			assert_str_equal(TEXT(facts.name), names[i]);
			assert_str_equal(TEXT(facts.image), "bb");
			assert_false(podman_lists_find(&lists, path, POD, &facts));
			assert_false(podman_lists_find(&lists, path, "652e", &facts));
		}
	}
	assert_int_equal(unlink(path), 0);
	assert_false(podman_lists_find(
		&lists, path, WEB, &(struct container_facts){.state = CONTAINER_UNKNOWN}));
	podman_lists_release(&lists);
	folder_remove(folder);
}

static void a_service_lists_pods(void **state)
{
	static const char *const none[] = {"", "[]", "{}", "[{\"Id\":7}]", "[{\"Id\":\"other\"}]"};
	struct container_facts facts = {.state = CONTAINER_UNKNOWN};

	(void)state;
	assert_true(podman_listed(&facts,
		STR("[{\"Id\":\"" INFRA "\",\"IsInfra\":true,\"Pod\":\"" POD
		    "\",\"PodName\":\"named\"}]"),
		STR(INFRA)));
	assert_str_equal(TEXT(facts.pod), "named");
	assert_str_equal(TEXT(facts.pod_uid), POD);
	assert_true(facts.flags & CONTAINER_SANDBOX);
	for (size_t i = 0; i < COUNT(none); i++)
		assert_false(podman_listed(&facts, str_from(none[i]), STR(INFRA)));
}

/* Only what says where things are; never the program that stands there, nor what it is to do. */
static void a_command_is_put_together_of_known_options(void **state)
{
#define A "--exit-command-arg"
	static const char *const words[] = {"/usr/bin/conmon", "-c", WEB, "--exit-command",
		"/tmp/evil", A, "--root", A, "/r", A, "--log-level", A, "debug", A, "--runtime", A,
		"runc", A, "--network-config-dir", A, "", A, "--storage-driver", A, "vfs", A,
		"--remote", A, "--url", A, "ssh://x", A, "container", A, "cleanup", A, WEB};
	static const char *const wanted[] = {
		"podman", "--root", "/r", "--runtime", "runc", "--storage-driver", "vfs"};
	struct container_keeper keeper = {.kind = KEEPER_NONE};

	(void)state;
	container_keeper_podman(words, COUNT(words), &keeper);
	assert_int_equal(keeper.kind, KEEPER_COMMAND);
	assert_int_equal(keeper.word_count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++)
		assert_string_equal(keeper.words[i], wanted[i]);
	container_keeper_release(&keeper);
}

/* A daemon that is nobody's is not asked: ids go into requests. */
static void nobody_keeps_what_has_no_id(void **state)
{
	static const char *const ids[] = {"", "a/../b", "x y", "; reboot", "ns:4026531836"};
	struct container_keeper keeper;

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		container_keeper_find("/nowhere", "docker", ids[i], &keeper);
		assert_int_equal(keeper.kind, KEEPER_NONE);
		assert_true(keeper.why[0]);
	}
	container_keeper_find("/nowhere", "lxc", "abc", &keeper);
	assert_int_equal(keeper.kind, KEEPER_NONE);
}

static void restarts_are_in_annotations_and_logs(void **state)
{
	struct container_facts facts = {.state = CONTAINER_UNKNOWN};
	char *folder = folder_make();

	(void)state;
	assert_true(fact_bundle(&facts,
		STR("{\"ociVersion\":\"1\",\"annotations\":{\"io.kubernetes.container."
		    "restartCount\":\"3\",\"io.kubernetes.cri-o.Metadata\":\"{\\\"attempt\\\":2}\"}"
		    "}")));
	assert_int_equal(facts.restarts, 3);
	facts = (struct container_facts){.state = CONTAINER_UNKNOWN};
	fact_text_set(&facts.name, "web", 3, 256);
	fact_text_set(&facts.pod, "shop", 4, 256);
	fact_text_set(&facts.pod_namespace, "prod", 4, 256);
	fact_text_set(&facts.pod_uid, "1f0c", 4, 256);
	fact_pod_logs(&facts, folder);
	assert_int_equal(facts.restarts, 0);
	for (int i = 0; i < 12; i++) {
		char name[80];

		snprintf(name, sizeof(name), "var/log/pods/prod_shop_1f0c/web/%d.log", i);
		write_file(folder, name, "x");
	}
	write_file(folder, "var/log/pods/prod_shop_1f0c/web/99.log.gz", "x");
	fact_pod_logs(&facts, folder);
	assert_int_equal(facts.restarts, 11);
	facts.restarts = 0;
	fact_text_set(&facts.name, "../web", 6, 256);
	fact_pod_logs(&facts, folder);
	assert_int_equal(facts.restarts, 0);
	folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pod_has_the_host_name_of_who_holds_it),
		cmocka_unit_test(a_pod_without_a_host_name_has_its_id),
		cmocka_unit_test(a_pod_that_nothing_holds_has_its_id),
		cmocka_unit_test(what_is_in_no_pod_has_none),
		cmocka_unit_test(a_list_that_changed_is_read_again),
		cmocka_unit_test(a_service_lists_pods),
		cmocka_unit_test(a_command_is_put_together_of_known_options),
		cmocka_unit_test(nobody_keeps_what_has_no_id),
		cmocka_unit_test(restarts_are_in_annotations_and_logs)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
