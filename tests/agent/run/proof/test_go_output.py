"""Of Go's tests only what failed is told, each with its own words."""

from __future__ import annotations

from seedsmith.agent.run.proof.go_output import failures_of_go, without_passed_of_go
from seedsmith.agent.run.proof.results import read_output, without_passed

OUTPUT = """\
=== RUN   TestFine
    a_test.go:4: much ado
--- PASS: TestFine (0.00s)
=== RUN   TestParts
=== RUN   TestParts/left
    a_test.go:9: got 3, want 2
=== RUN   TestParts/right
    a_test.go:9: all is well
--- FAIL: TestParts (0.00s)
    --- FAIL: TestParts/left (0.00s)
    --- PASS: TestParts/right (0.00s)
FAIL
FAIL\texample.org/a\t0.003s
"""
PANIC = """\
=== RUN   TestFine
--- PASS: TestFine (0.00s)
=== RUN   TestNil
--- FAIL: TestNil (0.00s)
panic: runtime error: index out of range [3]

goroutine 7 [running]:
example.org/a.At(...)
\t/home/me/a/a.go:3
FAIL\texample.org/a\t0.003s
"""


def test_each_failure_has_its_own_words():
    found = failures_of_go(OUTPUT)
    assert found.keys() == {"TestParts", "TestParts/left"}
    assert "got 3, want 2" in found["TestParts/left"] and "all is well" not in found["TestParts/left"]
    assert "got 3, want 2" in found["TestParts"] and "much ado" not in found["TestParts"]
    assert read_output(OUTPUT)["TestParts/left"].why == found["TestParts/left"]


def test_a_panic_is_the_reason_of_the_test_it_ended():
    why = read_output(PANIC)["TestNil"].why
    assert "index out of range [3]" in why and "a.go:3" in why


def test_what_passed_is_left_out_with_what_it_wrote():
    told = without_passed(OUTPUT)
    assert "much ado" not in told and "all is well" not in told and "PASS" not in told
    assert "got 3, want 2" in told and "--- FAIL: TestParts/left" in told and "FAIL\texample.org/a" in told


def test_what_came_to_no_end_is_told():
    assert "waits" in without_passed("=== RUN   TestSlow\n    a_test.go:3: waits\n")


def test_other_outputs_stay_as_they_are():
    output = "E   assert 1 == 2\n=== 1 failed ===\n"
    assert without_passed_of_go(output) == output
    assert failures_of_go("FAILED tests/test_a.py::test_a") == {}
