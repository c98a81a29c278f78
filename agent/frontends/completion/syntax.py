"""Whether a file would still parse with what is offered, for the kinds that are checked in this process."""

from __future__ import annotations

from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.tools.content.syntax import fault_in

_PYTHON = frozenset({".py", ".pyi"})
_MOST_CHARACTERS = 1 << 19


def breaks(hole: Hole, offered: str) -> bool:
    """Whether ``offered`` keeps a file from parsing that would parse if the statement were any sound one.

    False where that can't be told: other kinds, a file that is broken elsewhere.
    """
    if len(hole.text) > _MOST_CHARACTERS:
        return False
    if not _fails(hole, hole.prefix + offered + hole.suffix):
        return False
    if hole.kind not in _PYTHON:
        return not _fails(hole, hole.text)
    before, after = (
        hole.prefix[: len(hole.prefix) - len(hole.line_before)],
        hole.suffix[len(hole.line_after) :],
    )
    first = hole.line_before + offered
    indent = first[: len(first) - len(first.lstrip())]
    if _fails(hole, f"{before}{indent}pass{after}"):
        return False
    # The head of a block whose body is still to come is sound.
    last = offered.rpartition("\n")[2] if "\n" in offered else first
    inner = last[: len(last) - len(last.lstrip())] + "    "
    bodies = (f"\n{inner}pass", f"\n{inner}pass\n{inner[4:]}finally:\n{inner}pass")
    return all(_fails(hole, hole.prefix + offered + hole.line_after + body + after) for body in bodies)


def _fails(hole: Hole, text: str) -> bool:
    return fault_in(hole.path, text.encode("utf-8", "replace")) is not None
