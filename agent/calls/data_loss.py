"""A person's work is not lost by the way: what could destroy it runs against a snapshot taken just before.

Where that snapshot leaves out what the call could destroy, a person is asked, and without one it is refused.
Which calls those are is told from their words; a call that hides what it does is still covered by the
snapshots that every call with effects waits for.
"""

from __future__ import annotations

import asyncio
import fnmatch
import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from seedsmith.agent.calls.approval import ApprovalRequest, Approver
from seedsmith.agent.calls.gates import Gate, Passage, refused_by_the_user
from seedsmith.agent.calls.prepared_call import PreparedCall
from seedsmith.agent.events import ApprovalRequested, Sink
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.paths import shown
from seedsmith.tools.text import first_of

if TYPE_CHECKING:
    from seedsmith.sandbox.snapshots.workspace_scan import LeftOut

Files = Literal["all", "tracked", "untracked", "none"]
_NAMED = 5
_BEFORE = frozenset(
    {"sudo", "env", "command", "exec", "time", "nice", "nohup", "xargs", "then", "do", "else", "!", "{"}
)
"""Words before the name of the program that is run."""
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "eval"})
_SEPARATOR = re.compile(r"[;&|()\n]+")
_HIDDEN = re.compile(r"[$`{]")
_GIT_VALUES = frozenset({"-C", "-c", "--git-dir", "--work-tree"})
_WORDS = re.compile(
    r"\b(?:rm|shred|unlink|truncate)\s|\s-delete\b|--delete\b|\bgit\s+(?:clean|reset|checkout|restore)\b"
)


@dataclass(frozen=True, slots=True)
class Destruction:
    """What a call could destroy."""

    files: Files
    """Which of the files, as git sees them."""
    below: tuple[str, ...] | None = None
    """The paths it names, relative to the workspace; None where they can't be told, so it may be any."""

    def reaches(self, path: str) -> bool:
        """Whether it could destroy what is at ``path``."""
        if self.below is None:
            return True
        return any(
            name in (".", path) or path.startswith(name + "/") or _matches(path, name) for name in self.below
        )


class SnapshotTaker(Protocol):
    """Takes the snapshot that a call runs against."""

    async def unrecoverable(self, files: Files) -> Sequence[LeftOut]:
        """Take a snapshot; return which of the ``files`` it leaves out and git does not hold either."""


class DataLossGate(Gate):
    """Has a snapshot taken before what could destroy work, and stops what it would not bring back."""

    def __init__(self, snapshots: SnapshotTaker, sink: Sink, approver: Approver | None) -> None:
        self._snapshots = snapshots
        self._sink = sink
        self._approver = approver
        self._one_at_a_time = asyncio.Lock()

    async def before(self, prepared: PreparedCall) -> Passage:
        """Whether all that the call could destroy comes back, or else what the person says."""
        found = destruction(prepared)
        if found is None:
            return Passage()
        lost = [each for each in await self._snapshots.unrecoverable(found.files) if found.reaches(each.path)]
        if not lost:
            return Passage()
        why = f"{_named(lost)} could be lost for good: no snapshot holds it"
        if self._approver is None:
            return Passage(
                f"Refused: {why}, and there is nobody to ask. Leave it out, or copy it first.", "refused"
            )
        call = prepared.call
        async with self._one_at_a_time:
            self._sink.emit(ApprovalRequested(call.id, call.arguments, why))
            allowed = await self._approver.approve(ApprovalRequest(call.id, call.name, call.arguments, why))
        return Passage() if allowed else refused_by_the_user(why, allowed)


def destruction(prepared: PreparedCall) -> Destruction | None:
    """What the call could destroy; None where it destroys nothing on purpose."""
    parsed = prepared.parsed
    if prepared.call.name == "git":
        action = getattr(parsed, "action", "")
        if action in ("restore", "switch", "stash", "reset", "merge", "rebase", "cherry-pick", "revert"):
            return Destruction("tracked")
        return None
    command = getattr(parsed, "command", None)
    return in_command(command) if isinstance(command, str) else None


def in_command(command: str) -> Destruction | None:
    """What a shell command could destroy, all its parts together."""
    try:
        parts = list(_simple_commands(command))
    except ValueError:  # quotes that don't end: the shell's own business
        return Destruction("all") if _WORDS.search(command) else None
    found: list[Destruction] = []
    base = "."
    for words in parts:
        if words[0] == "cd":
            base = _joined(base, words[-1]) if len(words) > 1 else "?"
        elif (each := _of(words, base)) is not None:
            found.append(each)
    if not found:
        return None
    kinds = {each.files for each in found} - {"none"}
    files: Files = kinds.pop() if len(kinds) == 1 else "all" if kinds else "none"
    below = [each.below for each in found if each.files != "none"]
    if any(each is None for each in below):
        return Destruction(files)
    return Destruction(files, tuple(path for each in below if each is not None for path in each))


def _simple_commands(command: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(command.replace("\n", " ; "), posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    for word in [*lexer, ";"]:
        if not _SEPARATOR.fullmatch(word):
            if words or not (word in _BEFORE or re.match(r"\w+=", word)):
                words.append(word)
        elif words:
            yield words
            words = []


def _of(words: list[str], base: str) -> Destruction | None:
    program, arguments = posixpath.basename(words[0]), words[1:]
    if program in _SHELLS:
        inner = [in_command(f"cd {shlex.quote(base)}\n{word}") for word in arguments if " " in word]
        return next(filter(None, inner), None)
    if program in ("rm", "shred", "unlink", "truncate"):
        named = [word for word in arguments if not word.startswith("-")]
        return Destruction("all", _paths(named, base))
    if program == "find" and ("-delete" in arguments or "rm" in arguments):
        places = [word for word in arguments if not word.startswith("-")][:1]
        return Destruction("all", _paths(places, base))
    if program == "rsync" and any(word.startswith("--delete") for word in arguments):
        return Destruction("all")
    return _of_git(arguments) if program == "git" else None


def _of_git(arguments: list[str]) -> Destruction | None:
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] in _GIT_VALUES else 1]
    match rest:
        case ["clean", *options] if not {"-n", "--dry-run"} & set(options):
            return Destruction("untracked")
        case ["reset", *options] if "--hard" in options or "--merge" in options:
            return Destruction("tracked")
        case ["checkout" | "restore" | "switch" | "rm", *_] | ["stash"]:
            return Destruction("tracked")
        case ["stash", "drop" | "clear", *_]:
            return Destruction("none")
        case ["stash", *_]:
            return Destruction("all")
        case ["branch", *options] if {"-D", "-d", "--delete", "-M", "-f"} & set(options):
            return Destruction("none")
        case _:
            return None


def _paths(words: Sequence[str], base: str) -> tuple[str, ...] | None:
    """The paths as the workspace has them; None where the shell or other input says what they are."""
    if not words or any(_HIDDEN.search(word) for word in words) or _HIDDEN.search(base) or base == "?":
        return None
    return tuple(_joined(base, word) for word in words)


def _joined(base: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(base, path))


def _matches(path: str, pattern: str) -> bool:
    """Whether a pattern of the shell matches a path or a folder that leads to it."""
    parts = path.split("/")
    return any(fnmatch.fnmatch("/".join(parts[:end]), pattern) for end in range(1, len(parts) + 1))


def _named(lost: Sequence[LeftOut]) -> str:
    return first_of([f"{shown(each.path)} ({each.size:,} bytes)" for each in lost], _NAMED)
