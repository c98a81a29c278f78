"""Rich's console, for what is shown of a run. Imported when something is first drawn: rich takes a while."""

from __future__ import annotations

import sys

from rich.console import Console


class RunConsole(Console):
    """A console whose reader may go: rich's own ends the process then, in the middle of the run."""

    def on_broken_pipe(self) -> None:
        """Raise the error that rich has caught, as any other of the stream's is."""
        raise sys.exc_info()[1] or BrokenPipeError
