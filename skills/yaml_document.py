"""Reads YAML safely: plain data only, limited in size, depth and aliases, with the place of every value."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Hashable, Iterator
from typing import Any

import yaml

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.content.yaml_depth import NestedTooDeeply, shallow_events

MOST_BYTES = 256 << 10
MOST_NODES = 20_000
"""Values of one document, those that aliases repeat counted each time."""
MOST_DEPTH = 20

Path = tuple[str | int, ...]


class DocumentError(Exception):
    """Text that is not acceptable YAML; the message does not contain the place."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data, and where each part of it stands."""

    value: Any
    places: dict[Path, tuple[int, int]]
    """Line and column, from 1, by the keys and indexes that lead there; for a key, of the key itself."""

    unportable: tuple[tuple[str, int, int], ...] = ()
    """YAML that stricter readers refuse, with its place: flow style, anchors, tags."""

    def place(self, path: Path) -> tuple[int, int]:
        """Where ``path`` stands, or the nearest thing above it that is there."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


def decode(data: bytes) -> str:
    """The text of a manifest; raises :class:`DocumentError` where it is no UTF-8 or too long."""
    if len(data) > MOST_BYTES:
        raise DocumentError(f"is larger than {MOST_BYTES >> 10} KiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise DocumentError("is not UTF-8 here; save it as UTF-8", before.count(b"\n") + 1, column) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse(text: str, *, first_line: int = 1, typed: bool = True) -> Document:
    """Read one YAML document; raises :class:`DocumentError`.

    Without ``typed`` every scalar is text, as the published form of skills has it. ``first_line`` is the
    line of the file that ``text`` begins at.
    """
    try:
        node = _compose(text)
        reader = _Reader(text, first_line, typed)
        value = reader.read(node, (), frozenset()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, first_line) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + first_line
        column = error.position - text.rfind("\n", 0, error.position)
        said = f"holds the control character U+{error.character:04X}"
        raise DocumentError(said, line, column) from None
    except NestedTooDeeply as error:
        line = error.line + first_line - 1
        raise DocumentError(f"is nested deeper than {MOST_DEPTH} levels", line, error.column) from None
    return Document(value, reader.places, tuple(reader.unportable))


def _compose(text: str) -> yaml.Node | None:
    """The document's nodes: in C where that was built, and again in Python for what it says of errors."""
    fast = getattr(yaml, "CSafeLoader", None)
    if fast is not None:
        with contextlib.suppress(yaml.YAMLError):
            return _compose_shallow(text, fast)
    return _compose_shallow(text, yaml.SafeLoader)


def _compose_shallow(text: str, loader: Any) -> yaml.Node | None:
    """The nodes of a text that was seen to be shallow; aliases may still take it deeper."""
    deque(shallow_events(text, MOST_DEPTH + 1, loader), maxlen=0)
    found: yaml.Node | None = yaml.compose(text, Loader=loader)
    return found


class _Reader:
    """Turns nodes into data, and counts as it goes: an alias costs what it stands for."""

    def __init__(self, text: str, first_line: int, typed: bool) -> None:
        self._text = text
        self._constructor = yaml.constructor.SafeConstructor()
        self._first_line = first_line
        self._typed = typed
        self._nodes = 0
        self.places: dict[Path, tuple[int, int]] = {}
        self.unportable: list[tuple[str, int, int]] = []

    def read(self, node: yaml.Node, path: Path, above: frozenset[int]) -> Any:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise self._error(node, f"holds more than {MOST_NODES} values, its aliases counted")
        if len(path) > MOST_DEPTH:
            raise self._error(node, f"is nested deeper than {MOST_DEPTH} levels")
        if id(node) in above:
            raise self._error(node, "holds an alias of something it is part of")
        self.places.setdefault(path, self._place(node))
        self._note(node)
        inside = above | {id(node)}
        if isinstance(node, yaml.MappingNode):
            self._check_tag(node, "tag:yaml.org,2002:map")
            return {key: self.read(value, (*path, key), inside) for key, value in self._entries(node, path)}
        if isinstance(node, yaml.SequenceNode):
            self._check_tag(node, "tag:yaml.org,2002:seq")
            return [self.read(value, (*path, index), inside) for index, value in enumerate(node.value)]
        return self._scalar(node)

    def _entries(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if key is not None and not isinstance(key, str) and isinstance(key, Hashable):
                raise self._error(key_node, f"has the key {key_node.value}, which is no text: quote it")
            if key is None:
                raise self._error(key_node, "has a key that is no text")
            if key == "<<":
                raise self._error(key_node, "merges mappings with <<, which is not read: write them out")
            if key in seen:
                raise self._error(key_node, f"has the key {key!r} twice")
            seen.add(key)
            self.places[(*path, key)] = self._place(key_node)
            yield key, value_node

    def _scalar(self, node: yaml.Node) -> Any:
        if not self._typed:
            return node.value
        if node.tag == "tag:yaml.org,2002:timestamp":  # a date without quotes is meant as text
            return node.value
        if node.tag == "tag:yaml.org,2002:merge":
            return node.value
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.endswith(":binary"):
            raise self._error(node, f"has the tag {node.tag}, which is not read: plain data only")
        try:
            return self._constructor.construct_object(node)
        except (ValueError, yaml.constructor.ConstructorError):
            raise self._error(node, f"has the value {node.value!r:.60}, which is no plain data") from None

    def _note(self, node: yaml.Node) -> None:
        if getattr(node, "flow_style", False):
            self.unportable.append(("uses YAML's flow style: write one entry a line", *self._place(node)))
        if self._text[node.start_mark.index : node.start_mark.index + 1] in ("&", "!"):
            self.unportable.append(("uses an anchor or a tag: write the value alone", *self._place(node)))

    def _check_tag(self, node: yaml.Node, expected: str) -> None:
        if node.tag != expected:
            raise self._error(node, f"has the tag {node.tag}, which is not read: plain data only")

    def _place(self, node: yaml.Node) -> tuple[int, int]:
        return node.start_mark.line + self._first_line, node.start_mark.column + 1

    def _error(self, node: yaml.Node, message: str) -> DocumentError:
        return DocumentError(message, *self._place(node))


def _syntax(error: yaml.MarkedYAMLError, first_line: int) -> DocumentError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    problem = error.problem or error.context or "is not YAML"
    if "\\t" in problem:
        problem = "a tab stands where only spaces may: indent with spaces"
    elif "mapping values are not allowed here" in problem:
        problem = "a second ': ' in one line: put the text in quotes"
    elif "another document" in problem:
        problem = "a second document begins: a manifest is one"
    elif problem == "second occurrence":
        problem = "an anchor is defined twice"
    return DocumentError(f"is not YAML: {problem}", line + first_line, column + 1)
