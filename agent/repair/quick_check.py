"""The user's test command, made to refuse a wrong change as fast as it can.

What it accepts is proven by the command as it was given, so it may be faster in ways that are not quite
the same. Only pytest is known well enough for that; any other command is run as it stands.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.watch import diagnose
from seedsmith.sandbox.commands.process import ProcessRunner

_FOLDER = "seedsmith-quick"
_PLUGIN = "seedsmith_first"
_NO_STALE_BYTECODE = "export PYTHONDONTWRITEBYTECODE=1\n"
"""Bytecode is known by its source's size and second: two changes of one second would be one."""
_NO_PLUGINS = "export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1\n"
_FIRST_FAILURE_ONLY = 'export PYTEST_ADDOPTS="-x ${PYTEST_ADDOPTS-}"\n'
_FAILED_ONLY = "export SEEDSMITH_ONLY=1\n"
_MOST_ONLY = 30
"""Failed tests that are run alone first."""
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
        self._prefix = _NO_STALE_BYTECODE
        self._alone = ""
        self._patience = _HANGING_SECONDS if diagnosis.timed_out else 10.0 + 3 * diagnosis.seconds
        self.seconds = diagnosis.seconds
        """What a run takes, as far as it is known."""

    async def prepare(self, known: frozenset[str]) -> None:
        """Find out what the command can do without; ``known`` holds the workspace's files.

        Plugins, where every test ends the same without them; and at first the tests that passed before,
        which are not even collected then, where those that failed end the same alone.
        """
        outcomes = self._diagnosis.outcomes
        failed = {name: end for name, end in outcomes.items() if end != "passed" and "::" in name}
        if not failed:
            return
        folder = self._processes.policy.private_tmp / _FOLDER
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(Path(__file__).parent / "injected" / f"{_PLUGIN}.py", folder)
        (folder / "first").write_text("\n".join(failed), encoding="utf-8", errors="surrogatepass")
        self._prefix += _FAILED_FIRST
        alone = _FAILED_ONLY if len(failed) <= _MOST_ONLY and not self._diagnosis.timed_out else ""
        if self.seconds < _LONGEST_LOOK and await self._same(_NO_PLUGINS, outcomes, known):
            self._prefix += _NO_PLUGINS
        for less in (_NO_PLUGINS, "") if alone else ():
            if await self._same(alone + less, failed, known):
                self._alone = self._prefix + alone + less
                break

    async def _same(self, prefix: str, expected: Mapping[str, str], known: frozenset[str]) -> bool:
        """Whether the tests end as ``expected`` with ``prefix``; then that is what a run takes."""
        watched = await diagnose(
            self._prefix + prefix + self._command, self._processes, known, self._patience
        )
        if watched.outcomes != expected:
            return False
        self.seconds = min(self.seconds, watched.seconds)
        return True

    async def passes(self, seconds: float) -> bool:
        """Whether the tests pass now; within ``seconds`` at most."""
        deadline = time.monotonic() + seconds
        if self._alone and not await self._run(self._alone, deadline):
            return False
        return await self._run(self._prefix, deadline)

    async def _run(self, prefix: str, deadline: float) -> bool:
        started = time.monotonic()
        patience = min(self._patience, max(deadline - started, 0.1))
        result = await self._processes.run(
            _FIRST_FAILURE_ONLY + prefix + self._command, timeout=patience, spill=False
        )
        self.seconds = min(self.seconds, time.monotonic() - started)
        return result.ok
