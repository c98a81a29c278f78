"""What failed before anything was changed is told apart from what fails by the change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.agent.run.proof import results
from seedsmith.agent.run.proof.old_failures import is_named, what_fails
from seedsmith.agent.run.proof.side_comparison import Asked, compare

ASKED = Asked("make test", "The mean of nothing is wrong.", ["tests/test_new.py"])


def a_run(exit_code=1, **said):
    """A run whose tests ended so; their failures tell of an assertion unless more is said."""
    tests = {}
    for name, how in said.items():
        ended, _, error = how.partition(" ")
        why = f"E   {error or 'AssertionError'}: x" if ended in ("failed", "error") else ""
        file = "tests/test_new.py" if name.startswith("new") else "tests/test_a.py"
        tests[name] = results.TestResult(name, ended, why, file)
    return results.TestRun(exit_code, "the output", tests)


def judged(first, old, new):
    return compare(ASKED, first, old, new)


FIRST = a_run(a="passed", b="failed", c="error")
OLD = a_run(a="passed", b="failed", c="error", new="failed")


def test_what_failed_before_may_fail_still():
    sides = judged(FIRST, OLD, a_run(a="passed", b="failed", c="error", new="passed"))
    assert sides.proven and sides.failing == ("b", "c") and sides.otherwise == ()


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        (a_run(a="failed", b="failed", c="error", new="passed"), "a passed on the code as it was"),
        (a_run(b="failed", new="passed"), "a passed on the code as it was"),
        (a_run(a="passed", b="failed", c="error", d="failed", new="passed"), "d fails on the code as it is"),
        (a_run(a="passed", b="failed", c="error", new="failed"), "new fails on the code as it is"),
        (a_run(exit_code=3, a="passed", b="passed", c="passed", new="passed"), "ends with exit code 3 by"),
        (a_run(exit_code=None, a="passed", b="failed", new="passed"), "came to no end"),
        (a_run(exit_code=0, a="passed", b="passed", c="passed"), "no test of tests/test_new.py"),
    ],
)
def test_what_did_not_fail_before_proves_nothing(new, fault):
    old = OLD if "new" in new.tests else FIRST
    first = FIRST if fault[:2] != "no" else a_run(a="passed", b="passed", c="passed")
    assert fault in judged(first, old if first is FIRST else first, new).fault


def test_another_error_than_before_is_said():
    first, old = (a_run(b="failed ImportError", **more) for more in ({}, {"new": "failed"}))
    sides = judged(first, old, a_run(b="failed KeyError", new="passed"))
    assert sides.proven and sides.otherwise == ("b",)
    assert "With another error than before: b." in sides.sentence()


def test_what_fails_by_turns_on_the_old_code_is_not_broken():
    sides = judged(
        FIRST,
        a_run(a="passed", b="passed", c="error", new="failed"),
        a_run(a="passed", b="failed", c="error", new="passed"),
    )
    assert sides.proven and sides.flaky == ("b",) and "Not the same twice: b." in sides.sentence()


def test_what_passed_in_its_place_is_no_old_failure_though_the_old_side_fails_it():
    sides = judged(
        FIRST, a_run(a="failed", b="failed", new="failed"), a_run(a="failed", b="failed", new="passed")
    )
    assert sides.broken == ("a",)


def test_of_several_tests_with_one_name_one_more_that_fails_is_new():
    old = results.read_output("--- FAIL: TestNew (0s)\n--- PASS: TestNew (0s)\n--- FAIL: TestFixed (0s)\n")
    new = results.read_output("--- FAIL: TestNew (0s)\n--- FAIL: TestNew (0s)\n--- PASS: TestFixed (0s)\n")
    before = results.TestRun(1, "", old)
    assert what_fails(before, before, results.TestRun(1, "", new)).fresh == ("TestNew",)
    assert what_fails(before, before, before).old == ("TestFixed", "TestNew")


@pytest.mark.parametrize(
    ("text", "name", "named"),
    [
        ("test_share fails since May", "tests.test_calc.test_share", True),
        ("test_shares fails", "tests.test_calc.test_share", False),
        ("pytest tests/test_calc.py", "tests.test_calc.test_share", False),
        ("pytest tests/test_calc.py::TestMean", "tests.test_calc.TestMean.test_of", True),
        ("FAILED tests/test_a.py::test_it[x-1]", "tests.test_a.test_it[x-1]", True),
        ("FAIL: test_a (m.T.test_a)", "test_a (m.T.test_a)", True),
        ("go test -run '^TestParse$'", "TestParse/empty", True),
        ("it works no more", "works", False),
        ("`of none` fails", "of none", True),
        ("thread 'tests::no_name' panicked", "tests::no_name", True),
        ("the parse of it", "tests::parse", False),
    ],
)
def test_what_a_text_names(text, name, named):
    assert is_named(text, results.TestRun(1, "", {name: results.TestResult(name, "failed")}), name) is named


def test_a_file_that_cannot_be_loaded_is_named_by_its_path():
    broken = results.TestRun(
        1, "", {"tests.test_a": results.TestResult("tests.test_a", "error", "", "tests/test_a.py", True)}
    )
    assert is_named("tests/test_a.py can't be imported", broken, "tests.test_a")
    assert not is_named("something else", broken, "tests.test_a")


SAID = st.sampled_from(["passed", "failed", "error", "skipped"])
RUN = st.dictionaries(st.sampled_from("abcdef"), SAID).map(lambda said: a_run(**said))


@given(first=st.none() | RUN, old=RUN, new=RUN)
def test_every_test_that_fails_is_told_once_and_none_that_passed_is_old(first, old, new):
    found = what_fails(first, old, new)
    told = [
        *found.fresh,
        *found.old,
        *found.unsteady,
        *(name for name in found.broken if name in new.failing),
    ]
    assert sorted(told) == sorted(new.failing)
    known = old if first is None else first
    assert not set(found.old) & (known.of("passed") | old.of("passed"))
    assert set(found.old) <= known.failing


@given(first=RUN, old=RUN, new=RUN)
def test_nothing_is_proven_where_a_test_fails_that_did_not(first, old, new):
    sides = judged(first, old, new)
    if sides.proven and old.tests and new.tests:
        assert new.failing <= first.failing and not (
            old.of("passed") - new.of("passed", "skipped") - first.failing
        )


def test_how_a_named_test_fails_still_is_told():
    named = Asked("make test", "test_b and the mean of nothing fail.", ["tests/test_new.py"])
    first, old, new = (a_run(test_b="failed", new=how) for how in ("skipped", "failed", "passed"))
    sides = compare(named, first, old, new)
    assert sides.fault.startswith("test_b fails still, and the report names it. --resume with a --test")
    assert sides.new is not None and sides.new.why == "E   AssertionError: x"
