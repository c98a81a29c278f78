"""Where an item is worked at: its private clone, opened with the sandbox for commands."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from seedsmith.agent.run.tool_context import open_tool_context
from seedsmith.agent.run.verification import output_text
from seedsmith.agent.sessions.run_place import open_place
from seedsmith.agent.sessions.session import PRIVATE_TMP, SPILLS
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.batch.file_search import grep, matching
from seedsmith.agent.tasks.batch.plan import fill
from seedsmith.agent.tasks.batch.task_file import Condition
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.git.private_clone import PrivateClone
from seedsmith.sandbox.lazy_dataclass import dataclass

_OUTPUT_BYTES = 4_000


@dataclass(frozen=True, slots=True)
class CommandRun:
    """How a command ended."""

    exit_code: int | None
    output: str

    @property
    def ok(self) -> bool:
        """Whether it exited with 0."""
        return self.exit_code == 0

    @property
    def said(self) -> str:
        """How it ended and the last thing it printed, in one line."""
        ending = "did not end in time" if self.exit_code is None else f"ended with exit code {self.exit_code}"
        return f"{ending}: {self.last_line}" if self.last_line else ending

    @property
    def last_line(self) -> str:
        """The beginning of the last thing it printed."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        return lines[-1].strip()[:200] if lines else ""


@dataclass(frozen=True, slots=True)
class Workshop:
    """One item's clone, and the commands in it."""

    clone: PrivateClone
    settings: Settings
    """The user's, for this workspace."""
    environment: Mapping[str, str]
    values: Mapping[str, str]
    verify: str
    """The filled command that proves the work; '' where there is none."""
    _processes: ProcessRunner

    async def command(self, line: str, seconds: float = 900.0) -> CommandRun:
        """Run a shell command in the sandbox; its values are filled in, quoted."""
        done = await self._processes.run(
            fill(line, self.values, quoted=True),
            timeout=seconds,
            head_bytes=_OUTPUT_BYTES // 4,
            tail_bytes=_OUTPUT_BYTES - _OUTPUT_BYTES // 4,
        )
        return CommandRun(done.exit_code, output_text(done))

    async def proof(self) -> CommandRun:
        """Run the verify command as it is."""
        done = await self._processes.run(
            self.verify, timeout=900.0, head_bytes=_OUTPUT_BYTES // 4, tail_bytes=_OUTPUT_BYTES
        )
        return CommandRun(done.exit_code, output_text(done))

    async def holds(self, condition: Condition) -> bool:
        """Whether all of ``condition`` holds now."""
        root = self.clone.work
        for each in condition.files or ():
            if not any(matching(root, (fill(each, self.values),))):
                return False
        if condition.grep is not None:
            pattern = fill(condition.grep.pattern, self.values)
            if not grep(root, pattern, condition.grep.files):
                return False
        if condition.command is not None and not (await self.command(condition.command)).ok:
            return False
        if condition.verified is None:
            return True
        return (bool(self.verify) and (await self.proof()).ok) == condition.verified

    async def wanted(self, when: Condition | None, unless: Condition | None) -> bool:
        """Whether something with these conditions is to be done."""
        if when is not None and not await self.holds(when):
            return False
        return unless is None or not await self.holds(unless)

    def request(self, settings: Settings, prompt: str = "") -> RunRequest:
        """A run in this clone."""
        return RunRequest(
            settings=settings, prompt=prompt, environment=self.environment, borrowed=self.clone.borrowed
        )


@contextmanager
def open_workshop(
    clone: PrivateClone,
    settings: Settings,
    environment: Mapping[str, str],
    values: Mapping[str, str],
    verify: str,
) -> Iterator[Workshop]:
    """Open the sandbox for ``clone``; to be called on the event loop's thread.

    Raises :class:`seedsmith.sandbox.errors.NoIsolation` where none as strong as asked for works.
    """
    command = fill(verify, values, quoted=True)
    own = settings.model_copy(update={"workspace": clone.work}).in_own_words(command)
    request = RunRequest(settings=own, environment=environment, borrowed=clone.borrowed)
    folder = clone.folder / "session"
    for name in (PRIVATE_TMP, SPILLS):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    place = open_place(own, environment)
    try:
        context = open_tool_context(request, place, folder, verify=command)
        try:
            yield Workshop(clone, own, environment, values, command, context.processes)
        finally:
            context.processes.close()
    finally:
        place.workspace.close()


def with_own_programs(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the programs beside this Python last on its path: ruff of the extra."""
    import sys

    folder = Path(sys.executable).parent
    return {**environment, "PATH": f"{environment.get('PATH', os.defpath)}{os.pathsep}{folder}"}
