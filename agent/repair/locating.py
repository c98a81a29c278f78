"""Finds where the fault may lie before a model is asked: a watched run, and experiments after it."""

from __future__ import annotations

import time

from seedsmith.agent.repair.c_experiments import c_experiments
from seedsmith.agent.repair.compiled import with_compiled_lines
from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.experiments import Evidence, experiment, judged
from seedsmith.agent.repair.go_lines import with_go_lines
from seedsmith.agent.repair.node_experiments import node_experiments
from seedsmith.agent.repair.rust_lines import with_rust_lines
from seedsmith.agent.repair.watched_run import diagnose
from seedsmith.sandbox.commands.process import ProcessRunner

_PART = 0.1


async def locate(
    command: str, processes: ProcessRunner, known: frozenset[str], seconds: float
) -> tuple[Diagnosis, Evidence]:
    """What a run of the failing ``command`` shows in at most ``seconds``, and what experiments say of lines.

    ``known`` holds the workspace's files. Experiments take a small part of what is left of the ``seconds``.
    """
    end = time.monotonic() + seconds
    diagnosis = await diagnose(command, processes, known, seconds)
    diagnosis = await with_compiled_lines(command, processes, diagnosis, known)
    diagnosis = await with_go_lines(command, processes, diagnosis, known)
    diagnosis = await with_rust_lines(command, processes, diagnosis, known)
    spared = (end - time.monotonic()) * _PART
    found = await experiment(command, processes, diagnosis, known, spared)
    if not found:
        found = await node_experiments(command, processes, diagnosis, known, spared)
    if not found:
        found = await c_experiments(command, processes, diagnosis, spared)
    return diagnosis, judged(found)
