import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.agent.repair.variations import name_variations, operator_variations, order_variations


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("    return max(days * rate, limit)", "    return min(days * rate, limit)"),
        ("while (size >= capacity) {", "while (size > capacity) {"),
        ("if (entries[middle].time < time) {", "if (entries[middle].time <= time) {"),
        ("if a or b:", "if a and b:"),
        ('"^": Operator(30, right=False),', '"^": Operator(30, right=True),'),
        ("return year if month == 11 else day", "return year if month == 12 else day"),
        ("const index = ++next;", "const index = next++;"),
        ("total -= value", "total += value"),
        ("if not ready:", "if ready:"),
        ("return left - right", "return right - left"),
    ],
)
def test_neighbours_of_operators_words_and_numbers(line, right) -> None:
    assert right in operator_variations(line)


@pytest.mark.parametrize(
    ("line", "around", "right"),
    [
        ("this.off(event, listener);", ["const wrapper = 1;"], "this.off(event, wrapper);"),
        ("for i in range(count):", [], "for i in range(count + 1):"),
        (
            "const last = Math.min(pages, first + width);",
            [],
            "const last = Math.min(pages, first + width - 1);",
        ),
    ],
)
def test_other_names_and_places_moved_by_one(line, around, right) -> None:
    assert right in name_variations(line, [line, *around])


def test_a_line_moves_down_or_goes() -> None:
    text = "a\nb\nc\n\nd\n"
    assert order_variations(text, 1) == ["b\nc\n\nd\n", "b\na\nc\n\nd\n", "b\nc\na\n\nd\n"]
    assert order_variations(text, 3) == ["a\nb\n\nd\n"], "never over an empty line"
    assert order_variations("a\nb", 2) == ["a"]


def test_strings_are_left_alone() -> None:
    assert operator_variations("say('1 < 2 and 3')") == []


@given(st.text(alphabet="abc<>=!+-*/&|()[]{}.,;:'\"\\ 019_", max_size=40))
def test_any_line_is_varied_without_a_crash_and_never_into_itself(line: str) -> None:
    for varied in (operator_variations(line), name_variations(line, [line])):
        assert line not in varied
        assert len(varied) == len(set(varied))
