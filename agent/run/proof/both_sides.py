"""Running the tests on both sides of a fix: on the code as it was, with the new tests, and as it is."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from seedsmith.agent.run.proof.old_side import NoOldSide, OldSide, Tests
from seedsmith.agent.run.proof.results import TestRun
from seedsmith.agent.run.proof.side_comparison import NO_TEST, Asked, by_reported_file, compare, few
from seedsmith.agent.run.proof.test_reporting import reporting_command
from seedsmith.agent.sessions.outcome import looks_like_a_test
from seedsmith.agent.sessions.proof_sides import Sides
from seedsmith.sandbox.commands.process import CommandResult, ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.manifest_rows import Difference, Read, Row
from seedsmith.sandbox.snapshots.store import SnapshotStore


@dataclass(frozen=True, slots=True)
class WorkspaceStates:
    """The workspace before the first change, and as it is now."""

    store: SnapshotStore
    first: str
    now: str


@dataclass(frozen=True, slots=True)
class KnownRuns:
    """What is known already: the command's first run, where it was heard, and its newest one."""

    first: TestRun | None
    new: TestRun


_PYTHON_TESTS = re.compile(r"(?:^|/)(?:test_\w*|\w*_test|tests|conftest)\.py$")
_BUILT = (b"\x7fELF", b"!<arch>\n", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""How programs, object files, libraries and classes begin."""

Text = Callable[[CommandResult], str]


class BothSides:
    """Runs one session's test command on both sides, in ``folder`` of the session."""

    def __init__(
        self, command: str, report: str, processes: ProcessRunner, folder: Path, seconds: Callable[[], float]
    ) -> None:
        """``report`` is what was reported; ``seconds`` says how long a run may take."""
        self._command = command
        self._report = report
        self._processes = processes
        self._folder = folder
        self._seconds = seconds

    async def look(self, states: WorkspaceStates, known: KnownRuns, text: Text) -> Sides:
        """What both sides say; ``text`` makes an output text."""
        differences = states.store.differences(states.first, states.now)
        changed = tuple(
            path for path, row in _test_files(differences) if not _is_built(row, states.store.read)
        )
        asked = Asked(self._command, self._report, changed, str(self._processes.policy.workspace))
        if not changed and known.first is not None and known.first.exit_code == 0:
            return Sides(fault=_of_no_test(states), report=self._report)
        new = known.new
        if new.tests:
            new = await self._with_all(new, self._processes, changed, text)

        first = known.first

        async def compared(old: OldSide) -> Sides:
            began = await _run(self._command, old.processes, self._seconds(), text)
            if began.tests:
                began = await self._with_all(began, old.processes, changed, text)
            sides = compare(asked, first, began, new)
            return await self._twice(sides, old, changed, text) if sides.proven else sides

        try:
            first = await self._before(states, known.first, new, changed, text)
            sides = await self._on_old_side(states, changed, compared)
            if sides.proven and changed and not await self._faithful(states, known, text, sides):
                sides = replace(
                    sides, fault="laid out by itself, the code as it was fails without the new tests."
                )
        except NoOldSide as error:
            return Sides(fault=str(error), unavailable=True, report=self._report)
        except (OSError, SandboxError) as error:
            return Sides(
                fault=f"the code as it was can't be laid out: {error}", unavailable=True, report=self._report
            )
        return sides

    async def contrary(
        self, states: WorkspaceStates, known: KnownRuns, files: Collection[str], text: Text
    ) -> tuple[str, ...]:
        """The tests that fail on the code as it is where ``files`` are as they were, and pass as they are.

        ('the command',) where its exit code alone tells; none where that can't be found out.
        """
        try:
            with closing(
                OldSide(self._folder, states.store, states.now, self._processes, Tests(states.first, files))
            ) as side:
                found = await self._of_files(side.processes, files, text, known.new.tests)
        except (NoOldSide, OSError, SandboxError):
            return ()
        if found.tests:
            return tuple(sorted(found.failing - known.new.failing))
        return ("the command",) if found.exit_code else ()

    async def failing_as_they_were(
        self, states: WorkspaceStates, known: KnownRuns, text: Text
    ) -> tuple[str, ...]:
        """The tests that pass only as they were changed, a phrase each behind their file or the command.

        None where no file of tests was changed that had been there, nor what all tests load, and where that
        can't be found out. New files of tests are left out with the changes.
        """
        first, new = known.first, known.new
        differences = [each for each in states.store.differences(states.first, states.now) if _of_tests(each)]
        loaded = any(path.endswith("conftest.py") for path, _, _ in differences)
        changed = [path for path, old, _ in differences if old is not None]
        if first is None or not (changed or loaded) or (new.tests and not first.tests):
            return ()
        passing = first.of("passed") | (first.failing & new.of("passed"))
        files = () if loaded else changed
        tests = Tests(states.first, [path for path, _, _ in differences])
        try:
            with closing(OldSide(self._folder, states.store, states.now, self._processes, tests)) as side:
                failing: dict[str, str] | None = None
                for _ in range(2):  # What fails once alone says nothing.
                    run = await self._of_files(side.processes, files, text, new.tests)
                    if not run.tests and not new.exit_code and run.exit_code:
                        return (f"{self._command}: with the tests as they were it fails",)
                    now = _by_file(run, passing, first)
                    failing = now if failing is None else {each: now[each] for each in failing if each in now}
                    if not failing:
                        return ()
        except (NoOldSide, OSError, SandboxError):
            return ()
        return _phrases(failing or {}, self._command)

    async def _on_old_side(
        self, states: WorkspaceStates, changed: Collection[str], work: Callable[[OldSide], Awaitable[Sides]]
    ) -> Sides:
        tests = Tests(states.now, changed)
        with closing(OldSide(self._folder, states.store, states.first, self._processes, tests)) as old:
            return await work(old)

    async def _before(
        self,
        states: WorkspaceStates,
        first: TestRun | None,
        new: TestRun,
        changed: Collection[str],
        text: Text,
    ) -> TestRun | None:
        """``first``, with what it doesn't say of tests that fail in ``new`` and may have failed before.

        It says nothing where a session is gone on with, and nothing of files that the command leaves out.
        """
        reported = {test.file for test in first.tests.values()} if first is not None else set()
        files = by_reported_file(changed, new)
        unreported = {new.tests[name].file for name in new.failing} & files.keys() - reported
        there = [
            files[each] for each in unreported if states.store.row(states.first, files[each]) is not None
        ]
        if not new.failing or (first is not None and not there):
            return first
        with closing(self._alone(states)) as old:
            run = await _run(self._command, old.processes, self._seconds(), text)
            run = await self._with_all(run, old.processes, there, text)
        return run if first is None else replace(first, tests=run.tests | first.tests)

    def _alone(self, states: WorkspaceStates) -> OldSide:
        """The code as it was, with no changed test."""
        return OldSide(self._folder, states.store, states.first, self._processes, Tests(states.now, ()))

    async def _with_all(
        self, run: TestRun, processes: ProcessRunner, changed: Collection[str], text: Text
    ) -> TestRun:
        """``run`` with the tests of changed files that the command leaves out, where pytest runs them."""
        reported = {test.file for test in run.tests.values()}
        known = {path for file, path in by_reported_file(changed, run).items() if file in reported}
        left_out = [path for path in _of_pytest(changed) if path not in known]
        if not left_out or not any(reported):
            return run
        more = await _run(self._command, processes, self._seconds(), text, left_out)
        return replace(run, output=run.output + more.output, tests=more.tests | run.tests)

    async def _of_files(
        self, processes: ProcessRunner, files: Collection[str], text: Text, wanted: Collection[str]
    ) -> TestRun:
        """A run of the tests of ``files`` alone, where pytest runs them; of all where none is ``wanted``.

        Files given to it can change what pytest takes for the top folder, and so the names of its tests.
        """
        run = await _run(self._command, processes, self._seconds(), text, files)
        if not _of_pytest(files) or not wanted or any(name in run.tests for name in wanted):
            return run
        return await _run(self._command, processes, self._seconds(), text)

    async def _twice(self, sides: Sides, old: OldSide, changed: Collection[str], text: Text) -> Sides:
        """``sides`` without the tests that say something else the second time."""
        assert sides.old is not None
        assert sides.new is not None
        before = await self._of_files(old.processes, changed, text, sides.old.tests)
        now = await self._of_files(self._processes, changed, text, sides.new.tests)
        if not sides.old.tests:
            same = before.exit_code == sides.old.exit_code and now.exit_code == sides.new.exit_code
            return sides if same else replace(sides, fault="the command does not say the same twice.")
        flaky = {
            name for name in sides.old.tests if name in before.of("passed") or name not in now.of("passed")
        }
        proving = tuple(name for name in sides.old.tests if name not in flaky)
        return replace(
            sides,
            old=replace(sides.old, tests=proving),
            new=replace(sides.new, tests=proving),
            flaky=tuple(sorted(flaky | {*sides.flaky})),
            fault="" if proving else f"{sorted(flaky)[0]} does not say the same twice.",
        )

    async def _faithful(self, states: WorkspaceStates, known: KnownRuns, text: Text, sides: Sides) -> bool:
        """Whether the old code alone, laid out, passes what it did in its place.

        Asked only of what proves the fix, and where the runner does not tell whether it is a changed test.
        """
        assert sides.new is not None
        proving = [test for name in sides.new.tests if (test := known.new.tests.get(name)) is not None]
        passed = known.first.of("passed") if known.first is not None else set()
        names = {test.name for test in proving if not test.file} & passed
        whole = not sides.new.tests and known.first is not None and known.first.exit_code == 0
        if not (names or whole):
            return True
        with closing(self._alone(states)) as old:
            alone = await _run(self._command, old.processes, self._seconds(), text)
        return alone.exit_code == 0 if whole else names <= alone.of("passed")


def _of_tests(difference: Difference) -> bool:
    """Whether it is one of tests, or of what they go by, and not of a program that has to do with tests."""
    path, old, new = difference
    if any(row is not None and row.is_folder for row in (old, new)) or not looks_like_a_test(path):
        return False
    return not path.endswith(".py") or bool(_PYTHON_TESTS.search(path))


def _by_file(run: TestRun, passing: Collection[str], first: TestRun) -> dict[str, str]:
    """The tests of ``run`` that fail though they are ``passing``, with their files; files that can't load."""
    found = {name: run.tests[name].file for name in sorted(run.failing) if name in passing}
    had = {first.tests[name].file for name in passing if name in first.tests}
    unloaded = [test.file for test in run.tests.values() if test.whole_file and test.file in had]
    return found or {file: file for file in unloaded}


def _phrases(failing: Mapping[str, str], command: str) -> tuple[str, ...]:
    places: dict[str, list[str]] = {}
    for name, file in failing.items():
        places.setdefault(file or command, []).append(name)
    return tuple(
        f"{place}: {few(names)}, as it was, fails on the code as it is" for place, names in places.items()
    )


async def _run(
    command: str, processes: ProcessRunner, seconds: float, text: Text, only: Collection[str] = ()
) -> TestRun:
    """One run; of pytest's tests those of the files ``only``, where given and the command names no others."""
    reporting = reporting_command(command, processes, _of_pytest(only))
    result = await processes.run(
        reporting.command,
        timeout=seconds,
        env=reporting.environment,
        head_bytes=32_000,
        tail_bytes=200_000,
        spill=False,
    )
    return reporting.read(result, text(result))


def _test_files(differences: Iterable[Difference]) -> Iterator[tuple[str, Row]]:
    """The tests and their fixtures that are new, or other than they were."""
    for path, _, new in differences:
        if new is not None and not new.is_folder and looks_like_a_test(path):
            yield path, new


def _of_no_test(states: WorkspaceStates) -> str:
    """Why no changed test is there; one within a file of the program would be on both sides, or on none."""
    from seedsmith.agent.run.proof.other_tests import more_inner_tests

    def text(row: Row | None) -> str:
        return states.store.read(row.name).decode(errors="replace") if row is not None and row.name else ""

    for path, old, new in states.store.differences(states.first, states.now):
        if path.endswith((".py", ".rs")) and more_inner_tests(path, text(old), text(new)):
            return f"the new test stands within the program ({path}): it has to be in a file of tests."
    return NO_TEST


def _is_built(row: Row, read: Read) -> bool:
    """Whether a compiler made the file: it may hold the code as it is."""
    return not row.is_link and row.name is not None and read(row.name).startswith(_BUILT)


def _of_pytest(paths: Collection[str]) -> list[str]:
    """Those of ``paths`` that pytest takes for tests, not for what helps them."""
    return [path for path in paths if re.fullmatch(r"(?:.*/)?(?:test_\w*|\w*_test)\.py", path)]
