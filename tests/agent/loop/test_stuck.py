"""Repetition is noticed where it is one, and only there."""

from __future__ import annotations

from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.loop.stuck import RepeatWatch

READ = ToolCall("1", "read", '{"path": "a", "limit": 1}')
SAME_READ = ToolCall("2", "read", '{"limit":1,"path":"a"}')
TEST = ToolCall("3", "shell", '{"command": "pytest"}')
LIST = ToolCall("4", "shell", '{"command": "ls"}')


def edit(number: int) -> ToolCall:
    return ToolCall(f"e{number}", "edit", f'{{"new": "{number}"}}')


def test_the_third_same_call_is_reported_whatever_its_spelling():
    watch = RepeatWatch()
    assert watch.observe([READ], []) is None
    assert watch.observe([SAME_READ], []) is None
    repeated = watch.observe([READ], [])
    assert repeated is not None and repeated.call is READ and not repeated.again


def test_it_is_reported_again_only_after_as_many_more():
    watch = RepeatWatch()
    reports = [watch.observe([READ], []) for _ in range(6)]
    assert [report and report.again for report in reports] == [None, None, False, None, None, True]


def test_a_change_in_between_is_progress():
    watch = RepeatWatch()
    for number in range(10):
        assert watch.observe([edit(number)], [edit(number)]) is None
        assert watch.observe([TEST], [TEST]) is None


def test_a_change_forgives_an_earlier_report():
    watch = RepeatWatch()
    for _ in range(3):
        watch.observe([READ], [])
    watch.observe([edit(1)], [edit(1)])
    reports = [watch.observe([READ], []) for _ in range(3)]
    assert reports[2] is not None and not reports[2].again


def test_doing_and_undoing_is_no_progress():
    watch = RepeatWatch()
    calls = [edit(1), edit(2)] * 4
    assert any(watch.observe([call], [call]) for call in calls)


def test_alternating_commands_are_noticed():
    watch = RepeatWatch()
    assert any(watch.observe([call], [call]) for call in [TEST, LIST] * 4)


def test_a_call_twice_in_one_answer_counts_once():
    watch = RepeatWatch()
    assert watch.observe([TEST] * 4, [TEST] * 4) is None


def test_failed_edits_change_nothing():
    watch = RepeatWatch()
    assert [watch.observe([edit(1)], []) is not None for _ in range(3)] == [False, False, True]


def test_arguments_that_are_no_json_count_as_they_stand():
    watch = RepeatWatch()
    broken = ToolCall("1", "read", "{broken")
    assert [watch.observe([broken], []) is not None for _ in range(3)] == [False, False, True]


def test_arguments_nested_beyond_the_parser_are_compared_as_they_stand():
    deep = ToolCall("d", "read", '{"path":' + "[" * 100_000 + "]" * 100_000 + "}")
    watch = RepeatWatch()
    assert [watch.observe([deep], []) is None for _ in range(3)] == [True, True, False]
