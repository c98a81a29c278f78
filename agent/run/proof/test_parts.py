"""Tests in JavaScript, Go or Rust one by one: what they work with, how surely they assert."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import field

from seedsmith.agent.sessions.proof_sides import OTHERWISE
from seedsmith.sandbox.lazy_dataclass import dataclass

STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`")
_VALUE = re.compile(rf"{STRING.pattern}|(?<![\w.])\d[\w.]*")
_IMPORT = re.compile(r"^.*\brequire\(.*$|^\s*(?:import|export|use)\b.*$", re.MULTILINE)
_RETURN = re.compile(r"^[ \t]*return;?[ \t]*$", re.MULTILINE)
_CATCH = re.compile(r"\bcatch\b[^{]*\{\s*\}")
_CONDITION = re.compile(r"^[ \t]*if\b", re.MULTILINE)


@dataclass(slots=True)
class _Part:
    """A test, or what stands outside of tests."""

    values: Counter[str] = field(default_factory=Counter)
    """What is written out beside assertions."""
    asserts: int = 0
    catches: int = 0
    """How often it swallows all that fails."""
    conditions: int = 0
    ends_early: bool = False

    def add(self, assertion: re.Pattern[str], text: str) -> None:
        """Take in more of the file."""
        first = assertion.search(text)
        beside, asserts = assertion.subn("", text)
        self.ends_early |= _RETURN.search(text, 0, first.start() if first else len(text)) is not None
        self.asserts += asserts
        self.values.update(_VALUE.findall(_IMPORT.sub("", beside)))
        self.catches += len(_CATCH.findall(text))
        self.conditions += len(_CONDITION.findall(beside))


def weaker_parts(test: re.Pattern[str], assertion: re.Pattern[str], old: str, new: str) -> Iterator[str]:
    """How tests of ``new`` work with something else or assert less surely than in ``old``, a phrase each.

    ``test`` finds where a test begins, and its name in a group; ``assertion`` what asserts.
    """
    before, after = _parts(test, assertion, old), _parts(test, assertion, new)
    shared, shared_now = before.pop(""), after.pop("")
    elsewhere = shared_now.values - shared.values
    if shared.values - shared_now.values:
        yield f"what its tests share is {OTHERWISE}"
    for name, part in before.items():
        if (now := after.get(name)) is not None:
            yield from (f"{name} {how}" for how in _weaker(part, now, elsewhere))


def _weaker(old: _Part, new: _Part, elsewhere: Counter[str]) -> Iterator[str]:
    """``elsewhere`` are values that stand outside of tests now."""
    if old.asserts and new.ends_early and not old.ends_early:
        yield "ends before it asserts"
    if new.catches > old.catches:
        yield "swallows what fails"
    if old.asserts >= new.asserts > 0 and new.conditions > old.conditions:
        yield "asserts under a condition alone"
    if old.values - new.values - elsewhere:
        yield f"works with {OTHERWISE}"


def _parts(test: re.Pattern[str], assertion: re.Pattern[str], text: str) -> dict[str, _Part]:
    """The tests by their names, and what stands outside of them as ''."""
    found = {"": _Part()}
    outside = 0
    for begin in test.finditer(text):
        if begin.start() < outside:
            continue  # within another
        start = text.rfind("\n", 0, begin.end("name")) + 1
        end = _end_of_test(text, start)
        found[""].add(assertion, text[outside:start])
        found.setdefault(begin["name"], _Part()).add(assertion, text[start:end])
        outside = end
    found[""].add(assertion, text[outside:])
    return found


def _end_of_test(text: str, start: int) -> int:
    """Where a test ends whose first line begins at ``start``: a bracket that is set in as far closes it."""
    first = text[start:].partition("\n")[0]
    line = STRING.sub("", first)
    if sum(map(line.count, "([{")) <= sum(map(line.count, ")]}")):
        return start + len(first)
    indent = first[: len(first) - len(first.lstrip())]
    closing = re.compile(rf"^{indent}[)\]}}].*$", re.MULTILINE).search(text, start + 1)
    return closing.end() if closing else len(text)
