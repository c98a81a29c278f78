"""The tools a session begins with."""

from __future__ import annotations

from seedsmith.tools.base import Tool
from seedsmith.tools.edit import EditTool
from seedsmith.tools.git import GitTool
from seedsmith.tools.glob import GlobTool
from seedsmith.tools.grep import GrepTool
from seedsmith.tools.patch import PatchTool
from seedsmith.tools.read import ReadTool
from seedsmith.tools.shell import ForegroundShellTool, ShellTool
from seedsmith.tools.shell_input import ShellInputTool
from seedsmith.tools.shell_kill import ShellKillTool
from seedsmith.tools.shell_output import ShellOutputTool
from seedsmith.tools.todo import TodoTool
from seedsmith.tools.view_image import ViewImageTool
from seedsmith.tools.write import WriteTool


def default_tools(*, background: bool = True, vision: bool = False) -> tuple[Tool, ...]:
    """Return every built-in tool, always in the same order: the request's prefix depends on it.

    Without ``background`` commands end with their call, and the tools that look after others are missing.
    With ``vision`` the model sees, and may look at pictures.
    """
    files = (ReadTool(), EditTool(), WriteTool(), PatchTool(), GlobTool(), GrepTool())
    others = (GitTool(), TodoTool(), *((ViewImageTool(),) if vision else ()))
    if not background:
        return (*files, ForegroundShellTool(), *others)
    return (*files, ShellTool(), ShellOutputTool(), ShellInputTool(), ShellKillTool(), *others)
