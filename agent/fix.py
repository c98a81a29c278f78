"""Fixing a bug that a failing test shows: the loop, told what is wanted and how it is proven."""

from __future__ import annotations

from agent.approval import Approver
from agent.events import FrontEnd, NoticeGiven
from agent.outcome import Outcome
from agent.prompts import prompt
from agent.run import run
from agent.settings import Settings


async def fix(
    settings: Settings,
    test_command: str,
    front_ends: tuple[FrontEnd, ...] = (),
    approver: Approver | None = None,
    notices: tuple[NoticeGiven, ...] = (),
) -> Outcome:
    """Change the program in ``settings.workspace`` until ``test_command`` passes, or the budget ends.

    ``notices`` are shown first. A replay takes the test command from its recording; it may be ''.
    Raises what :func:`agent.run.run` raises.
    """
    if settings.replay is not None:  # what is wanted and how it is proven stands in the recording
        settings = settings.model_copy(update={"verify": test_command} if test_command else {})
        return await run(settings, "", front_ends, approver, notices=notices)
    task = prompt("fix.md", command=test_command)
    settings = settings.model_copy(update={"verify": test_command})
    return await run(settings, task, front_ends, approver, fixing=True, notices=notices)
