"""Fixing a bug that a failing test shows: the skill ``fix-bug``, proven by the test."""

from __future__ import annotations

import os

from seedsmith.agent.calls.approval import Approver
from seedsmith.agent.events import FrontEnd, NoticeGiven
from seedsmith.agent.run.named_skill import open_library
from seedsmith.agent.run.run import run
from seedsmith.agent.sessions.outcome import Outcome
from seedsmith.agent.settings.request import RunRequest
from seedsmith.agent.settings.settings import Settings

SKILL = "fix-bug"
_PARAMETER = "test"


async def fix(
    settings: Settings,
    test_command: str,
    front_ends: tuple[FrontEnd, ...] = (),
    approver: Approver | None = None,
    notices: tuple[NoticeGiven, ...] = (),
    *,
    more: str = "",
) -> Outcome:
    """Change the program in ``settings.workspace`` until ``test_command`` passes, or the budget ends.

    The user's own skill of that name, or a trusted one of the repository's, takes the built-in one's place.
    ``notices`` are shown first; ``more`` is told with the task. A replay takes the
    test command from its recording; it may be ''; so does a session that is gone on with.
    Raises what :func:`seedsmith.agent.run.run.run` raises.
    """
    if settings.replay is not None:  # what is wanted and how it is proven stands in the recording
        proven = settings.model_copy(update={"verify": test_command} if test_command else {})
        return await run(RunRequest(settings=proven), front_ends, approver, notices=notices)
    if (settings.resume or settings.fork) and not test_command:  # it stands in the session
        return await run(RunRequest(settings=settings, fixing=True), front_ends, approver, notices=notices)
    library = open_library(settings, os.environ)
    values = dict(settings.skill_with or {})
    if _PARAMETER in library.find(SKILL).parameters:
        values[_PARAMETER] = test_command
    fixing = settings.model_copy(update={"skill": SKILL, "skill_with": values, "verify": test_command})
    request = RunRequest(settings=fixing.typed(fixing.given | {"verify"}), prompt=more, fixing=True)
    return await run(request, front_ends, approver, notices=notices, library=library)
