"""The last lines of the commands that calls wait for, as they are written."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from prompt_toolkit.utils import get_cwidth

from seedsmith.agent.frontends.languages.language import Words
from seedsmith.agent.frontends.terminal import visible
from seedsmith.agent.redact import Redactor
from seedsmith.sandbox.commands.background import BackgroundCommands
from seedsmith.tools.content.encodings import decode_output
from seedsmith.tools.text import clean_output

MOST_LINES = 5
_END_BYTES = 4000
_ANSWER_COLUMNS = 20
_PIECES = re.compile(r"[\u2e80-\uffef][],。:;)]*|[^\s\u2e80-\uffef]+\s*|\s+")
"""A letter that lines may be broken behind, with what closes behind it; a word and its blanks."""


def live_lines(commands: BackgroundCommands, redactor: Redactor, width: int) -> Iterator[str]:
    """Lines of at most ``width`` columns, the secrets that ``redactor`` knows taken out of them."""
    for awaited in commands.awaited[-1:]:
        text = redactor.text(clean_output(decode_output(awaited.running.output_end(_END_BYTES))))
        for line in text.rstrip("\n").split("\n")[-MOST_LINES:]:
            if line:
                yield "  " + fitted(line.expandtabs(4), width - 2)


def activity(words: Words, what: str, since: float, width: int) -> str:
    """A line of at most ``width`` columns: ``what`` goes on, for how long, and the key that stops it."""
    tail = words("activity", seconds=f"{time.monotonic() - since:.0f}")
    room = max(width - get_cwidth(tail) - 2, 8)
    return fitted(f"… {fitted(what, room)}{tail}", width)


def prompt_lines(prompt: str, width: int) -> list[str]:
    """``prompt`` as lines of at most ``width`` columns, the last with room behind it for an answer.

    The library shows nothing at all where what stands before the cursor takes the whole width.
    """
    if get_cwidth(prompt) <= width // 2 or get_cwidth(prompt) <= width - _ANSWER_COLUMNS:
        return [prompt]
    lines = [""]
    for word in _PIECES.findall(prompt):
        if lines[-1] and get_cwidth((lines[-1] + word).rstrip()) > width:
            lines[-1], word = lines[-1].rstrip(), word.lstrip()
            lines.append("")
        lines[-1] += word
    return [*(line.rstrip() for line in lines if line.strip()), "> "]


def fitted(text: str, columns: int) -> str:
    """``text`` as one harmless line that takes at most ``columns``: wide characters take two."""
    line = visible(" ".join(text.splitlines()))
    if get_cwidth(line) <= columns:
        return line
    taken = 1  # for the mark of what is cut
    for place, letter in enumerate(line):
        taken += get_cwidth(letter)
        if taken > columns:
            return f"{line[:place]}…"
    return line
