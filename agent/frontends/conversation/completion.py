"""Completes commands after ``/`` and paths of the workspace after ``@``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from seedsmith.agent.frontends.terminal import visible

MOST_PATHS = 40
TYPED_PATH = re.compile(r"(?:^|[\s\u2e80-\uffef])@(\"[^\"\n]*|\S*)$")
"""A path of the workspace at the end of what is typed; no blank is typed behind Chinese."""
_COMMAND = re.compile(r"^/(\S*)$")


class WorkspacePaths:
    """The files of a workspace that a message may name."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self.names: list[str] = []

    def refresh(self) -> None:
        """List them as they are now."""
        from seedsmith.agent.run.workspace_files import workspace_files

        self.names = workspace_files(self._workspace)


class MessageCompleter(Completer):
    """Completes the message that is being typed."""

    def __init__(self, commands: Callable[[], Mapping[str, str]], paths: Callable[[], Iterable[str]]) -> None:
        """``commands`` are names with what they do, ``paths`` the files of the workspace."""
        self._commands = commands
        self._paths = paths

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """What the text before the cursor may become."""
        before = document.text_before_cursor
        if command := _COMMAND.search(before):
            for name, what in self._commands().items():
                if name.startswith(command[1]):
                    yield Completion(name, -len(command[1]), display=f"/{name}", display_meta=what)
        elif path := TYPED_PATH.search(before):
            for found in ranked(path[1].removeprefix('"'), self._paths())[:MOST_PATHS]:
                yield Completion(as_named(found), -len(path[1]), display=visible(found))


def as_named(path: str) -> str:
    """``path`` as a message names it: in quotes where it would else end at a space."""
    return f'"{path}"' if any(letter.isspace() for letter in path) else path


def ranked(typed: str, paths: Iterable[str]) -> list[str]:
    """The paths that hold the letters of ``typed`` in their order, the closest first."""
    pattern = re.compile(".*?".join(map(re.escape, typed)), re.IGNORECASE)
    found = []
    for path in paths:
        name = path.rpartition("/")[2]
        match = pattern.search(name) or pattern.search(path)
        if match is not None:
            found.append((pattern.search(name) is None, match.end() - match.start(), len(path), path))
    return [path for *_, path in sorted(found)]
