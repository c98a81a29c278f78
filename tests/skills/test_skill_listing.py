"""Names and descriptions the model is told: within their share, shortened fairly."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from seedsmith.skills.skill import Skill
from seedsmith.skills.skill_listing import CHARACTERS_A_TOKEN, SHARE_OF_WINDOW, listing


def skill(name: str, description: str, **more) -> Skill:
    return Skill(name, description, "Do it.", Path(name), Path(name) / "SKILL.md", **more)


def test_what_fits_stands_whole_on_one_line_each():
    told = listing([skill("a", "Does\n a."), skill("b", "Does b.")], 256_000)
    assert told == "- a: Does a.\n- b: Does b."


def test_the_long_are_cut_before_the_short():
    told = listing([skill("a", "word " * 200), skill("b", "Does b.")], 8_000).split("\n")
    assert told[1] == "- b: Does b."
    assert told[0].endswith("word…") and len(told[0]) > 300


def test_a_skill_that_only_people_name_is_not_told():
    assert listing([skill("a", "Does a.", model_may_call=False)], 256_000) == ""


@given(st.lists(st.text(min_size=1, max_size=2000), max_size=60), st.integers(0, 300_000))
def test_never_more_than_the_share(descriptions, window):
    told = listing([skill(f"s{i}", text) for i, text in enumerate(descriptions)], window)
    assert len(told.encode()) <= max(window * SHARE_OF_WINDOW * CHARACTERS_A_TOKEN, 0) + 24
