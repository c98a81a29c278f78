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
    found = list(islice(complete.cases(1, kinds), 12))
    assert [each.kind for each in found[:3]] == list(kinds)
    assert {each.root for each in found} == {complete.HERE, complete.LIBRARY}
    for each in found:
        whole = each.hole.prefix + each.expected + each.hole.suffix
        assert whole == (each.root / each.hole.path).read_text(encoding="utf-8")
        assert each.expected.strip() and ("\n" in each.expected) == (each.kind == "block")
    assert [each.hole for each in islice(complete.cases(1, kinds), 12)] == [each.hole for each in found]
