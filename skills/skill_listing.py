"""Lists the skills for the model: a name and a line each, within a share of the model's context."""

from __future__ import annotations

from collections.abc import Iterable

from seedsmith.skills.built_in import Summary
from seedsmith.skills.skill import Skill

SHARE_OF_WINDOW = 0.02
CHARACTERS_A_TOKEN = 3
"""A low estimate, so that the share is kept also for text with many tokens."""
_SHORTEST = 24
"""A description keeps at least so many characters; if they don't fit, only names are listed."""


def listing(skills: Iterable[Skill | Summary], context_tokens: int) -> str:
    """One line for each skill the model may call, in at most 2 % of ``context_tokens``; '' for none.

    Where all descriptions don't fit, the longest are shortened first, all to the same length.
    """
    lines = {skill.name: _one_line(skill) for skill in skills if skill.model_may_call}
    room = int(context_tokens * SHARE_OF_WINDOW * CHARACTERS_A_TOKEN)
    names = sum(len(f"- {name}: \n".encode()) for name in lines)
    length = _fair_length([len(line.encode()) for line in lines.values()], room - names)
    if length < _SHORTEST and any(len(line.encode()) > length for line in lines.values()):
        return _names_alone(list(lines), room)
    return "\n".join(f"- {name}: {_cut(line, length)}" for name, line in lines.items())


def _one_line(skill: Skill | Summary) -> str:
    return " ".join(skill.description.split())


def _fair_length(lengths: list[int], room: int) -> int:
    """The greatest length to which all may be cut so that together they fit ``room``."""
    left, count = room, len(lengths)
    for length in sorted(lengths):
        if length * count > left:
            return max(left // count, 0)
        left -= length
        count -= 1
    return max(lengths, default=0)


def _cut(line: str, most: int) -> str:
    """``line`` in at most ``most`` bytes, at the end of a sentence or a word where one is near."""
    if len(line.encode()) <= most:
        return line
    kept = line.encode()[: max(most - 3, 0)].decode("utf-8", "ignore")
    space = kept.rfind(" ")
    return (kept[:space] if space > len(kept) * 2 // 3 else kept).rstrip(" ,;:") + "…"


def _names_alone(names: list[str], room: int) -> str:
    named: list[str] = []
    for name in names:
        room -= len(name.encode()) + 2
        if room < 0:
            return ", ".join(named) + f" … and {len(names) - len(named)} more" if named else ""
        named.append(name)
    return ", ".join(named)
