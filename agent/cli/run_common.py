"""What ``run``, ``fix`` and ``demo`` share: front ends, the person to ask, and signals."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from seedsmith.agent.cli.event_loop import EventLoop
from seedsmith.agent.cli.garbage import collect_often
from seedsmith.agent.errors import AgentError, UsageError
from seedsmith.agent.events import FrontEnd
from seedsmith.agent.frontends.display_options import DisplayOptions
from seedsmith.agent.frontends.telemetry.observing import observing
from seedsmith.agent.settings.settings import Settings

if TYPE_CHECKING:
    from seedsmith.agent.calls.approval import Approver
    from seedsmith.agent.sessions.outcome import Outcome

_STARTED_SECONDS = 1.0
"""By then a run has asked its first question and waits."""
Result = TypeVar("Result")
Start = Callable[[tuple[FrontEnd, ...], "Approver | None"], Coroutine[Any, Any, "Outcome"]]


def perform(start: Start, settings: Settings, shown: DisplayOptions, command: str = "run") -> Outcome:
    """Run ``start`` to its end with the front end and the approver that fit this terminal.

    ``command`` is the one by which a person goes on with the session. Raises :class:`AgentError` where the
    answer could not be written.
    """
    with observing(settings) as watchers:
        front_end = open_front_end(shown, command, replays=settings.replay is not None)
        try:
            approver = choose_approver(settings, shown.as_json)
            outcome = until_done(start((front_end, *watchers), approver))
        finally:
            front_end.close()
    if unwritten := getattr(front_end, "unwritten", ""):
        raise AgentError(
            f"The answer can't be written: {unwritten}; seedsmith sessions show {outcome.session} has it."
        )
    return outcome


def open_front_end(shown: DisplayOptions, command: str = "run", *, replays: bool = False) -> FrontEnd:
    """JSON lines, or the console, which is told where answers are recorded ones.

    Progress goes to standard error and the answer to standard output, unless both are a terminal.
    """
    if shown.as_json:
        from seedsmith.agent.frontends.jsonl import JsonLines

        return JsonLines(sys.stdout.buffer)
    from seedsmith.agent.frontends.answer_alone import AnswerAlone

    seen = _screen()
    both = seen is sys.stdout and sys.stderr is not None and sys.stderr.isatty()
    return AnswerAlone(sys.stdout if both else sys.stderr, sys.stdout, shown, command, replays=replays)


def _screen() -> TextIO | None:
    """Where a person sees what is written; None where nobody does."""
    return next((each for each in (sys.stdout, sys.stderr) if each is not None and each.isatty()), None)


def choose_approver(settings: Settings, as_json: bool) -> Approver | None:
    """The person at the terminal, or nobody (``--approve auto``, the default without a terminal)."""
    if settings.approve in ("auto", "plan"):
        return None
    screen = _screen()
    if as_json or screen is None or not (sys.stdin and sys.stdin.isatty()):
        if settings.approve == "ask":
            raise UsageError("--approve ask needs a terminal to ask at; leave it out or use --approve auto.")
        return None
    from seedsmith.agent.frontends.approver import ConsoleApprover

    return ConsoleApprover(sys.stdin, screen, settings.workspace)


def until_done(work: Coroutine[Any, Any, Result]) -> Result:
    """Run ``work`` on an event loop; SIGTERM and SIGHUP interrupt it as Ctrl-C does."""
    with asyncio.Runner(loop_factory=EventLoop) as runner:
        return runner.run(_interruptible(work))


async def _interruptible(work: Coroutine[Any, Any, Result]) -> Result:
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    loop.call_later(_STARTED_SECONDS, collect_often)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, task.cancel)
    return await work
