"""Places, windows, related definitions, syntax, the cache, the hour's budget, and how models are asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.completion.cache import Cache
from seedsmith.agent.frontends.completion.hole import Hole, offset_of, split_place
from seedsmith.agent.frontends.completion.hourly_budget import HourBudget, HourSpent
from seedsmith.agent.frontends.completion.prompt import as_gap, in_words
from seedsmith.agent.frontends.completion.related_definitions import related
from seedsmith.agent.frontends.completion.syntax import breaks
from seedsmith.agent.frontends.completion.window import window
from seedsmith.agent.models.base import Usage
from seedsmith.agent.models.catalog.prices import Price, PriceTier


def hole(source: str, path: str = "a.py") -> Hole:
    return Hole(path, source.replace("¦", ""), source.index("¦"))


def test_places():
    assert split_place("a:b.py:3") == ("a:b.py", 3, None)
    assert split_place("a.py:3:7") == ("a.py", 3, 7)
    text = "one\r\ntwo\n"
    assert [offset_of(text, *each) for each in ((1, None), (1, 1), (2, 4), (3, 1))] == [3, 0, 8, 9]
    for line, column in ((0, None), (4, None), (1, 5), (1, 0)):
        with pytest.raises(UsageError):
            offset_of(text, line, column)
    for place in ("a.py", "a.py:", ":3", "a.py:x"):
        with pytest.raises(UsageError):
            split_place(place)


@pytest.mark.parametrize("name", [".env", ".env.local", "id_ed25519", "x.pem", "credentials.json", ".netrc"])
def test_files_of_keys_are_known_by_their_names(name):
    assert Hole(f"a/{name}", "", 0).holds_secrets
    assert not Hole("a/environment.py", "", 0).holds_secrets


def test_a_window_begins_at_the_same_line_while_somebody_types():
    lines = [f"line_{number} = {number}\n" for number in range(200)]
    begins = set()
    for number in range(145, 155):
        text = "".join(lines[:number])
        begins.add(window(Hole("a.py", text, len(text)), 1_000, 100).first)
    assert len(begins) <= 2
    shown = window(hole("a\n" * 50 + "¦" + "b" * 300 + "\n" + "c\n" * 50), 60, 320)
    assert len(shown.before) <= 60 and shown.after.endswith("\n") and "b" * 300 in shown.after


@given(st.text(alphabet="ab\n", max_size=300), st.integers(0, 300), st.integers(1, 80))
def test_a_window_ends_at_the_cursor_and_keeps_its_bounds(text, offset, most):
    place = Hole("a.py", text, min(offset, len(text)))
    shown = window(place, most, most)
    assert place.prefix.endswith(shown.before) and place.suffix.startswith(shown.after)
    assert len(shown.before) <= most and len(shown.after) <= most


FILES = {
    "pkg/shapes.py": (
        "import os\n\nSIDES = 4\n\n\nclass Shape(Base):\n    width: int\n\n"
        "    def area(self, unit: str = 'm') -> float:\n        return 1.0\n\n"
        "    def _private(self):\n        pass\n\n\ndef unused():\n    pass\n"
    ),
    "pkg/deep/tools.py": "async def fetch(url, *, timeout=3):\n    return url\n",
    "src/lib/core.py": "def run(a, b): return a\n",
    "pkg/broken.py": "def broken(:\n",
}


def test_definitions_of_imports_that_are_used_near_the_cursor():
    source = (
        "from .shapes import SIDES, Shape, unused\nfrom pkg.deep.tools import (\n    fetch,\n)\n"
        "from lib.core import run\nfrom .broken import broken\nimport os\n\n\n"
        + "\n" * 40
        + "def f(shape: Shape):\n    run(fetch, broken, SIDES)\n    ¦"
    )
    found = {each.path: each.text for each in related(hole(source, "pkg/use.py"), FILES.get, {}, 2_000)}
    assert set(found) == {"pkg/shapes.py", "pkg/deep/tools.py", "src/lib/core.py"}
    assert found["pkg/deep/tools.py"] == "async def fetch(url, *, timeout=3): ..."
    assert "class Shape(Base):" in found["pkg/shapes.py"] and "_private" not in found["pkg/shapes.py"]
    assert "    def area(self, unit: str='m') -> float: ..." in found["pkg/shapes.py"]
    assert "SIDES = 4" in found["pkg/shapes.py"] and "unused" not in found["pkg/shapes.py"]
    assert related(hole(source, "pkg/use.py"), FILES.get, {}, 8) == ()
    (few,) = related(hole(source, "pkg/use.py"), FILES.get, {}, 10)
    assert few.text == "SIDES = 4"


def test_definitions_of_open_files_in_other_languages():
    opened = {
        "b.ts": "export function parsePort(text: string): number {\n  return 1;\n}\nfunction other() {}\n"
    }
    (found,) = related(hole("const port = parsePort(¦", "a.ts"), {}.get, opened, 500)
    assert found.path == "b.ts" and found.text == "export function parsePort(text: string): number {"


@pytest.mark.parametrize(
    ("source", "offered", "broken"),
    [
        ("x = ¦\ny = 1\n", "1", False),
        ("x = ¦\ny = 1\n", "1)", True),
        ("x = ¦\ny = 1\n", "(1", True),
        ("¦\ny = 1\n", "for a in b:", False),
        ("def f():\n    ¦\n", "try:", False),
        ("def f():\n    ¦\n", "if x:\n        return", False),
        ("def f(:\n    ¦\n", "1)", False),
    ],
)
def test_what_breaks_the_file_is_known(source, offered, broken):
    assert breaks(hole(source), offered) is broken


def test_other_kinds_are_checked_against_what_parsed_before():
    assert breaks(hole('{"a": 1¦}\n', "a.json"), "}") is True
    assert breaks(hole('{"a": ¦}\n', "a.json"), "}") is False
    assert breaks(hole("fn f() {¦}", "a.rs"), "}}}") is False


def test_the_cache_serves_what_was_predicted_and_forgets_the_oldest():
    cache = Cache(most=2)
    cache.keep(hole("x = ¦\n"), "first(second)")
    assert cache.find(hole("x = fi¦\n")) == "rst(second)"
    assert cache.find(hole("x = fo¦\n")) is None
    assert cache.find(hole("x = first(second)¦\n")) is None
    assert cache.find(hole("x = fi¦)\n")) is None
    assert cache.find(hole("x = ¦\n", "b.py")) is None
    cache.keep(hole("y = ¦\n"), "")
    assert cache.find(hole("y = ¦\n")) == "" and cache.find(hole("y = 1¦\n")) is None
    cache.keep(hole("z = ¦\n"), "1")
    assert cache.find(hole("x = ¦\n")) is None and len(cache) == 2


@given(st.text(min_size=1, max_size=20), st.integers(0, 20))
def test_typed_and_left_make_the_answer(answer, typed):
    cache = Cache()
    cache.keep(Hole("a.py", "x = \n", 4), answer)
    typed = min(typed, len(answer) - 1)
    place = Hole("a.py", f"x = {answer[:typed]}\n", 4 + typed)
    assert answer[:typed] + (cache.find(place) or "") == answer


def test_an_hour_ends():
    now = [0.0]
    budget = HourBudget(100, clock=lambda: now[0])
    budget.spend(Usage(input_tokens=60, output_tokens=50))
    with pytest.raises(HourSpent, match="100 tokens of this hour; it goes on in 60 minutes"):
        budget.check()
    now[0] = 3601.0
    budget.check()
    price = Price((PriceTier(None, 1.0, 2.0),), "doc")
    paid = HourBudget(None, 0.1, price, clock=lambda: now[0])
    paid.spend(Usage(input_tokens=60, output_tokens=20))
    with pytest.raises(HourSpent, match=r"0\.1 yuan"):
        paid.check()
    HourBudget(None).check()


def test_how_models_are_asked():
    place = hole("from b import f\n\n\nx = f(¦)\ny = 2\n")
    definitions = related(place, {"b.py": "def f(a, b): pass\n"}.get, {}, 500)
    local = as_gap(place, definitions)
    assert local.request.continue_text == (
        "<|file_sep|>b.py\ndef f(a, b): ...\n<|file_sep|>a.py\n"
        "<|fim_prefix|>from b import f\n\n\nx = f<|fim_suffix|>)\ny = 2\n<|fim_middle|>"
    )
    assert local.repeats == "(" and local.request.sampling["grammar"] == r'root ::= "(" [^\x00]*'
    system, user = in_words(place, definitions).request.items
    assert "<COMPLETION>" in system.text
    assert user.text.endswith("<before_cursor>\nfrom b import f\n\n\nx = f(\n</before_cursor>")
    assert "def f(a, b): ..." in user.text and "the rest of the statement" in user.text
    assert in_words(place, ()).request.sampling["thinking"] == {"type": "disabled"}


@pytest.mark.parametrize(
    ("before", "begun"),
    [
        ("x = self.na", ".na"),
        ("def f():\n    ", "    "),
        ("def f():\n    retu", "    retu"),
        ('x["', '["'),
        ("名前 = 名", " = 名"),
        ("x = 1\n", ""),
        ("x = 1\r\n\t", "\t"),
        ("", ""),
    ],
)
def test_the_local_model_says_the_token_under_the_cursor_once_more(before, begun):
    question = as_gap(hole(f"{before}¦\n"), ())
    kept = before.removesuffix(begun)
    assert question.repeats == begun
    assert f"<|fim_prefix|>{kept}<|fim_suffix|>" in question.request.continue_text
    assert ("grammar" in question.request.sampling) == bool(begun)
