"""Finds where the fault may lie before a model is asked: a watched run, and experiments after it."""

from __future__ import annotations

from collections.abc import Callable

from seedsmith.agent.repair.compiled import with_compiled_lines
from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.experiments import experiment, judged
from seedsmith.agent.repair.suspects import Suspect, find_suspects
from seedsmith.agent.repair.watched_run import diagnose
from seedsmith.sandbox.commands.process import ProcessRunner


async def locate(
    command: str,
    processes: ProcessRunner,
    known: frozenset[str],
    seconds: float,
    read: Callable[[str], str | None],
) -> tuple[Diagnosis, list[Suspect]]:
    """What the failing ``command`` shows in at most ``seconds``, and the suspects, the likeliest first.

    ``known`` holds the workspace's files, ``read`` returns the text of one or None.
    """
    diagnosis = await diagnose(command, processes, known, seconds)
    diagnosis = await with_compiled_lines(command, processes, diagnosis, known)
    found = judged(await experiment(command, processes, diagnosis, known))
    return diagnosis, find_suspects(diagnosis, known, read, found)
