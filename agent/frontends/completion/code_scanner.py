"""Reads code just far enough to tell strings, comments and brackets from the rest, in any language."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from seedsmith.sandbox.lazy_dataclass import dataclass

_OPENING, _CLOSING = "([{", ")]}"
_HASH_COMMENTS = frozenset(
    {".py", ".pyi", ".sh", ".bash", ".zsh", ".rb", ".yaml", ".yml", ".toml", ".pl", ".r", ".ex", ".jl", ".tf"}
)
_TRIPLE = frozenset({".py", ".pyi", ".toml", ".jl", ".kt", ".swift"})


@dataclass(frozen=True, slots=True)
class State:
    """What is open at a place: the string's quote ('' outside of one) and how many brackets."""

    quote: str = ""
    depth: int = 0


START = State()


def scan(text: str, kind: str, state: State = START) -> Iterator[tuple[int, State]]:
    """The place of every line's end in ``text`` and of the text's own, and what is open there.

    ``state`` is what was open before ``text``; ``kind`` the file's suffix.
    """
    quote, depth, place, size = state.quote, state.depth, 0, len(text)
    comment = "#" if kind in _HASH_COMMENTS else "//"
    while place < size:
        character = text[place]
        if character == "\n":
            if len(quote) == 1 and quote != "`":
                quote = ""
            yield place, State(quote, depth)
        elif quote:
            if character == "\\" and text[place + 1 : place + 2] != "\n":
                place += 1
            elif text.startswith(quote, place):
                place += len(quote) - 1
                quote = ""
        elif text.startswith(comment, place):
            end = text.find("\n", place)
            place = (size if end < 0 else end) - 1
        elif character in "\"'`":
            triple = character * 3
            quote = triple if kind in _TRIPLE and text.startswith(triple, place) else character
            place += len(quote) - 1
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        place += 1
    yield size, State(quote, depth)


def state_after(text: str, kind: str, state: State = START) -> State:
    """What is open at the end of ``text``."""
    return deque(scan(text, kind, state), maxlen=1)[0][1]
