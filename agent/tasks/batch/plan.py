"""What a batch consists of: its items, each a repository with one choice of the matrix."""

from __future__ import annotations

import glob
import hashlib
import itertools
import json
import os
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.tasks.batch.task_file import PLACEHOLDER, TaskFile
from seedsmith.sandbox.lazy_dataclass import dataclass

_GLOB = frozenset("*?[")
_MOST_LIST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a batch does: all its steps in one repository."""

    id: str
    name: str
    source: Path
    values: Mapping[str, str] = field(default_factory=dict)
    """What ``{{name}}`` stands for."""

    def to_json(self) -> str:
        """As the database keeps it."""
        return json.dumps([self.id, self.name, os.fspath(self.source), dict(self.values)])

    @classmethod
    def from_json(cls, text: str) -> Item:
        """The inverse of :meth:`to_json`."""
        identity, name, source, values = json.loads(text)
        return cls(identity, name, Path(source), values)


def plan(tasks: TaskFile) -> list[Item]:
    """The items of ``tasks``, in their order; what is missing becomes an item, too, which then says so.

    Raises :class:`ConfigurationError` where nothing is found, or two items would deliver the same.
    """
    paths = _paths(tasks)
    if not paths:
        raise ConfigurationError("The repositories that are named match nothing.")
    choices = [
        dict(zip(tasks.matrix, chosen, strict=True)) for chosen in itertools.product(*tasks.matrix.values())
    ]
    names = _names(paths)
    items = []
    for path in paths:
        called = names[path]
        for choice in choices:
            name = "@".join((called, ",".join(choice.values()))) if choice else called
            mark = json.dumps([os.fspath(path), choice], sort_keys=True).encode()
            values = {"batch": tasks.name, "item": name, "repository": path.name, **choice}
            items.append(Item(hashlib.sha256(mark).hexdigest()[:12], name, path, values))
    _check_deliveries(tasks, items)
    return items


def fill(text: str, values: Mapping[str, str], *, quoted: bool = False) -> str:
    """``text`` with ``{{name}}`` replaced, each value quoted for a shell where it is a command."""
    chosen = {name: shlex.quote(value) for name, value in values.items()} if quoted else values
    return PLACEHOLDER.sub(lambda match: chosen.get(match[1], match[0]), text)


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """What each is called: its last parts, as few as tell it from all others."""
    names, unnamed, length = dict[Path, str](), list(paths), 1
    while unnamed:
        short = {path: "/".join(path.parts[-length:]) for path in unnamed}
        often = Counter(short.values())
        names |= {path: name for path, name in short.items() if often[name] == 1}
        unnamed = [path for path in unnamed if path not in names]
        length += 1
    return names


def _paths(tasks: TaskFile) -> list[Path]:
    named: list[str] = []
    for place in tasks.repositories:
        if isinstance(place, str):
            named.append(place)
        elif place.remote is not None:
            named.append(place.remote)
        else:
            assert place.list is not None
            named += _listed(Path(place.list))
    excluded = {path for pattern in tasks.exclude for path in _expanded(pattern)}
    found = (path for pattern in named for path in _expanded(pattern))
    return [path for path in dict.fromkeys(found) if path not in excluded]


def _expanded(pattern: str) -> list[Path]:
    """The folders a glob stands for; of a plain path that one, whether it is there or not."""
    if not _GLOB & set(pattern):
        return [Path(os.path.normpath(pattern))]
    return [Path(os.path.normpath(each)) for each in sorted(glob.glob(pattern)) if os.path.isdir(each)]  # noqa: PTH207, PTH112


def _listed(file: Path) -> Iterable[str]:
    try:
        with file.open("rb") as opened:
            text = opened.read(_MOST_LIST_BYTES).decode()
    except OSError as error:
        raise ConfigurationError(f"The list {file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"The list {file} is not UTF-8 text.") from None
    lines = (line.strip() for line in text.splitlines())
    return [os.fspath(file.parent / Path(line).expanduser()) for line in lines if line and line[0] != "#"]


def _check_deliveries(tasks: TaskFile, items: Iterable[Item]) -> None:
    taken: dict[tuple[str, str], Item] = {}
    for item in items:
        for kind in ("branch", "patch", "bundle"):
            template = getattr(tasks.deliver, kind)
            if template is None or "{{branch}}" in template.replace(" ", ""):
                continue
            where = os.fspath(item.source) if kind == "branch" else ""
            target = fill(template, item.values)
            other = taken.setdefault((where, f"{kind} {target}"), item)
            if other is not item:
                raise ConfigurationError(
                    f"{other.name} and {item.name} both deliver the {kind} {target}: use {{{{item}}}} in it."
                )
