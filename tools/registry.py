"""The tools a session begins with."""

from __future__ import annotations

from tools.base import Tool
from tools.edit import EditTool
from tools.glob import GlobTool
from tools.grep import GrepTool
from tools.patch import PatchTool
from tools.read import ReadTool
from tools.shell import ShellTool
from tools.write import WriteTool


def default_tools() -> tuple[Tool, ...]:
    """Return every built-in tool, always in the same order: the request's prefix depends on it."""
    return (ReadTool(), EditTool(), WriteTool(), PatchTool(), GlobTool(), GrepTool(), ShellTool())
