"""What Ray runs on a node for one attempt: it starts a process there, hands on what that says, and asks the
gates of the cluster for it.

The attempt has a process of its own because a Ray worker has threads, signals and an environment of Ray's;
when the worker dies, however it does, that process and all it started end at once.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, Protocol

from seedsmith.agent.models.tries.request_gate import Ending

_LOOK_SECONDS = 0.5
"""So long at most it takes to notice that the task was cancelled: an interrupt is seen between two looks."""
BEAT_SECONDS = 10.0

Told = tuple[dict[str, Any], bytes]
"""What a node says: an object, and an archive, which is empty but in the last."""


class GateClient(Protocol):
    """The gates of the cluster, as one attempt uses them."""

    def enter(self, number: int, service: str) -> None:
        """Return when a request may be made to ``service``."""

    def leave(self, number: int, ending: Ending) -> None:
        """Say what the request ended with."""

    def beat(self) -> None:
        """Say that the attempt is still made; called now and then."""


def make_attempt(order: bytes, archive: bytes, gates: GateClient) -> Iterator[Told]:
    """Make the attempt; each thing that its process says, as it comes. The last has ``ended``, or it died."""
    process = subprocess.Popen(
        (sys.executable, "-P", "-m", "seedsmith.agent.tasks.batch.cluster.node"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
    sending = threading.Thread(target=_send, args=(process.stdin, order, archive), daemon=True)
    hearing = threading.Thread(target=_hear, args=(process.stdout, said), daemon=True)
    sending.start()
    hearing.start()
    try:
        while (message := _next(said, gates)) is not None:
            if "enter" in message[0] or "leave" in message[0]:
                asking = (message[0], gates, process.stdin)
                threading.Thread(target=_serve_gate, args=asking, daemon=True).start()
            else:
                yield message
    finally:
        if sending.is_alive():
            process.kill()
        else:
            process.stdin.close()
        process.wait()


def _serve_gate(message: dict[str, Any], gates: GateClient, target: IO[bytes]) -> None:
    """Do what a process asks of the cluster's gates, and tell it when it may go in."""
    if "leave" in message:
        gates.leave(message["leave"], message["ending"])
        return
    gates.enter(message["enter"], message["service"])
    with suppress(OSError, ValueError):  # it has ended meanwhile
        target.write(json.dumps({"entered": message["enter"]}).encode() + b"\n")
        target.flush()


def _send(target: IO[bytes], order: bytes, archive: bytes) -> None:
    with suppress(BrokenPipeError):
        target.write(order + b"%d\n" % len(archive) + archive)
        target.flush()


def _hear(source: IO[bytes], said: queue.SimpleQueue[Told | None]) -> None:
    try:
        while line := source.readline():
            message = json.loads(line)
            said.put((message, source.read(message.pop("bytes"))))
    except ValueError:
        pass  # it died in the middle of a line
    finally:
        said.put(None)


def _next(said: queue.SimpleQueue[Told | None], gates: GateClient) -> Told | None:
    beaten = time.monotonic()
    while True:
        with suppress(queue.Empty):
            return said.get(timeout=_LOOK_SECONDS)
        if time.monotonic() - beaten > BEAT_SECONDS:
            beaten = time.monotonic()
            gates.beat()
