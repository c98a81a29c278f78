"""Finds paths of images in a prompt that a person typed, e.g. pasted by the terminal on drag and drop."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

_SEARCHED_CHARACTERS = 64 << 10
_MOST_LOOKS = 2_000
"""Names that are looked up on the disk, so that a very long prompt doesn't take seconds."""
_MOST_WORDS = 12
"""Words that a name without quotes may have."""
_MOST_CHARACTERS = 1_000

_QUOTED = re.compile(r"@?(?:\"([^\"\n]{1,999})\"|'([^'\n]{1,999})'|`([^`\n]{1,999})`|“([^”\n]{1,999})”)")
_URL = re.compile(r"file://(?:localhost)?(/[^\s\"'`<>]+)")
_ESCAPED = re.compile(r"(?<!\S)(?:\\.|[^\s\\])*\\.(?:\\.|[^\s\\])*")
_ENDING = re.compile(r"\.(?:png|jpe?g|webp|gif|bmp)(?![A-Za-z0-9]|\.[A-Za-z0-9])", re.IGNORECASE)
_INNER = re.compile(r"(?<=[^\w./~-]).|(?<=[^\x00-\x7f])[!-~]")
"""Where a name may begin inside a word: after punctuation, and after a script that needs no spaces."""
_WORD = re.compile(r"\S+")
_AFTER = ".,;:!?)]}>\"'`，。；：！？）】》”"

Span = tuple[int, int]


def pasted_images(prompt: str) -> list[Path]:
    """The files ``prompt`` names that are pictures by their content, in order, each once.

    Names may be quoted, ``file://`` addresses, escaped for a shell, marked by ``@``, or plain; relative
    ones count from the current directory, ``~/`` from the home folder. A plain word with neither a slash
    nor a picture's ending is never looked up.
    """
    return _Search(prompt[:_SEARCHED_CHARACTERS]).run()


class _Search:
    """Searches a text in several passes; what one pass has found is blanked for the next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._looks = 0
        self._found: dict[int, Path] = {}

    def run(self) -> list[Path]:
        for pattern, names in (
            (_QUOTED, _quoted),
            (_URL, _address),
            (_ESCAPED, _escaped),
            (_ENDING, _plain),
            (_WORD, _word),
        ):
            self._pass(pattern, names)
        return list(dict.fromkeys(path for _, path in sorted(self._found.items())))

    def _pass(
        self, pattern: re.Pattern[str], names: Callable[[re.Match[str]], Iterator[tuple[str, Span]]]
    ) -> None:
        taken: list[Span] = []
        for match in pattern.finditer(self._text):
            for name, span in names(match):
                if self._is_picture(name):
                    self._found[span[0]] = Path(name)
                    taken.append(span)
                    break
        for start, end in taken:
            self._text = self._text[:start] + "\n" * (end - start) + self._text[end:]

    def _is_picture(self, name: str) -> bool:
        if not name or self._looks >= _MOST_LOOKS:
            return False
        self._looks += 1
        try:
            path = Path(name).expanduser()
            if not stat.S_ISREG(path.stat().st_mode):
                return False
            from seedsmith.tools.images.images import image_format

            with path.open("rb") as file:
                return image_format(file.read(32)) is not None
        except (OSError, ValueError, RuntimeError):  # RuntimeError: ~ of nobody
            return False


def _quoted(match: re.Match[str]) -> Iterator[tuple[str, Span]]:
    name = next(group for group in match.groups() if group is not None)
    yield name, match.span()
    yield name.removeprefix("@"), match.span()


def _address(match: re.Match[str]) -> Iterator[tuple[str, Span]]:
    for name in (match[1], match[1].rstrip(_AFTER)):
        yield unquote(name, errors="surrogateescape"), (match.start(), match.start(1) + len(name))


def _escaped(match: re.Match[str]) -> Iterator[tuple[str, Span]]:
    for name, span in _bare(match[0], match.start()):
        yield re.sub(r"\\(.)", r"\1", name), span


def _plain(match: re.Match[str]) -> Iterator[tuple[str, Span]]:
    """Names without quotes that end like an image's: the longest run of words first, then shorter ones."""
    end = match.end()
    before = match.string[max(0, end - _MOST_CHARACTERS) : end].rpartition("\n")[2]
    starts = [word.start() for word in _WORD.finditer(before)]
    starts = starts[-_MOST_WORDS:] + [
        starts[-1] + inner.start() for inner in _INNER.finditer(before[starts[-1] :])
    ]
    for start in starts:
        yield before[start:], (end - len(before) + start, end)


def _word(match: re.Match[str]) -> Iterator[tuple[str, Span]]:
    if "/" in match[0] or match[0].startswith("@"):
        yield from _bare(match[0], match.start())


def _bare(word: str, start: int) -> Iterator[tuple[str, Span]]:
    """A word as it stands, without ``@`` before it, and without punctuation after it."""
    for name in (word, word.rstrip(_AFTER)):
        yield name, (start, start + len(name))
        yield name.removeprefix("@"), (start, start + len(name))
