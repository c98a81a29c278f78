"""What a person granted when asked: one call exactly, one command by how it begins, or files by name.

A grant for good is kept in a file of the user's, for the workspace it was given in. None goes before a rule
that denies, and none that covers more than one call is ever made of a command with several parts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.permissions.call import RuledCall
from seedsmith.agent.settings.permissions.patterns import UNKNOWN
from seedsmith.sandbox.atomic_file import write_atomically
from seedsmith.sandbox.lazy_dataclass import dataclass

FILE_NAME = "grants.json"
MOST_BYTES = 1 << 20
_LEADING = re.compile(r"[a-z][a-z0-9:_-]*")
_TOO_WIDE = frozenset(
    [
        "bash",
        "sh",
        "dash",
        "zsh",
        "fish",
        "python",
        "python3",
        "node",
        "deno",
        "ruby",
        "perl",
        "php",
        "lua",
        "awk",
        "gawk",
        "sed",
        "sudo",
        "doas",
        "su",
        "env",
        "xargs",
        "find",
        "eval",
        "exec",
        "source",
        "rm",
        "mv",
        "cp",
        "dd",
        "chmod",
        "chown",
        "ssh",
        "scp",
        "curl",
        "wget",
        "cd",
        "export",
        "docker",
        "podman",
        "kubectl",
    ]
)
"""Programs that do what their arguments say, whichever these are: none of them is granted by a beginning."""
_MOST_LEADING = 2


@dataclass(frozen=True, slots=True)
class Grant:
    """What was said yes to, for a session or for good."""

    kind: Literal["call", "prefix", "files"]
    tool: str
    text: str
    """The command or the arguments, the words a command begins with, or the files, a line each."""

    @property
    def description(self) -> str:
        """As people read it."""
        match self.kind:
            case "prefix":
                return f"{self.tool}({self.text} *)"
            case "files":
                return f"write({', '.join(self.text.splitlines())})"
            case _:
                return f"{self.tool}: {self.text}"

    def covers(self, call: RuledCall, files: frozenset[str]) -> bool:
        """Whether it is a yes to ``call``, which is asked about for ``files`` where it is for files."""
        if self.kind == "files":
            return bool(files) and files <= set(self.text.splitlines())
        if self.tool != call.tool:
            return False
        if self.kind == "call":
            return self.text == _exactly(call)
        words, wanted = _single(call), tuple(self.text.split())
        return words[: len(wanted)] == wanted


def grants_for(call: RuledCall, files: frozenset[str]) -> tuple[Grant, ...]:
    """What a yes to ``call`` could be kept as, the narrowest first."""
    if files:
        return (Grant("files", "write", "\n".join(sorted(files))),)
    exact = Grant("call", call.tool, _exactly(call))
    words = _single(call)
    leading = 1
    while leading < len(words) and leading <= _MOST_LEADING and _LEADING.fullmatch(words[leading]):
        leading += 1
    if leading < 2 or words[0].rpartition("/")[2] in _TOO_WIDE:
        return (exact,)
    return exact, Grant("prefix", call.tool, " ".join(words[:leading]))


def _exactly(call: RuledCall) -> str:
    return call.command if call.command is not None and call.tool == "shell" else call.arguments


def _single(call: RuledCall) -> tuple[str, ...]:
    """The words of a command that is one program's and nothing else, all known; () of any other."""
    if call.tool != "shell" or call.command is None:
        return ()
    from seedsmith.agent.settings.permissions.shell_parser import split

    found = split(call.command)
    if found.unclear or len(found.parts) != 1:
        return ()
    part = found.parts[0]
    plain = part.path is None and not part.program and not part.guess_from and not part.stands_for
    known = not any(UNKNOWN in word or word.split() != [word] for word in part.words)
    return part.words if plain and known else ()


class KeptGrants:
    """The grants that are kept for good, in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> list[dict[str, Any]]:
        """All of them, as the file has them; raises :class:`ConfigurationError` where it can't be read."""
        try:
            with self.path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
            found = json.loads(content) if len(content) <= MOST_BYTES else None
        except FileNotFoundError:
            return []
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigurationError(f"{self.path} can't be read: {error}.") from None
        listed = found.get("grants") if isinstance(found, dict) else None
        if not isinstance(listed, list) or not all(map(_is_entry, listed)):
            raise ConfigurationError(
                f"{self.path} is not what seedsmith wrote there; remove it to begin anew."
            )
        return listed

    def of(self, workspace: str) -> tuple[Grant, ...]:
        """Those that hold in ``workspace``."""
        return tuple(
            Grant(each["kind"], each["tool"], each["text"])
            for each in self.entries()
            if each["workspace"] == workspace
        )

    def add(self, grant: Grant, workspace: str) -> None:
        """Keep ``grant``; raises :class:`ConfigurationError` where it can't be."""
        entry = {"workspace": workspace, **asdict(grant)}
        entries = self.entries()
        if entry not in entries:
            self._write([*entries, entry])

    def remove(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Take out those with the ``numbers``, counted from 1; returns them."""
        entries = self.entries()
        removed = [each for number, each in enumerate(entries, 1) if number in numbers]
        self._write([each for number, each in enumerate(entries, 1) if number not in numbers])
        return removed

    def _write(self, entries: Sequence[dict[str, Any]]) -> None:
        content = json.dumps({"grants": list(entries)}, indent=2, ensure_ascii=False) + "\n"
        try:
            write_atomically(self.path, content.encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise ConfigurationError(f"{self.path} can't be written: {error.strerror}.") from None


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and all(isinstance(entry.get(key), str) for key in ("workspace", "kind", "tool", "text"))
        and entry["kind"] in ("call", "prefix", "files")
    )
