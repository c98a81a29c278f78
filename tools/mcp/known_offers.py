"""What servers said they offer, kept over sessions: so that none is started to be listed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from seedsmith.sandbox.atomic_file import write_atomically
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.mcp.servers import Server

MOST_TOOLS = 500
"""So many of one server's tools are known, and so many of its prompts."""
MOST_DESCRIPTION = 4_000
_MOST_FILE_BYTES = 8 << 20
_PLAIN = re.compile(r"[^\w./:@+-]+")


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool or prompt as its server describes it."""

    name: str
    description: str
    schema: dict[str, Any] = field(default_factory=dict)
    """Of a tool: its arguments, as JSON Schema. Of a prompt: its arguments by name."""
    reads_only: bool = False
    """Whether the server says that it changes nothing: a hint, never a permission."""

    @property
    def pin(self) -> str:
        """What it is known by: it changes with every word of it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Offer:
    """All that one server offers."""

    tools: tuple[Offered, ...] = ()
    prompts: tuple[Offered, ...] = ()

    def tool(self, name: str) -> Offered | None:
        """The tool called ``name``."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def changes_from(self, before: Offer) -> list[str]:
        """What differs in words, a line each."""
        old = {tool.name: tool for tool in before.tools}
        new = {tool.name: tool for tool in self.tools}
        lines = [f"new tool {plain(name)}" for name in new.keys() - old.keys()]
        lines += [f"the tool {plain(name)} is gone" for name in old.keys() - new.keys()]
        for name in old.keys() & new.keys():
            if old[name].pin != new[name].pin:
                lines.append(f"the tool {plain(name)} is described anew: {_difference(old[name], new[name])}")
        return sorted(lines)


class KnownOffers:
    """The offers by the digests of their servers, a file each in ``folder``; a damaged one is unknown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, Offer | None] = {}

    def of(self, server: Server) -> Offer | None:
        """What ``server`` offered last; None where it never was asked."""
        if server.digest not in self._read:
            self._read[server.digest] = self._load(server)
        return self._read[server.digest]

    def keep(self, server: Server, offer: Offer) -> None:
        """Remember ``offer``; where it can't be written it is known in this session only."""
        self._read[server.digest] = offer
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._path(server), json.dumps(asdict(offer)).encode())
        except OSError:
            return

    def forget(self, server: Server) -> None:
        """Know nothing of ``server`` any more."""
        self._read.pop(server.digest, None)
        self._path(server).unlink(missing_ok=True)

    def _path(self, server: Server) -> Path:
        return self._folder / f"{server.digest}.json"

    def _load(self, server: Server) -> Offer | None:
        try:
            with self._path(server).open("rb") as file:
                found = json.loads(file.read(_MOST_FILE_BYTES))
            return Offer(
                tuple(Offered(**each) for each in found["tools"]),
                tuple(Offered(**each) for each in found["prompts"]),
            )
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None


def plain(name: str) -> str:
    """A name that a server gave, as one word without anything that could be read as more."""
    return _PLAIN.sub("_", name)[:64]


def listing(servers: Iterable[Server], known: KnownOffers, most_bytes: int) -> str:
    """One line a server for the system prompt, from what is known without starting any."""
    every = list(servers)
    share = max(40, most_bytes // max(1, len(every)))
    lines: list[str] = []
    for server in every:
        line = _line(server, known.of(server), share)
        if sum(len(each.encode()) + 1 for each in lines) + len(line.encode()) > most_bytes:
            lines.append(f"- and {len(every) - len(lines)} more: action list")
            break
        lines.append(line)
    return "\n".join(lines)


def _line(server: Server, offer: Offer | None, share: int) -> str:
    """``- name: what the user says of it``, or else the names of its tools as far as there is room."""
    line = f"- {server.name}"
    room = share - 1
    if server.description:
        return _cut(f"{line}: {server.description}", room)
    names = [plain(tool.name) for tool in offer.tools] if offer else []
    if not names:
        return line
    said = f"{line}: {', '.join(names)}"
    if len(said.encode()) <= room:
        return said
    return _cut(said, room - 8) + f" ({len(names)})"


def _cut(text: str, room: int) -> str:
    if len(text.encode()) <= room:
        return text
    return text.encode()[: max(0, room - 3)].decode("utf-8", "ignore") + "…"


def _difference(old: Offered, new: Offered) -> str:
    if old.description != new.description:
        return f"was {old.description[:400]!r}, is {new.description[:400]!r}"
    return (
        "its arguments differ" if old.schema != new.schema else "it says otherwise whether it changes things"
    )
