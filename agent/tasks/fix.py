"""Fixing a bug that a failing test shows: the skill ``fix-bug``, proven by the test."""

from __future__ import annotations

import os
import re

from seedsmith.agent.calls.approval import Approver
from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.events import FrontEnd, NoticeGiven
from seedsmith.agent.run.named_skill import open_library
from seedsmith.agent.run.run import run
from seedsmith.agent.sessions.outcome import Outcome
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.skills.loader import Library

SKILL = "fix-bug"
_PARAMETER = "test"


async def fix(
    settings: Settings,
    test_command: str,
    front_ends: tuple[FrontEnd, ...] = (),
    approver: Approver | None = None,
    notices: tuple[NoticeGiven, ...] = (),
    *,
    report: str = "",
) -> Outcome:
    """Change the program in ``settings.workspace`` until ``test_command`` passes, or the budget ends.

    Where there is a ``report``, what it tells of is to be proven on both sides as well: tests fail on the
    code as it was and pass at the end. Without a command nothing can be.

    The user's own skill of that name, or a trusted one of the repository's, takes the built-in one's place.
    ``notices`` are shown first. A replay takes the test command from its recording; it may be ''; so does a
    session that is gone on with.
    Raises what :func:`seedsmith.agent.run.run.run` raises.
    """
    if settings.replay is not None:  # what is wanted and how it is proven stands in the recording
        proven = settings.model_copy(update={"verify": test_command} if test_command else {})
        return await run(RunRequest(settings=proven), front_ends, approver, notices=notices)
    goes_on = bool(settings.resume or settings.fork) and not report
    if goes_on and (not test_command or _began_with_a_report(settings)):  # what is wanted stands there
        changed = {"verify": test_command} if test_command else {}
        asked = settings.model_copy(update=changed).typed(settings.given | changed.keys())
        return await run(RunRequest(settings=asked, fixing=True), front_ends, approver, notices=notices)
    if report:
        return await run(_reported(settings, test_command, report), front_ends, approver, notices=notices)
    library = open_library(settings, os.environ)
    asked = fixing(settings, test_command, library)
    request = RunRequest(settings=asked.typed(asked.given | {"verify"}), fixing=True)
    return await run(request, front_ends, approver, notices=notices, library=library)


def _began_with_a_report(settings: Settings) -> bool:
    """Whether the session that is gone on with is to prove a report."""
    from seedsmith.agent.sessions.recorded_sessions import Sessions

    meant = settings.resume or settings.fork or ""
    return bool(Sessions(settings.home).open(meant, settings.workspace).start.settings.get("symptom"))


def fixing(settings: Settings, test_command: str, library: Library | None = None) -> Settings:
    """The settings of a run that fixes: the skill with its values, proven by ``test_command``."""
    values = dict(settings.skill_with or {})
    if _PARAMETER in (library or open_library(settings, os.environ)).find(SKILL).parameters:
        values[_PARAMETER] = test_command
    return settings.model_copy(update={"skill": SKILL, "skill_with": values, "verify": test_command})


def _reported(settings: Settings, test_command: str, report: str) -> RunRequest:
    """The run that fixes what ``report`` tells of."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", report)), default=0))
    text = "fix-report.md" if test_command else "fix-report-untested.md"
    asked = prompt(text, report=report, fence=fence, tests=test_command)
    proving = settings.model_copy(update={"symptom": report, "verify": test_command or None})
    given = settings.given | {"symptom", "verify"}
    return RunRequest(settings=proving.typed(given), prompt=asked.strip(), fixing=bool(test_command))
