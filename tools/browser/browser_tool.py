"""The browser tool: one call, one step on the page, and what came of it in words and pictures."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from seedsmith.tools.base import EVERYTHING, Access, ToolContext, ToolError, ToolResult
from seedsmith.tools.browser.parameters import LOOKS, PAGE, BrowserParameters, check
from seedsmith.tools.pydantic_tool import PydanticTool

if TYPE_CHECKING:
    from seedsmith.tools.browser.actions import Step

_SECONDS = 60.0


class BrowserTool(PydanticTool[BrowserParameters]):
    """Starts the browser at its first use; it lasts until the session ends."""

    name = "browser"
    description = (
        "Use a page in a browser. open shows its outline, whose references are targets; "
        "screenshot shows how it looks, at any width."
    )
    parameters = BrowserParameters

    def __init__(self, *, vision: bool = False) -> None:
        self._vision = vision

    def access(self, parsed: BrowserParameters) -> Access:
        """The page and the picture that is kept; and a page may load any file or ask any command's server."""
        if parsed.action in LOOKS:
            return Access(reads=PAGE, early=False)
        writes = PAGE | ({parsed.path} if parsed.path else frozenset())
        return Access(reads=frozenset({EVERYTHING}), writes=writes)

    async def run(self, parsed: BrowserParameters, context: ToolContext) -> ToolResult:
        """Do the step; a page that doesn't answer, or does nothing but ask, is given up with its browser."""
        from seedsmith.tools.browser.actions import Step
        from seedsmith.tools.browser.browser import end, running
        from seedsmith.tools.browser.page_events import MOST_INTERRUPTIONS

        if parsed.action == "close":
            await end(context)
            return ToolResult(True, "The browser is closed.", {}, "closed")
        check(parsed)
        browser = await running(context, opens=parsed.action == "open")
        browser.watch.begin_step()
        work = asyncio.ensure_future(_carried_out(Step(browser, parsed, context, vision=self._vision)))
        flood = asyncio.ensure_future(browser.watch.flooded.wait())
        try:
            await asyncio.wait({work, flood}, timeout=_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            flooded = flood.done()
        finally:
            work.cancel()
            flood.cancel()
            await asyncio.gather(work, flood, return_exceptions=True)
        await end(context)
        why = (
            f"opened more than {MOST_INTERRUPTIONS} dialogs, windows or downloads at once"
            if flooded
            else f"did not answer in {_SECONDS:g} seconds"
        )
        raise ToolError(f"browser: the page {why}, so its browser was ended; open it anew.")


async def _carried_out(step: Step) -> ToolResult:
    from playwright.async_api import Error

    try:
        return await step.carry_out()
    except Error as error:
        raise ToolError(await step.explain(error)) from None
