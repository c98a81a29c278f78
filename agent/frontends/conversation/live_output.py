"""The last lines of the commands that calls wait for, as they are written."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_toolkit.utils import get_cwidth

from seedsmith.agent.frontends.terminal import visible
from seedsmith.agent.redact import Redactor
from seedsmith.sandbox.commands.background import BackgroundCommands
from seedsmith.tools.content.encodings import decode_output
from seedsmith.tools.text import clean_output

MOST_LINES = 5
_END_BYTES = 4000


def live_lines(commands: BackgroundCommands, redactor: Redactor, width: int) -> Iterator[str]:
    """Lines of at most ``width`` columns, the secrets that ``redactor`` knows taken out of them."""
    for awaited in commands.awaited[-1:]:
        text = redactor.text(clean_output(decode_output(awaited.running.output_end(_END_BYTES))))
        for line in text.rstrip("\n").split("\n")[-MOST_LINES:]:
            if line:
                yield "  " + fitted(line.expandtabs(4), width - 2)


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
