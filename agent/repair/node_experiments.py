"""Experiments on JavaScript and TypeScript: all in one process of Node, the program loaded anew for each.

The program's sources get probes in a private copy of the workspace (``javascript_probes.py``). One run of the
test command records what values the probes see, another one changes them one at a time
(``injected/node_experiments.js``). Tests of node:test, mocha, jest and vitest are understood, and
programs that test themselves.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seedsmith.agent.repair.copies import PrivateCopy, can_copy
from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.experiments import MOST_SECONDS, Experiment
from seedsmith.agent.repair.javascript_probes import is_javascript, probed, unchecked
from seedsmith.agent.repair.probe_sites import Site, planned
from seedsmith.agent.repair.watched_run import RUNNERS_OF_NODE, Injection, reports
from seedsmith.agent.sessions.outcome import looks_like_a_test
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.workspace.workspace import Workspace

_FOLDER = "seedsmith-node"
_INJECTED = Path(__file__).parent / "injected"
_ADDED = (
    "node_experiments.js",
    "node_jest.js",
    "node_mocha.js",
    "node_vitest.mjs",
    "node_test.cjs",
    "node_tsx.js",
)
_RUNNER = "seedsmith_runner.cjs"
_PRELOADED = "seedsmith_watch.js"
"""What the watchers have Node load first."""
_MOST_FILES, _MOST_SITES, _SOURCE_BYTES = 100, 3_000, 1 << 20
_START_SECONDS, _LEAST_SECONDS = 20.0, 0.5
LEAST_PATIENCE = 0.4
"""Seconds that an experiment may take at least, however quick the tests are."""
_MOST_HUNG = 12
"""After so many experiments that did not end there are no more."""
_IMPORT = re.compile(r"""(\bimport\b[^;'"]*)(['"])node:test\2""")
_SHARES = ("cured", "changed", "broken")
_SHARE = re.compile(r"[01]|0\.\d{1,20}")


async def node_experiments(
    command: str, processes: ProcessRunner, diagnosis: Diagnosis, known: frozenset[str], seconds: float
) -> list[Experiment]:
    """Run the experiments on JavaScript that there is time for; none where no copy can be shown in its place.

    Nor where the failure shows places in other languages alone: another start would tell nothing.
    ``seconds`` is the most that they take, beside the time until they begin.
    """
    seconds = min(seconds, MOST_SECONDS)
    if diagnosis.paths and not any(map(is_javascript, diagnosis.paths)):
        return []
    scripts = [path for path in sorted(known) if is_javascript(path)][:_MOST_FILES]
    if not scripts or seconds < _LEAST_SECONDS or diagnosis.timed_out or not can_copy(processes):
        return []
    try:
        copy = PrivateCopy(processes.policy.private_tmp / _FOLDER, processes)
    except OSError:
        return []
    injection = Injection(copy.processes, _FOLDER)
    try:
        injection.add(*(_INJECTED / name for name in _ADDED), RUNNERS_OF_NODE)
        (injection.folder / _PRELOADED).write_text("require('./node_experiments.js');\n")
        (injection.folder / "out").mkdir()
        suspicion = diagnosis.suspicion()
        sites = _probe(copy.root, scripts, suspicion)
        failing = [test.name for test in diagnosis.failed if test.name]
        starts = min(_START_SECONDS, 5 + 2 * diagnosis.seconds)
        await _run(command, injection, starts, {"record": True, "failing": failing})
        left = planned(sites, _recorded(injection.folder / "out"), suspicion)
        end = time.monotonic() + starts + seconds
        hung, before = 0, -1
        while left and seconds > 0 and before < hung <= _MOST_HUNG:
            began, before = time.monotonic(), hung
            plan = {"failing": failing, "experiments": left, "seconds": seconds, "patience": LEAST_PATIENCE}
            await _run(command, injection, end - began, plan)
            seconds -= time.monotonic() - began
            left, hung = _going_on(left, sites, injection.folder / "out")
        return list(_found(injection.folder / "out", sites))
    except (ImportError, OSError, SandboxError):
        return []
    finally:
        injection.remove()
        copy.close()


async def _run(command: str, injection: Injection, seconds: float, plan: Mapping[str, Any]) -> None:
    (injection.folder / "experiments.json").write_text(json.dumps(plan), encoding="utf-8")
    await injection.run(command, timeout=seconds)


def _probe(folder: Path, scripts: Sequence[str], suspicion: dict[str, dict[int, float]]) -> list[Site]:
    """Put probes into the scripts below ``folder``, and our runner of tests into the tests.

    Probed are the lines that failing tests ran, all where that isn't known, and those outside functions.
    """
    sites: list[Site] = []
    with Workspace(folder) as files:
        files.write_bytes(_RUNNER, (_INJECTED / "node_test_stand_in.cjs").read_bytes())
        for path in scripts:
            text = files.read_bytes(path, cap=_SOURCE_BYTES).decode("utf-8", "surrogateescape")
            up = "../" * path.count("/") or "./"
            new = unchecked(path, _IMPORT.sub(rf"\1\2{up}{_RUNNER}\2", text))
            if not looks_like_a_test(path) and len(sites) < _MOST_SITES:
                wanted = _wanted(suspicion.get(path, {}) if suspicion else None)
                new = probed(path, text, sites, wanted) or unchecked(path, text)
            if new != text:
                files.write_bytes(path, new.encode("utf-8", "surrogateescape"))
    return sites


def _recorded(out: Path) -> dict[int, set[str]]:
    """What the failing program's values were, by site: their kinds, and other names (``=NAME``) for them."""
    found: dict[int, set[str]] = {}
    for text in reports(out, ".record"):
        for line in text.decode("utf-8", "replace").splitlines():
            site, _, kind = line.partition(" ")
            if site.isdigit():
                found.setdefault(int(site), set()).add(kind)
    return found


def _going_on(planned: Sequence[str], sites: Sequence[Site], out: Path) -> tuple[list[str], int]:
    """What of ``planned`` to go on with after experiments that hang, and how many did so far.

    A line on which one hangs is a loop's: others on it would hang as well, and each costs a start.
    """
    hung = [
        line.split(b":")[0]
        for text in reports(out, ".ended")
        for line in text.splitlines()
        if line.endswith(b" hung")
    ]
    lines = {(sites[int(n)].path, sites[int(n)].line) for n in hung if n.isdigit() and int(n) < len(sites)}
    on = ((each, sites[int(each.partition(":")[0])]) for each in planned)
    return [each for each, site in on if (site.path, site.line) not in lines], len(hung)


def _found(out: Path, sites: Sequence[Site]) -> Iterator[Experiment]:
    """What came of the experiments that ended."""
    for text in reports(out, ".ended"):
        for line in text.decode("utf-8", "replace").splitlines():
            name, *shares = line.removesuffix(" hung").split(" ")
            number, _, change = name.partition(":")
            if number.isdigit() and int(number) < len(sites) and len(shares) == len(_SHARES):
                site = sites[int(number)]
                told = (float(share) if _SHARE.fullmatch(share) else 0.0 for share in shares)
                yield Experiment(site.path, site.line, site.kind, change, *told)


def _wanted(ran: Collection[int] | None) -> Callable[[int, bool], bool]:
    return lambda line, in_function: ran is None or not in_function or line in ran
