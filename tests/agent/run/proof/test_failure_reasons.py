"""A failure on the old code counts where it shows what was reported, not where new code is missing."""

from __future__ import annotations

import pytest

from seedsmith.agent.run.proof.failure_reasons import wrong_reason

TRACEBACK = "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nKeyError: 'x'\n"
WITHIN = "E       AttributeError: 'NoneType' object has no attribute 'x'\n\nlib/f.py:2: AttributeError"
IN_TEST = "\n\ntests/test_a.py:4: AttributeError"


@pytest.mark.parametrize(
    ("report", "why"),
    [
        ("The mean is wrong.", "E       assert 3 == 2\n\ntests/test_a.py:4: AssertionError"),
        ("mean([]) raises ZeroDivisionError", "E   ZeroDivisionError: x\n\nlib/a.py:2: ZeroDivisionError"),
        ("It crashes on an empty file.", WITHIN),
        (
            "Please add Table.sort_by",
            "E   AttributeError: 'Table' object has no attribute 'sort_by'" + IN_TEST,
        ),
        ("import shop fails with ImportError", "ImportError while importing test module\nE   ImportError: x"),
        (TRACEBACK, "E   KeyError: 'x'\n\na.py:1: KeyError"),
        (TRACEBACK, "E   assert 1 == 2\n\ntests/test_a.py:4: AssertionError"),
    ],
)
def test_a_failure_that_shows_the_report(report, why):
    assert wrong_reason(report, why) == ""


@pytest.mark.parametrize(
    ("report", "why", "says"),
    [
        ("The mean is wrong.", "E   ModuleNotFoundError: No module named 'helper'", "not even be loaded"),
        (
            "The mean is wrong.",
            "E   AttributeError: module 'a' has no attribute 'safe_mean'" + IN_TEST,
            "safe_mean",
        ),
        ("The mean is wrong.", "E   TypeError: mean() got an unexpected keyword argument 'empty'", "empty"),
        (
            "The mean is wrong.",
            "error[E0425]: cannot find function `safe` in this scope",
            "not even be loaded",
        ),
        (TRACEBACK, "E   OSError: gone\n\na.py:1: OSError", "it ends with OSError, the report with KeyError"),
    ],
)
def test_a_failure_of_another_kind(report, why, says):
    assert says in wrong_reason(report, why)
