"""The reference validator of the published form (``skills-ref``) and ours agree on what is right."""

from __future__ import annotations

import pytest
from examples import examples
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from skills_ref import validate

from seedsmith.skills.skill_check import check

FRONTS = {
    "good": "name: tidy\ndescription: d",
    "upper case": "name: Tidy\ndescription: d",
    "no description": "name: tidy",
    "no name": "description: d",
    "a key twice": "name: tidy\nname: tidy\ndescription: d",
    "flow mapping": "name: tidy\ndescription: d\nmetadata: {a: b}",
    "block list": "name: tidy\ndescription: d\nallowed-tools:\n  - Read\n  - Bash",
    "flow list": "name: tidy\ndescription: d\nallowed-tools: [Read]",
    "unknown field": "name: tidy\ndescription: d\nfoo: 1",
    "a number for text": "name: tidy\ndescription: 2",
    "colon": "name: tidy\ndescription: a: b",
    "empty description": "name: tidy\ndescription: ''",
    "long description": "name: tidy\ndescription: " + "d" * 1025,
    "longest description": "name: tidy\ndescription: " + "d" * 1024,
    "long compatibility": "name: tidy\ndescription: d\ncompatibility: " + "d" * 501,
    "empty compatibility": "name: tidy\ndescription: d\ncompatibility: ''",
    "compatibility no text": "name: tidy\ndescription: d\ncompatibility:\n  - a",
    "other folder": "name: other\ndescription: d",
    "anchor": "name: &a tidy\ndescription: *a",
    "tag": "name: !!str tidy\ndescription: d",
    "description no text": "name: tidy\ndescription:\n  a: b",
    "metadata no mapping": "name: tidy\ndescription: d\nmetadata: x",
    "metadata nested": "name: tidy\ndescription: d\nmetadata:\n  a:\n    b: c",
    "metadata numbers": "name: tidy\ndescription: d\nmetadata:\n  1: 2",
    "tab": "name: tidy\ndescription:\n\t- d",
    "dashes": "name: tidy\ndescription: foo --- bar",
    "block text": "name: tidy\ndescription: |\n  a\n  b",
    "folded text": "name: tidy\ndescription: >-\n  a\n  b",
    "empty": "",
    "list": "- a",
    "comment": "# c\nname: tidy\ndescription: d",
    "null": "name:\ndescription: d",
    "quoted": "name: \"tidy\"\ndescription: 'd'",
    "dots": "name: tidy\ndescription: d\n...",
}


def agree(folders, text: str, name: str = "tidy") -> None:
    folder = folders.write({"SKILL.md": text}, name)
    reference, ours = validate(folder), check(folder).errors
    assert bool(reference) == bool(ours), (reference, ours)


@pytest.mark.parametrize("front", FRONTS.values(), ids=FRONTS)
def test_front_matters(folders, front):
    agree(folders, f"---\n{front}\n---\nBody\n")


@pytest.mark.parametrize(
    "name", ["a", "a-b", "a--b", "-a", "a-", "a_b", "技能", "a" * 64, "a" * 65, "été", "1"]
)
def test_names(folders, name):
    agree(folders, f"---\nname: {name}\ndescription: d\n---\n", name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "---\nname: tidy\ndescription: d\n",
        "\n---\nname: tidy\ndescription: d\n---\n",
        "---\r\nname: tidy\r\ndescription: d\r\n---\r\nBody",
        "--- \nname: tidy\ndescription: d\n--- \n",
        "---\nname: tidy\ndescription: d\n---",
    ],
)
def test_frames(folders, text):
    agree(folders, text)


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.sampled_from([line for front in FRONTS.values() for line in front.split("\n")]), max_size=5)
)
def test_lines_put_together_by_chance(folders, lines):
    assume("---" not in "".join(lines))  # the validator ends its front matter within a line
    agree(folders, "---\n" + "\n".join(lines) + "\n---\n")
