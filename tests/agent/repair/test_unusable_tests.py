"""What known runners say of themselves is told from what a failing test says; else nothing is guessed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from seedsmith.agent.repair.unusable_tests import why_unusable

NO_TESTS = "no tests ran in 0.01s\n"
USAGE = "ERROR: usage: pytest [options]\npytest: error: unrecognized arguments: --bogus\n"
NOT_FOUND = "ERROR: file or directory not found: a.py\n"
NO_RULE = "make: *** No rule to make target 'check'.  Stop.\n"


@pytest.mark.parametrize(
    ("command", "exit_code", "output", "says"),
    [
        (
            "pytest -q",
            5,
            NO_TESTS,
            "The test command ran no tests (exit code 5); name another with --test: pytest -q",
        ),
        (".venv/bin/python -m pytest", 5, NO_TESTS, "ran no tests"),
        ("python3.12 -X dev -m pytest", 5, NO_TESTS, "ran no tests"),
        ("A=1 B='x y' uv run pytest", 5, NO_TESTS, "ran no tests"),
        ("cd src && py.test 2>&1", 5, NO_TESTS, "ran no tests"),
        ("pytest > log", 5, "", "ran no tests"),
        ("pytest --bogus", 4, USAGE, "was not understood"),
        ("pytest a.py", 4, NOT_FOUND, "names tests that are not there"),
        (
            "pytest a.py::b",
            4,
            "ERROR: not found: /r/a.py::b\n(no match in any of [<Module a.py>])\n",
            "that are not there",
        ),
        (
            "python3 -m pytest",
            1,
            "/usr/bin/python3: No module named pytest\n",
            "calls pytest, which is not installed there",
        ),
        ("python3 -m unittest", 5, "NO TESTS RAN\n", "ran no tests"),
        ("python3 -m unittest", 0, "\nRan 0 tests in 0.000s\n\nOK\n", "ran no tests"),
        (
            "python3 -m unittest --x",
            2,
            "python3 -m unittest: error: unrecognized arguments: --x\n",
            "was not understood",
        ),
        ("make -s check", 2, NO_RULE, "names a target that is not there"),
        ("make test", 2, "make: *** No targets specified and no makefile found.  Stop.\n", "names a target"),
        ("npm test", 1, 'npm error Missing script: "test"\n', "names a script that is not there"),
        ("npm test", 1, 'npm ERR! Missing script: "test"\n', "names a script that is not there"),
        ("ctest --test-dir b", 0, "No tests were found!!!\n", "ran no tests"),
        ("gone", 127, "", "The test command can't be run: gone"),
        ("./a.txt", 126, "", "The test command can't be run: ./a.txt"),
        # Bugs, and what nobody can know.
        ("pytest", 4, "ImportError while loading conftest '/r/conftest.py'.\n", ""),
        ("pytest a.py::b", 4, "ERROR: found no collectors for /r/a.py::b\n", ""),
        ("pytest", 1, "E   ERROR: usage: \n", ""),
        ("pytest", 1, "ModuleNotFoundError: No module named pytest_helper\n", ""),
        ("pytest", 2, "1 error during collection\n", ""),
        ("pytest", 0, "1 passed\n", ""),
        ("pytest", None, "", ""),
        ("./run-tests", 5, NO_TESTS, ""),
        ("make test", 5, NO_TESTS, ""),
        ("make test", 2, "make: *** No rule to make target 'a.c', needed by 'test'.  Stop.\n", ""),
        ("make test", 2, "make[1]: *** No rule to make target 'x'.  Stop.\nmake: *** [test] Error 2\n", ""),
        ("pytest | tee log", 5, NO_TESTS, ""),
        ("pytest; ./more", 5, NO_TESTS, ""),
        ("./build && pytest", 5, NO_TESTS, ""),
        ("pytest\n./more", 5, NO_TESTS, ""),
        ("sh -c 'pytest'", 5, NO_TESTS, ""),
        ("pytest 'unclosed", 5, "", ""),
        ("", 5, "", ""),
        ("A=1", 5, "", ""),
    ],
)
def test_only_the_runners_own_words_count(command, exit_code, output, says):
    why = why_unusable(command, exit_code, output)
    assert says in why and bool(why) == bool(says)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "meaning"),
    [
        (("pytest", "-q", "-p", "no:cacheprovider"), "ran no tests"),
        (("pytest", "--bogus"), "was not understood"),
        (("pytest", "missing.py"), "names tests that are not there"),
        (("unittest",), "ran no tests"),
        (("unittest", "--bogus"), "was not understood"),
    ],
)
def test_the_runners_that_are_here_say_it_that_way(tmp_path, arguments, meaning):
    done = subprocess.run(
        (sys.executable, "-m", *arguments),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert meaning in why_unusable("python -m " + " ".join(arguments), done.returncode, done.stdout)


def test_what_breaks_the_runner_can_prove_no_report_unless_that_was_reported():
    output = "INTERNALERROR> Traceback (most recent call last):\nINTERNALERROR> KeyError: 'x'\n"
    for report, says in (("The mean is wrong.", "an error within pytest"), ("I see INTERNALERROR.", "")):
        assert says in why_unusable("pytest -q", 3, output, report=report)
        assert bool(says) is bool(why_unusable("pytest -q", 3, output, report=report))
    assert why_unusable("pytest -q", 3, output) == ""
    assert why_unusable("pytest -q", 5, "", report="The mean is wrong.") == ""
