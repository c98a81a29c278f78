"""Whether a run has helpers: where the user wants them, has written kinds of them down, or a skill asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.loop.budget import Budget
from seedsmith.agent.run.open_run import OpenedRun
from seedsmith.agent.sessions.outcome import Outcome

KINDS = Path(".agents/agents")
"""Below the home folder: a file of front matter and instructions for each kind."""
_LEFT_OUT = "A run that is recorded or replayed has no helpers: what they are answered would not be in it."


def with_subagents(
    opened: OpenedRun,
    run: Callable[..., Awaitable[Outcome]],
    budget: Budget,
    calls: Callable[[], Dispatcher | None],
) -> OpenedRun:
    """``opened``, with the tool ``task`` where the model may ask for helpers, and with what skills ask for.

    ``run`` carries out a request; ``calls`` gives what runs the calls of this run, once that is open.
    """
    request, wanted = opened.request, opened.request.settings.subagents
    if request.parent or opened.profile.tools is not None or wanted is False:
        return opened
    home = request.environment.get("HOME")
    folder = Path(home) / KINDS if home else None
    active = opened.skills.active
    by_skills = any(map(active.delegates, active.library.summaries()))
    offered = wanted or (folder is not None and folder.is_dir())
    if not offered and not by_skills:
        return opened
    if opened.interceptor is not None:
        notice = (NoticeGiven("subagents", _LEFT_OUT),) if wanted else ()
        return replace(opened, notices=(*opened.notices, *notice))
    from seedsmith.agent.context.agent_kinds import user_kinds
    from seedsmith.agent.run.subagents import Caller, Subagents

    kinds = user_kinds(folder)
    notices = tuple(NoticeGiven("subagents", fault) for fault in kinds.faults)
    helpers = Subagents(Caller(opened, run, budget, calls), kinds.found)
    active.helper = helpers if by_skills else None
    tools = (helpers.tool,) if wanted or kinds.found else ()
    return replace(opened, extensions=(*opened.extensions, *tools), notices=(*opened.notices, *notices))
