from seedsmith.agent.repair.functions import regions_in
from seedsmith.agent.repair.questions import Question, plan
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


def test_every_line_that_says_something_is_asked_about_and_the_head_is_not() -> None:
    asked = [q.line for q in plan(suspects()[:1], 0.3) if q.kind == "correct" and not q.temperature]
    assert asked == [2, 3, 4, 5]


def test_the_most_suspicious_line_comes_first() -> None:
    suspect = Suspect(suspects()[0].region, 1.0, {4: 0.9, 5: 0.2})
    asked = [q.line for q in plan([suspect], 0.3) if q.kind == "correct" and not q.temperature]
    assert asked == [4, 5], "lines that did not run are not asked about"


def test_a_missing_line_may_belong_behind_the_last() -> None:
    asked = [q.line for q in plan(suspects()[:1], 0.3) if q.kind == "insert"]
    assert asked == [2, 3, 4, 5, 6]


def test_slow_tests_put_off_what_needs_many_runs() -> None:
    def first_variation(test_seconds: float) -> int:
        return next(i for i, q in enumerate(plan(suspects(), test_seconds)) if q.kind == "operators")

    assert first_variation(0.05) < first_variation(20.0)


def test_no_question_is_asked_twice() -> None:
    questions = list(plan(suspects(), 0.3))
    assert len(set(map(_key, questions))) == len(questions) > 50


def test_questions_are_told_in_words() -> None:
    told = [question.describe() for question in plan(suspects()[1:], 0.3)]
    assert "a.py, second: what is right in place of line 9" in told
    assert "a.py, second: other operators in line 9" in told


def _key(question: Question) -> tuple:
    return question.suspect.region, question.kind, question.line, question.temperature, question.seed
