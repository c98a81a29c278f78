"""Commands that outlive the run that started them, for runs that follow each other in one conversation."""

from __future__ import annotations

from dataclasses import field

from seedsmith.agent.loop.inbox import Inbox
from seedsmith.sandbox.commands.background import BackgroundCommands
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import ToolContext


@dataclass(slots=True)
class LastingCommands:
    """What the runs of one session share: its background commands, and what watches over them.

    Whoever makes it hands it to each run, and awaits :meth:`end` when the session is left.
    """

    background: BackgroundCommands = field(default_factory=BackgroundCommands)
    processes: ProcessRunner | None = None
    """What watched over the last run's commands."""

    def take(self, context: ToolContext) -> None:
        """Let a new run's ``context`` work with them.

        While a command runs, what is known of git's files is not learnt anew: it may have changed them.
        """
        fresh, watching = context.processes, self.processes
        if watching is not None and (self.background.running or self.background.companions):
            context.processes = watching.with_policy(fresh.policy, fresh.environment)
            fresh.close()
        else:
            self.processes = fresh
            if watching is not None:
                watching.close()
        context.background = self.background

    async def end(self, why: str) -> None:
        """End every command, and what watched over them; ``why`` is told to whoever asks for one later."""
        try:
            await self.background.end(why)
        finally:
            processes, self.processes = self.processes, None
            if processes is not None:
                processes.close()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands beside a run while it works, for whoever began it."""

    inbox: Inbox = field(default_factory=Inbox)
    """What is put into it reaches the model with its next question."""
    commands: LastingCommands | None = None
    """Background commands that go on when the run has ended; None: they end with it."""
