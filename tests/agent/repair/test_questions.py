import pytest

from seedsmith.agent.repair.functions import Region, regions_in
from seedsmith.agent.repair.questions import Question, Trial, plan, worth_asking
from seedsmith.agent.repair.suspects import Suspect

CODE = """def first(values):
    total = 0
    for value in values:
        total += value
    return total


def second(values):
    return values[1]
"""


def suspects() -> list[Suspect]:
    return [Suspect(region, 1.0) for region in regions_in("a.py", CODE)]


def planned(suspects: list[Suspect], seconds: float = 0.3) -> list[Question | Trial]:
    return list(plan(suspects, seconds, {"a.py": CODE}.get))


def questions(suspects: list[Suspect]) -> list[Question]:
    return [each for each in planned(suspects) if isinstance(each, Question)]


def test_every_line_that_says_something_is_asked_about_and_the_head_is_not() -> None:
    asked = [q.line for q in questions(suspects()[:1]) if q.kind == "correct" and not q.others[1]]
    assert asked == [2, 3, 4, 5]


def test_the_most_suspicious_line_comes_first() -> None:
    suspect = Suspect(suspects()[0].region, 1.0, {4: 0.9, 5: 0.2})
    asked = [q.line for q in questions([suspect]) if q.kind == "correct" and not q.others[1]]
    assert asked == [4, 5], "lines that did not run are not asked about"


def test_a_missing_line_may_belong_behind_the_last() -> None:
    asked = [q.line for q in questions(suspects()[:1]) if q.kind == "insert"]
    assert asked == [2, 3, 4, 5, 6]


def test_slow_tests_put_off_what_needs_many_runs() -> None:
    def first_question(seconds: float) -> int:
        return next(n for n, each in enumerate(planned(suspects(), seconds)) if isinstance(each, Question))

    assert first_question(0.01) > first_question(20.0) == 0


def test_the_most_suspicious_line_is_varied_first() -> None:
    suspect = Suspect(suspects()[0].region, 1.0, {4: 0.9, 5: 0.1})
    tried = [each.variation.replaced for each in planned([suspect], 0.02) if isinstance(each, Trial)]
    assert [each.first for each in tried[:5]] == [3] * 5
    assert min(each.first for each in tried) == 3


def test_no_question_is_asked_twice() -> None:
    asked = questions(suspects())
    assert len(set(map(_key, asked))) == len(asked) > 50


def test_questions_are_told_in_words() -> None:
    told = [question.describe() for question in questions(suspects()[1:])]
    assert "a.py, second: what is right in place of line 9" in told


def _key(question: Question) -> tuple:
    which = question.others, question.temperature, question.seed
    return question.suspect.region, question.kind, question.line, which


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("a.rs", "use std::fmt;\npub struct Ring<T> {\n    size: usize,\n}\nconst MOST: u8 = 3;", [5]),
        ("a.go", "package a\n\ntype Ring struct {\n\tsize int\n}\n\nvar most = 3", [7]),
        ("a.c", "struct node *first = 0;\nint mod = 3;", [1, 2]),
        ("a.py", "mod = 3\ntyped = type(mod)", [1, 2]),
    ],
)
def test_what_declares_types_alone_is_not_asked_about(path: str, text: str, wanted: list[int]) -> None:
    lines = tuple(text.split("\n"))
    region = Region(path, "", tuple(range(1, len(lines) + 1)), lines)
    assert worth_asking(Suspect(region, 1.0)) == wanted
