"""What is piped in beside a prompt: data that goes with it, bounded in size, and told."""

from __future__ import annotations

import os
import re
import select
import stat
import sys
from collections.abc import Callable

from seedsmith.agent.cli.invocation import say
from seedsmith.agent.errors import UsageError
from seedsmith.agent.settings.given_file import read_given

MOST_READ_BYTES = 16 << 20
MOST_SHOWN = 64_000
"""So many characters go with the prompt: of more, the beginning and the end."""
PATIENCE_SECONDS = 3.0
"""A pipe that somebody only left open is not waited for any longer."""


def read_piped(say: Callable[[str], None] = say) -> str:
    """What stands in a pipe or a file on standard input, as an addition to a prompt; '' where nothing does.

    ``say`` is told what was read, or why it wasn't. Raises :class:`UsageError` for what is no text, or more
    than ``MOST_READ_BYTES``.
    """
    data = _read(say)
    if not data.strip():
        return ""
    return _as_prompt(data, "Standard input", "piped this in", "name a file, or add < /dev/null", say)


def as_data(path: str) -> str:
    """The text of the file ``path`` as an addition to a prompt; raises :class:`UsageError`."""
    data = read_given(path, MOST_READ_BYTES, f"--file {path}", "name it in the prompt")
    return _as_prompt(data, path, f"gave the file {path}", "name it in the prompt", say)


def _as_prompt(data: bytes, where: str, how: str, instead: str, say: Callable[[str], None]) -> str:
    """``data`` as the model is told it: ``how`` it came, and the text in a fence."""
    from seedsmith.agent.context.prompts import prompt
    from seedsmith.tools.text import human_bytes

    text = as_text(data, where, instead)
    shown, left_out = shortened(text)
    ends = f", its beginning and end: {left_out:,} characters between them are left out" if left_out else ""
    say(f"{where} goes with the prompt as data: {human_bytes(len(data))}{ends}.")
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * max(longest + 1, 3)
    return "\n\n" + prompt("piped.md", how=how, cut=ends, data=shown, fence=fence).strip()


def read_piped_text(say: Callable[[str], None]) -> str:
    """What stands in a pipe or a file on standard input, as it is; '' where nothing does.

    ``say`` is told why it wasn't read. Raises :class:`UsageError` as :func:`read_piped`.
    """
    data = _read(say)
    if not data.strip():
        return ""
    return as_text(data, "Standard input", "name a file, or add < /dev/null")


def as_text(data: bytes, source: str, instead: str) -> str:
    """``data`` as text; raises :class:`UsageError` where it is none."""
    from seedsmith.tools.content.encodings import decode_text, describe_binary

    decoded = decode_text(data)
    if decoded is None:
        raise UsageError(f"{source} is {describe_binary(data)}, no text: {instead}.")
    return decoded[1].encode("utf-8", "backslashreplace").decode().strip("\n")


def shortened(text: str) -> tuple[str, int]:
    """``text``, or its ends at whole lines, and how many characters are left out."""
    if len(text) <= MOST_SHOWN:
        return text, 0
    half = MOST_SHOWN // 2
    head, tail = text[:half], text[-half:]
    head, tail = head[: head.rfind("\n") + 1] or head, tail[tail.find("\n") + 1 :] or tail
    left_out = len(text) - len(head) - len(tail)
    return f"{head}[… {left_out:,} characters …]\n{tail}", left_out


def _read(say: Callable[[str], None]) -> bytes:
    try:
        source = sys.stdin.fileno() if sys.stdin is not None else -1
        mode = os.fstat(source).st_mode
    except (OSError, ValueError):  # closed, or none of the system's
        return b""
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return b""
    data = bytearray()
    announced = False
    while len(data) <= MOST_READ_BYTES:
        if not select.select([source], [], [], PATIENCE_SECONDS)[0] and not announced:
            if not data:
                say(
                    f"Standard input is open, but nothing came of it in {PATIENCE_SECONDS:g} s, so it is not "
                    "read; < /dev/null says that nothing will, run - waits for it."
                )
                return b""
            announced = True
            say("What is piped in goes with the prompt once it ends; Ctrl-C gives up.")
        block = os.read(source, 1 << 20)
        if not block:
            return bytes(data)
        data += block
    raise UsageError(
        f"What is piped in is more than {MOST_READ_BYTES >> 20} MB: write it to a file, and name that."
    )
