"""The language servers of one session: started at first use, told of what changed, ended with it."""

from __future__ import annotations

import asyncio
import os
import shlex
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import EVERYTHING, ToolContext
from seedsmith.tools.content.encodings import decode_text
from seedsmith.tools.symbols.diagnostics import Answer, describe_new, new_findings
from seedsmith.tools.symbols.json_rpc import NoAnswer
from seedsmith.tools.symbols.language_server import CHANGED, CREATED, LanguageServer
from seedsmith.tools.symbols.servers import Server

ANSWER_SECONDS = 2.0
"""So long a call waits for what the servers say of it."""
MOST_FILES = 5
"""Of one call are looked at, and as many of those that were shown before."""
MOST_BYTES = 1 << 20
"""Of a file that is shown to servers."""
_MOST_WALKED = 20_000
_NEVER_WALKED = frozenset({"node_modules", "__pycache__", "venv", "target", "build", "dist"})


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of a file before a call changes it, for each server that serves it."""

    path: str
    server: LanguageServer
    before: asyncio.Task[Answer]


class LanguageServers:
    """Whoever opens the session has them end with its other programs; used again, they start anew."""

    def __init__(self, servers: Iterable[Server], context: ToolContext) -> None:
        self._context = context
        self._servers = [LanguageServer(each, context) for each in servers]
        self._known: dict[tuple[str, str], Answer] = {}
        """What each server last found, by its name and the file."""
        self._tasks: set[asyncio.Task[Answer]] = set()
        self._unseen_since: float | None = None
        """When commands may have begun to change files that no server was told of."""

    def go_on(self, context: ToolContext) -> None:
        """Serve the next run of a conversation, with its ``context``."""
        self._context = context
        for each in self._servers:
            each.go_on(context)
        self.others_change()

    @property
    def languages(self) -> str:
        """Which files can be navigated, by the ends of their names."""
        ends = {end for each in self._navigating for end in each.server.known.languages}
        return " ".join(sorted(ends))

    @property
    def navigates(self) -> bool:
        """Whether one of them knows definitions and references."""
        return bool(self._navigating)

    @property
    def _navigating(self) -> list[LanguageServer]:
        return [each for each in self._servers if each.server.known.navigates]

    def navigator(self, path: str) -> LanguageServer | None:
        """The server to ask where what ``path`` holds is defined and used."""
        return next((each for each in self._navigating if each.server.language(path)), None)

    def warm(self, paths: Iterable[str]) -> None:
        """Let the servers of ``paths`` look at them by themselves, since they may soon be changed."""
        for path in self._few(paths):
            self._watch(path)

    def watch(self, paths: Iterable[str]) -> list[Watched]:
        """Ask what is found in ``paths`` as they are, before they are changed; it goes on by itself."""
        return [each for path in self._few(paths) for each in self._watch(path)]

    def others_change(self) -> None:
        """Take it that a command may change any file from now on."""
        self._known.clear()
        if self._unseen_since is None:
            self._unseen_since = time.time()

    async def new_problems(self, watched: list[Watched]) -> str:
        """What is new in the files now that they were changed; '' where nothing is, or nobody answers."""
        asked = [asyncio.ensure_future(self._compared(each)) for each in watched]
        if not asked:
            return ""
        done, late = await asyncio.wait(asked, timeout=ANSWER_SECONDS)
        for each in late:
            each.cancel()
        if late:
            await asyncio.wait(late)
        said = [each.result() for each in asked if each in done and not each.cancelled()]
        return "\n".join(text for text in said if text)

    async def tell_changes(self, server: LanguageServer) -> None:
        """Have ``server`` know of what commands changed meanwhile."""
        if self._unseen_since is not None:
            since, self._unseen_since = self._unseen_since, None
            changed = await asyncio.to_thread(self._changed_since, since)
            for each in self._servers:
                each.changed([path for path in changed if each.server.language(path)])
        for path in server.shown:
            text = self.text(path)
            if text is not None:
                await server.show(path, text)

    def text(self, path: str) -> str | None:
        """What ``path`` holds, '' where it isn't there; None for what servers are not shown."""
        workspace = self._context.workspace
        try:
            if not workspace.exists(path):
                return ""
            decoded = decode_text(workspace.read_bytes(path, cap=MOST_BYTES))
        except SandboxError:
            return None
        return decoded[1] if decoded is not None else None

    def last(self) -> None:
        """Be there until the session's other programs end, for the next run of a conversation, too."""
        self._context.background.companions[companion([each.server for each in self._servers])] = self

    def is_plain(self, path: str) -> bool:
        """Whether a server that reads ``path`` on the disk counts its characters as we do."""
        try:
            data = self._context.workspace.read_bytes(path, cap=MOST_BYTES)
        except SandboxError:
            return True
        return (self.text(path) or "").encode("utf-8", "surrogatepass") == data

    async def close(self) -> None:
        """End every server that was started."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(each.close() for each in self._servers))

    def _few(self, paths: Iterable[str]) -> list[str]:
        named = sorted(path for path in paths if path != EVERYTHING and not path.startswith(("/", "..")))
        served = [path for path in named if any(each.server.language(path) for each in self._servers)]
        return served[:MOST_FILES]

    def _watch(self, path: str) -> list[Watched]:
        text = self.text(path)
        if text is None:
            return []
        self.last()
        return [
            Watched(path, each, self._ask(each, path, text))
            for each in self._servers
            if each.server.language(path)
        ]

    def _ask(self, server: LanguageServer, path: str, text: str) -> asyncio.Task[Answer]:
        """Begin to ask ``server`` what it finds in ``path``."""
        known = self._known.get((server.server.name, path))

        async def answer() -> Answer:
            if known is not None and known.text == text and path in server.shown:
                return known
            await self.tell_changes(server)
            return await self._find(server, path, text)

        task = asyncio.ensure_future(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def _find(self, server: LanguageServer, path: str, text: str) -> Answer:
        found = await server.findings(path, text)
        self._known[server.server.name, path] = found
        return found

    async def _compared(self, watched: Watched) -> str:
        """What ``watched`` says is new, in its file and in those the server was shown before."""
        server, path = watched.server, watched.path
        try:
            await asyncio.wait({watched.before})
            if watched.before.cancelled():
                return ""
            before, text = watched.before.result(), self.text(path)
            if text is None or text == before.text:
                return ""
            others = self._others(server, path)
            after = await self._after(server, path, text, before)
            new = [(path, each) for each in new_findings(before, after)]
            for other, known in others:
                again = await self._find(server, other, known.text)
                new += [(other, each) for each in new_findings(known, again)]
        except NoAnswer:
            return ""
        finally:
            watched.before.cancel()
        return describe_new(server.server.name, new, path)

    async def _after(self, server: LanguageServer, path: str, text: str, before: Answer) -> Answer:
        """What is found in ``path`` now: nothing where it was taken away."""
        if text or self._context.workspace.exists(path):
            found = await self._find(server, path, text)
            server.changed([path], CHANGED if before.text else CREATED)
            return found
        server.forget(path)
        self._known.pop((server.server.name, path), None)
        return Answer("", ())

    def _others(self, server: LanguageServer, path: str) -> list[tuple[str, Answer]]:
        """Files that a change of ``path`` may break, with what was found in them, where that can be asked."""
        if not server.can("diagnosticProvider"):
            return []
        found = ((each, self._known.get((server.server.name, each))) for each in reversed(server.shown))
        others = [
            (each, known)
            for each, known in found
            if each != path and known is not None and self.text(each) == known.text
        ]
        return others[:MOST_FILES]

    def _changed_since(self, since: float) -> list[str]:
        """The files that were changed since then, as far as a short look finds them."""
        root, found, walked = self._context.workspace.root, [], 0
        for folder, folders, names in os.walk(root):
            folders[:] = [each for each in folders if each[0] != "." and each not in _NEVER_WALKED]
            walked += len(names)
            if walked > _MOST_WALKED:
                break
            for path in (Path(folder, name) for name in names):
                if any(each.server.language(path.name) for each in self._servers):
                    with suppress(OSError):
                        if path.lstat().st_mtime >= since - 1:
                            found.append(str(path.relative_to(root)))
        return found


def companion(servers: Iterable[Server]) -> str:
    """What the pool of ``servers`` is called among the programs that last."""
    return " ".join(["symbols", *(shlex.join(each.argv) for each in servers)])
