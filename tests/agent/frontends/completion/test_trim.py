"""What is offered of an answer: one statement or block, nothing twice."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.agent.frontends.completion.trim import MOST_LINES, Trimmer, wants_block


def hole(source: str, path: str = "a.py") -> Hole:
    """``¦`` is the cursor."""
    return Hole(path, source.replace("¦", ""), source.index("¦"))


@pytest.mark.parametrize(
    ("source", "answer", "offered"),
    [
        ("x = foo(¦)\ny = 1\n", "a, b)\ny = 1\n", "a, b"),
        ("x = foo(¦\ny = 1\n", "a,\n    b)\ny = 1\n", "a,\n    b)"),
        ("x = foo(¦\n    b,\n)\n", "a,\n    c,\n", "a,"),
        ("x = (1 +¦\n", " 2)\nprint(x)\n", " 2)"),
        ("x = [¦]\n", "1, 2]\n", "1, 2"),
        ("x = a[¦\n", "0]\n", "0]"),
        ("f('¦')\n", "hello')\n", "hello"),
        ("s = '''¦\n", "one\ntwo'''\nmore = 1\n", "one\ntwo'''"),
        ("x = 1 + ¦\n", "\\\n    2\ny = 3\n", "\\\n    2"),
        ("    return ¦\n", "    return 5\n", "5"),
        ("    if user.na¦\n", "<COMPLETION>me == name:</COMPLETION>", "me == name:"),
        ("x = ¦\n", "1<|endoftext|>rest", "1"),
        ("x = ¦\n", "Here it is:\n<COMPLETION>2</COMPLETION>", "2"),
        ("x = 1\n¦\ny = 2\n", "y = 2\nz = 3\n", ""),
        ("def f():\n    ¦\n\nz = 2\n", "a = 1\n    return a\n\ndef g():\n", "a = 1\n    return a"),
        ("def f():\n    ¦\n", "```python\n    a = 1\n    return a\n```\nThis is", "a = 1\n    return a"),
        ("def f():\n    ¦\n", "x = 1\n    x = 1\n    x = 1\n    x = 1\n", "x = 1"),
        ("def f():\n    ¦\n    return 2\n", "a = 1\n    b = 2\n", "a = 1"),
        ("def f():\n    a = 1\n    ¦\n", "\n    return a\n", "return a"),
        ("x = 1¦\n", "   \n", ""),
        ("x = ¦\n", "", ""),
    ],
)
def test_python(source, answer, offered):
    assert Trimmer(hole(source)).trimmed(answer) == offered


@pytest.mark.parametrize(
    ("path", "source", "answer", "offered"),
    [
        ("a.js", "function f() {\n  ¦\n}\n", "return 1;\n}\n\nfunction g() {\n", "return 1;"),
        ("a.js", "call(¦);\n", "a, b);\nmore();\n", "a, b"),
        ("a.js", "const u = 'http://x';  // it's\nlet a = ¦\n", "1;\nlet b = 2;\n", "1;"),
        ("a.rs", "fn f() {\n    let x = ¦\n}\n", "1;\n    let y = 2;\n", "1;"),
        ("a.go", "if err != nil {\n\t¦\n}\n", "return err\n}\nreturn nil\n", "return err"),
        ("Makefile", "all:\n\t¦\n", "cc -o x x.c\n", "cc -o x x.c"),
    ],
)
def test_other_languages(path, source, answer, offered):
    assert Trimmer(hole(source, path)).trimmed(answer) == offered


def test_a_block_is_wanted_only_where_one_was_opened_and_is_missing():
    assert wants_block(hole("def f():\n    ¦\n"))
    assert wants_block(hole("if (x) {\n  ¦\n}\n", "a.js"))
    assert not wants_block(hole("def f():\n    ¦\n    return 1\n"))
    assert not wants_block(hole("x = 1\n¦\n"))
    assert not wants_block(hole("def f():\n    return ¦\n"))


def test_an_endless_answer_is_finished_and_short():
    trimmer = Trimmer(hole("def f():\n    ¦\n"))
    endless = "".join(f"a{number} = {number}\n    " for number in range(100))
    assert trimmer.finished(endless)
    assert trimmer.trimmed(endless).count("\n") < MOST_LINES


CODE = st.text(alphabet="ab x=1()[]{}:,.'\"#/`\\\n\t ", max_size=60)
SOURCES = st.tuples(CODE, CODE).map(lambda each: Hole("a.py", each[0] + each[1], len(each[0])))


@given(SOURCES, CODE)
def test_nothing_is_made_up(place, answer):
    offered = Trimmer(place).trimmed(answer)
    assert offered in answer and offered == offered.rstrip()


@given(SOURCES, CODE, CODE)
@example(Hole("a.py", "}", 1), "}[[]\n", "1")  # what is typed already is said again
def test_what_follows_a_finished_answer_changes_nothing(place, answer, more):
    trimmer = Trimmer(place)
    if trimmer.finished(answer):
        assert trimmer.finished(answer + more)
        assert trimmer.trimmed(answer + more) == trimmer.trimmed(answer)


@given(SOURCES, CODE)
def test_no_text_of_the_next_line_is_offered_again(place, answer):
    offered = Trimmer(place).trimmed(answer)
    below = next((line.strip() for line in place.suffix.split("\n")[1:] if line.strip()), "")
    assert not below or below not in [line.strip() for line in offered.split("\n")[1:]]
