"""One attempt in a process of its own on a node: ``python -m seedsmith.agent.tasks.batch.cluster.node``.

Standard input has the order as a line, the length of its archive as another, and the archive, then a line for
each request to a service that may be made; when it is closed the process ends at once. Standard output gets a
line of JSON for what is spent, for the first question to a model, for each request that is to be made or has
ended, and for the end, which an archive follows.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import AgentError
from seedsmith.agent.models.tries.request_gate import make_gates
from seedsmith.agent.settings.state_folder import prepare_state, state_folder
from seedsmith.agent.tasks.batch.attempt import Books, How, Work, attempt
from seedsmith.agent.tasks.batch.cluster.remote_gate import Answers, RemoteGate
from seedsmith.agent.tasks.batch.cluster.transfer import Order, pack_work, unpack
from seedsmith.agent.tasks.batch.steps import BudgetEnded, CannotWork, ProviderFailed
from seedsmith.agent.tasks.batch.worker import first_line, until_stopped
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.git.private_clone import remove_folder

ERRORS: dict[str, type[Exception]] = {
    error.__name__: error for error in (BudgetEnded, ProviderFailed, NoIsolation, CannotWork)
}
"""What an attempt may raise that means something to who runs the batch."""


Said = tuple[dict[str, Any], bytes]


class Mouth:
    """Says what happens, on the standard output that nothing else here writes to."""

    def __init__(self, descriptor: int) -> None:
        self._out = os.fdopen(descriptor, "wb")
        self._lock = threading.Lock()

    def say(self, message: dict[str, Any], archive: bytes = b"") -> None:
        """One object, and the archive behind it."""
        with self._lock:
            self._out.write(json.dumps({**message, "bytes": len(archive)}).encode() + b"\n" + archive)
            self._out.flush()


def main() -> int:
    """Make one attempt; what is wrong is said, too."""
    from seedsmith.sandbox.isolation.hardening import harden_agent

    harden_agent()
    mouth = Mouth(os.dup(1))
    os.dup2(2, 1)
    line = first_line()
    archive = _read(int(first_line() or 0))
    answers = Answers()
    make_gates(lambda url: RemoteGate(url, mouth.say, answers))
    threading.Thread(target=_hear, args=(answers,), daemon=True).start()
    environment = dict(os.environ)
    try:
        order = Order.from_line(line)
        home = prepare_state(state_folder(None, environment), Path("/nonexistent"))
        with _own_folder(home / "nodes") as folder:
            unpack(archive, folder)
            made = asyncio.run(until_stopped(_make(order, folder, environment, mouth)))
        if made is not None:  # nothing is left here when it is said: whoever hears it ends this process
            mouth.say(*made)
    except (AgentError, OSError) as error:
        mouth.say({"ended": True, "error": CannotWork.__name__, "message": f"A node can't work: {error}"})
    return 0


def _hear(answers: Answers) -> None:
    """Hand on what may be done, and end this process at once when who started it has ended."""
    while line := first_line():
        answers.entered(json.loads(line)["entered"])
    os._exit(1)


async def _make(order: Order, folder: Path, environment: dict[str, str], mouth: Mouth) -> Said:
    home = prepare_state(folder / "home", Path("/nonexistent"))
    taken, tasks, settings, variation = order.opened(folder, home)
    how = How(tasks, folder, settings, environment)
    books = Books(lambda cost: mouth.say({"cost": cost}), lambda _: None)
    variation = replace(variation, asks=lambda: mouth.say({"asks": True}))
    work: Work | None = None
    ended: dict[str, Any] = {"ended": True}
    try:
        work = await attempt(taken, how, books, variation)
    except Exception as error:  # whatever it is, it is told where the batch is run
        ended |= {"error": type(error).__name__, "message": str(error)}
    document, archive = pack_work(work, home)
    return {**ended, "work": document}, archive


def _read(size: int) -> bytes:
    """So many bytes of standard input, unbuffered: a thread waits there for its end."""
    pieces = []
    while size and (piece := os.read(0, min(size, 1 << 20))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


@contextmanager
def _own_folder(above: Path) -> Iterator[Path]:
    """A folder for this process; those of processes that were killed are removed before."""
    above.mkdir(mode=0o700, exist_ok=True)
    with (above / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for each in above.glob("*.lock"):
            with each.open("rb") as held:
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                remove_folder(each.with_suffix(""))
                each.unlink()
        own = above / secrets.token_hex(4)
        mine = own.with_suffix(".lock").open("wb")
        fcntl.flock(mine, fcntl.LOCK_EX)
    own.mkdir(mode=0o700)
    try:
        yield own
    finally:
        remove_folder(own)
        own.with_suffix(".lock").unlink()
        mine.close()


if __name__ == "__main__":
    sys.exit(main())
