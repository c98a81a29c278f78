"""What a wrong name probably stood for is said alike everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import seedsmith
from seedsmith.tools.suggestions import nearest, suggestion, suggestion_or_list

SAID = [
    ("modle", ["model", "wire"], " (did you mean 'model'?)"),
    ("MODEL", ["model", "wire"], " (did you mean 'model'?)"),
    ("model", ["Model"], " (did you mean 'Model'?)"),
    ("a\u200btxt", ["a\u200b.txt"], r" (did you mean 'a\u{200B}.txt'?)"),
    ("zzz", ["model"], ""),
    ("zzz", [], ""),
]


@pytest.mark.parametrize(("name", "known", "said"), SAID)
def test_what_was_probably_meant(name, known, said):
    assert suggestion(name, known) == said


def test_all_there_is_where_nothing_is_like_it():
    assert suggestion_or_list("zzz", ["a", "b"]) == "; there are a, b"
    assert suggestion_or_list("zzz", []) == "; there are none"
    assert suggestion_or_list("fix-bg", ["fix-bug", "other"]) == " (did you mean 'fix-bug'?)"
    assert set(nearest("fix-bug", ["other", "fix-bugs", "fix-bug2"], 3)) == {"fix-bugs", "fix-bug2"}


def test_nobody_else_asks_what_was_meant():
    root = Path(seedsmith.__file__).parent
    asking = re.compile(r"get_close_matches|did you mean [^.…]")
    assert {
        str(path.relative_to(root))
        for floor in ("agent", "skills", "tools", "sandbox")
        for path in (root / floor).rglob("*.py")
        if asking.search(path.read_text("utf-8"))
    } == {"tools/suggestions.py"}
