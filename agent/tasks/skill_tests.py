"""Tests of skills: each in a fresh workspace, from its recording or with a model, and what must hold then.

A test passes when the run ends well, a replay gives the recorded results, and everything that the manifest
says of the test holds (``seedsmith.skills.manifest.TestSpec``).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Literal

from seedsmith.agent.errors import AgentError
from seedsmith.agent.sessions.outcome import Outcome
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.skill_workspace import (
    contents,
    left_alone,
    make_workspace,
    test_environment,
    touched,
)
from seedsmith.sandbox.errors import NoIsolation, SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.skills.errors import SkillError
from seedsmith.skills.loader import Library, Root, load
from seedsmith.skills.manifest import TestSpec
from seedsmith.skills.skill import BUILT_IN, Origin, Skill
from seedsmith.skills.skill_folder import recording_path
from seedsmith.skills.trust import TrustStore

Result = Literal["passed", "failed", "skipped"]

MOST_SECONDS = 600.0
"""How long a test may take that has no budget of its own."""
_VERIFY_SECONDS = 300
_OUTPUT_LINES = 20
_OF_THE_MACHINE = ("sandbox", "network")
"""The user's settings that a replay takes, too."""


@dataclass(frozen=True, slots=True)
class TestRun:
    """How the tests are to be run."""

    __test__ = False  # nothing for pytest to collect

    settings: Settings
    """Of the machine: the sandbox; and of the model for a live run."""
    environment: Mapping[str, str]
    live: bool = False
    """Ask a model instead of replaying."""
    update: bool = False
    """Write the recordings of live tests that pass."""
    keep: bool = False
    """Leave the workspace of a failing test behind."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """What became of one test."""

    __test__ = False

    skill: str
    test: str
    result: Result
    seconds: float = 0.0
    failures: tuple[str, ...] = ()
    """Each a sentence, more lines may follow; empty unless it failed."""
    why_skipped: str = ""
    workspace: Path | None = None
    """Where it was left, if it was kept."""
    recorded: Path | None = None
    """The recording that was written."""

    def to_json(self) -> dict[str, object]:
        """One object for ``--json``."""
        return {
            "skill": self.skill,
            "test": self.test,
            "result": self.result,
            "seconds": round(self.seconds, 3),
            "failures": list(self.failures),
            "skipped": self.why_skipped,
            "workspace": str(self.workspace) if self.workspace else None,
            "recorded": str(self.recorded) if self.recorded else None,
        }


@dataclass(slots=True)
class _Attempt:
    """One test under way: its folder, and what was found wrong so far."""

    skill: Skill
    spec: TestSpec
    folder: Path
    failures: list[str] = field(default_factory=list)

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def new_recording(self) -> Path:
        return self.folder / "recording.jsonl"


async def run_tests(skills: Iterable[Skill], names: Iterable[str], how: TestRun) -> AsyncIterator[TestResult]:
    """Run every test of ``skills``, or those called ``names``, one after the other.

    Raises :class:`seedsmith.skills.errors.SkillError` where a name is no test's, and
    :class:`seedsmith.sandbox.errors.NoIsolation` where no sandbox as strong as asked for could be had.
    """
    skills, wanted = list(skills), set(names)
    unknown = wanted - {test.name for skill in skills for test in skill.tests}
    if unknown:
        known = ", ".join(repr(test.name) for skill in skills for test in skill.tests)
        raise SkillError(f"There is no test {sorted(unknown)[0]!r:.80}; there are {known or 'none'}.")
    for skill in skills:
        chosen = [test for test in skill.tests if not wanted or test.name in wanted]
        if not chosen and not wanted:
            yield TestResult(skill.name, "", "skipped", why_skipped="has no tests")
        for test in chosen:
            yield await run_test(skill, test, how)


async def run_test(skill: Skill, test: TestSpec, how: TestRun) -> TestResult:
    """Run one test; raises only :class:`NoIsolation`, and CancelledError when stopped.

    Its folder is gone afterwards, unless the test failed and is to be kept.
    """
    if not how.live and not recording_path(skill, test).is_file():
        said = "has no recording (record it with --live --update -m MODEL)"
        return TestResult(skill.name, test.name, "skipped", why_skipped=said)
    start = time.monotonic()
    attempt = _Attempt(skill, test, _new_folder())
    recorded: Path | None = None
    kept = False
    try:
        await _perform(attempt, how)
        if how.live and how.update and not attempt.failures:
            recorded = _record(attempt)
        kept = how.keep and bool(attempt.failures)
    except NoIsolation:
        raise
    except (AgentError, SkillError, SandboxError) as error:
        attempt.failures.append(str(error))
        kept = how.keep
    except OSError as error:  # a file that can't be read, a full disk
        attempt.failures.append(f"Its files can't be looked at: {error}.")
        kept = how.keep
    finally:
        if not kept:
            _remove(attempt.folder)
    return TestResult(
        skill.name,
        test.name,
        "failed" if attempt.failures else "passed",
        time.monotonic() - start,
        tuple(attempt.failures),
        workspace=attempt.workspace if kept else None,
        recorded=recorded,
    )


async def _perform(attempt: _Attempt, how: TestRun) -> None:
    """Make the workspace, run, and check; what is wrong goes to ``attempt.failures``."""
    from seedsmith.agent.run.run import run

    skill, test = attempt.skill, attempt.spec
    environment = test_environment(how.environment)
    make_workspace(skill, test, attempt.workspace, environment)
    before = contents(attempt.workspace)
    settings = _settings(attempt, how)
    if settings.replay is not None and (stale := _stale(attempt, settings)):
        attempt.failures.append(stale)
        return
    request = RunRequest(settings=settings, prompt=test.prompt, environment=environment)
    outcome = await run(request, library=library_with(skill))
    if outcome.status == "no_sandbox":
        raise NoIsolation(outcome.message)
    attempt.failures += _ending(outcome, how.live)
    after = contents(attempt.workspace)
    attempt.failures += _file_failures(test, before, after)
    message = outcome.comparison.message if outcome.comparison else outcome.message
    attempt.failures += [
        f"The last message does not say {text!r}; it is:\n{message[:2000]}"
        for text in test.says
        if text not in message
    ]
    attempt.failures += _budget_failures(test, outcome)
    if test.verify:
        attempt.failures += await _verify_failures(attempt, settings, environment)


def library_with(skill: Skill) -> Library:
    """The built-in skills and ``skill``: what a test's model can call, on every machine the same."""
    found = load([Root(BUILT_IN, Origin.BUILT_IN)], TrustStore(Path("/nonexistent")))
    return replace(found, skills={**found.skills, skill.name: skill})


def _settings(attempt: _Attempt, how: TestRun) -> Settings:
    """What the run is told: of the user's settings for a replay only those of the machine."""
    skill, test = attempt.skill, attempt.spec
    given = how.settings.model_fields_set - {"workspace", "home", "skill", "skill_with", "record", "replay"}
    own: dict[str, Any] = {
        name: getattr(how.settings, name) for name in given if how.live or name in _OF_THE_MACHINE
    }
    own |= {"workspace": attempt.workspace, "home": attempt.state, "skill": skill.name, "approve": "auto"}
    if test.parameters:
        own["skill_with"] = {
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in test.parameters.items()
        }
    budget = test.budget
    own["max_time"] = budget.seconds or MOST_SECONDS
    if not how.live:
        return Settings(**own, replay=recording_path(skill, test))
    limits = {"max_turns": budget.turns, "max_tokens": budget.tokens, "max_cost": budget.cost}
    own |= {name: value for name, value in limits.items() if value is not None}
    return Settings(**own, record=attempt.new_recording)


def _stale(attempt: _Attempt, settings: Settings) -> str:
    """Why the recording is not one of this test as it is now; '' where it is."""
    from seedsmith.agent.recording.reader import Recording

    head = Recording.read(recording_path(attempt.skill, attempt.spec)).head
    pairs = (
        ("name of the skill", head.settings.get("skill"), settings.skill),
        ("parameters", head.settings.get("skill_with") or {}, settings.skill_with or {}),
        ("prompt", head.prompt, attempt.spec.prompt),
    )
    changed = [name for name, then, now in pairs if then != now]
    if not changed:
        return ""
    return f"Its recording is not of the present {changed[0]}: renew it with --live --update -m MODEL."


def _ending(outcome: Outcome, live: bool) -> list[str]:
    comparison = outcome.comparison
    if comparison is None:
        ok = live and outcome.status == "done"
        return [] if ok else [f"The run ended {outcome.status}: {outcome.message}"]
    failures = [] if comparison.agrees else [comparison.summary()]
    left = comparison.recorded_requests - comparison.requests
    if left and comparison.agrees:
        failures.append(f"The run ended before {left} of the recorded answers were asked for.")
    if comparison.agrees and comparison.status != "done":
        failures.append(f"The run ended {comparison.status}: {comparison.message}")
    return failures


def _file_failures(test: TestSpec, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    failures = [
        f"{path} is as it was, but should have changed." for path in left_alone(before, after, test.changed)
    ]
    for path in touched(before, after, test.unchanged):
        became = "made" if path not in before else "deleted" if path not in after else "changed"
        failures.append(f"{path} was {became}, but nothing that fits {', '.join(test.unchanged)} may be.")
    return failures


def _budget_failures(test: TestSpec, outcome: Outcome) -> list[str]:
    budget = test.budget
    used = (
        ("turns", outcome.turns, budget.turns),
        ("tokens", outcome.usage.total_tokens, budget.tokens),
        ("yuan", outcome.cost_cny, budget.cost),
    )
    return [
        f"It took {number:g} {unit}, and its budget is {most:g}."
        for unit, number, most in used
        if number is not None and most is not None and number > most
    ]


async def _verify_failures(
    attempt: _Attempt, settings: Settings, environment: Mapping[str, str]
) -> list[str]:
    """Run the test's own command in the sandbox, after everything else."""
    from seedsmith.agent.run.one_tool import run_tool

    command = attempt.spec.verify
    arguments = json.dumps({"command": command, "timeout": _VERIFY_SECONDS})
    names = {"workspace", "home", "sandbox", "network"}
    plain = Settings.model_validate(settings.model_dump(include=names & settings.model_fields_set))
    result = await run_tool(plain, "shell", arguments, environment)
    if result.ok:
        return []
    lines = result.text.splitlines()
    return ["\n".join([f"`{command}` fails afterwards:", *lines[-_OUTPUT_LINES:]])]


def _record(attempt: _Attempt) -> Path:
    """Write the new recording beside the skill, without what belongs to this machine.

    Raises :class:`SkillError` where a link leads out of the skill's folder.
    """
    from seedsmith.agent.recording.portable import write_portable

    target = recording_path(attempt.skill, attempt.spec)
    if not target.parent.resolve().is_relative_to(attempt.skill.folder.resolve()):
        raise SkillError(f"The recording {target} is not written: it leads out of the skill's folder.")
    write_portable(attempt.new_recording, target)
    return target


def _new_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="seedsmith-test-")).resolve()


def _remove(folder: Path) -> None:
    """Remove a test's folder, also what its commands made read-only."""
    for place, folders, _ in os.walk(folder):
        for name in folders:
            inner = Path(place, name)
            if not inner.is_symlink():
                with contextlib.suppress(OSError):
                    inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
