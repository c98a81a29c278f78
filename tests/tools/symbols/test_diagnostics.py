"""Which findings are new after a change."""

from __future__ import annotations

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from seedsmith.tools.symbols.diagnostics import (
    MOST_SHOWN,
    Answer,
    Finding,
    describe_new,
    findings_of,
    new_findings,
)
from seedsmith.tools.symbols.positions import Lines


def found_in(text) -> Answer:
    """Every line that begins with "bad" is one finding."""
    lines = enumerate(text.split("\n"))
    return Answer(text, tuple(Finding(n, 0, 1, "", line) for n, line in lines if line.startswith("bad")))


def new(before, after):
    return [each.line for each in new_findings(found_in(before), found_in(after))]


def test_old_ones_move_with_their_lines():
    assert new("a\nbad 1\nb\nbad 1\n", "x\ny\na\nbad 1\nb\nz\nbad 1\n") == []


def test_one_more_of_the_same_kind_is_new():
    assert new("a\nbad 1\nb\n", "a\nbad 1\nb\nc\nbad 1\n") == [4]


def test_one_in_a_changed_line_stays_old_if_it_says_the_same():
    before = Answer("f(1)\ng()\n", (Finding(0, 0, 1, "c", "wrong"),))
    after = Answer("f(2)\ng()\n", (Finding(0, 2, 1, "c", "wrong"), Finding(1, 0, 1, "c", "wrong")))
    assert [each.line for each in new_findings(before, after)] == [1]


LINES = st.lists(st.sampled_from(["a", "b", "c", "bad 1", "bad 2"]), max_size=12)


@pytest.mark.slow
@settings(max_examples=examples(300))
@given(LINES, LINES, st.integers(0, 12), st.integers(0, 4))
def test_inserting_lines_finds_those_inserted_and_no_others(before, inserted, place, _):
    place = min(place, len(before))
    after = [*before[:place], *inserted, *before[place:]]
    assert len(new("\n".join(before), "\n".join(after))) == sum(line[:3] == "bad" for line in inserted)


@settings(max_examples=examples(300))
@given(LINES, LINES)
def test_never_fewer_are_told_than_came(before, after):
    came = sum(x[:3] == "bad" for x in after) - sum(x[:3] == "bad" for x in before)
    assert len(new("\n".join(before), "\n".join(after))) >= came
    assert new("\n".join(after), "\n".join(after)) == []


def test_what_is_only_unused_or_too_light_is_left_out():
    def item(**more):
        return {"range": {"start": {"line": 0, "character": 0}}, "message": "m", **more}

    items = [item(severity=1), item(severity=2), item(severity=1, tags=[1]), item()]
    assert len(findings_of(items, 1)) == 2 and len(findings_of(items, 2)) == 3


def test_what_is_told_is_bounded_and_on_one_line_each():
    many = [("a\nb.py", Finding(number, 0, 1, "", "first\nsecond " + "x" * 999)) for number in range(50)]
    lines = describe_new("ty", many, "a.py").split("\n")
    assert len(lines) == MOST_SHOWN + 2 and lines[-1] == f"[{50 - MOST_SHOWN} more]"
    assert lines[1] == r"a\u{A}b.py:1:1: first"


@settings(max_examples=examples(200))
@given(st.text(alphabet="aä🌱\n\r", max_size=12), st.sampled_from(["utf-8", "utf-16", "utf-32"]), st.data())
def test_places_are_the_same_there_and_back(text, encoding, data):
    lines = Lines(text, encoding)
    offset = data.draw(st.integers(0, len(text)))
    if text[offset - 1 : offset + 1] != "\r\n":
        assert lines.offset(lines.position(offset)) == offset
