"""Stands where Playwright starts Chromium: hands its two pipes and its arguments to the agent, and waits.

Run as a program: ``playwright_stand_in.py SOCKET ARGUMENTS…`` with the pipes as descriptors 3 and 4. The
agent starts Chromium in the sandbox; this ends once that has ended. It imports the standard library alone.
"""

from __future__ import annotations

import json
import socket
import sys

PIPES = (3, 4)


def main(arguments: list[str]) -> None:
    """Do what the module says."""
    place, *given = arguments
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.connect(place)
        socket.send_fds(channel, [b"\n"], PIPES)
        channel.sendall(json.dumps(given).encode() + b"\n")
        channel.recv(1)


if __name__ == "__main__":
    main(sys.argv[1:])
