"""How near a fault the search comes before it asks: measured without a model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))

from localise import UNFOUND, Found, main, ranked, table, wrong_lines  # noqa: E402

from seedsmith.agent.repair.functions import regions_in  # noqa: E402
from seedsmith.agent.repair.questions import Question  # noqa: E402
from seedsmith.agent.repair.suspects import Suspect  # noqa: E402

TEXT = "def one():\n    a = 1\n    return a\n\n\ndef two():\n    b = 2\n    return b\n"


@pytest.mark.parametrize(
    ("wrong", "right", "numbers"),
    [("a\nb\nc", "a\nx\nc", {2}), ("a\nc", "a\nb\nc", {1, 2}), ("a\nb\nc", "a\nc", {2})],
)
def test_wrong_lines_are_those_that_differ_or_stand_beside_a_gap(wrong, right, numbers):
    assert wrong_lines(wrong, right) == numbers


def test_rank_and_lines_before_count_as_the_search_asks():
    one, two = (Suspect(region, 1.0) for region in regions_in("a.py", TEXT))
    questions = [Question(one, "correct", 2), Question(one, "fill", 3), Question(two, "correct", 8)]
    assert ranked([one, two], questions, "a.py", {8}) == (2, 1)
    assert ranked([one], questions[:2], "a.py", {8}) == (UNFOUND, UNFOUND)
    assert table([Found("a", 2, 3, 1.0)]).startswith("1 bugs; rank 1: 0, rank 2: 1")


@pytest.mark.slow
def test_a_bug_of_the_benchmark_is_measured(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["localise.py", "--only", "python-date-ranges"])
    main()
    assert "python-date-ranges             rank " in capsys.readouterr().out
