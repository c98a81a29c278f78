from hypothesis import given
from hypothesis import strategies as st

from seedsmith.agent.repair.answers import (
    change_of,
    meaning,
    minimal_edit,
    rewritten,
    with_body,
    with_line,
    with_line_before,
    without_docstring,
)
from seedsmith.agent.repair.functions import Region, regions_in

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


def test_a_new_line_stands_under_the_old_ones_indentation() -> None:
    text = with_line(FILE, 13, "  result += value ")
    assert text.split("\n")[12] == "            result += value"
    assert text.split("\n")[:12] == FILE.split("\n")[:12] and text.split("\n")[13:] == FILE.split("\n")[13:]


def test_a_line_is_put_before_another_as_it_stands() -> None:
    text = with_line_before(FILE, 14, "        result += 1")
    assert text.split("\n")[12:15] == [FILE.split("\n")[12], "        result += 1", "        return result"]


def test_a_body_is_written_anew_below_its_docstring() -> None:
    text = with_body(FILE, region(), 11, "return sum(filter(None, values))\n")
    assert text.endswith('zero.\n        """\n        return sum(filter(None, values))\n')


def test_a_body_between_braces_keeps_them() -> None:
    code = "int one(void) {\n  int x = 2;\n  return x;\n}\n"
    text = with_body(code, regions_in("a.c", code)[0], 2, "return 1;")
    assert text == "int one(void) {\n  return 1;\n}\n"


def test_meaning_ignores_comments_and_layout() -> None:
    assert meaning("a.py", "x = 1  # one\n") == meaning("a.py", "x   =   1\n")
    assert meaning("a.js", "x = 1; // one\n") == meaning("a.js", "x   = 1;\n")
    assert meaning("a.py", "x = 1\n") != meaning("a.py", "x = 2\n")


def test_a_change_is_known_by_what_it_means() -> None:
    def changed(old: str, new: str) -> str | None:
        return change_of("a.py", FILE, FILE.replace(old, new))

    assert changed("result = 1", "result  =  1  # one") is None
    assert changed("result = 1", "result = (") is None, "no program"
    assert changed("result = 1", "result = 1(values)") is None, "the compiler warns"
    assert changed("result = 1", "result = 2") == changed("result = 1", "result = (2)")
    assert changed("result = 1", "result = 2") != changed("return 0", "return 2")
    assert change_of("a.js", "f(1); // a", "f(1);  // b") is None is not change_of("a.js", "f(1);", "f(2);")


def test_a_text_that_can_t_be_taken_apart_is_compared_whole() -> None:
    text = 'class A:\n    def f(self):\n        return """a\nb"""\n'
    assert change_of("a.py", text, text.replace("a\n", "c\n")) is not None
    assert change_of("a.py", "def f(:\n", "def f():\n    pass\n") is not None


@given(st.lists(st.sampled_from(["a", "b", "", "  c"])), st.lists(st.sampled_from(["a", "b", "", "  c"])))
def test_minimal_edit_makes_one_text_from_the_other(old_lines: list[str], new_lines: list[str]) -> None:
    old, new = "\n".join(old_lines), "\n".join(new_lines)
    before, after = minimal_edit(old, new)
    if old != new and old.find(before) == old.rfind(before):
        assert old.replace(before, after) == new
