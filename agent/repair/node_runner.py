"""Programs of Node that are run again and again from one process (injected/node_serve.js).

Starting Node takes longer than most tests do. Which programs a test command has Node run is noted once; each
run of them, in a thread, loads anew what they load. So does mocha; jest and vitest stay in a process of their
own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.warm_runner import TALK, WarmRunner
from seedsmith.agent.repair.watched_run import RUNNERS_OF_NODE, Injection, reports
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError

Main = Mapping[str, Any]
"""One program, as ``injected/node_mains.js`` notes it; it is only ever given back to Node in the sandbox."""

_FOLDER, _NOTING = "seedsmith-node-warm", "seedsmith-node-mains"
_INJECTED = Path(__file__).parent / "injected"
_SERVING = ("node_serve.js", "node_resident.js", "node_jest.js", "node_vitest.mjs", "node_tsx.js")
_PRELOADED = "seedsmith_watch.js"
"""What the watchers have Node load first."""
_MOST_MAINS = 20
_STARTED = "mocha of its own"
"""What a mocha runs its tests in that itself does nothing but start it."""


async def mains_of(command: str, processes: ProcessRunner, seconds: float) -> list[Main]:
    """The programs of the workspace that ``command`` has Node run, in ``seconds`` at most."""
    injection = Injection(processes, _NOTING)
    try:
        injection.add(_INJECTED / "node_mains.js")
        (injection.folder / _PRELOADED).write_text("require('./node_mains.js');\n", encoding="utf-8")
        (injection.folder / "out").mkdir()
        await injection.run(command, timeout=seconds)
        found = [json.loads(text) for text in reports(injection.folder / "out", ".main")]
    except (OSError, ValueError, RecursionError, SandboxError):
        return []
    finally:
        injection.remove()
    usable = all(isinstance(each, dict) and isinstance(each.get("folder"), str) for each in found)
    if usable and any(each.get("runner") == _STARTED for each in found):
        found = [each for each in found if each.get("runner") != "mocha"]
    one_place = usable and len({each["folder"] for each in found}) == 1
    return found if one_place and len(found) <= _MOST_MAINS else []


class NodeRunner(WarmRunner):
    """The programs of one test command, waiting to be run."""

    @classmethod
    async def open(
        cls, mains: Sequence[Main], processes: ProcessRunner, diagnosis: Diagnosis, seconds: float
    ) -> NodeRunner | None:
        """Start it; None where the programs don't end there as they did, in ``seconds`` at most."""
        injection = Injection(processes, _FOLDER)
        try:
            injection.add(*(_INJECTED / name for name in _SERVING), RUNNERS_OF_NODE)
            (injection.folder / "mains.json").write_text(json.dumps(mains), encoding="utf-8")
            shell = next((each for each in ("/bin/bash", "/bin/sh") if os.access(each, os.X_OK)), "/bin/sh")
            line = f'cd "$SEEDSMITH_AT" && exec node "${{TMPDIR:-/tmp}}/{_FOLDER}/node_serve.js"'
            told = {"SEEDSMITH_AT": str(mains[0]["folder"])}
            server = processes.converse([shell, "-c", TALK + line], env=told)
        except (OSError, SandboxError):
            injection.remove()
            return None
        runner = cls(server, injection)
        answer = await runner._ask({"tests": "look", "seconds": seconds}, seconds)
        if _ends_alike(answer.get("ends"), diagnosis):
            return runner
        await runner.stop()
        return None


def _ends_alike(ends: object, diagnosis: Diagnosis) -> bool:
    """Whether programs fail for what the watched run failed for, and for nothing else."""
    try:
        return _fail_alike([each for each in ends if each["status"] != 0], diagnosis)  # type: ignore[attr-defined]
    except (TypeError, KeyError, AttributeError):
        return False


def _fail_alike(failing: list[dict[str, Any]], diagnosis: Diagnosis) -> bool:
    if not failing or any(each["status"] is None for each in failing):
        return False
    named = {str(name) for each in failing for name in each["names"]}
    outcomes = {(name.rpartition(" > ")[2], end == "passed") for name, end in diagnosis.outcomes.items()}
    failed = {name for name, passed in outcomes if not passed}
    passed = {name for name, passed in outcomes if passed} - failed
    if outcomes:
        return failed <= named and not named & passed
    return all(_first_line(each["error"]) in diagnosis.output for each in failing)


def _first_line(error: str) -> str:
    return error.strip().partition("\n")[0]
