"""Runs the user's test command in a way that rejects a wrong change as fast as possible.

A change that passes is checked again with the command as it was given, so shortcuts may differ from it a
little. There are shortcuts for pytest and unittest; any other command is run unchanged.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.node_runner import Main, NodeRunner, mains_of
from seedsmith.agent.repair.typescript import is_typescript
from seedsmith.agent.repair.warm_runner import Tests, WarmRunner
from seedsmith.agent.repair.watched_run import Injection, diagnose, reports
from seedsmith.sandbox.commands.process import ProcessRunner

_FOLDER, _RESULTS_FOLDER = "seedsmith-quick", "seedsmith-results"
_INJECTED = Path(__file__).parent / "injected"
_FIRST, _RESULTS = _INJECTED / "seedsmith_first.py", _INJECTED / "seedsmith_returns.py"
_NO_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
_GO_FLAGS = "-vet=off -failfast"
"""What Go's tests are run with beside the user's own flags; the last run is without."""
_OF_NODE = frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"})
_FAILED_ONLY = {"SEEDSMITH_ONLY": "1"}
_MOST_ONLY = 30
"""So many failed tests are run alone first."""
_HANGING_SECONDS = 8.0
_WARM_ORDER: tuple[Tests, ...] = ("only", "all")
_PASSED = (0, 5)
"""Exit codes of pytest and unittest where all passed, and where there is nothing to run."""
_WARM_SECONDS, _TIMES, _HANGING_WARM = 1.0, 5.0, 3.0
"""A test in a warm runner may take the first and so many times what all take now; the last where that is not
known, as a failing test doesn't end. TypeScript is compiled where it is changed, and may be checked: as long
as the first run took."""
_LONGEST_LOOK = 10.0
"""Seconds; in longer runs the time that plugins take does not matter."""


class QuickCheck:
    """One test command, run once for each change that is tried."""

    def __init__(self, command: str, processes: ProcessRunner, diagnosis: Diagnosis) -> None:
        self._command = command
        self._processes = processes
        self._diagnosis = diagnosis
        self._injection: Injection | None = None
        self._environment: Mapping[str, str] = {}
        self._alone: Mapping[str, str] | None = None
        self._warm: WarmRunner | None = None
        self._mains: Sequence[Main] | None = None
        self._warm_patience = 0.0
        self._patience = _HANGING_SECONDS if diagnosis.timed_out else 10.0 + 3 * diagnosis.seconds
        self.seconds = diagnosis.seconds
        """The time of a run, as far as it is known."""

    async def prepare(self, known: frozenset[str]) -> None:
        """Find out what the command can leave out; ``known`` holds the workspace's files.

        These are plugins, if every test ends the same without them, and in a first run the tests that passed
        before, if the failed tests end the same when only they are collected.
        """
        outcomes = self._diagnosis.outcomes
        failed = {name: end for name, end in outcomes.items() if end != "passed" and "::" in name}
        if not failed:
            return
        self._inject(failed)
        alone = len(failed) <= _MOST_ONLY and not self._diagnosis.timed_out
        if self.seconds < _LONGEST_LOOK and await self._same(_NO_PLUGINS, outcomes, known):
            self._environment = _NO_PLUGINS
        for less in (_NO_PLUGINS, {}) if alone else ():
            if await self._same({**_FAILED_ONLY, **less}, failed, known):
                self._alone = {**self._environment, **_FAILED_ONLY, **less}
                break

    async def open(self, known: frozenset[str]) -> None:
        """Make ready, the tests being as they were: a runner that waits, or what the command can leave out.

        ``known`` holds the workspace's files.
        """
        if not await self.warm_up():
            await self.prepare(known)

    def at(self, processes: ProcessRunner) -> QuickCheck:
        """The same check, with what was found out for it, where ``processes`` run commands."""
        other = QuickCheck(self._command, processes, self._diagnosis)
        other._environment, other._alone, other.seconds = self._environment, self._alone, self.seconds
        other._warm_patience, other._mains = self._warm_patience, self._mains
        if self._injection is not None:
            other._inject(self._failed)
        return other

    @property
    def _failed(self) -> dict[str, str]:
        """How the tests ended that did not pass, by name."""
        outcomes = self._diagnosis.outcomes
        return {name: end for name, end in outcomes.items() if end != "passed"}

    def _inject(self, failed: Iterable[str]) -> None:
        self._injection = Injection(self._processes, _FOLDER)
        listed = self._injection.folder / "first"
        listed.write_text("\n".join(failed), encoding="utf-8", errors="surrogatepass")
        self._injection.add(_FIRST)

    async def warm_up(self) -> bool:
        """Have the runner of the tests wait to be forked, if tests end there as they did.

        Nothing is changed meanwhile, neither by this nor by others.
        """
        if any(PurePosixPath(path).suffix in _OF_NODE for path in self._diagnosis.paths):
            return await self._warm_up_node()
        failed = self._failed
        known = bool(self._warm_patience)
        ways = [self._environment]
        if not known and any("::" in name for name in failed):
            ways.insert(0, _NO_PLUGINS)
        for environment in ways if failed else ():
            warm = await WarmRunner.start(self._command, self._processes, failed, environment)
            if warm is None:
                continue
            passed = await warm.run("others", self._patience, tell=True) in _PASSED
            if passed and await warm.preload() and (known or await self._ends_alike(warm)):
                self._warm, self._environment = warm, environment
                return True
            await warm.stop()
        return False

    async def _warm_up_node(self) -> bool:
        """Have the programs that the command gives Node wait to be run, if they end there as they did."""
        if self._mains is None:
            self._mains = await mains_of(self._command, self._processes, self._patience)
        if not self._mains:
            return False
        warm = await NodeRunner.open(self._mains, self._processes, self._diagnosis, self._patience)
        if warm is None:
            self._mains = []
            return False
        started = time.monotonic()
        await warm.run("all", self._patience)
        taken = time.monotonic() - started
        compiling = self._diagnosis.seconds if any(map(is_typescript, self._diagnosis.paths)) else 0.0
        self._warm, self._warm_patience = warm, max(_WARM_SECONDS + _TIMES * taken, compiling)
        self.seconds = min(self.seconds, taken)
        return True

    async def _ends_alike(self, warm: WarmRunner) -> bool:
        """Whether the tests that passed pass in forks and the others don't; how long they take is noted."""
        started = time.monotonic()
        if await warm.run("others", self._patience) not in _PASSED:
            return False
        hangs = self._diagnosis.timed_out
        if not hangs and await warm.run("only", self._patience) in (None, *_PASSED):
            return False
        taken = time.monotonic() - started
        self._warm_patience = max(_WARM_SECONDS + _TIMES * taken, _HANGING_WARM if hangs else 0.0)
        self.seconds = min(self.seconds, taken)
        return True

    async def cool_down(self) -> None:
        """Leave no process behind."""
        if self._warm is not None:
            warm, self._warm = self._warm, None
            await warm.stop()

    async def _passes_warm(self, warm: WarmRunner, deadline: float) -> bool:
        for tests in _WARM_ORDER:
            patience = min(self._warm_patience, max(deadline - time.monotonic(), 0.1))
            if await warm.run(tests, patience) != 0:
                return False
        return True

    async def _same(
        self, environment: Mapping[str, str], expected: Mapping[str, str], known: frozenset[str]
    ) -> bool:
        """Whether the tests end as ``expected`` with ``environment``; if so, the time of a run is updated."""
        assert self._injection is not None
        watched = await diagnose(
            self._command,
            self._processes,
            known,
            self._patience,
            added=(_FIRST, self._injection.folder / "first"),
            environment={**self._environment, **environment},
        )
        if watched.outcomes != expected:
            return False
        self.seconds = min(self.seconds, watched.seconds)
        return True

    async def passes(self, seconds: float) -> bool:
        """Whether the tests pass now; within ``seconds`` at most."""
        deadline = time.monotonic() + seconds
        if self._warm is not None:
            passed = await self._passes_warm(self._warm, deadline)
            if self._warm.waits:
                return passed
            await self.cool_down()
        if self._alone is not None and not await self._run(self._alone, deadline):
            return False
        return await self._run(self._environment, deadline)

    async def results(self, path: str) -> list[bytes]:
        """Notes of what the functions of the file ``path`` give in the tests that passed before."""
        if not self._failed:
            return []
        injection = Injection(self._processes, _RESULTS_FOLDER)
        try:
            injection.add(_RESULTS)
            (injection.folder / "out").mkdir()
            for name, lines in (("first", [*self._failed]), ("files", [path])):
                text = "\n".join(lines)
                (injection.folder / name).write_text(text, encoding="utf-8", errors="surrogatepass")
            await injection.run(self._command, timeout=self._patience, environment=self._environment)
            return reports(injection.folder / "out")
        finally:
            injection.remove()

    async def _run(self, added: Mapping[str, str], deadline: float) -> bool:
        started = time.monotonic()
        patience = min(self._patience, max(deadline - started, 0.1))
        given = self._processes.environment.get("PYTEST_ADDOPTS", "")
        flags = self._processes.environment.get("GOFLAGS", "")
        environment = {
            **added,
            "PYTEST_ADDOPTS": f"-x {given}".strip(),
            "GOFLAGS": f"{_GO_FLAGS} {flags}".strip(),
        }
        if self._injection is None:  # bytecode is known by its source's size and second: two changes are one
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
            result = await self._processes.run(self._command, timeout=patience, env=environment, spill=False)
        else:
            result = await self._injection.run(self._command, timeout=patience, environment=environment)
        self.seconds = min(self.seconds, time.monotonic() - started)
        return result.ok
