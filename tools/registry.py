"""The tools a session begins with."""

from __future__ import annotations

from seedsmith.tools.base import Tool
from seedsmith.tools.files.edit import EditTool
from seedsmith.tools.files.read import ReadTool
from seedsmith.tools.files.write import WriteTool
from seedsmith.tools.git.git_tool import GitTool
from seedsmith.tools.images.view_image import ViewImageTool
from seedsmith.tools.patch.patch import PatchTool
from seedsmith.tools.search.glob import GlobTool
from seedsmith.tools.search.grep import GrepTool
from seedsmith.tools.shell.shell import ForegroundShellTool, ShellTool
from seedsmith.tools.shell.shell_input import ShellInputTool
from seedsmith.tools.shell.shell_kill import ShellKillTool
from seedsmith.tools.shell.shell_output import ShellOutputTool
from seedsmith.tools.todo import TodoTool


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
