"""Built-in tools are told of without being imported."""

from __future__ import annotations

import subprocess
import sys

from seedsmith.tools.deferred import load
from seedsmith.tools.registry import EVERY, default_tools

HEAVY = ("files.edit", "patch.patch", "search.grep", "git.git_tool", "shell.shell", "pydantic_tool")


def test_every_tool_of_the_registry_is_told_of():
    told = {tool.spec.name for background in (True, False) for tool in default_tools(background=background)}
    assert told | {"view_image"} == {load(place).spec.name for place in EVERY}


def test_telling_of_the_tools_imports_none_of_them():
    program = (
        "import sys\n"
        "from seedsmith.tools.registry import default_tools\n"
        "[tool.spec for tool in default_tools(vision=True)]\n"
        f"print([name for name in {HEAVY} if 'seedsmith.tools.' + name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
