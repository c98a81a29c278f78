"""The tools a session begins with."""

from __future__ import annotations

from tools.base import Tool
from tools.edit import EditTool
from tools.git import GitTool
from tools.glob import GlobTool
from tools.grep import GrepTool
from tools.patch import PatchTool
from tools.read import ReadTool
from tools.shell import ForegroundShellTool, ShellTool
from tools.shell_input import ShellInputTool
from tools.shell_kill import ShellKillTool
from tools.shell_output import ShellOutputTool
from tools.todo import TodoTool
from tools.view_image import ViewImageTool
from tools.write import WriteTool


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
