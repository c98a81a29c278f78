"""What the console makes of events, in a file and in a real terminal."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import threading

from seedsmith.agent import events
from seedsmith.agent.frontends.console import ConsoleFrontEnd


def shown(*what, **options):
    """What the console writes where stdout is a file."""
    stream = io.StringIO()
    front_end = ConsoleFrontEnd(stream, **options)
    sink = events.EventSink("s", (front_end,))
    for event in what:
        sink.emit(event)
    front_end.close()
    return stream.getvalue()


def shown_in_terminal(*what):
    """What the console writes to a real terminal."""
    leader, follower = pty.openpty()
    pieces = []
    reader = threading.Thread(target=read_all, args=(leader, pieces))
    reader.start()
    with open(follower, "w", encoding="utf-8", errors="backslashreplace") as stream:
        front_end = ConsoleFrontEnd(stream)
        sink = events.EventSink("s", (front_end,))
        for event in what:
            sink.emit(event)
        front_end.close()
    reader.join()
    os.close(leader)
    return b"".join(pieces).decode()


def read_all(leader, pieces):
    """Read a terminal until its other side is closed, which Linux reports as an error."""
    with contextlib.suppress(OSError):
        while piece := os.read(leader, 1 << 16):
            pieces.append(piece)
