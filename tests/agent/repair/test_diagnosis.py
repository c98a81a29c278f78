import pytest

from seedsmith.agent.repair.diagnosis import Diagnosis, FailedTest, Frame, read_output, shorten

NODE = """file:///home/me/p/test/money.test.js:9
AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:

'1.00' !== '1.50'

    at Object.<anonymous> (/home/me/p/test/money.test.js:9:10)
    at format (/home/me/p/src/money.js:30:3)
    at node:internal/main/run_main_module:28:49
"""
C = "test_ring: tests/test_ring.c:23: test_wrap: Assertion `ring_pop(&ring) == 3' failed.\n"
PYTHON = """Traceback (most recent call last):
  File "/w/t/test_a.py", line 3, in test_x
    f()
ValueError: bad
"""


@pytest.mark.parametrize(
    ("output", "known", "frame", "word"),
    [
        (NODE, {"src/money.js", "test/money.test.js"}, Frame("src/money.js", 30, "format"), "1.50"),
        (C, {"tests/test_ring.c", "ring.c"}, Frame("tests/test_ring.c", 23), "ring_pop"),
        (PYTHON, {"t/test_a.py"}, Frame("t/test_a.py", 3, "test_x"), "ValueError"),
    ],
)
def test_output_of_each_language_gives_places_and_a_message(output, known, frame, word) -> None:
    test = read_output(output, frozenset(known))
    assert frame in test.frames
    assert word in test.message


def test_places_outside_the_workspace_are_none_of_ours() -> None:
    assert read_output(PYTHON, frozenset({"other.py"})).frames == ()


def test_ochiai_puts_the_line_that_only_failing_tests_ran_first() -> None:
    failed = FailedTest("t", "", (), {"a.py": frozenset({1, 2, 3})})
    diagnosis = Diagnosis("", 1.0, False, (failed,), ({"a.py": frozenset({1, 2})}, {"a.py": frozenset({1})}))
    lines = diagnosis.suspicion()["a.py"]
    assert lines[3] == 1.0
    assert lines[3] > lines[2] > lines[1]


def test_long_messages_are_cut() -> None:
    assert len(shorten("x" * 5000)) <= 480
    assert shorten("a\n\n\nb") == "a\nb"
