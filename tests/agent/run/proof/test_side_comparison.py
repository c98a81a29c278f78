"""Two runs are compared by what was reported, wherever the workspace lies."""

from __future__ import annotations

import pytest

from seedsmith.agent.run.proof import results
from seedsmith.agent.run.proof.side_comparison import Asked, compare

WITHIN = """Traceback (most recent call last):
  File "/home/me/test/shop/test_calc.py", line 8, in test_none
  File "/home/me/test/shop/calc.py", line 3, in first
AttributeError: 'NoneType' object has no attribute 'strip'
"""
OF_NEW_CODE = """Traceback (most recent call last):
  File "/home/me/test/shop/test_calc.py", line 8, in test_none
AttributeError: module 'calc' has no attribute 'first_or_none'
"""


def a_run(said, why=""):
    result = results.TestResult("test_none", said, why, "test_calc.py")
    return results.TestRun(int(said != "passed"), why, {"test_none": result})


@pytest.mark.parametrize(("why", "proven"), [(WITHIN, True), (OF_NEW_CODE, False)])
def test_a_workspace_below_a_folder_of_tests_is_no_test(why, proven):
    asked = Asked("make test", "It crashes on an empty text.", ["test_calc.py"], "/home/me/test/shop")
    sides = compare(asked, results.TestRun(0), a_run("failed", why), a_run("passed"))
    assert sides.proven is proven


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ("js/a.test.js", "the command runs no test of js/a.test.js."),
        ("tests/data.txt", "no test of tests/data.txt fails"),  # A test that is run may read it.
        (
            "test_calc.py",
            "test_none passes on the code as it was, too: it does not show what was reported. No test ran "
            "that had not been there: if one was added, the command does not run it.",
        ),
    ],
)
def test_a_test_that_is_not_run_is_told(changed, says):
    passed = a_run("passed")
    assert (
        says in compare(Asked("pytest", "It crashes.", [changed], "/home/me"), passed, passed, passed).fault
    )


@pytest.mark.parametrize("first", [None, results.TestRun(0)])
def test_one_that_was_added_and_run_is_not_said_to_be_left_out(first):
    asked, passed = Asked("pytest", "It crashes.", ["test_calc.py"], "/home/me"), a_run("passed")
    assert compare(asked, first, passed, passed).fault.endswith("it does not show what was reported.")
