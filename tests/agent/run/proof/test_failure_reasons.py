"""A failure on the old code counts where it shows what was reported, not where new code is missing."""

from __future__ import annotations

import pytest

from seedsmith.agent.run.proof.failure_reasons import wrong_reason

TRACEBACK = "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nKeyError: 'x'\n"
WITHIN = "E       AttributeError: 'NoneType' object has no attribute 'x'\n\nlib/f.py:2: AttributeError"
LOADING = "tests/test_a.py:1: in <module>\n    import shop\n"
TYPES = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nTypeError: not NoneType\n'
MISSING_FILE = """\
tests/test_a.py:4: in test_it
    Path("fixed.txt").read_text()
/usr/lib/python3.11/pathlib.py:1044: in open
    return io.open(self, mode)
E   FileNotFoundError: [Errno 2] No such file or directory: 'fixed.txt'

/usr/lib/python3.11/pathlib.py:1044: FileNotFoundError
"""
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
        (
            "import shop raises ModuleNotFoundError",
            f"{LOADING}shop.py:3: in <module>\n    import distutils\n"
            "E   ModuleNotFoundError: No module named 'distutils'",
        ),
        (
            "find() returns nothing: AttributeError",
            "E   AttributeError: 'NoneType' object has no attribute 'price'" + IN_TEST,
        ),
        (
            "mean(1, 2) raises TypeError",
            "E   TypeError: mean() takes 1 positional argument but 2 were given" + IN_TEST,
        ),
        (TRACEBACK, "E   KeyError: 'x'\n\na.py:1: KeyError"),
        (TRACEBACK, "E   assert 1 == 2\n\ntests/test_a.py:4: AssertionError"),
        ("Support hard wrap, please.", "E   TypeError: f() got an unexpected keyword argument 'hard_wrap'"),
        ("Please add a safe mean", "E   AttributeError: module 'a' has no attribute 'safeMean'" + IN_TEST),
        (
            "settings.ini is not read",
            "E   FileNotFoundError: [Errno 2] No such file or directory: 'a/settings.ini'",
        ),
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
        (TYPES, "E   TypeError: mean() got an unexpected keyword argument 'empty'" + IN_TEST, "empty"),
        (
            "mean raises AttributeError",
            "E   AttributeError: module 'a' has no attribute 'mean2'" + IN_TEST,
            "mean2",
        ),
        (
            "mean raises NameError",
            "E   NameError: name 'helper' is not defined" + IN_TEST,
            "name 'helper' is not defined",
        ),
        (
            "mean raises ImportError",
            f"{LOADING}E   ImportError: cannot import name 'mean2' from 'shop'",
            "cannot import name 'mean2'",
        ),
        (
            "The mean is wrong.",
            "E   TypeError: mean() missing 1 required positional argument: 'empty'" + IN_TEST,
            "with other arguments",
        ),
        (TRACEBACK, "E   OSError: gone\n\na.py:1: OSError", "it ends with OSError, the report with KeyError"),
        ("It raises FileNotFoundError.", MISSING_FILE, "fixed.txt"),
    ],
)
def test_a_failure_of_another_kind(report, why, says):
    assert says in wrong_reason(report, why)
