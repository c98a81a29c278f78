"""The user's test command, made to refuse a wrong change as fast as it can.

What it accepts is proven by the command as it was given, so it may be faster in ways that are not quite
the same. Only pytest is known well enough for that; any other command is run as it stands.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from agent.repair.diagnosis import Diagnosis
from agent.repair.watch import diagnose
from sandbox.process import ProcessRunner

_FOLDER = "seedsmith-quick"
_PLUGIN = "seedsmith_first"
_NO_STALE_BYTECODE = "export PYTHONDONTWRITEBYTECODE=1\n"
"""Bytecode is known by its source's size and second: two changes of one second would be one."""
_NO_PLUGINS = "export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1\n"
_FIRST_FAILURE_ONLY = 'export PYTEST_ADDOPTS="-x ${PYTEST_ADDOPTS-}"\n'
_FAILED_FIRST = (
    f'export SEEDSMITH_FIRST="${{TMPDIR:-/tmp}}/{_FOLDER}/first" '
    f'PYTEST_PLUGINS="{_PLUGIN}${{PYTEST_PLUGINS:+,$PYTEST_PLUGINS}}" '
    f'PYTHONPATH="${{TMPDIR:-/tmp}}/{_FOLDER}${{PYTHONPATH:+:$PYTHONPATH}}"\n'
)
_HANGING_SECONDS = 8.0
_LONGEST_LOOK = 10.0
"""Seconds: in longer runs the time that plugins take is not looked for."""


class QuickCheck:
    """One test command, run once for each change that is tried."""

    def __init__(self, command: str, processes: ProcessRunner, diagnosis: Diagnosis) -> None:
        self._command = command
        self._processes = processes
        self._diagnosis = diagnosis
        self._prefix = _NO_STALE_BYTECODE + _FIRST_FAILURE_ONLY
        self._patience = _HANGING_SECONDS if diagnosis.timed_out else 10.0 + 3 * diagnosis.seconds
        self.seconds = diagnosis.seconds
        """What a run takes, as far as it is known."""

    async def prepare(self, known: frozenset[str]) -> None:
        """Find out what the command can do without; ``known`` holds the workspace's files."""
        failed = [name for name, outcome in self._diagnosis.outcomes.items() if outcome != "passed"]
        if not any("::" in name for name in failed):
            return
        folder = self._processes.policy.private_tmp / _FOLDER
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(Path(__file__).parent / "injected" / f"{_PLUGIN}.py", folder)
        (folder / "first").write_text("\n".join(failed), encoding="utf-8", errors="surrogatepass")
        self._prefix += _FAILED_FIRST
        if self.seconds < _LONGEST_LOOK:
            without = await diagnose(_NO_PLUGINS + self._command, self._processes, known, self._patience)
            if without.outcomes == self._diagnosis.outcomes:
                self._prefix += _NO_PLUGINS
                self.seconds = min(self.seconds, without.seconds)

    async def passes(self, seconds: float) -> bool:
        """Whether the tests pass now; within ``seconds`` at most."""
        started = time.monotonic()
        result = await self._processes.run(
            self._prefix + self._command, timeout=min(self._patience, seconds), spill=False
        )
        self.seconds = min(self.seconds, time.monotonic() - started)
        return result.ok
