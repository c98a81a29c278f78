"""The tools a session begins with."""

from __future__ import annotations

from seedsmith.tools.base import Tool
from seedsmith.tools.deferred import DeferredTool

FILES = (
    "files.read:ReadTool",
    "files.edit:EditTool",
    "files.write:WriteTool",
    "patch.patch:PatchTool",
    "search.glob:GlobTool",
    "search.grep:GrepTool",
)
FOREGROUND = "shell.shell:ForegroundShellTool"
BACKGROUND = (
    "shell.shell:ShellTool",
    "shell.shell_output:ShellOutputTool",
    "shell.shell_input:ShellInputTool",
    "shell.shell_kill:ShellKillTool",
)
OTHERS = ("git.git_tool:GitTool", "todo:TodoTool")
VISION = "images.view_image:ViewImageTool"
EVERY = (*FILES, FOREGROUND, *BACKGROUND, *OTHERS, VISION)
"""Where each built-in tool stands: ``MODULE:CLASS``."""


def default_tools(*, background: bool = True, vision: bool = False) -> tuple[Tool, ...]:
    """Return every built-in tool, always in the same order: the request's prefix depends on it.

    Without ``background`` commands end with their call, and the tools that look after others are missing.
    With ``vision`` the model sees, and may look at pictures.
    """
    shell = BACKGROUND if background else (FOREGROUND,)
    return tuple(DeferredTool(place) for place in (*FILES, *shell, *OTHERS, *((VISION,) if vision else ())))
