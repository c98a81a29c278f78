"""Shows how far the fetching of a local model is."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from seedsmith.agent.frontends.line_wrapping import as_told, tell

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from seedsmith.agent.models.local.pull import Progress

_SAID = {"waiting": "waiting for another run that fetches it", "download": "fetching", "load": "loading"}
STEP_PERCENT = 10
"""How often a line is printed where there is no terminal to draw a bar in."""


class PullProgress:
    """A bar in a terminal, a line every ten per cent elsewhere. Use as a context manager."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._printed = -1

    def __enter__(self) -> PullProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, progress: Progress) -> None:
        """Take one report; the first one tells the size."""
        if self._printed < 0:
            print(f"{progress.name}: {megabytes(progress.total)}", file=self._stream, flush=True)
            self._printed = 0
        if self._stream.isatty():
            self._draw(progress)
        elif progress.stage == "waiting":
            tell(_SAID["waiting"], stream=self._stream)
        elif (percent := 100 * progress.done // max(progress.total, 1)) >= self._printed + STEP_PERCENT:
            self._printed = percent - percent % STEP_PERCENT
            tell(f"{_SAID[progress.stage]}: {self._printed} %", stream=self._stream)

    def _draw(self, progress: Progress) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                SpinnerColumn,
                TextColumn,
                TimeElapsedColumn,
                TransferSpeedColumn,
            )
            from rich.progress import Progress as NewBar

            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn())
            console = Console(file=self._stream)
            self._bar = NewBar(*columns, TransferSpeedColumn(), TimeElapsedColumn(), console=console)
            self._task = self._bar.add_task(as_told(_SAID[progress.stage]), total=progress.total)
            self._bar.start()
        assert self._task is not None
        self._bar.update(self._task, completed=progress.done, description=as_told(_SAID[progress.stage]))


def megabytes(size: int) -> str:
    """A number of bytes for people, in MB of 10**6 bytes."""
    return f"{size / 1e6:,.0f} MB"
