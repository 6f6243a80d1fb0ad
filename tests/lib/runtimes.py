# SPDX-License-Identifier: GPL-2.0-or-later
"""Container runtimes for tests: every daemon and store in a folder of the test's own.

Nothing of the machine's is touched, and what was started ends with its block: daemons, shims,
mounts, cgroups that they leave empty.  Fixtures over these are in tests/live/conftest.py.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile

import tt

BUSYBOX = "/bin/busybox"
SLEEP = (BUSYBOX, "sleep", "1000")
LIMITS = '["nofile=1024:1024", "nproc=1000:1000"]'  # no more than anybody may have
CGROUPS = "/sys/fs/cgroup"
LEFT_BY = ("/docker", "/default", "/payload", "/supervisor", "/lxc.", "/libpod_parent", "/k8s.io", "/tt-")


class Missing(Exception):
    """A program that is not installed: what to install."""


def need(program, package):
    if not shutil.which(program):
        raise Missing(f"no {program}: apt install {package}")


def own(name):
    """A name that nobody else's container has."""
    return f"{name}-{os.getpid()}"


def cgroups():
    return {where for where, _, _ in os.walk(CGROUPS)}


def words_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().split("\0")
    except OSError:
        return []


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def parent(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return int(file.read().rsplit(")", 1)[1].split()[1])


def kill_those_of(folder):
    """What was started on behalf of a folder and outlives who started it: it is on the command line."""
    for pid in pids():
        if pid != os.getpid() and any(word.startswith(folder + "/") for word in words_of(pid)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


class Home:
    """A folder with a root file system R, and it as bb.tar."""

    def __enter__(self):
        self.before = cgroups()
        self.path = tempfile.mkdtemp(prefix="ttc", dir="/tmp")  # short: sockets stand in it
        os.chmod(self.path, 0o755)
        os.makedirs(self.path + "/R/bin")
        shutil.copy(BUSYBOX, self.path + "/R/bin/busybox")
        os.symlink("busybox", self.path + "/R/bin/sh")
        os.makedirs(self.path + "/R/etc")
        with open(self.path + "/R/etc/passwd", "w", encoding="utf-8") as file:
            file.write("root:x:0:0::/:/bin/sh\nwebsvc:x:1005:1005::/:/bin/sh\n")
        tt.run(["tar", "-C", self.path + "/R", "-cf", self.path + "/bb.tar", "."])
        return self.path

    def __exit__(self, *unused):
        self.kill_containers()
        kill_those_of(self.path)
        with open("/proc/self/mounts", encoding="utf-8") as file:
            mounts = [line.split(" ")[1] for line in file]
        for where in reversed(mounts):
            if where.startswith(self.path + "/"):
                subprocess.run(["umount", "-l", where], check=False)
        shutil.rmtree(self.path, ignore_errors=True)
        self.clear_cgroups()

    def kill_containers(self):
        """Those of a daemon that ended without them."""
        ids = [os.path.basename(path) for path in glob.glob(self.path + "/dd/containers/*")]
        for where in cgroups():
            if any(one in where for one in ids):
                try:
                    with open(where + "/cgroup.procs", encoding="ascii") as file:
                        for pid in file.read().split():
                            os.kill(int(pid), signal.SIGKILL)
                except OSError:
                    pass

    def clear_cgroups(self):
        """What runtimes leave empty goes; what somebody lives in stays."""
        for where in sorted(cgroups() - self.before, key=len, reverse=True):
            if any(part in where for part in LEFT_BY):
                try:
                    os.rmdir(where)
                except OSError:
                    pass


class Daemon:
    """A program that serves until it is ended."""

    def __init__(self, log, command, env=None):
        self.log = log
        with open(log, "w", encoding="utf-8") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                            env=dict(os.environ, **(env or {})))

    def wait_until(self, is_up, what):
        def check():
            if self.process.poll() is not None:
                with open(self.log, encoding="utf-8", errors="replace") as file:
                    raise AssertionError(f"{what} ended: " + file.read()[-2000:])
            return is_up()
        tt.wait_until(check, 30, what)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Docker:
    """A dockerd; called like docker.  What it runs is in .folder/dd and .folder/dr."""

    def __init__(self, folder, *options):
        need("dockerd", "docker.io")
        self.folder = folder
        self.socket = folder + "/docker.sock"
        self.options = options
        self.start()
        self("import", folder + "/bb.tar", "bb:latest")

    def start(self):
        self.daemon = Daemon(self.folder + "/dockerd.log", [
            "dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs",
            "--data-root", self.folder + "/dd", "--exec-root", self.folder + "/dr", "--pidfile",
            self.folder + "/dpid", "-H", "unix://" + self.socket, *self.options])
        self.daemon.wait_until(lambda: not self.run("ps", check=False).returncode, "dockerd")

    def run(self, *words, **kwargs):
        return tt.run(["docker", "-H", "unix://" + self.socket, *words], **kwargs)

    def __call__(self, *words, **kwargs):
        return self.run(*words, **kwargs).stdout.strip()

    def begin(self, name, *options, command=SLEEP):
        """Starts a container; its first process."""
        self("run", "-d", "--name", name, "--network", "none", *options, "bb:latest", *command)
        return self.pid(name)

    def pid(self, name):
        return int(self("inspect", "-f", "{{.State.Pid}}", name))

    def remove(self, *names):
        self("rm", "-f", *names)

    def remove_all(self):
        left = self("ps", "-aq", check=False).split()
        if left:
            self("rm", "-f", *left, check=False)

    def stop(self):
        """Ends the daemon; its containers live on if it was told --live-restore."""
        self.daemon.end()

    def end(self):
        if self.daemon.process.poll() is None:
            self.daemon.process.send_signal(signal.SIGCONT)
            self.remove_all()
        self.daemon.end()


class Podman:
    """Called like podman.  @user: rootless, as one that New_user made."""

    def __init__(self, folder, user=None):
        need("podman", "podman")
        self.user = user
        self.folder = folder + ("/pu" if user else "")
        if user:
            need("newuidmap", "uidmap")
            os.makedirs(self.folder + "/run")
            shutil.chown(self.folder, user.uid, user.gid)
            shutil.chown(self.folder + "/run", user.uid, user.gid)
            os.chmod(self.folder + "/run", 0o700)
        with open(self.folder + "/containers.conf", "w", encoding="utf-8") as file:
            file.write(f"[containers]\ndefault_ulimits = {LIMITS}\n")
        self.options = ["--root", self.folder + "/pr", "--runroot", self.folder + "/pp", "--storage-driver",
                        "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--tmpdir",
                        self.folder + "/pt"]
        self("import", folder + "/bb.tar", "bb:latest")

    def __call__(self, *words, **kwargs):
        command = ["podman", *self.options, *words]
        env = dict(os.environ, CONTAINERS_CONF=self.folder + "/containers.conf")
        if self.user:
            env.update(HOME=self.user.home, XDG_RUNTIME_DIR=self.folder + "/run")
            command = ["setpriv", f"--reuid={self.user.uid}", f"--regid={self.user.gid}", "--clear-groups",
                       *command]
        return tt.run(command, env=env, cwd=self.folder, **kwargs).stdout.strip()

    def begin(self, name, *options, command=SLEEP):
        network = () if "--pod" in options else ("--network", "none")
        self("run", "-d", "--name", name, *network, *options, "localhost/bb:latest", *command)
        return self.pid(name)

    def pid(self, name):
        return int(self("inspect", "-f", "{{.State.Pid}}", name))

    def remove(self, *names):
        self("rm", "-f", "-t", "0", *names)

    def end(self):
        self("rm", "-f", "-t", "0", "-a", check=False)
        self("pod", "rm", "-f", "-a", check=False)
        if self.user:
            self("unshare", "rm", "-rf", self.folder + "/pr", self.folder + "/pp", check=False)


class NewUser:
    """A user made for a test, with uids and gids for its containers, and removed again."""

    def __init__(self, folder):
        self.name = f"tt{os.getpid()}"
        self.home = folder + "/home"
        tt.run(["useradd", "-m", "-d", self.home, "-s", "/bin/sh", self.name])
        with open("/etc/passwd", encoding="utf-8") as file:
            line = next(line for line in file if line.startswith(self.name + ":"))
        self.uid, self.gid = (int(number) for number in line.split(":")[2:4])

    def end(self):
        for pid in pids():
            try:
                if os.stat(f"/proc/{pid}").st_uid == self.uid:
                    os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        subprocess.run(["userdel", "-f", self.name], stderr=subprocess.DEVNULL, check=False)
        # userdel leaves the group if it is not the user's alone, and the ranges never.


class Containerd:
    """A containerd; called like ctr.  With the CRI plugin, .cri asks it as a kubelet does."""

    def __init__(self, folder, cri=False):
        need("containerd", "containerd")
        self.folder = folder
        self.socket = folder + "/c.sock"
        plugin = ('[plugins."io.containerd.grpc.v1.cri"]\n  restrict_oom_score_adj = true\n'
                  '[plugins."io.containerd.grpc.v1.cri".containerd]\n  snapshotter = "native"\n'
                  if cri else 'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        head, tail = ("", plugin) if cri else (plugin, "")
        with open(folder + "/c.toml", "w", encoding="utf-8") as file:
            file.write(f'version = 2\nroot = "{folder}/cd"\nstate = "{folder}/cs"\n{head}'
                       f'[grpc]\n  address = "{self.socket}"\n{tail}')
        self.daemon = Daemon(folder + "/containerd.log", ["containerd", "-c", folder + "/c.toml"])
        self.daemon.wait_until(lambda: not self.run("version", check=False).returncode, "containerd")

    def run(self, *words, space="default", **kwargs):
        return tt.run(["ctr", "-a", self.socket, "-n", space, *words], **kwargs)

    def __call__(self, *words, **kwargs):
        return self.run(*words, **kwargs).stdout.strip()

    def end(self):
        for space in self("namespace", "ls", "-q", check=False).split():
            for task in self("task", "ls", "-q", space=space, check=False).split():
                self("task", "rm", "-f", task, space=space, check=False)
                self("container", "rm", task, space=space, check=False)
        self.daemon.end()


# --- what tracetop says of them ---


def rows(tracetop, view, *options, **kwargs):
    """All rows of a view; of a moment, where no option says of what else."""
    if not {"-r", "--duration"} & set(options):
        options = ("--duration", "0.4", *options)
    return [row for table in tt.show(tracetop, view, *options, **kwargs) for row in table["rows"]]


def processes(tracetop, *options):
    """Rows of processes in containers."""
    return rows(tracetop, "processes", "-f", "container.number exists", *options)


def named(tracetop, pid):
    """Names that the process's container has: of one row, if it is in one."""
    return [row["container.name"] for row in processes(tracetop) if row["proc.pid"] == int(pid)]


class Recording:
    """A recording under way, to the end of the block."""

    def __init__(self, tracetop, path, *options):
        self.command = [tracetop, "record", "-w", path, "--duration", "300", *options]
        self.path = path

    def __enter__(self):
        self.program = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tt.wait_until(lambda: os.path.exists(self.path) and os.path.getsize(self.path), 20, "the capture")
        return self.path

    def __exit__(self, *unused):
        self.program.send_signal(signal.SIGINT)
        self.program.wait(30)
