"""Files of the workspace as a site: read by the tool, so that the browser itself sees no file."""

from __future__ import annotations

import asyncio
import mimetypes
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.workspace.workspace import Workspace

if TYPE_CHECKING:
    from playwright.async_api import Route

MOST_BYTES = 50_000_000
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}


class WorkspaceSite:
    """Answers requests to the workspace's own host."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.folder = ""
        """Where absolute paths of the page are looked for, too, as they are on a server that serves it."""

    async def answer(self, route: Route) -> None:
        """Answer one request with a file, or 404; its page may have gone meanwhile."""
        from playwright.async_api import Error

        with suppress(Error):
            await self._answer(route)

    async def _answer(self, route: Route) -> None:
        path = unquote(urlsplit(route.request.url).path).lstrip("/")
        found = await asyncio.to_thread(self._read, path) if route.request.method in ("GET", "HEAD") else None
        if found is None:
            await route.fulfill(status=404, content_type="text/plain", body="There is no such file.")
            return
        name, data = found
        await route.fulfill(status=200, content_type=content_type(name), body=data)

    def _read(self, path: str) -> tuple[str, bytes] | None:
        """The file ``path`` means, by its name."""
        for place in dict.fromkeys((path, f"{self.folder}/{path}".strip("/"))):
            for name in (place, f"{place}/index.html".lstrip("/")):
                try:
                    if name and self._workspace.stat(name).kind == "file":
                        return name, self._workspace.read_bytes(name, cap=MOST_BYTES)
                except (SandboxError, ValueError, OSError):
                    continue
        return None


def content_type(name: str) -> str:
    """What a server says of a file of that name."""
    suffix = "." + name.rpartition(".")[2].lower()
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
