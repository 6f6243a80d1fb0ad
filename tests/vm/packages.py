# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages of any architecture, downloaded and unpacked, not installed.

apt works from a folder of its own: it has this machine's sources, but its own lists and its own
idea of what is installed (next to nothing), so nothing of this machine's apt and dpkg changes.
"""
import os
import shutil
import subprocess

CONFIG = """\
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "{user}";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Dir::State "{folder}";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Debug::NoLocking "true";
"""

# What packages depend on, but none of whose files are used here: taken to be installed.
NOT_NEEDED = ["adduser", "apt", "bash", "coreutils", "debconf", "debconf-2.0", "dpkg", "gcc", "initramfs-tools", "kmod",
              "libperl-dev", "libpython3-dev", "libtool", "libtool-bin", "linux-base", "media-types", "perl",
              "perl-base", "pkg-config", "pkgconf", "python3", "python3-minimal", "rpcsvc-proto", "systemd",
              "tzdata", "ucf"]
STATUS = """\
Package: {name}
Status: install ok installed
Maintainer: nobody <nobody@localhost>
Architecture: {architecture}
Multi-Arch: allowed
Version: 9999:9999
Description: not needed

"""


class Unavailable(Exception):
    """Packages cannot be had here; the text says why."""


class Packages:
    """The packages of an architecture (Debian's name of it), kept in a folder."""

    def __init__(self, folder, architecture):
        self.folder = os.path.abspath(folder)
        self.environment = dict(os.environ, APT_CONFIG=os.path.join(self.folder, "apt.conf"),
                                DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
        for sub in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.folder, sub), exist_ok=True)
        self.write("apt.conf", CONFIG.format(folder=self.folder, architecture=architecture,
                                             user="root" if os.geteuid() == 0 else ""))
        self.write("status", "".join(STATUS.format(name=name, architecture=architecture)
                                     for name in NOT_NEEDED))

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def apt(self, *arguments):
        command = ["apt-get", "-q", "-y", *arguments]
        done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=600, check=False)
        if done.returncode:
            raise Unavailable(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")

    def unpacked(self, name, *wanted):
        """A folder with the files of packages and of what they depend on.

        What was unpacked before serves again as long as the same is wanted; lists are read once.
        """
        root = os.path.join(self.folder, name)
        stamp = root + ".packages"
        if os.path.exists(stamp):
            with open(stamp, encoding="utf-8") as file:
                if file.read().split() == list(wanted):
                    return root
        archives = os.path.join(self.folder, "cache", "archives")
        self.apt("update", "-o", "APT::Update::Error-Mode=any")
        self.apt("clean")
        self.apt("install", "--download-only", *wanted)
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(root)
        for archive in sorted(os.listdir(archives)):
            if archive.endswith(".deb"):
                subprocess.run(["dpkg-deb", "-x", os.path.join(archives, archive), root], check=True)
        self.apt("clean")
        settle(root)
        self.write(name + ".packages", "\n".join(wanted) + "\n")
        return root


def settle(root):
    """Makes a tree of unpacked packages one that a linker can take for a root."""
    for name in ("bin", "lib", "lib64", "sbin"):  # in Debian 13 a package of its own says so
        path = os.path.join(root, name)
        if not os.path.lexists(path):
            os.symlink("usr/" + name, path)
    # Links to absolute names point out of the tree; a linker that finds libtinfo.so dangling takes
    # libtinfo.a, which does not go together with the shared libraries that use libtinfo.so.6.
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            if os.path.islink(path) and os.readlink(path).startswith("/"):
                inside = root + os.readlink(path)
                os.unlink(path)
                os.symlink(os.path.relpath(inside, folder), path)
