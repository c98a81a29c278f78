"""What runners of tests write is read test by test, real ones' where they are here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from seedsmith.agent.run.proof.results import read_junit, read_output, without_passed
from seedsmith.agent.run.proof.test_reporting import reporting_command


def said(found):
    return {name: test.said for name, test in found.items()}


@pytest.mark.slow
def test_pytest_writes_of_each_test_and_of_what_cannot_be_collected(tmp_path):
    (tmp_path / "test_a.py").write_text(
        "import pytest\n\n\ndef test_ok(): pass\n\n\ndef test_no(): assert 1 == 2\n\n\n"
        "@pytest.mark.skip\ndef test_left(): pass\n\n\n"
        "@pytest.fixture\ndef broken(): raise OSError('x')\n\n\n"
        "def test_error(broken): pass\n"
    )
    (tmp_path / "test_b.py").write_text("import not_there\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--continue-on-collection-errors",
    ]
    command += ["-o", "junit_family=xunit1", "--junitxml=out.xml"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    found = read_junit((tmp_path / "out.xml").read_bytes())
    assert said(found) == {
        "test_a.test_ok": "passed",
        "test_a.test_no": "failed",
        "test_a.test_left": "skipped",
        "test_a.test_error": "error",
        "test_b": "error",
    }
    assert found["test_a.test_no"].file == "test_a.py" and "assert 1 == 2" in found["test_a.test_no"].why
    assert found["test_b"].whole_file and found["test_b"].file == "test_b.py"


def test_what_is_no_such_document_tells_of_nothing():
    entity = b'<!DOCTYPE x [<!ENTITY a "b">]><testsuites><testcase name="a"/></testsuites>'
    assert read_junit(b"") == {} == read_junit(b"<a") == read_junit(entity)


def test_unittest_tells_of_each_test(tmp_path):
    (tmp_path / "test_a.py").write_text(
        "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_ok(self):\n        print('noise')\n\n"
        "    def test_no(self):\n        '''With a docstring.'''\n        self.assertEqual(1, 2)\n\n"
        "    @unittest.skip('x')\n    def test_left(self): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "unittest", "-v"],
        cwd=tmp_path,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
    )
    found = {name.split()[0]: each for name, each in said(read_output(done.stdout.decode())).items()}
    assert found == {"test_ok": "passed", "test_no": "failed", "test_left": "skipped"}
    (failed,) = (test for test in read_output(done.stdout.decode()).values() if test.said == "failed")
    assert "AssertionError: 1 != 2" in failed.why and "test_left" not in failed.why
    assert without_passed("test_a (m.T.test_a) ... ok\nFAIL: x\n--- PASS: TestA (0s)\n") == "FAIL: x\n"


async def test_a_command_is_asked_to_tell_of_each_test(tmp_path):
    class Processes:
        isolation = SimpleNamespace(name="off")
        policy = SimpleNamespace(private_tmp=tmp_path, workspace=tmp_path)
        environment = {"PYTEST_ADDOPTS": "-x"}

    told = {
        "python -m unittest": "python -m unittest -v",
        "python -m unittest discover -q": "python -m unittest discover -v ",
        "python -m unittest discover -v": "python -m unittest discover -v",
        "python -m unittest test_a -q": "python -m unittest -v test_a ",
        "cd a && go test ./...": "cd a && go test -v ./...",
        "cargo test": "cargo test --no-fail-fast",
        "cd a && cargo +nightly test --lib": "cd a && cargo +nightly test --no-fail-fast --lib",
        "cargo test --no-fail-fast": "cargo test --no-fail-fast",
        "make test": "make test",
        "python -m pytest -x tests -qx --maxfail 2": "python -m pytest tests -q",
        "pytest --exitfirst -k 'a' && flake8 -x": "pytest -k 'a' && flake8 -x",
        "python -m unittest -f": "python -m unittest -v",
        "go test -failfast ./...": "go test -v ./...",
        "npx jest --bail src": "npx jest --verbose src",
        "npm test": "npm test -- --verbose",
        "yarn test": "yarn test --verbose",
        "cd a && npm test": "cd a && npm test",
    }
    (tmp_path / "package.json").write_text('{"scripts": {"test": "eslint . && NODE_ENV=test jest --ci"}}')
    (tmp_path / "a").mkdir()
    (tmp_path / "a/package.json").write_text('{"scripts": {"test": "jest && eslint ."}}')
    assert {each: reporting_command(each, Processes()).command for each in told} == told
    assert (
        reporting_command("pytest", Processes(), ["tests/test_a.py"])
        .environment["PYTEST_ADDOPTS"]
        .startswith("-x -o ")
    )


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_node_tells_of_each_test(tmp_path):
    (tmp_path / "a.test.js").write_text(
        "const test = require('node:test'); const assert = require('node:assert');\n"
        "test('is fine', () => {});\ntest('is not', () => assert.equal(1, 2));\n"
        "test.skip('is left', () => {});\n"
    )
    done = subprocess.run(["node", "--test"], cwd=tmp_path, stdout=subprocess.PIPE)
    found = said(read_output(done.stdout.decode()))
    assert (found["is fine"], found["is not"], found["is left"]) == ("passed", "failed", "skipped")


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (
            "test tests::adds ... ok\ntest tests::no ... FAILED\ntest tests::left ... ignored\n",
            {"tests::adds": "passed", "tests::no": "failed", "tests::left": "skipped"},
        ),
        (
            "=== RUN   TestA\n--- PASS: TestA (0s)\n--- FAIL: TestB (0.1s)\n    --- FAIL: TestB/sub (0s)\n",
            {"TestA": "passed", "TestB": "failed", "TestB/sub": "failed"},
        ),
        (
            "PASS src/a.test.ts\nFAIL src/b.test.ts (5 s)\n  \x1b[32m✓\x1b[39m adds (2 ms)\n  ✕ takes\n",
            {"src/a.test.ts": "passed", "src/b.test.ts": "failed", "adds": "passed", "takes": "failed"},
        ),
        (  # mocha, whose list at the end names what the tests are in
            "  1) top\n  outer\n    ✔ adds\n    2) takes\n    - left\n\n  1 passing (5ms)\n  2 failing\n\n"
            "  1) top:\n     Error: x\n\n  2) outer\n       takes:\n     Error: y\n",
            {"adds": "passed", "top": "failed", "takes": "failed"},
        ),
        (  # vitest, which names the tests of failed files alone
            " ❯ a.test.js (3 tests | 1 failed | 1 skipped) 8ms\n     ✓ adds 2ms\n     × takes 5ms\n"
            " ✓ b/b.test.js (1 test) 3ms\n ❯ c.test.ts (0 test)\n",
            {
                "adds": "passed",
                "takes": "failed",
                "a.test.js": "failed",
                "b/b.test.js": "passed",
                "c.test.ts": "failed",
            },
        ),
        (  # ava, behind a linter
            "  a.js:3:1\n  ✖  3:46  No magic number: 2   no-magic-numbers\n\n  1 error\n"
            "  - [skip] left\n  ✔ adds (12ms)\n  ✘ [fail]: takes Error thrown in test\n"
            "  ✘ [fail]: b › is `1` (3ms)\n  ─\n\n  takes\n\n  Error thrown in test:\n",
            {"left": "skipped", "adds": "passed", "takes": "failed", "b › is `1`": "failed"},
        ),
        (  # tape, behind eslint
            "✖ 53 problems (0 errors, 53 warnings)\n\nTAP version 13\n# adds\nok 1 should be equal\nok 2\n"
            "# takes\nok 3 a\nnot ok 4 b\n  ---\n  at: x\n  ...\nok 5 c\n\n1..5\n"
            "# tests 5\n# pass  4\n# fail  1\n",
            {"adds": "passed", "takes": "failed"},
        ),
    ],
)
def test_other_runners_tell_of_each_test(output, found):
    assert said(read_output(output)) == found


def test_files_that_runners_name_are_told_by_their_paths():
    found = read_output("FAIL src/a.test.ts\n ❯ c.test.ts (0 test)\n ✓ b.test.js (1 test) 3ms\n")
    assert {name: (test.file, test.whole_file) for name, test in found.items()} == {
        "src/a.test.ts": ("src/a.test.ts", False),
        "c.test.ts": ("c.test.ts", True),
        "b.test.js": ("b.test.js", False),
    }


def test_of_a_failed_test_of_tape_its_own_lines_are_told():
    found = read_output("# takes\nok 1 a\nnot ok 2 b\n  ---\n  at: x\n  ...\nok 3 c\n\n1..3\n# fail  1\n")
    assert found["takes"].why == "not ok 2 b\n  ---\n  at: x\n  ...\n"


def test_tests_of_unittest_that_describe_themselves_are_told():
    output = "tm/tables [extra, 表] ... ok\ntm/links ... FAIL\n\nRan 2 tests in 0.1s\n\nFAILED (failures=1)\n"
    assert {name: test.said for name, test in read_output(output).items()} == {
        "tm/tables [extra, 表]": "passed",
        "tm/links": "failed",
    }


def test_tests_of_ctest_are_told():
    output = (
        "      Start  1: parse_number\n 1/4 Test  #1: parse_number ...............   Passed    0.03 sec\n"
        " 2/4 Test  #2: misc_tests .......................***Failed    0.02 sec\n"
        " 3/4 Test  #3: deep .............................***Exception: SegFault  0.02 sec\n"
        "4/4 Test #4: windows ..........................***Skipped   0.00 sec\n"
    )
    assert {name: test.said for name, test in read_output(output).items()} == {
        "parse_number": "passed",
        "misc_tests": "failed",
        "deep": "failed",
        "windows": "skipped",
    }
