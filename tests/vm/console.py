#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""console.py SOCKET: this terminal is that of a guest whose serial console is a socket."""
import os
import select
import socket
import sys
import termios
import tty


def carry(console):
    """Both ways, until one end is closed."""
    while True:
        ready = select.select([0, console], [], [])[0]
        if 0 in ready:
            typed = os.read(0, 4096)
            if not typed:
                return
            console.sendall(typed)
        if console in ready:
            shown = console.recv(65536)
            if not shown:
                return
            while shown:
                shown = shown[os.write(1, shown):]


def main():
    before = termios.tcgetattr(0)
    with socket.socket(socket.AF_UNIX) as console:
        console.connect(sys.argv[1])
        try:
            tty.setraw(0)
            console.sendall(b"\r")  # whoever reads there shows that it does
            carry(console)
        finally:
            termios.tcsetattr(0, termios.TCSADRAIN, before)


main()
