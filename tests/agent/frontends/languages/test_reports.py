"""What runs report is told in the person's language: by forms that are really reported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from full_width import CATALOGUE, full_width_line

import seedsmith
from seedsmith.agent.frontends.languages.reports import _PLACE, Reports, forms_of
from seedsmith.agent.run.proof.side_comparison import few
from seedsmith.agent.sessions.outcome import Verified
from seedsmith.agent.sessions.proof_sides import Side, Sides

BETWEEN_LITERALS = re.compile(r"""["']\s*\n?\s*(?:\+\s*)?f?["']""")
PUT_TOGETHER = {
    "provider error",
    "(exists outside",
    "no folder of the workspace is on the PATH of commands but that of an active virtual environment)",
    "cannot verify",
    "run by other programs outside the sandbox",
    "Nothing to undo of session",
    "Nothing to redo of session",
    "The conversation goes on from the end of turn",
    "The conversation goes on from what was asked first",
    "run after the last edit",
    "none works here",
    "about ¥",
    "A run is possible with a model named",
    "from default",
    "unusable key",
    "must be a whole number",
    "must be a list",
    "must be a mapping",
    "m ago",
    "h ago",
    "d ago",
    "sessions removed",
    "sessions would be removed",
    "Nothing to undo at",
    "Nothing to redo at",
    "(not run to its end)",
    "refuses the request over its pictures",
    "fail on the code as it was and pass now",
    "is set but is no setting (did you mean",
    "is ignored (did you mean",
    "must be a whole number above",
    "must be a whole number from",
    "must be a number above",
    "must be a number from",
    "Take that back with",
    "take that back with",
    "What an old test expects was changed (",
    "or that one says the opposite of the report",
    "There is no Ray cluster at",
    "There is no Ray cluster here",
    'lang="en"',
    "nothing to test in",
    "must match pattern",
    "with '/'",
    "ended before it answered (",
    "is no key here (did you mean",
    "which does not exist (did you mean",
    "then `seedsmith mcp trust",
    "} stands for nothing (did you mean",
    "asserts something else",
    "works with something else",
    "what its tests share is something else",
    "what it asserts by is something else",
    "what is expected is something else",
    "runs something else",
    "it runs something else",
    "the program ends the process of the tests",
    "what the program gives is equal to everything",
    "more) is not run any more",
    "more) fails still",
}
"""What no one literal holds."""
OF_OTHERS = {
    "no such file or directory",
    "permission denied",
    "Is a directory",
    "Not a directory",
    "File exists",
    "File name too long",
    "Too many levels of symbolic links",
    "Input/output error",
    "No such option",
    "(Possible options",
    "Did you mean one of",
    "(Did you mean one of",
    "Missing argument",
    "Missing option",
    "requires an argument",
    "does not take a value",
    "Got unexpected extra argument (",
    "Got unexpected extra arguments (",
    "Invalid value for",
    "is not a valid integer range",
    "is not a valid float range",
    "is not a valid integer",
    "is not a valid float",
    "is not in the range",
    "is a directory",
}
"""What the system and the library of the command line say."""
LEAST = 5
"""Shorter pieces of a form stand everywhere."""


def pieces(form: str) -> list[str]:
    """The texts between the places of a form, and between commas: one part may be said without the other."""
    return [piece.strip() for piece in re.split(r"\{\w+[*#]?\}|\(s\)|[,;:.]", form)]


def test_every_form_is_of_something_that_is_said():
    package = Path(seedsmith.__file__).parent
    floors = ("agent", "skills", "tools", "sandbox")
    sources = (file.read_text() for floor in floors for file in sorted((package / floor).rglob("*.py")))
    lines = (line for source in sources for line in source.split("\n") if '"' in line or "'" in line)
    said = BETWEEN_LITERALS.sub("", "\n".join(lines))
    missing = {
        piece
        for form in forms_of("zh")
        for piece in pieces(form)
        if len(piece) >= LEAST and piece not in said
    }
    assert missing == PUT_TOGETHER | OF_OTHERS


def test_sentences_have_full_width_punctuation():
    """``python tests/support/full_width.py`` writes it, where half-width was typed."""
    lines = CATALOGUE.read_text().splitlines()
    assert [line for line in lines if line != full_width_line(line)] == []


def test_a_telling_has_no_places_but_those_of_its_form():
    for form, told in forms_of("zh").items():
        places = [{place[0] for place in _PLACE.finditer(each) if place[0] != "(s)"} for each in (form, told)]
        assert places[1] <= places[0], form
        assert "(s)" not in told


@pytest.mark.parametrize(
    "said, told",
    [
        ("turn 2: waiting for the model", "第 2 轮：等待模型"),
        ("✓ edit a.txt · edited a.txt at line 1 · 3 ms", "✓ edit a.txt · 已编辑 a.txt 第 1 行 · 3 ms"),
        (
            "✓ done, with nothing verified · 2 turns · 24,180 tokens (24,000 in, 180 out) · 1 file changed",
            "✓ 完成，没有验证 · 2 轮 · 24,180 个 token（输入 24,000，输出 180） · 改动 1 个文件",
        ),
        ("✗ verify: make test → exit code 2", "✗ 验证：make test → 退出码 2"),
        (
            "Tests were weakened: a_test.py: test_a is skipped or expected to fail; make test: test_b (and 2 "
            "more) is not run any more; a.py: as a test expects it gives 9 for 42 (--allow-test-changes "
            "allows that).",
            "测试被削弱：a_test.py：test_a 被跳过，或被标为预期失败; make test：test_b（以及另外 2 个）"
            "不再运行; a.py：它对 42 直接给出 9，正是测试所预期的（--allow-test-changes 允许这样做）。",
        ),
        (
            "installation: it is installed in /v beside a, b, c and 2 more",
            "安装：它安装在 /v，与 a, b, c 以及另外 2 个包放在一起",
        ),
        ("  done", "  done"),
        ("> done", "> done"),
        ("The model's own words.", "The model's own words."),
        ("done\nleft as it is", "完成\nleft as it is"),
    ],
)
def test_reports_are_told_by_their_forms(said, told):
    assert Reports("zh")(said) == told
    assert Reports("en")(said) == said


FAULTS = [
    "{tests} passes on the code as it was, too: it does not show what was reported.",
    "{tests} passed on the code as it was, and does not now.",
    "{tests} passed on the code as it was, and does not now. b.py::test_b shows what was reported: either "
    "the change breaks the other, or that one says the opposite of the report.",
    "{tests} fails on the code as it is.",
    "{tests} fails still, and the report names it.",
    *(
        f"test_b does fail on the code as it was, but not for the reason reported: {why}."
        for why in (
            "it could not even be loaded or run there (1: 2)",
            "what it uses is not there (1), of which the report says nothing",
            "it calls what is there with other arguments (1)",
            "it ends with 1, the report with 2, 3",
        )
    ),
    "the command runs no test of {tests}.",
    "no test of {tests} fails on the code as it was and passes now.",
    "no test was added or changed, so nothing shows what was reported. "
    "{tests} failed before and fails still.",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_why_nothing_is_proven_is_told_without_a_word_left(fault):
    names = few(["a.py", "b.py", "c.py"])
    assert names == "a.py (and 2 more)"
    told = Reports("zh")(f"Not proven: {fault.format(tests=names)}")
    assert ("a.py（以及另外 2 个）" in told) is ("{tests}" in fault)
    assert set(re.findall(r"[A-Za-z]\w+", told)) <= {"py", "test_b"}


def test_the_evidence_of_a_proof_is_told_whole():
    sides = Sides(Side("pytest", 1, ("a.test_a",)), Side("pytest", 0), kept=3, failing=("b.test_b",))
    told = Reports("zh")(f"Verification: {Verified('pytest', 1, 1, True, ('a.py',), sides=sides).sentence()}")
    lines = told.splitlines()
    assert lines[0].startswith("验证") and "改动了测试" in lines[0]
    assert lines[1].startswith("两边都已证明") and "此前通过的 3 个测试仍然通过" in lines[1]
    assert "改动之前就失败" in lines[1] and "tests that" not in told
