"""What a Markdown text writes as code, with the words around it that say what the code is for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seedsmith.sandbox.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from markdown_it.token import Token

_MOST_CHARACTERS = 32 << 10
_WORDS_CHARACTERS = 400
"""So much is kept of the words before a code, and of those after it."""
_PIECES_AFTER = 8
_RULES = ("fence", "heading", "lheading", "list", "blockquote", "backticks")
"""All that is needed; the parser takes no long time over any text with these."""
_EMPHASIS = re.compile(r"\*+|(?<!\w)_+|_+(?!\w)")
_SHELLS = frozenset({"", "bash", "console", "plain", "sh", "shell", "text", "txt", "zsh"})


@dataclass(frozen=True, slots=True)
class Code:
    """A code span, or one line of a code block."""

    text: str
    before: str
    """The text that leads to it, in its paragraph or before its block or list; other code shows as ````."""
    after: str = ""
    """The rest of a span's paragraph."""
    headings: tuple[str, ...] = ()
    """The headings it stands below, outermost first."""
    command: bool = False
    """Whether it is a line of a block that holds commands, not a program's source."""


def code_in(text: str) -> Iterator[Code]:
    """Yield the code of ``text`` in order, only of its first 32 Ki characters; prompts are left out."""
    from markdown_it import MarkdownIt

    headings: list[tuple[int, str]] = []
    lead = paragraph = ""
    in_heading = lists = 0
    for token in MarkdownIt("zero").enable(_RULES).parse(_without_comments(text[:_MOST_CHARACTERS])):
        if token.type == "heading_open":
            in_heading, lead, paragraph = int(token.tag[1:]), "", ""
            headings = [each for each in headings if each[0] < in_heading]
        elif token.type == "heading_close":
            in_heading = 0
        elif token.type.endswith("_list_open"):
            if lists == 0:
                lead = paragraph if paragraph.endswith((":", "：")) else ""
            lists += 1
        elif token.type.endswith("_list_close"):
            lists -= 1
            lead = lead if lists else ""
        elif token.type == "inline" and in_heading:
            headings.append((in_heading, token.content[:_WORDS_CHARACTERS]))
        elif token.type == "inline":
            yield from _spans(token.children or (), lead, tuple(name for _, name in headings))
            paragraph = _plain(token.children or ()).strip()[-_WORDS_CHARACTERS:]
        elif token.type == "fence":
            yield from _lines(token, f"{lead} {paragraph}".strip(), tuple(name for _, name in headings))
            paragraph = ""


def _without_comments(text: str) -> str:
    """``text`` less what stands between ``<!--`` and ``-->``, which readers are not shown."""
    kept = []
    while "<!--" in text:
        before, _, behind = text.partition("<!--")
        _, end, text = behind.partition("-->")
        kept.append(before)
        if not end:
            return "".join([*kept, "<!--", behind])
    return "".join([*kept, text])


def _spans(children: Sequence[Token], lead: str, headings: tuple[str, ...]) -> Iterator[Code]:
    before = f"{lead} "
    for index, child in enumerate(children):
        if child.type == "code_inline":
            after = _plain(children[index + 1 : index + 1 + _PIECES_AFTER])[:_WORDS_CHARACTERS]
            yield Code(child.content.strip(), before, after, headings)
        before = (before + _plain((child,)))[-_WORDS_CHARACTERS:]


def _plain(children: Sequence[Token]) -> str:
    text = "".join("``" if child.type == "code_inline" else child.content for child in children)
    return _EMPHASIS.sub("", " ".join(text.split("\n")))


def _lines(fence: Token, lead: str, headings: tuple[str, ...]) -> Iterator[Code]:
    command = fence.info.strip().split(" ")[0].lower() in _SHELLS
    said = lead
    for line in fence.content.splitlines():
        text, _, comment = line.strip().removeprefix("$ ").partition("#" if line.startswith("#") else " #")
        if text.strip():
            yield Code(text.strip(), f"{said}\n{comment.strip()}".strip(), "", headings, command)
        said = f"{lead}\n{comment.strip()}" if comment and not text.strip() else lead
