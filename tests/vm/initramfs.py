# SPDX-License-Identifier: GPL-2.0-or-later
"""The root file system of a guest: programs with their libraries, kernel modules, a first process."""
import glob
import gzip
import lzma
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TERMINALS = ["t/tmux-256color", "s/screen-256color", "l/linux", "x/xterm-256color", "d/dumb"]
UNPACKERS = {".ko": open, ".xz": lzma.open, ".gz": gzip.open}


class Initramfs:
    """A tree that becomes an archive.  Libraries are looked for below a root, by a triplet."""

    def __init__(self, tree, root, triplet):
        self.tree = tree
        self.searched = [os.path.join(root, folder) for folder in
                         (f"lib/{triplet}", f"usr/lib/{triplet}", "lib", "lib64", "usr/lib")]
        shutil.rmtree(tree, ignore_errors=True)
        for folder in ("bin", "dev", "lib", "modules", "proc", "root", "sys", "tmp", "usr/bin"):
            os.makedirs(os.path.join(tree, folder))
        self.add(os.path.join(HERE, "init"), "/init")
        self.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        self.write("/etc/group", "root:x:0:\n")
        self.add_terminal()

    def place(self, name):
        path = os.path.join(self.tree, name.lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def write(self, name, text):
        with open(self.place(name), "w", encoding="utf-8") as file:
            file.write(text)

    def add(self, source, name):
        shutil.copy(source, self.place(name))

    def add_terminal(self):
        """What curses reads of terminals, and the locale, which is the same on every machine."""
        for entry in TERMINALS:
            for folder in ("/lib/terminfo", "/usr/share/terminfo"):
                if os.path.exists(f"{folder}/{entry}"):
                    self.add(f"{folder}/{entry}", f"/usr/share/terminfo/{entry}")
                    break
        if os.path.isdir("/usr/lib/locale/C.utf8"):
            shutil.copytree("/usr/lib/locale/C.utf8", self.place("/usr/lib/locale/C.utf8"))

    def add_program(self, source, name):
        """A program and the libraries that it needs."""
        self.add(source, name)
        self.add_needed(source)

    def add_needed(self, path):
        headers = subprocess.run(["readelf", "-d", "-l", "-W", path], stdout=subprocess.PIPE, text=True,
                                 env=dict(os.environ, LC_ALL="C"), check=True).stdout
        for interpreter in re.findall(r"program interpreter: (.*)\]", headers):
            self.add(self.library(os.path.basename(interpreter)), interpreter)
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", headers):
            if not os.path.exists(self.place("/lib/" + name)):
                library = self.library(name)
                self.add(library, "/lib/" + name)
                self.add_needed(library)

    def library(self, name):
        for folder in self.searched:
            if os.path.exists(os.path.join(folder, name)):
                return os.path.join(folder, name)
        raise FileNotFoundError(f"no library {name} in {self.searched}")

    def add_modules(self, folder, *wanted):
        """Modules and what they depend on, with a list of them in the order to load them in."""
        found = {re.sub(r"\.ko(\.\w+)?$", "", os.path.basename(path)).replace("-", "_"): path
                 for path in glob.glob(folder + "/**/*.ko*", recursive=True)}
        order = []
        for name in wanted:
            self.add_module(found, order, name)
        self.write("/modules/order", "\n".join(order) + "\n")

    def add_module(self, found, order, name):
        if name + ".ko" in order or name not in found:  # there already, or built into the kernel
            return
        with UNPACKERS[os.path.splitext(found[name])[1]](found[name], "rb") as file:
            module = file.read()
        for depends in re.findall(rb"\0depends=([^\0]*)", module):
            for other in filter(None, depends.decode().split(",")):
                self.add_module(found, order, other.replace("-", "_"))
        with open(self.place(f"/modules/{name}.ko"), "wb") as file:
            file.write(module)
        order.append(name + ".ko")

    def pack(self, path):
        """As the kernel takes it: not compressed, since a guest is slower at that than a disk."""
        with open(path, "wb") as archive:
            subprocess.run("find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet", shell=True, cwd=self.tree,
                           stdout=archive, check=True)
        return path
