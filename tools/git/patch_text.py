"""Patches for the model: of what is too long to be shown whole, each file gets a fair share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.git import complaint
from seedsmith.tools.content.encodings import decode_output
from seedsmith.tools.git.git_call import GitCall, shown
from seedsmith.tools.text import clamp_lines, clean_output, count

_SHOWN_BYTES = 20_000
_MOST_BYTES = 4 << 20
_LEAST_SHARE = 400
_BEGINS = re.compile(r"^(?=diff --(?:git|cc|combined) |[0-9a-f]{7,40} \d{4}-\d\d-\d\d )", re.MULTILINE)
"""A file's patch, or a commit in a log."""


async def patch_of(call: GitCall, arguments: Sequence[str]) -> str:
    """Run a reading subcommand that prints patches; raises :class:`GitError` if it fails."""
    result = await call.git.run(arguments, head_bytes=_MOST_BYTES)
    if not result.ok:
        raise GitError(complaint(arguments[0], result))
    if result.total_bytes <= _SHOWN_BYTES:
        return shown(result)
    whole = f"spill:{result.spill_id}" if result.elided_bytes else call.context.spills.save(result.head)
    text = clamp_lines(clean_output(decode_output(result.head))).rstrip("\n")
    return f"{shared(text, _SHOWN_BYTES)}\n[fewer 'paths' show more; the whole: {whole}]"


def shared(text: str, most: int) -> str:
    """``text``, at most about ``most`` characters of it: the beginning of each part, and what is left out."""
    parts = [part for part in _BEGINS.split(text) if part.strip()]
    room = most // _LEAST_SHARE
    kept, dropped = parts[:room], parts[room:]
    shares = dict.fromkeys(range(len(kept)), 0)
    left = most
    for done, index in enumerate(sorted(shares, key=lambda index: len(kept[index]))):
        shares[index] = min(len(kept[index]), left // (len(kept) - done))
        left -= shares[index]
    shortened = [_begun(part, shares[index]) for index, part in enumerate(kept)]
    if dropped:
        shortened.append(f"[… {count(len(dropped), 'file or commit', 'files or commits')} more]")
    return "\n".join(shortened)


def _begun(part: str, most: int) -> str:
    """The whole lines of ``part`` that fit, at least one, and how many more there are."""
    lines = part.rstrip("\n").split("\n")
    taken, size = 0, 0
    for line in lines:
        size += len(line) + 1
        if taken and size > most + 1:
            break
        taken += 1
    more = len(lines) - taken
    return "\n".join([*lines[:taken], *([f"[… {count(more, 'line')} more of this]"] if more else [])])
