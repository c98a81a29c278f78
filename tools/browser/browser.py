"""One browser of a session with its one page: started at first use, started anew where it broke."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from seedsmith.tools.base import ToolContext, ToolError
from seedsmith.tools.browser.addresses import FILES_HOST
from seedsmith.tools.browser.chromium import Chromium
from seedsmith.tools.browser.page_events import Watch
from seedsmith.tools.browser.workspace_site import WorkspaceSite

if TYPE_CHECKING:
    from playwright.async_api import Browser as PlaywrightBrowser
    from playwright.async_api import Page, Playwright

NAME = "browser"
"""Of the tool, and of what lasts between its calls."""
NOT_INSTALLED = (
    "The browser needs Playwright: install Seedsmith with its extra browser, as in seedsmith[browser]."
)
WIDTH, HEIGHT = 1280, 800
ACTION_SECONDS = 8.0
"""How long an action waits for its element."""
LOAD_SECONDS = 20.0
_START_SECONDS = 30.0
_CLOSE_SECONDS = 5.0
MOST_SHOTS = 12


class Browser:
    """A running Chromium and its page."""

    def __init__(self, chromium: Chromium, playwright: Playwright, browser: PlaywrightBrowser) -> None:
        self._chromium = chromium
        self._playwright = playwright
        self._browser = browser
        self.page: Page
        self.watch: Watch
        self.site: WorkspaceSite
        self.stuck = False
        """Whether its page kept too busy to be looked at, or to be left."""
        self.last_outline = ""
        """The outline as the model was told it last."""
        self.shots: dict[str, bytes] = {}
        """Screenshots by name, the latest ones."""
        self.taken = 0
        """How many screenshots there were."""

    @classmethod
    async def start(cls, context: ToolContext) -> Browser:
        """Start one; raises :class:`ToolError` saying what is missing."""
        try:
            from playwright.async_api import Error, async_playwright
        except ImportError:
            raise ToolError(NOT_INSTALLED) from None
        chromium = Chromium(context.processes)
        playwright = None
        try:
            playwright = await async_playwright().start()
            browser = await playwright.chromium.launch(
                executable_path=chromium.wait_to_be_called(),
                artifacts_dir=chromium.artifacts,
                timeout=_START_SECONDS * 1000,
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
            made = cls(chromium, playwright, browser)
            await made._open_page(context)
        except BaseException as error:
            said = chromium.fault or chromium.said()
            if playwright is not None:
                await _within(playwright.stop())
            await chromium.close()
            if isinstance(error, Error | OSError):
                why = said or _first_line(str(error))
                raise ToolError(f"Chromium could not be started: {why}") from None
            raise
        return made

    @property
    def alive(self) -> bool:
        """Whether its page can be used."""
        return self._chromium.runs and self._browser.is_connected() and not self.page.is_closed()

    async def close(self) -> None:
        """End it; nothing of it is left running."""
        await _within(self._browser.close())
        await _within(self._playwright.stop())
        await self._chromium.close()

    def keep(self, picture: bytes) -> str:
        """Remember a screenshot; returns its name."""
        self.taken += 1
        name = f"s{self.taken}"
        self.shots[name] = picture
        while len(self.shots) > MOST_SHOTS:
            del self.shots[next(iter(self.shots))]
        return name

    async def _open_page(self, context: ToolContext) -> None:
        pages = await self._browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, accept_downloads=False, service_workers="block"
        )
        pages.set_default_timeout(ACTION_SECONDS * 1000)
        self.site = WorkspaceSite(context.workspace)
        await pages.route(f"http://{FILES_HOST}/**", self.site.answer)
        self.page = await pages.new_page()
        self.watch = Watch(self.page)


async def running(context: ToolContext, *, opens: bool = False) -> Browser:
    """The session's browser, started where none runs; anew to open another page where one is stuck."""
    known = current(context)
    if known is not None and known.alive and not (opens and known.stuck):
        return known
    await end(context)
    browser = await Browser.start(context)
    if known is not None:
        browser.shots, browser.taken = known.shots, known.taken
    context.background.companions[NAME] = browser
    return browser


def current(context: ToolContext) -> Browser | None:
    """The session's browser, if one was started."""
    known = context.background.companions.get(NAME)
    return known if isinstance(known, Browser) else None


async def end(context: ToolContext) -> None:
    """End the session's browser, if there is one."""
    known = context.background.companions.pop(NAME, None)
    if known is not None:
        await known.close()


async def _within(work: Any) -> None:
    """Await ``work``, but not for ever, and whatever it says: what it would end is ended afterwards."""
    with suppress(Exception):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await work


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:300]
