"""The holes of the completion benchmark are what was cut out, and nothing else."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def complete(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import complete

    yield complete
    del sys.modules["complete"]


def test_a_hole_filled_with_what_was_cut_is_the_file(complete):
    kinds = ("line", "rest", "block")
    two = list(islice(complete.groups(1, kinds), 2))
    found = [each for group in two for each in group]
    assert [each.kind for each in found[:3]] == list(kinds) and len(found) == 2 * complete.IN_A_GROUP
    assert all(len({each.hole.path for each in group}) == 1 for group in two)
    assert {each.root for each in found} == {complete.HERE, complete.LIBRARY}
    for each in found:
        whole = each.hole.prefix + each.expected + each.hole.suffix
        assert whole == (each.root / each.hole.path).read_text(encoding="utf-8")
        assert each.expected.strip() and ("\n" in each.expected) == (each.kind == "block")
    assert list(islice(complete.groups(1, kinds), 2)) == two
