import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.repair.answers import meaning, minimal_edit, one_line, parses, rewritten, without_docstring
from agent.repair.functions import Region, regions_in

FILE = '''def other():
    return 0


class Counter:
    def total(self, values):
        """Sum the values.

        None count as zero.
        """
        result = 1
        for value in values:
            result -= value  # add it
        return result
'''
BROKEN = """def total(self, values):
    result = 0
    for value in values:
        result += value
    return result
"""


def region(name: str = "Counter.total", text: str = FILE) -> Region:
    return next(r for r in regions_in("a.py", text) if r.name == name)


def texts(answer: str) -> list[str]:
    shown, _ = without_docstring(region())
    return list(rewritten(FILE, region(), shown, answer))


def test_a_rewrite_is_tried_whole_and_each_of_its_changes_alone() -> None:
    whole, first, second = texts(f"Here you are:\n```python\n{BROKEN}```\nDone.")
    assert "result = 0" in whole and "result += value" in whole
    assert "result = 0" in first and "result -= value" in first
    assert "result = 1" in second and "result += value" in second


def test_what_the_model_was_not_shown_stays() -> None:
    for text in texts(f"```\n{BROKEN}```"):
        assert "None count as zero." in text
        assert text.startswith("def other():\n    return 0\n")
        assert text.endswith("return result\n")


def test_a_class_around_the_function_is_taken_off() -> None:
    indented = "".join(f"    {line}\n" for line in BROKEN.splitlines())
    assert texts(f"```python\nclass Counter:\n{indented}```") == texts(f"```python\n{BROKEN}```")


def test_an_answer_without_the_function_gives_nothing() -> None:
    assert texts("I can't.") == []
    assert texts("```python\ndef something_else():\n    pass\n```") == []


def test_an_answer_that_changes_nothing_gives_nothing() -> None:
    shown, _ = without_docstring(region())
    assert texts(f"```python\n{shown}\n```") == []


def test_an_answer_cut_off_in_the_middle_is_read_as_far_as_it_goes() -> None:
    cut = "```python\ndef total(self, values):\n    result = 0\n    for value in values:\n        result +="
    assert any("result = 0" in text for text in texts(cut))


def test_one_line_keeps_the_indentation_the_model_lost() -> None:
    text = one_line(FILE, region(), json.dumps({"line": 13, "new": "result += value"}))
    assert text is not None
    assert text.split("\n")[12] == "            result += value"


def test_one_line_may_become_two() -> None:
    text = one_line(FILE, region(), json.dumps({"line": 13, "new": "if value:\n    result += value"}))
    assert text is not None
    assert text.split("\n")[12:14] == ["            if value:", "                result += value"]


def test_one_line_loses_a_number_the_model_copied() -> None:
    text = one_line(FILE, region(), json.dumps({"line": 13, "new": "  13             result += value"}))
    assert text is not None
    assert text.split("\n")[12] == "            result += value"


@pytest.mark.parametrize(
    "answer", ["", "[]", "{}", '{"line": 1, "new": "x"}', '{"line": "x", "new": ""}', "null", '{"line": 13}']
)
def test_one_line_refuses_what_is_no_answer(answer: str) -> None:
    assert one_line(FILE, region(), answer) is None


def test_meaning_ignores_comments_and_layout() -> None:
    assert meaning("a.py", "x = 1  # one\n") == meaning("a.py", "x   =   1\n")
    assert meaning("a.js", "x = 1; // one\n") == meaning("a.js", "x   = 1;\n")
    assert meaning("a.py", "x = 1\n") != meaning("a.py", "x = 2\n")


def test_python_that_does_not_parse_is_not_worth_a_run() -> None:
    assert not parses("a.py", "def f(:\n")
    assert parses("a.js", "function (")


@given(st.lists(st.sampled_from(["a", "b", "", "  c"])), st.lists(st.sampled_from(["a", "b", "", "  c"])))
def test_minimal_edit_makes_one_text_from_the_other(old_lines: list[str], new_lines: list[str]) -> None:
    old, new = "\n".join(old_lines), "\n".join(new_lines)
    before, after = minimal_edit(old, new)
    if old != new and old.find(before) == old.rfind(before):
        assert old.replace(before, after) == new
