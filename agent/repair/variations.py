"""Small variations of a suspicious line that need no model, in order of how often such a change is the one.

They stand beside the model's answers, not in their place: a model this small hardly ever swaps ``min`` for
``max`` unasked, and a run of the tests costs less than an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seedsmith.agent.repair.code_lines import Line
from seedsmith.agent.repair.functions import Region
from seedsmith.agent.repair.line_changes import changes_of, scope_of
from seedsmith.agent.repair.statement_changes import Replaced, changes_at
from seedsmith.agent.repair.syntax import syntax_of
from seedsmith.agent.repair.typescript import without_types
from seedsmith.sandbox.lazy_dataclass import dataclass

KINDS = {
    "name": 0.11, "comparison": 0.07, "off-by-one": 0.06, "constant": 0.05, "operator": 0.06,
    "neighbour": 0.06, "moved": 0.06, "operand": 0.08, "member": 0.03, "call": 0.04, "swap": 0.05,
    "negation": 0.03,
    "condition": 0.04, "strengthened": 0.05, "constant-far": 0.03, "argument": 0.03, "wrapped": 0.04,
    "unwrapped": 0.03, "comparison-far": 0.02, "bounded": 0.02, "copied": 0.04, "updated": 0.03,
    "guarded": 0.04,
    "returned": 0.02, "deleted": 0.02, "string": 0.01, "shared": 0.03, "branch": 0.02, "ended": 0.01,
    "raised": 0.02, "likened": 0.03, "mirrored": 0.02, "presence": 0.04,
}  # fmt: skip
"""How often a change of each kind is the right one, the line being right: estimates by hand, not measured.
They set the order of what is tried, and no more."""
MOST_LIKELY = 0.1
"""No variation has a greater share of the chance of its line."""
_DOUBTFUL = frozenset({"deleted", "returned", "guarded", "condition", "strengthened", "ended"})
_STORED_OTHERWISE = re.compile(r"[^=!<>:]=\s*[\w.]+ [+-] 1\s*;?\s*$")
"""One more or less than what was to be stored, which a test may only see as another value."""
_WHOLE = sum(KINDS.values())
_BEYOND = 40
"""So many lines around a function are looked at for what may have been meant."""


@dataclass(frozen=True, slots=True)
class Variation:
    """A changed text of a file, and how likely it is the right one among those of its line."""

    replaced: Replaced
    chance: float

    @property
    def doubtful(self) -> bool:
        """Whether such a change often passes without being right."""
        stored = self.replaced.kind == "off-by-one" and _STORED_OTHERWISE.search(self.replaced.lines[0])
        return self.replaced.kind in _DOUBTFUL or bool(stored)

    def of(self, lines: Sequence[str]) -> str:
        """The whole text, changed."""
        put = self.replaced
        return "\n".join((*lines[: put.first], *put.lines, *lines[put.last :]))


def variations_of(region: Region, lines: Sequence[str], number: int) -> list[Variation]:
    """Every variation of the line ``number`` in ``lines``, a whole file; the most likely first."""
    syntax, index = syntax_of(region.path), number - 1
    inside = range(region.numbers[0] - 1, region.numbers[-1])
    near = sorted((n - 1 for n in region.numbers), key=lambda each: (abs(each - index), each))
    beyond = range(max(0, inside.start - _BEYOND), min(len(lines), inside.stop + _BEYOND))
    code = without_types(region.path, "\n".join(lines)).split("\n")
    if lines[index].strip() and not code[index].strip():
        return []
    line = Line(lines[index], syntax, code[index])
    scope = scope_of(
        (Line(lines[each], syntax, code[each]) for each in near),
        [Line(lines[each], syntax, code[each]) for each in beyond if each not in inside],
    )
    found = [Replaced(kind, index, index + 1, (new,)) for kind, new in changes_of(line, scope)]
    found += changes_at(lines, index, inside, scope, line)
    changing = (each for each in reversed(found) if each.lines != tuple(lines[each.first : each.last]))
    distinct = {(each.first, each.last, each.lines): each for each in changing}
    by_kind: dict[str, list[Replaced]] = {}
    for each in reversed(distinct.values()):
        by_kind.setdefault(each.kind, []).append(each)
    made = [
        Variation(each, chance)
        for kind, group in by_kind.items()
        for each, chance in zip(group, _shares(KINDS[kind] / _WHOLE, len(group)), strict=True)
    ]
    return sorted(made, key=lambda each: -each.chance)


def _shares(chance: float, count: int) -> Iterator[float]:
    """The chance of a kind divided among its changes: the first, being the nearest, have more of it."""
    weights = [1 / (place + 2) for place in range(count)]
    whole = sum(weights)
    yield from (chance * weight / whole for weight in weights)
