"""Makes listening sockets in the network it is started in, hands them out, and becomes what holds that.

Run as a program: ``listen.py DESCRIPTOR HOST/PORT… -- PROGRAM…``. The sockets go through the Unix socket
``DESCRIPTOR``, with a line that says which of the places were had. It imports the standard library alone.
"""

from __future__ import annotations

import os
import socket
import sys


def listen(places: list[str]) -> list[tuple[str, socket.socket]]:
    """A socket for each of the places ``HOST/PORT`` that can be had, with its place."""
    had = []
    for place in places:
        host, port = place.split("/")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            had.append((place, socket.create_server((host, int(port)), family=family, backlog=128)))
        except OSError:
            continue
    return had


def main(arguments: list[str]) -> None:
    """Do what the module says."""
    end = arguments.index("--")
    channel = socket.socket(fileno=int(arguments[0]))
    had = listen(arguments[1:end])
    said = " ".join(place for place, _ in had).encode() + b"\n"
    socket.send_fds(channel, [said], [each.fileno() for _, each in had])
    program = arguments[end + 1 :]
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
