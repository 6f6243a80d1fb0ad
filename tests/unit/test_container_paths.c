/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths of cgroups, of every runtime and driver, and what is made of them. */
#include "resolve/container_paths.h"
#include "unit.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "1f0c1f3e-0a4b-4d0e-9d5c-3a7a2a1d0001"
#define UID_ "1f0c1f3e_0a4b_4d0e_9d5c_3a7a2a1d0001"
#define STATIC_UID "0123456789abcdef0123456789abcdef"
#define USER "/user.slice/user-1000.slice/user@1000.service"

static const struct {
	const char *own, *below; /* the path of the container's own cgroup, and what follows */
	const char *runtime, *id, *pod_uid;
} containers[] = {
	{"/docker/" ID, "", "docker", ID, ""},
	{"/docker/" ID, "/sub/init.scope", "docker", ID, ""},
	{"/custom/" ID, "", "oci", ID, ""},
	{"/system.slice/docker-" ID ".scope", "", "docker", ID, ""},
	{USER "/user.slice/docker-" ID ".scope", "", "docker", ID, ""},
	{"/libpod_parent/libpod-" ID, "", "podman", ID, ""},
	{"/libpod_parent/" ID2 "/libpod-" ID, "", "podman", ID, ""},
	{"/machine.slice/libpod-" ID ".scope", "/container", "podman", ID, ""},
	{"/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", "", "podman", ID,
		""},
	{"/system.slice/web.service/libpod-payload-" ID, "", "podman", ID, ""},
	{USER "/user.slice/libpod-" ID ".scope", "/container", "podman", ID, ""},
	{USER "/user.slice/user-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", "", "podman", ID,
		""},
	{"/default/" ID, "", "oci", ID, ""},
	{"/system.slice/nerdctl-" ID ".scope", "", "nerdctl", ID, ""},
	{"/kubepods/burstable/pod" UID "/" ID, "", "k8s", ID, UID},
	{"/kubepods/besteffort/pod" UID "/" ID, "/app", "k8s", ID, UID},
	{"/kubepods/pod" STATIC_UID "/" ID, "", "k8s", ID, STATIC_UID},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
	 ".slice/cri-containerd-" ID ".scope",
		"", "containerd", ID, UID},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" ID ".scope", "", "docker", ID, UID},
	{"/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID,
		"", "containerd", ID, UID},
	{"/kubepods/burstable/pod" UID "/crio-" ID, "", "cri-o", ID, UID},
	{"/crio/crio-" ID, "", "cri-o", ID, ""},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/crio-" ID
	 ".scope",
		"/container", "cri-o", ID, UID},
	{"/lxc.payload.web", "", "lxc", "web", ""},
	{"/lxc.payload.proj_web", "/system.slice/ssh.service", "lxc", "proj_web", ""},
	{"/lxc/web", "", "lxc", "web", ""},
	{"/lxc.payload/web", "", "lxc", "web", ""},
	{"/lxc/101", "/ns", "lxc", "101", ""},
	{"/machine.slice/machine-my\\x2dbox.scope", "", "nspawn", "my-box", ""},
	{"/machine.slice/machine-my\\x2dbox.scope/payload", "", "nspawn", "my-box", ""},
	{"/machine.slice/machine-box.scope/payload", "/init.scope", "nspawn", "box", ""},
	{"/machine.slice/systemd-nspawn@my\\x2dbox.service/payload", "", "nspawn", "my-box", ""},
	{"/machine.slice/machine-lxc\\x2d4711\\x2dmy\\x2dbox.scope", "", "lxc", "my-box", ""},
	{"/user.slice/runc-" ID ".scope", "", "runc", ID, ""},
	{"/system.slice/buildkit-" ID ".scope", "", "buildkit", ID, ""},
	{"/ecs/0123456789abcdef0123456789abcdef/" ID, "", "oci", ID, ""},
	{"/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef-123456789", "",
		"ecs", "0123456789abcdef0123456789abcdef-123456789", ""},
	{"/docker/" ID2 "/kubelet/kubepods/burstable/pod" UID "/" ID, "", "k8s", ID, UID},
	{"/docker/" ID2 "/docker/" ID, "", "docker", ID, ""},
	{"/../docker/" ID, "", "docker", ID, ""},
	{"/../../kubepods/pod" UID "/" ID, "", "k8s", ID, UID},
	{"/lxc.payload.\x1b[31m\xff\n", "", "lxc", "\x1b[31m\xff\n", ""},
	{"/machine.slice/machine-a\\x2.scope", "", "nspawn", "a\\x2", ""},
	{"//docker//" ID, "//", "docker", ID, ""},
};

static void test_containers(void **state)
{
	struct container_path path;
	char text[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(containers); i++) {
		snprintf(text, sizeof(text), "%s%s", containers[i].own, containers[i].below);
		assert_true(container_path_match(str_from(text), &path));
		assert_int_equal(path.role, ROLE_CONTAINER);
		assert_string_equal(path.runtime, containers[i].runtime);
		assert_str_equal(path.id, containers[i].id);
		assert_str_equal(path.pod_uid, containers[i].pod_uid);
		assert_int_equal(path.size, strlen(containers[i].own));
	}
}

static void test_helpers(void **state)
{
	static const char *const paths[] = {"/libpod_parent/conmon",
		"/machine.slice/libpod-conmon-" ID ".scope",
		"/kubepods/burstable/pod" UID "/crio-conmon-" ID,
		"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope",
		"/lxc.monitor.web", "/lxc.monitor/web", "/supervisor",
		"/machine.slice/machine-box.scope/supervisor", USER "/user.slice/conmon"};
	struct container_path path;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		assert_true(container_path_match(str_from(paths[i]), &path));
		assert_int_equal(path.role, ROLE_HELPER);
	}
}

static void test_neither(void **state)
{
	static const char *const paths[] = {"", "/", "/..", "/../..", "no/slash", "/payload",
		"/docker", "/system.slice", "/system.slice/docker.service",
		"/system.slice/sshd.service", "/user.slice/user-0.slice/session-1.scope",
		"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", "/machine.slice/machine-.scope",
		"/user.slice/snap.firefox.firefox-1234.scope", "/app-flatpak-org.x-12.scope",
		"/supervised/0123456789abcdef0123456789abcdef", /* 32 digits are no id */
		"/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"/docker/" ID "0", "/docker-" ID ".service/x", "/x" ID, "/foo-" ID ".scope",
		"/lxc.payload.", "/libpod-", "/:" ID, "/libpod_parent/" ID,
		"/kubepods/burstable/pod" UID, "/ecs/0123456789abcdef0123456789abcdef-1234567",
		"/default/ctfctr1"};
	struct container_path path;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		if (container_path_match(str_from(paths[i]), &path))
			fail_msg("'%s' is not '%s'", paths[i], path.runtime);
		assert_int_equal(path.role, ROLE_NONE);
	}
}

/* Whatever the bytes: the answer stays within the path. */
static void test_anything(void **state)
{
	static const char *const parts[] = {"/", "..", "docker", "-", ".scope", ID, ":", "crio",
		"lxc", ".payload", "machine-", "\\x2d", "\\x", ("pod" UID), ".slice", "\xff",
		"kubepods-", "conmon", "libpod-"};
	uint64_t seed = 7;
	struct container_path path;
	char text[2048];

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		size_t size = 0, count = random_below(&seed, 12);
		char *copy;

		while (count--) {
			const char *part = parts[random_below(&seed, COUNT(parts))];

			memcpy(text + size, part, strlen(part));
			size += strlen(part);
		}
		copy = malloc(size ? size : 1); /* so that a sanitizer sees where it ends */
		memcpy(copy, text, size);
		if (container_path_match((struct str){copy, size}, &path)) {
			assert_true(path.size <= size);
			assert_true(path.pod_uid.size <= 36);
		}
		container_path_is_free((struct str){copy, size});
		free(copy);
	}
}

static void test_free_ids(void **state)
{
	(void)state;
	assert_true(container_path_is_free(STR("/default/ctfctr1")));
	assert_true(container_path_is_free(STR("/c1")));
	assert_false(container_path_is_free(STR("/")));
	assert_false(container_path_is_free(STR("")));
	assert_false(container_path_is_free(STR("/..")));
	assert_false(container_path_is_free(STR("/system.slice/cron.service")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_containers),
		cmocka_unit_test(test_helpers), cmocka_unit_test(test_neither),
		cmocka_unit_test(test_anything), cmocka_unit_test(test_free_ids)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
