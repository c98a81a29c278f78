import pytest

from seedsmith.agent.repair.functions import regions_in
from seedsmith.agent.repair.prompts import word
from seedsmith.agent.repair.questions import Question
from seedsmith.agent.repair.suspects import Suspect

PYTHON = '''LIMIT = 3


def total(values):
    """Sum the values."""
    result = 1
    for value in values:
        result += value
    return result


def other():
    return 0
'''
C = """int total(const int *values, int count) {
    int result = 1;
    for (int i = 0; i < count; i++)
        result += values[i];
    return result;
}

int other(void) { return 0; }
"""


def asked(kind: str, line: int, path: str = "a.py", text: str = PYTHON):
    region = next(region for region in regions_in(path, text) if region.name == "total")
    return word(Question(Suspect(region, 1.0), kind, line), "assert 7 == 6", text)


def test_a_line_to_correct_is_left_at_the_start_of_the_right_one() -> None:
    text = asked("correct", 6).request.continue_text
    assert "# assert 7 == 6\n" in text
    assert text.count("result += value") == 1, "what comes after the line is shown once, as it was"
    assert text.endswith('"""Sum the values."""\n    # wrong: result = 1\n    # right:\n    ')


def test_comments_are_those_of_the_language() -> None:
    text = asked("correct", 2, "a.c", C).request.continue_text
    assert text.endswith("// wrong: int result = 1;\n    // right:\n    ")
    assert "other" not in text


def test_a_gap_hides_the_line_and_nothing_else() -> None:
    text = asked("fill", 6).request.continue_text
    before, after = text.removeprefix("<|fim_prefix|>").removesuffix("<|fim_middle|>").split("<|fim_suffix|>")
    assert before == PYTHON[: PYTHON.index("result = 1")]
    assert after.startswith("\n    for value in values:") and after.endswith("    return result")


def test_a_place_to_insert_hides_nothing() -> None:
    text = asked("insert", 9).request.continue_text
    assert "        result += value\n<|fim_suffix|>\n    return result" in text


@pytest.mark.parametrize(
    ("path", "text", "kept", "hidden"),
    [("a.py", PYTHON, "Sum the values.", "result"), ("a.c", C, "int count) {\n    ", "result")],
)
def test_a_body_is_not_shown(path, text, kept, hidden) -> None:
    sent = asked("body", 0, path, text).request.continue_text
    assert kept in sent and hidden not in sent and "other" in sent


def test_a_function_without_a_known_body_is_not_asked_for() -> None:
    text = "int total(void)\n{ return 1; }\n"
    assert asked("body", 0, "a.c", text) is None


def test_one_line_questions_end_with_the_line() -> None:
    for kind in ("correct", "fill", "insert"):
        assert asked(kind, 6).request.sampling["stop"] == ["\n"]
