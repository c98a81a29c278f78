"""What a page does besides being shown: its console, its failed requests, its dialogs, windows, downloads."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from seedsmith.sandbox.workspace.paths import shown

if TYPE_CHECKING:
    from playwright.async_api import ConsoleMessage, Dialog, Download, Error, Page, Request, Response

MOST_KEPT = 200
MOST_INTERRUPTIONS = 30
"""Dialogs, windows and downloads of one step; a page that goes on with them can't be used."""
_LONGEST = 500
_CUT_OFF = ("ERR_INTERNET_DISCONNECTED", "ERR_NAME_NOT_RESOLVED", "ERR_TUNNEL", "ERR_ADDRESS_UNREACHABLE")
_ERRORS = ("error", "exception")


class Watch:
    """Hears of one page; what is kept is what came since the page was opened."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._console: deque[tuple[str, str]] = deque(maxlen=MOST_KEPT)
        self._failed: deque[str] = deque(maxlen=MOST_KEPT)
        self._notes: deque[str] = deque(maxlen=20)
        self._errors = self._failures = self._interruptions = 0
        self.flooded = asyncio.Event()
        """Set when a step brought more than :data:`MOST_INTERRUPTIONS`."""
        self._tasks: set[asyncio.Task[None]] = set()
        page.on("console", self._heard)
        page.on("pageerror", self._raised)
        page.on("requestfailed", self._request_failed)
        page.on("response", self._answered)
        page.on("dialog", self._dialog)
        page.on("download", self._download)
        page.on("popup", self._window)

    def begin(self) -> None:
        """Forget what was before: another page is opened."""
        self._console.clear()
        self._failed.clear()
        self._notes.clear()
        self._errors = self._failures = 0

    def begin_step(self) -> None:
        """Count interruptions anew."""
        self._interruptions = 0

    @property
    def console(self) -> list[str]:
        """What was written to the console, and errors nobody caught, oldest first."""
        return [f"{kind}: {text}" for kind, text in self._console]

    @property
    def failed(self) -> list[str]:
        """The requests that failed, with why."""
        return list(self._failed)

    def news(self) -> list[str]:
        """Sentences on what happened since this was asked last."""
        notes = list(self._notes)
        self._notes.clear()
        if self._errors:
            kinds = [line for kind, line in self._console if kind in _ERRORS]
            last = f", the last: {kinds[-1][:200]}" if kinds else ""
            notes.append(f"Console errors: {self._errors}{last}")
        if self._failures and self._failed:
            notes.append(f"Failed requests: {self._failures}, the last: {self._failed[-1][:300]}")
        self._errors = self._failures = 0
        return notes

    def _heard(self, message: ConsoleMessage) -> None:
        where = message.location
        place = f" ({where['url']}:{where['lineNumber'] + 1})" if where.get("url") else ""
        self._keep(message.type, f"{_short(message.text)}{_short(place)}")

    def _raised(self, error: Error) -> None:
        self._keep("exception", _short(error.stack or error.message))

    def _keep(self, kind: str, text: str) -> None:
        self._console.append((kind, text))
        self._errors += kind in _ERRORS

    def _request_failed(self, request: Request) -> None:
        why = request.failure or "failed"
        if why == "net::ERR_ABORTED":  # by the page itself, or by leaving it
            return
        more = " (the sandbox lets no page reach other hosts)" if any(e in why for e in _CUT_OFF) else ""
        self._fail(f"{request.method} {_short(request.url)}: {why}{more}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._fail(f"{response.request.method} {_short(response.url)}: {response.status}")

    def _fail(self, line: str) -> None:
        self._failed.append(line)
        self._failures += 1

    def _interrupted(self) -> None:
        self._interruptions += 1
        if self._interruptions > MOST_INTERRUPTIONS:
            self.flooded.set()

    def _dialog(self, dialog: Dialog) -> None:
        self._interrupted()
        leaving = dialog.type == "beforeunload"
        done = "accepted" if leaving or dialog.type == "alert" else "dismissed"
        self._notes.append(f"A dialog ({dialog.type}) was {done}: {_short(dialog.message)}")
        self._later(dialog.accept() if done == "accepted" else dialog.dismiss())

    def _download(self, download: Download) -> None:
        self._interrupted()
        name = _short(download.suggested_filename)
        self._notes.append(f"A download was refused: {name}")
        self._later(download.cancel())

    def _window(self, page: Page) -> None:
        self._interrupted()
        self._notes.append(
            f"A window the page opened was closed; open its address instead: {_short(page.url)}"
        )
        self._later(self._close_window(page))

    async def _close_window(self, page: Page) -> None:
        await page.close()
        await self._page.bring_to_front()  # what lies behind another window is not drawn

    def _later(self, work: object) -> None:
        async def do() -> None:
            with suppress(Exception):  # the page may have gone meanwhile
                await work  # type: ignore[misc]

        task = asyncio.ensure_future(do())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _short(text: str) -> str:
    text = shown(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
