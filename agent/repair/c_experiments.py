"""Experiments on C: the program is compiled once with all of them in it, and run once for each.

Its sources get probes in a private copy of the workspace (``c_probes.py``), on the lines that failing tests
ran. Probes that don't compile are taken out again. Which tests fail is not told apart: an experiment cures
where the whole command passes.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import PurePosixPath

from seedsmith.agent.repair.c_probes import code_of, probed
from seedsmith.agent.repair.copies import PrivateCopy, can_copy
from seedsmith.agent.repair.diagnosis import Diagnosis, among
from seedsmith.agent.repair.experiments import MOST_SECONDS, Experiment
from seedsmith.agent.repair.probe_sites import Site, planned
from seedsmith.agent.sessions.outcome import looks_like_a_test
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.workspace.workspace import Workspace

_FOLDER = "seedsmith-c"
_SOURCE_BYTES, _MOST_ENDED = 1 << 20, 1 << 20
_LEAST_SECONDS = 0.5
_COMPILE_SECONDS, _MOST_COMPILED = 20.0, 5
_LEAST_PATIENCE, _MOST_TIMES = 0.2, 3
_ERROR = re.compile(r"^([^\s:]+):(\d+):\d+: (?:fatal )?error:", re.MULTILINE)
_LOOP = """while read -r place SEEDSMITH_EXPERIMENT; do
case " $hung " in *" $place "*) continue ;; esac
export SEEDSMITH_EXPERIMENT
timeout -s KILL "$SEEDSMITH_PATIENCE" "${BASH:-sh}" -c "$SEEDSMITH_TESTS" >/dev/null 2>&1 </dev/null
ended=$?
echo "$SEEDSMITH_EXPERIMENT $ended"
[ $ended = 137 ] && hung="$hung $place"
done"""
"""What runs the experiments that its input names; after one that does not end, no other on its line."""

Lines = Mapping[str, Mapping[int, float]]


async def c_experiments(
    command: str, processes: ProcessRunner, diagnosis: Diagnosis, seconds: float
) -> list[Experiment]:
    """Run the experiments on C that there is time for; none where it isn't known which lines tests ran.

    ``seconds`` is the most that they take, beside the time until the program is compiled.
    """
    ran = {
        path: lines
        for path, lines in diagnosis.suspicion().items()
        if PurePosixPath(path).suffix == ".c" and not looks_like_a_test(path)
    }
    seconds = min(seconds, MOST_SECONDS)
    if not ran or seconds < _LEAST_SECONDS or diagnosis.timed_out or not can_copy(processes):
        return []
    try:
        with PrivateCopy(processes.policy.private_tmp / _FOLDER, processes) as copy:
            sites, names = await _compiled(command, copy, ran)
            every = {
                number: {"integer", *(f"={name}" for name in names[number])} for number in range(len(sites))
            }
            codes = {}
            for each in planned(sites, every, ran):
                number, _, change = each.partition(":")
                codes[f"{number}:{code_of(change, names[int(number)])}"] = change
            told = {"SEEDSMITH_TESTS": command, "SEEDSMITH_PATIENCE": f"{_patience(diagnosis):.2f}"}
            result = await copy.processes.run(
                _LOOP,
                timeout=seconds,
                head_bytes=_MOST_ENDED,
                env=told,
                stdin="".join(f"{_place(sites, each)} {each}\n" for each in codes).encode(),
                spill=False,
            )
            return list(_found(result.head.decode("utf-8", "replace"), sites, codes))
    except (ImportError, OSError, SandboxError):
        return []


def _place(sites: list[Site], experiment: str) -> str:
    """A word for the line on which an experiment is made."""
    site = sites[int(experiment.partition(":")[0])]
    return f"{site.line}:{zlib.crc32(site.path.encode())}"


def _patience(diagnosis: Diagnosis) -> float:
    return _LEAST_PATIENCE + _MOST_TIMES * diagnosis.seconds


async def _compiled(command: str, copy: PrivateCopy, ran: Lines) -> tuple[list[Site], list[list[str]]]:
    """Put probes into the copy and have it compiled; those on lines that don't compile are left out."""
    left_out: set[tuple[str, int]] = set()
    with Workspace(copy.root) as files:
        texts = {path: files.read_bytes(path, cap=_SOURCE_BYTES) for path in ran}
        for _ in range(_MOST_COMPILED):
            sites: list[Site] = []
            names: list[list[str]] = []
            for path, data in texts.items():
                text = data.decode("utf-8", "surrogateescape")
                wanted = _wanted(ran[path], {line for other, line in left_out if other == path})
                new = probed(path, text, sites, names, wanted) or text
                files.write_bytes(path, new.encode("utf-8", "surrogateescape"))
            result = await copy.processes.run(
                command, timeout=_COMPILE_SECONDS, head_bytes=100_000, tail_bytes=100_000, spill=False
            )
            output = (result.head + result.tail).decode("utf-8", "replace")
            wrong = {(among(path, frozenset(ran)), int(line)) for path, line in _ERROR.findall(output)}
            more = {(path, line) for path, line in wrong if path is not None} - left_out
            if not more:
                return (sites, names) if not wrong and not result.ok else ([], [])
            left_out |= more
    return [], []


def _wanted(ran: Collection[int], without_values: Collection[int]) -> Callable[[int, str], bool]:
    return lambda line, kind: line in ran and (kind != "value" or line not in without_values)


def _found(ended: str, sites: list[Site], changes: Mapping[str, str]) -> Iterator[Experiment]:
    for line in ended.splitlines():
        name, _, code = line.partition(" ")
        if name in changes:
            site = sites[int(name.partition(":")[0])]
            cured = float(code == "0")
            yield Experiment(site.path, site.line, site.kind, changes[name], cured, 0.0, 0.0)
