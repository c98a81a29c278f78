"""A fix of a report is proven by tests that fail on the code as it was and pass now: whole runs."""

from __future__ import annotations

import shutil
import sys

import pytest
from scripted_endpoint import calls, text
from scripted_settings import scripted_settings
from small_house import Collected

from seedsmith.agent.events import SessionFinished
from seedsmith.agent.tasks.fix import fix

CODE = """\
def mean(values):
    return sum(values) / len(values)


def share(part, whole):
    return round(part / whole, 2)
"""
TESTS = """\
from calc import mean, share


def test_mean():
    assert mean([1, 3]) == 2


def test_share():
    assert share(1, 4) == 0.25
"""
REPORT = "mean([]) raises ZeroDivisionError; it should be 0."
OLD = "    return sum(values) / len(values)\n"
FIXED = ("edit", {"path": "calc.py", "old": OLD, "new": f"    if not values:\n        return 0\n{OLD}"})
NEW_TEST = "from calc import mean\n\n\ndef test_nothing():\n    assert mean([]) == 0\n"
TESTED = ("write", {"path": "tests/test_nothing.py", "content": NEW_TEST})
COMMAND = f"PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -m pytest -q -p no:cacheprovider"
LAST = text("Cause: the length is 0.\nChange: calc.py:2 returns 0.\nRisk: none known.")


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "work"
    (folder / "tests").mkdir(parents=True)
    (folder / "calc.py").write_text(CODE)
    (folder / "tests" / "test_calc.py").write_text(TESTS)
    (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    return folder


@pytest.fixture
def settings(endpoint, tmp_path, repository):
    return scripted_settings(endpoint, repository, tmp_path / "state", report=tmp_path / "pull.md")


def a_test(name, *, passes_before=False):
    """A call that writes a test ``name``, of what is broken or of what is not."""
    asserted = "mean([4]) == 4" if passes_before else "mean([]) == 0"
    content = f"from calc import mean\n\n\ndef test_it():\n    assert {asserted}\n"
    return ("write", {"path": name, "content": content})


HEAD = "import unittest\n\nfrom calc import mean\n\n\nclass T(unittest.TestCase):\n    def test_it(self):\n"
OF_ONE = f"{HEAD}        self.assertEqual(mean([4]), 4)\n"
OF_NONE = f"{HEAD}        self.assertEqual(mean([]), 0)\n"
UNITTEST = f"PYTHONPATH=. {sys.executable} -m unittest discover -s tests -p 'test_[nu]*.py'"


@pytest.mark.parametrize(
    ("command", "test", "name", "kept"),
    [
        (UNITTEST, OF_NONE, "test_it (test_nothing.T.test_it)", 1),
        pytest.param(COMMAND, NEW_TEST, "tests.test_nothing.test_nothing", 3, marks=pytest.mark.slow),
    ],
    ids=["unittest", "pytest"],
)
async def test_a_report_is_fixed_and_proven_on_both_sides(
    endpoint, settings, repository, tmp_path, command, test, name, kept
):
    (repository / "tests/test_unit.py").write_text(OF_ONE)
    endpoint.script(calls(FIXED, ("write", {**TESTED[1], "content": test})), LAST)
    seen = Collected()
    outcome = await fix(settings, command, (seen,), report=REPORT)
    assert (outcome.status, outcome.turns) == ("done", 2)
    sides = outcome.verified.sides
    assert sides.proven and sides.old.tests == sides.new.tests == (name,)
    assert (sides.old.exit_code, sides.new.exit_code, sides.kept) == (1, 0, kept)
    assert "ZeroDivisionError" in sides.old.why and "Proven on both sides" in outcome.message
    (finished,) = (event for event in seen.events if isinstance(event, SessionFinished))
    assert finished.verified["sides"]["proven"] and finished.verified["before_exit_code"] == 0
    told = (tmp_path / "pull.md").read_text()
    assert told.startswith("# the length is 0.\n") and "## Risk\n\nnone known." in told
    assert f"> {REPORT}" in told and name in told
    assert not list(tmp_path.rglob("old-side")) and OLD in (repository / "calc.py").read_text()


COUNTED = f"""{HEAD}        with open("count.txt", "a+") as file:
            file.write("x")
            file.seek(0)
            self.assertNotEqual(len(file.read()), TIME)
"""
"""A test that fails in one of its runs."""


@pytest.mark.parametrize(("time", "turns", "flaky"), [(2, 2, ("test_it (test_unit.T.test_it)",)), (9, 2, ())])
async def test_what_fails_once_by_chance_is_run_once_more_and_named(
    endpoint, settings, repository, time, turns, flaky
):
    (repository / "tests/test_unit.py").write_text(COUNTED.replace("TIME", str(time)))
    endpoint.script(calls(FIXED, ("write", {**TESTED[1], "content": OF_NONE})), LAST)
    outcome = await fix(settings, UNITTEST, report=REPORT)
    assert (outcome.status, outcome.turns, outcome.verified.exit_code) == ("done", turns, 0), outcome.message
    assert outcome.verified.sides.flaky == flaky
    assert ("Not the same twice: test_it (test_unit" in outcome.message) == bool(flaky)


async def test_a_new_test_within_the_program_is_told_where_it_has_to_be(endpoint, settings, repository):
    (repository / "tests/test_unit.py").write_text(OF_ONE)
    example = 'def mean(values):\n    """\n    >>> mean([])\n    0\n    """\n'
    added = ("edit", {"path": "calc.py", "old": "def mean(values):\n", "new": example})
    endpoint.script(calls(FIXED, added), text("Done."), text("That is all."))
    outcome = await fix(settings, UNITTEST, report=REPORT)
    assert outcome.status == "unverified"
    assert "the new test stands within the program (calc.py)" in str(
        endpoint.requests[2].body["messages"][-1]
    )


async def test_a_runner_that_is_not_there_is_told_before_anything_is_asked(endpoint, settings):
    command = f"{sys.executable} -S -m pytest -q"
    outcome = await fix(settings, command, report=REPORT)
    assert (outcome.status, outcome.turns, endpoint.requests) == ("gave_up", 0, [])
    assert "calls pytest, which is not installed there" in outcome.message


@pytest.mark.slow
async def test_what_passes_before_proves_nothing_and_the_model_may_go_on(endpoint, settings):
    first = a_test("tests/test_more.py", passes_before=True)
    endpoint.script(calls(FIXED, first), text("Done."), calls(a_test("tests/test_more.py")), LAST)
    outcome = await fix(settings, COMMAND, report=REPORT)
    assert outcome.status == "done"
    told = str(endpoint.requests[2].body["messages"][-1])
    assert "tests.test_more.test_it passes on the code as it was, too" in told


@pytest.mark.slow
async def test_a_model_that_has_no_more_to_offer_ends_unverified(endpoint, settings):
    endpoint.script(calls(FIXED), text("Done."), text("No test can show it."))
    outcome = await fix(settings, COMMAND, report=REPORT)
    assert (outcome.status, outcome.exit_code) == ("unverified", 1)
    assert "Not proven: no test was added or changed" in outcome.message


@pytest.mark.slow
async def test_where_there_is_nothing_to_fix_the_model_is_asked_no_more(endpoint, settings):
    looked = ("shell", {"command": "python3 -c 'import calc'"})
    endpoint.script(calls(looked), text("I looked.\n\nNo fix: mean is meant to raise for no values."))
    outcome = await fix(settings, COMMAND, report=REPORT)
    assert (outcome.status, outcome.turns, outcome.exit_code) == ("unverified", 2, 1)
    assert "Not proven: nothing was changed: the model found nothing to fix." in outcome.message


@pytest.mark.slow
async def test_a_change_is_held_to_its_proof_whatever_is_said_of_it(endpoint, settings):
    endpoint.script(calls(FIXED), text("No fix: it was right."), text("That is all."))
    outcome = await fix(settings, COMMAND, report=REPORT)
    assert outcome.status == "unverified" and "no test was added or changed" in outcome.message


@pytest.mark.slow
async def test_a_test_that_new_code_alone_can_load_shows_no_report(endpoint, settings):
    helper = ("write", {"path": "calc2.py", "content": "from calc import mean\n"})
    content = NEW_TEST.replace("from calc", "from calc2")
    endpoint.script(
        calls(FIXED, helper, ("write", {"path": "tests/test_new.py", "content": content})),
        text("Done."),
        text("That is all."),
    )
    outcome = await fix(settings, COMMAND, report="The mean of nothing is wrong.")
    assert outcome.status == "unverified" and "not for the reason reported" in outcome.message


@pytest.mark.slow
async def test_what_passed_before_must_pass_still(endpoint, settings):
    broken = ("edit", {"path": "calc.py", "old": "whole, 2)", "new": "whole, 1)"})
    endpoint.script(calls(FIXED, TESTED, broken), text("Done."), text("That is all."))
    outcome = await fix(settings, COMMAND, report=REPORT)
    assert outcome.status == "unverified"
    assert outcome.verified.sides.broken == ("tests.test_calc.test_share",)
    assert "tests.test_calc.test_share passed on the code as it was, and does not now" in outcome.message


OLD_TEST = "from calc import mean\n\n\ndef test_old():\n    assert mean([1]) == 7\n"


@pytest.fixture
def old_failures(repository):
    """The repository, where a test and what a missing package needs have failed for years."""
    (repository / "tests" / "test_old.py").write_text(OLD_TEST)
    (repository / "tests" / "test_needs.py").write_text("import not_there\n\n\ndef test_it():\n    pass\n")
    return repository


@pytest.mark.slow
async def test_old_failures_are_told_at_once_named_at_the_end_and_keep_nothing_from_being_proven(
    endpoint, settings, old_failures
):
    endpoint.script(calls(FIXED, TESTED), LAST)
    outcome = await fix(settings.in_own_words(f"{COMMAND} -x"), f"{COMMAND} -x", report=REPORT)
    assert (outcome.status, outcome.turns, outcome.verified.exit_code) == ("done", 2, 1), outcome.message
    assert outcome.verified.failed_before
    told = str(endpoint.requests[0].body["messages"][-1])
    assert "fail before anything is changed:\\n\\n- tests.test_needs\\n- tests.test_old.test_old\\n" in told
    sides = outcome.verified.sides
    assert sides.failing == ("tests.test_needs", "tests.test_old.test_old") and sides.kept == 2
    ended = "Failed before anything was changed and fails still: tests.test_needs, tests.test_old.test_old."
    assert ended in outcome.message
    assert (
        "- Failed before anything was changed, too: `tests.test_old.test_old`" in settings.report.read_text()
    )


@pytest.mark.slow
@pytest.mark.parametrize("by", ["report", "command"])
async def test_a_failure_that_the_report_or_the_command_names_is_not_old(
    endpoint, settings, old_failures, by
):
    endpoint.script(calls(FIXED, TESTED), text("Done."), text("That is all."))
    report, command = REPORT, f"{COMMAND} tests"
    if by == "report":
        report = f"{REPORT} So test_old fails."
    else:
        command = f"{COMMAND} tests/test_calc.py tests/test_old.py::test_old"
    outcome = await fix(settings.in_own_words(command), command, report=report)
    assert outcome.status == "unverified", outcome.message
    assert f"tests.test_old.test_old fails still, and the {by} names it." in outcome.message


@pytest.mark.slow
async def test_what_passed_before_is_no_old_failure_and_its_failure_is_shown(
    endpoint, settings, old_failures
):
    broken = ("edit", {"path": "calc.py", "old": "whole, 2)", "new": "whole, 1)"})
    endpoint.script(calls(FIXED, TESTED, broken), text("Done."), text("That is all."))
    outcome = await fix(settings.in_own_words(COMMAND), COMMAND, report=REPORT)
    assert outcome.status == "unverified"
    told = str(endpoint.requests[2].body["messages"][-1])
    assert "tests.test_calc.test_share passed on the code as it was, and does not now" in told
    assert "On the code as it is:" in told and "assert 0.2 == 0.25" in told


@pytest.mark.slow
async def test_another_command_of_a_resumed_session_finds_out_what_failed_before(
    endpoint, settings, old_failures
):
    endpoint.script(calls(FIXED, TESTED), text("Done."), LAST)
    narrow = f"{COMMAND} tests/test_calc.py"
    outcome = await fix(settings.in_own_words(narrow), narrow, report="test_old fails, and so does mean([]).")
    going_on = settings.model_copy(update={"resume": outcome.session}).typed({"resume"})
    again = await fix(going_on.in_own_words(COMMAND), COMMAND)
    assert again.status == "unverified" and "the report names it" in again.message, again.message
    assert (outcome.status, outcome.verified.sides.failing) == ("done", ())


UNIT = (
    "import unittest\n\nfrom calc import mean\n\n\nclass {name}(unittest.TestCase):\n    def test_it(self):\n"
)
NODE = "const test = require('node:test');\nconst assert = require('node:assert');\n"
NODE += "const { mean } = require('./mean.js');\n"
BY_RUNNER = {
    "unittest": (
        f"{sys.executable} -m unittest -f",
        {
            "test_a_old.py": UNIT.format(name="Old") + "        self.assertEqual(mean([1]), 7)\n",
            "test_b_needs.py": "import not_there\n",
            "test_c.py": UNIT.format(name="Fine") + "        self.assertEqual(mean([1]), 1)\n",
        },
        ("test_new.py", UNIT.format(name="New") + "        self.assertEqual(mean([]), 0)\n"),
        ("test_b_needs (unittest.loader._FailedTest", "test_it (test_a_old.Old.test_it)"),
    ),
    "node": (
        "node --test",
        {
            "mean.js": "exports.mean = (v) => v.reduce((a, b) => a + b) / v.length;\n",
            "a.test.js": f"{NODE}test('is old', () => assert.equal(mean([1]), 7));\n",
            "b.test.js": f"{NODE}test('is fine', () => assert.equal(mean([1]), 1));\n",
        },
        ("new.test.js", f"{NODE}test('of none', () => assert.equal(mean([]), 0));\n"),
        ("is old",),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("runner", BY_RUNNER)
async def test_old_failures_of_other_runners_are_told_apart(endpoint, settings, repository, runner):
    if runner == "node" and shutil.which("node") is None:
        pytest.skip("needs node")
    command, files, new, old = BY_RUNNER[runner]
    for name, content in files.items():
        (repository / name).write_text(content)
    fixed = [FIXED]
    if runner == "node":
        fixed = [("edit", {"path": "mean.js", "old": "(v) =>", "new": "(v) => v.length === 0 ? 0 :"})]
    endpoint.script(calls(*fixed, ("write", {"path": new[0], "content": new[1]})), LAST)
    report = "mean([]) throws: reduce of empty array, ZeroDivisionError; it should be 0."
    outcome = await fix(settings.in_own_words(command), command, report=report)
    assert (outcome.status, outcome.turns, outcome.verified.failed_before) == ("done", 2, True), (
        outcome.message
    )
    failing = outcome.verified.sides.failing
    assert all(any(each.startswith(name) for each in failing) for name in old), failing


@pytest.mark.slow
async def test_where_tests_cannot_be_told_apart_what_is_old_is_not_known(endpoint, settings, old_failures):
    (old_failures / "check.sh").write_text(
        f'for f in tests/test_*.py; do PYTHONPATH=. "{sys.executable}" $f || code=1; done; exit $code\n'
    )
    endpoint.script(calls(FIXED, TESTED), text("Done."), text("That is all."))
    outcome = await fix(settings, "sh check.sh", report=REPORT)
    assert outcome.status == "unverified"
    assert "does not tell its tests apart: what is old can't be told" in outcome.message


@pytest.mark.slow
async def test_without_the_strong_sandbox_the_old_side_is_said_not_to_be_had(endpoint, settings):
    endpoint.script(calls(FIXED, TESTED), LAST)
    off = settings.model_copy(update={"sandbox": "off"})
    outcome = await fix(off, COMMAND, report=REPORT)
    assert (outcome.status, outcome.turns) == ("unverified", 2)
    assert "the strong sandbox alone" in outcome.message and outcome.verified.sides.unavailable


@pytest.mark.slow
async def test_a_weakened_test_is_told_and_leaves_the_run_unverified(endpoint, settings):
    weaker = ("edit", {"path": "tests/test_calc.py", "old": "== 0.25", "new": "is not None"})
    endpoint.script(calls(FIXED, TESTED, weaker), text("Done."), text("That is all."))
    outcome = await fix(settings, COMMAND, report=REPORT)
    assert outcome.status == "unverified"
    assert outcome.verified.weakened == ("tests/test_calc.py: test_share asserts something else",)
    assert "tests were weakened" in str(endpoint.requests[2].body["messages"][-1])
    assert outcome.verified.sides.proven and "Proven on both sides" in outcome.message  # for who looks at it


RAISES = "    with pytest.raises(ZeroDivisionError):\n        mean([])\n"
CONTRARY = f"\n\ndef test_of_none():\n{RAISES}"


@pytest.fixture
def contradicted(repository):
    """The repository, where an old test says the opposite of the report; that test's file."""
    file = repository / "tests" / "test_calc.py"
    file.write_text(f"import pytest\n\n{TESTS}{CONTRARY}")
    return file


@pytest.mark.slow
async def test_an_old_test_that_says_the_opposite_is_told_and_accepted_without_a_question(
    endpoint, settings, contradicted
):
    turned = {
        "path": "tests/test_calc.py",
        "old": CONTRARY,
        "new": CONTRARY.replace(RAISES, "    assert mean([]) == 0\n"),
    }
    endpoint.script(calls(FIXED, ("edit", turned)), text("Done."), text("The old test said the opposite."))
    outcome = await fix(settings, COMMAND, report=REPORT)
    assert outcome.status == "unverified"
    assert "An old test says the opposite of the report: tests.test_calc.test_of_none, as it was" in (
        outcome.message
    )
    assert "go on with --allow-test-changes" in outcome.message
    assert "An old test says the opposite" in settings.report.read_text()
    accepted = settings.model_copy(update={"allow_test_changes": True, "resume": outcome.session})
    outcome = await fix(accepted.typed({"allow_test_changes", "resume"}), "")
    assert (outcome.status, outcome.turns, len(endpoint.requests)) == ("done", 0, 3), outcome.message


@pytest.mark.slow
@pytest.mark.parametrize("named", [False, True])
async def test_an_old_test_that_says_the_opposite_and_was_left_is_named(
    endpoint, settings, contradicted, named
):
    endpoint.script(calls(FIXED, TESTED), text("Done."), text("test_of_none says the opposite."))
    outcome = await fix(settings.in_own_words(COMMAND) if named else settings, COMMAND, report=REPORT)
    assert outcome.status == "unverified" and CONTRARY in contradicted.read_text()
    assert "tests.test_nothing.test_nothing shows what was reported: either the change breaks" in (
        outcome.message
    )
    assert "tests.test_calc.test_of_none wrong, have it changed and go on with --allow" in outcome.message


@pytest.mark.slow
async def test_an_allowed_change_of_tests_is_no_fault(endpoint, settings):
    weaker = ("edit", {"path": "tests/test_calc.py", "old": "== 0.25", "new": "is not None"})
    endpoint.script(calls(FIXED, TESTED, weaker), LAST)
    allowed = settings.model_copy(update={"allow_test_changes": True})
    assert (await fix(allowed, COMMAND, report=REPORT)).status == "done"


async def test_without_a_test_it_is_said_what_was_not_proven(endpoint, settings, tmp_path):
    endpoint.script(calls(FIXED), LAST)
    outcome = await fix(settings, "", report=REPORT)
    assert outcome.status == "done" and outcome.verified is None
    assert "Nothing was verified" in outcome.message
    assert "None: no test was run." in (tmp_path / "pull.md").read_text()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
async def test_tests_of_node_are_proven_on_both_sides(endpoint, settings, repository):
    (repository / "mean.js").write_text("exports.mean = (v) => v.reduce((a, b) => a + b) / v.length;\n")
    head = "const test = require('node:test');\nconst assert = require('node:assert');\n"
    head += "const { mean } = require('./mean.js');\n"
    (repository / "mean.test.js").write_text(f"{head}test('of one', () => assert.equal(mean([4]), 4));\n")
    new = f"{head}test('of none', () => assert.equal(mean([]), 0));\n"
    endpoint.script(
        calls(
            ("edit", {"path": "mean.js", "old": "(v) =>", "new": "(v) => v.length === 0 ? 0 :"}),
            ("write", {"path": "none.test.js", "content": new}),
        ),
        LAST,
    )
    outcome = await fix(settings, "node --test", report="mean([]) throws a TypeError: Reduce of empty array")
    assert outcome.status == "done", outcome.message
    assert "of none" in outcome.verified.sides.old.tests


@pytest.mark.slow
async def test_a_command_that_tells_of_no_test_is_judged_by_its_exit_code(endpoint, settings, repository):
    each = f'for f in tests/test_*.py; do PYTHONPATH=. "{sys.executable}" $f || exit 1; done'
    (repository / "check.sh").write_text(each)
    written = NEW_TEST + "\n\ntest_nothing()\n"
    endpoint.script(calls(FIXED, ("write", {"path": "tests/test_new.py", "content": written})), LAST)
    outcome = await fix(settings, "sh check.sh", report=REPORT)
    assert outcome.status == "done", outcome.message
    sides = outcome.verified.sides
    assert (sides.old.exit_code, sides.new.exit_code, sides.old.tests) == (1, 0, ())


@pytest.mark.slow
@pytest.mark.parametrize("below", ["shop", ""])
async def test_tests_are_told_again_wherever_the_command_runs(endpoint, settings, tmp_path, below):
    """In a folder below, and where the files it is given change what pytest takes for the top folder."""
    top = tmp_path / "bare"
    folder = top / below
    (folder / "tests").mkdir(parents=True)
    (folder / "calc.py").write_text(CODE)
    (folder / "tests" / "test_calc.py").write_text(TESTS)
    within = f"{below}/" if below else ""
    endpoint.script(
        calls(
            ("edit", {**FIXED[1], "path": f"{within}calc.py"}),
            ("write", {**TESTED[1], "path": f"{within}tests/test_nothing.py"}),
        ),
        LAST,
    )
    bare = settings.model_copy(update={"workspace": top})
    outcome = await fix(bare, f"{f'cd {below} && ' if below else ''}PYTHONPATH=. {COMMAND}", report=REPORT)
    assert outcome.status == "done", outcome.message


@pytest.mark.slow
async def test_an_old_side_that_ends_before_its_tests_is_judged_by_its_exit_code(
    endpoint, settings, repository
):
    """What was told until then passed; a reporter's marks may not even name the tests."""
    head = "from calc import mean\nassert mean([4]) == 4\nprint('✔ should be equal')\n"
    file = repository / "tests" / "run.py"
    file.write_text(head)
    more = f"{head}assert mean([]) == 0\nprint('✔ should be equal')\n"
    endpoint.script(calls(FIXED, ("edit", {"path": "tests/run.py", "old": head, "new": more})), LAST)
    outcome = await fix(settings, f"PYTHONPATH=. {sys.executable} tests/run.py", report=REPORT)
    assert outcome.status == "done", outcome.message
    sides = outcome.verified.sides
    assert (sides.old.exit_code, sides.new.exit_code, sides.old.tests) == (1, 0, ())


@pytest.mark.slow
async def test_a_test_that_was_there_proves_it_by_what_was_added_to_it(endpoint, settings, repository):
    """Of unittest's tests nobody tells the files."""
    (repository / "test_unit.py").write_text(OF_ONE)
    added = OF_ONE + OF_NONE.removeprefix(HEAD)
    extended = ("edit", {"path": "test_unit.py", "old": OF_ONE, "new": added})
    endpoint.script(calls(FIXED, extended), LAST)
    outcome = await fix(settings, f"{sys.executable} -m unittest test_unit", report=REPORT)
    assert outcome.status == "done", outcome.message
    assert outcome.verified.sides.old.tests == ("test_it (test_unit.T.test_it)",)


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("make") and shutil.which("cc")), reason="needs make and cc")
@pytest.mark.parametrize("unit", ["tests/unit", "$(TMPDIR)/unit"])
async def test_what_was_built_of_one_side_is_not_run_as_the_other(endpoint, settings, repository, unit):
    (repository / "half.h").write_text("static int half(int x) { return x >> 1; }\n")
    head = '#include "../half.h"\nint main(void) { return half(4) != 2'
    (repository / "tests/run.c").write_text(f"{head}; }}\n")
    (repository / "Makefile").write_text(
        "test: UNIT\n\tUNIT\nUNIT: tests/run.c half.h\n\tcc tests/run.c -o UNIT\n".replace("UNIT", unit)
    )
    endpoint.script(
        calls(
            ("edit", {"path": "half.h", "old": "x >> 1", "new": "x / 2"}),
            ("edit", {"path": "tests/run.c", "old": "!= 2", "new": "!= 2 || half(-3) != -1"}),
            ("shell", {"command": "make test"}),
        ),
        LAST,
    )
    outcome = await fix(settings, "make test", report="half(-3) is -2, it should be -1.")
    assert outcome.status == "done", outcome.message
    assert (outcome.verified.sides.old.exit_code, outcome.verified.sides.new.exit_code) == (2, 0)


BROKEN = ("edit", {"path": "calc.py", "old": "round(part / whole, 2)", "new": "0"})
HIDES_IT = {
    "an exception that is swallowed": (
        "edit",
        {
            "path": "tests/test_calc.py",
            "old": "def test_share",
            "new": (
                "def quiet(test):\n    def run():\n        try:\n            test()\n"
                "        except Exception:\n            pass\n\n    return run\n\n\n@quiet\ndef test_share"
            ),
        },
    ),
    "a function of the tests' own": (
        "edit",
        {
            "path": "tests/test_calc.py",
            "old": "from calc import mean, share\n",
            "new": "from calc import mean, share\n\nglobals().update(share=lambda part, whole: 0.25)\n",
        },
    ),
    "what all tests load": (
        "write",
        {
            "path": "conftest.py",
            "content": "import calc\n\nvars(calc).update(share=lambda part, whole: 0.25)\n",
        },
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", HIDES_IT)
async def test_tests_that_pass_only_as_they_were_changed_prove_nothing(endpoint, settings, how):
    endpoint.script(calls(FIXED, TESTED, BROKEN, HIDES_IT[how]), text("Done."), text("That is how it is."))
    outcome = await fix(settings, COMMAND, report=REPORT)
    assert outcome.status == "unverified"
    told = str(endpoint.requests[2].body["messages"][-1])
    assert "tests.test_calc.test_share, as it was, fails on the code as it is" in told
    assert "as it was, fails on the code as it is" in str(outcome.verified.weakened)


@pytest.mark.slow
async def test_nor_do_they_where_all_there_is_is_a_command(endpoint, settings, repository):
    (repository / "calc.py").write_text(CODE.replace("round(part", "round(2 * part"))
    hides = HIDES_IT["a function of the tests' own"]
    endpoint.script(calls(hides), text("Done."), text("That is how it is."))
    outcome = await fix(settings, COMMAND)
    assert outcome.status == "unverified"
    assert "test_share, as it was, fails" in str(endpoint.requests[2].body["messages"][-1])
