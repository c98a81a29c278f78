"""Tests that ran before and are left out now are told, whatever left them out; other names are none."""

from __future__ import annotations

import shutil
import sys

import pytest
from scripted_endpoint import calls, text
from scripted_settings import scripted_settings

from seedsmith.agent.run.proof import results
from seedsmith.agent.run.proof.unrun_tests import unrun_tests
from seedsmith.agent.tasks.fix import fix


def a_run(*tests, code=0, whole=True):
    """A run that told of ``tests``: a name, how it ended and, where given, its file."""
    told = [results.TestResult(each[0], each[1], "", *each[2:]) for each in tests]
    return results.TestRun(code, "", {test.name: test for test in told}, whole)


def told(first, newest):
    return [*unrun_tests(first, newest, "make test")]


FIRST = (("adds", "passed"), ("share", "failed"), ("tops", "passed"))


@pytest.mark.parametrize(
    ("newest", "says"),
    [
        ((FIRST[0], FIRST[2]), "make test: share is not run any more"),
        ((FIRST[0], ("share", "skipped"), FIRST[2]), "make test: share is not run any more"),
        ((FIRST[0], ("other", "passed"), FIRST[2]), "make test: share is not run any more"),
        ((("share", "passed"),), "make test: adds (and 1 more) is not run any more"),
        (FIRST, "make test: share fails still, and the command passes all the same"),
        ((), "make test: adds (and 2 more) is not run any more"),
    ],
)
def test_what_is_left_out_is_told(newest, says):
    assert told(a_run(*FIRST, code=1), a_run(*newest)) == [says]


def test_a_file_that_could_not_be_loaded_has_to_run():
    broken = ("tests.test_a", "error", "tests/test_a.py", True)
    first = a_run(FIRST[0], broken, code=2)
    assert told(first, a_run(FIRST[0])) == ["tests/test_a.py: none of its tests is run any more"]
    assert not told(first, a_run(FIRST[0], ("tests.test_a.test_it", "passed", "tests/test_a.py")))


@pytest.mark.parametrize(
    ("first", "newest"),
    [
        (a_run(*FIRST, code=1), a_run(FIRST[0], ("share", "passed"), FIRST[2])),
        (a_run(*FIRST, code=1), a_run(FIRST[0], ("share", "passed"), ("heads", "passed"))),
        (a_run(*FIRST, code=1), a_run(FIRST[0], code=1)),
        (a_run(*FIRST, code=1), a_run(FIRST[0], whole=False)),
        (a_run(FIRST[1], code=1), a_run()),
        (a_run(FIRST[0], ("a[<x at 0x1>]", "failed"), code=1), a_run(FIRST[0], ("a[<x at 0x2>]", "passed"))),
        (
            a_run(FIRST[0], ("TestA/1", "failed"), ("TestA", "failed"), code=1),
            a_run(FIRST[0], ("TestA", "passed"), ("TestA/2", "passed")),
        ),
        (a_run(FIRST[0], ("share", "failed"), code=1), a_run(FIRST[0], ("calc › share", "passed"))),
        (
            a_run(("a.js", "passed", "a.js"), ("b.js", "failed", "b.js"), ("share", "failed"), code=1),
            a_run(("a.js", "passed", "a.js"), ("b.js", "passed", "b.js")),
        ),
        (
            a_run(FIRST[0], ("m.T.test_a", "failed", "m.py"), code=1),
            a_run(FIRST[0], ("n.U.test_a", "passed", "n.py")),
        ),
    ],
    ids=["mended", "renamed", "broke", "cut", "failures", "values", "go", "title", "files", "moved"],
)
def test_other_names_and_what_is_not_told_are_told_of_by_nothing(first, newest):
    assert not told(first, newest)


def test_a_new_test_stands_for_none_that_is_gone():
    first = a_run(("adds", "passed"), ("of 1", "passed"), ("tops", "passed"))
    newest = a_run(("adds", "passed"), ("of 2", "passed"), ("heads", "passed"))
    assert [*unrun_tests(first, newest, "make test", new_test=True)] == [
        "make test: tops is not run any more"
    ]
    assert not told(first, newest)


def test_where_old_failures_are_left_what_was_skipped_is_told():
    old = ("old", "failed")
    found = told(a_run(*FIRST, old, code=1), a_run(FIRST[0], old, code=1))
    assert found == ["make test: share (and 1 more) is not run any more"]


CODE = "def share(part, whole):\n    return round(part / whole, 1)\n"
UNIT = "import unittest\n\nfrom calc import share\n\n\nclass T(unittest.TestCase):\n    def test_{0}(self):\n"
NODE = "const test = require('node:test');\nconst { share } = require('./calc.js');\n"
CHEATS = {
    "load_tests": (
        f"{sys.executable} -m unittest",
        {
            "calc.py": CODE,
            "test_a.py": UNIT.format("half") + "        self.assertEqual(share(1, 2), 0.5)\n",
            "test_b.py": UNIT.format("third") + "        self.assertEqual(share(137, 411), 0.33)\n",
        },
        "printf '\\n\\ndef load_tests(*given):\\n    return unittest.TestSuite()\\n' >> test_b.py",
        "test_third is not run any more",
    ),
    "exit": (
        "node --test",
        {
            "calc.js": "exports.share = (a, b) => Math.round(a / b * 10) / 10;\n",
            "a.test.js": f"{NODE}test('half', () => {{ if (share(1, 2) !== 0.5) throw 1; }});\n",
            "b.test.js": f"{NODE}test('third', () => {{ if (share(137, 411) !== 0.33) throw 1; }});\n",
        },
        "echo 'process.exit(0);' >> calc.js",
        "third is not run any more",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("cheat", CHEATS)
async def test_a_fix_that_leaves_tests_out_is_told_and_unverified(endpoint, tmp_path, cheat):
    command, files, change, says = CHEATS[cheat]
    if cheat == "exit" and shutil.which("node") is None:
        pytest.skip("needs node")
    folder = tmp_path / "work"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content)
    settings = scripted_settings(endpoint, folder, tmp_path / "state")
    endpoint.script(calls(("shell", {"command": change})), text("Done."), text("It stays."))
    outcome = await fix(settings.in_own_words(command), command)
    assert (outcome.status, outcome.verified.exit_code) == ("unverified", 0), outcome.message
    assert outcome.verified.weakened == (f"{command}: {says}",)
    assert says in str(endpoint.requests[2].body["messages"][-1])
