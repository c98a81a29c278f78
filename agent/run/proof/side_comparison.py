"""What two runs of the same tests prove, one of the old code and one of the new."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from seedsmith.agent.run.proof.failure_reasons import wrong_reason
from seedsmith.agent.run.proof.old_failures import Failing, is_named, what_fails
from seedsmith.agent.run.proof.results import FAILING, TestResult, TestRun
from seedsmith.agent.sessions.proof_sides import Side, Sides
from seedsmith.sandbox.lazy_dataclass import dataclass

NO_TEST = "no test was added or changed, so nothing shows what was reported."
_OLD_IS_NOT_TOLD = (
    "the command failed before anything was changed and fails still, and does not tell its tests apart: what "
    "is old can't be told. A command that tells of each test, or leaves the old failures out, proves it "
    "(--resume with --test)."
)
_NONE_ADDED = "No test ran that had not been there: if one was added, the command does not run it."
_HOLDS_TESTS = re.compile(r"\.(?:py|[cm]?[jt]sx?|go|rs|c|cc|cpp|java|rb)$")
_MOST_TESTS = 20
_MOST_OLD = 100
_WHY_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be proven."""

    command: str
    report: str
    """What was reported, in anybody's words."""
    changed: Collection[str]
    """The files of tests that were added or changed."""
    workspace: str = ""
    """Its absolute path, whose own folders' names say nothing of its files."""

    def wrong_reason(self, why: str) -> str:
        """Why a failure of the code as it was does not show the report; '' where it does."""
        return wrong_reason(self.report, why.replace(f"{self.workspace}/", "") if self.workspace else why)


def compare(asked: Asked, first: TestRun | None, old: TestRun, new: TestRun) -> Sides:
    """Judge two runs of the command: ``old`` of the code as it was with the changed files of tests.

    ``first`` was run before anything was changed, where that is known: what failed then may fail still,
    unless the report or the command names it. The runs may tell of no test; then their exit codes are judged.
    """
    command, report = asked.command, asked.report
    changed = by_reported_file(asked.changed, new)
    if not (new.tests and old.tests) or _broke_off(first, old, new):
        return _by_exit_code(asked, first, old, new)
    flipped, failures = _flipped(changed, first, old, new)
    wrong = {name: asked.wrong_reason(failures[name].why) for name in flipped}
    proving = [name for name in flipped if not wrong[name]]
    failing = what_fails(first, old, new)
    unrun = [name for name in sorted(new.of("skipped")) if new.tests[name].file in changed]
    fault, guilty = _fault_of_failing(asked, failing, new, proving)
    if not fault and not flipped:
        fault = _nothing_flipped(asked.changed, changed, first, new, failing.old)
    elif not fault and not proving:
        fault = f"{flipped[0]} does fail on the code as it was, but not for the reason reported: "
        fault += f"{wrong[flipped[0]]}."
    fault = fault or _fault_of_ending(old if first is None else first, new)
    why = failures[proving[0]].why if proving else failures[flipped[0]].why if flipped else ""
    return Sides(
        old=Side(command, old.exit_code, tuple(proving[:_MOST_TESTS]), why[-_WHY_CHARACTERS:]),
        new=Side(
            command,
            new.exit_code,
            tuple(proving[:_MOST_TESTS]),
            new.tests[guilty].why[-_WHY_CHARACTERS:] if guilty in new.tests else "",
        ),
        fault=fault,
        broken=failing.broken[:_MOST_TESTS],
        kept=len(old.of("passed") & new.of("passed")),
        flaky=failing.unsteady[:_MOST_TESTS],
        unrun=tuple(unrun[:_MOST_TESTS]),
        contrary=failing.broken[:_MOST_TESTS] if proving else (),
        failing=failing.old[:_MOST_OLD],
        otherwise=failing.otherwise[:_MOST_OLD],
        report=report,
    )


def _fault_of_failing(asked: Asked, failing: Failing, new: TestRun, proving: list[str]) -> tuple[str, str]:
    """What is wrong with what fails now, and a test by which it is; '' and '' where all of it is old."""
    if failing.broken:
        fault = f"{few(failing.broken)} passed on the code as it was, and does not now."
        if proving:
            fault += f" {proving[0]} shows what was reported: either the change breaks the other, or that "
            fault += "one says the opposite of the report."
        return fault, failing.broken[0]
    if failing.fresh:
        return f"{few(failing.fresh)} fails on the code as it is.", failing.fresh[0]
    for text, who in ((asked.report, "report"), (asked.command, "command")):
        named = [name for name in (*failing.old, *failing.unsteady) if is_named(text, new, name)]
        if named:
            more = " --resume with a --test that leaves it out proves the rest." if proving else ""
            return f"{few(named)} fails still, and the {who} names it.{more}", named[0]
    return "", ""


def _fault_of_ending(first: TestRun, new: TestRun) -> str:
    """What is wrong with how the command ends, whatever its tests say; '' where they are why it fails."""
    if new.exit_code is None:
        return "the command came to no end on the code as it is."
    if new.exit_code == 0 or new.failing or first.exit_code == new.exit_code:
        return ""
    return f"the command ends with exit code {new.exit_code} by something else than its tests."


def _broke_off(first: TestRun | None, old: TestRun, new: TestRun) -> bool:
    """Whether the old side ended the run itself: it failed, and none of the tests it told of did."""
    failed = bool(old.exit_code) and not old.failing
    return failed and new.exit_code == 0 and (first is None or first.exit_code == 0)


def by_reported_file(paths: Collection[str], run: TestRun) -> dict[str, str]:
    """``paths`` of the workspace by the names that ``run`` has for them, from its own top folder."""
    found = {path: path for path in paths}
    for file in {test.file for test in run.tests.values()} - found.keys() - {""}:
        for path in paths:
            if path.endswith(f"/{file}") or file.endswith(f"/{path}"):
                found[file] = path
    return found


def _flipped(
    changed: Collection[str], first: TestRun | None, old: TestRun, new: TestRun
) -> tuple[list[str], dict[str, TestResult]]:
    """The tests that pass now and fail on the old side, those of changed files first, and their failures.

    Where a file could not even be loaded there, its tests count as failed like that. What passed before
    anything was changed, in a file that is as it was, fails on the old side for a reason of that side's own.
    """
    passed = first.of("passed") if first is not None else set()
    unloaded = {test.file: test for test in old.tests.values() if test.whole_file}
    failures: dict[str, TestResult] = {}
    for name in new.of("passed"):
        test = old.tests.get(name)
        if name in passed and new.tests[name].file and new.tests[name].file not in changed:
            continue
        if test is not None and test.said in FAILING:
            failures[name] = test
        elif test is None and (whole := unloaded.get(new.tests[name].file)) is not None:
            failures[name] = whole
    order = sorted(failures, key=lambda name: (new.tests[name].file not in changed, name))
    return order, failures


def _nothing_flipped(
    changed: Collection[str],
    reported: Collection[str],
    first: TestRun | None,
    new: TestRun,
    old_failures: Collection[str],
) -> str:
    ran = [name for name in sorted(new.of("passed")) if new.tests[name].file in reported]
    if ran:
        fault = f"{few(ran)} passes on the code as it was, too: it does not show what was reported."
        added = first is None or new.tests.keys() - first.tests.keys()
        return fault if added else f"{fault} {_NONE_ADDED}"
    if not changed:
        still = f" {few(sorted(old_failures))} failed before and fails still." if old_failures else ""
        return f"{NO_TEST}{still}"
    programs = sorted(path for path in changed if _HOLDS_TESTS.search(path))
    told = {test.file for test in new.tests.values()} - {""}
    if told and programs and told.isdisjoint(reported):
        return f"the command runs no test of {few(programs)}."
    return f"no test of {few(sorted(changed))} fails on the code as it was and passes now."


def _by_exit_code(asked: Asked, first: TestRun | None, old: TestRun, new: TestRun) -> Sides:
    command, report = asked.command, asked.report
    fault = ""
    if new.exit_code != 0 and first is not None and first.exit_code:
        fault = _OLD_IS_NOT_TOLD
    elif new.exit_code != 0:
        fault = "the command fails on the code as it is."
    elif old.exit_code == 0:
        fault = "the command passes on the code as it was, too: it does not show what was reported."
    elif old.exit_code is None:
        fault = "the command came to no end on the code as it was."
    elif wrong := asked.wrong_reason(old.output):
        fault = f"the command fails on the code as it was, but not for the reason reported: {wrong}."
    tail = old.output[-_WHY_CHARACTERS:]
    return Sides(
        old=Side(command, old.exit_code, (), tail),
        new=Side(command, new.exit_code),
        fault=fault,
        report=report,
    )


def few(names: Sequence[str]) -> str:
    """The first of ``names``, and how many more there are."""
    more = f" (and {len(names) - 1:,} more)" if len(names) > 1 else ""
    return f"{names[0]}{more}"
