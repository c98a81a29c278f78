"""A workspace of pages, and the browser tool in the strong sandbox over it."""

from __future__ import annotations

import asyncio

import pytest
from present import is_present
from waiting import SECONDS

from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolContext, ToolError
from seedsmith.tools.browser.browser_tool import BrowserTool

NEEDED = ("bwrap", "chromium", "playwright")


class Pages:
    """A workspace of pages, and the tool that looks at them."""

    def __init__(self, root, context):
        self.root, self.context = root, context
        self.tool = BrowserTool(vision=True)

    def put(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    async def do(self, action, **arguments):
        return await self.tool.run(self.tool.parse({"action": action, **arguments}), self.context)

    async def show(self, html, **arguments):
        """Open ``html`` as a page of the workspace."""
        self.put("page.html", html)
        return await self.do("open", url="page.html", **arguments)

    async def refused(self, action, **arguments):
        with pytest.raises((ToolError, SandboxError)) as caught:
            await self.do(action, **arguments)
        return str(caught.value)

    async def tells(self, words, result):
        """What ``result`` and the steps after it tell until ``words`` came: some things a page does later."""
        told = result.text
        async with asyncio.timeout(SECONDS):
            while words not in told:
                told += (await self.do("evaluate", text="1")).text
        return told

    async def reference(self, words):
        """The reference of the outline's line that holds ``words``."""
        outline = (await self.do("outline")).text
        line = next(line for line in outline.splitlines() if words in line)
        return line.partition("[ref=")[2].partition("]")[0]


def made_pages(folder, **policy):
    missing = [name for name in NEEDED if not is_present(name)]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}")
    root, private, state = (folder / name for name in ("project", "tmp", "state"))
    for each in (root, private, state):
        each.mkdir()
    rules = Policy(workspace=root, private_tmp=private, state=state, **policy)
    spills = SpillStore(state / "spills")
    processes = ProcessRunner(choose("bwrap", rules), rules, spills)
    return Pages(root, ToolContext(Workspace(root), processes, spills))
