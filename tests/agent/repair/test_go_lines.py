"""Which lines each of Go's tests ran, by a real Go."""

import shutil

import pytest

from seedsmith.agent.repair.copies import can_copy
from seedsmith.agent.repair.go_lines import with_go_lines
from seedsmith.agent.repair.suspects import find_suspects
from seedsmith.agent.repair.watched_run import diagnose

pytestmark = [
    pytest.mark.skipif(shutil.which("go") is None, reason="needs go"),
    pytest.mark.slow,  # it compiles
]

PROGRAM = """package calc

func Double(n int) int {
	return n * 2
}

func Half(n int) int {
	if n < 0 {
		return -Half(-n)
	}
	return n / 3
}
"""
TESTS = """package calc

import "testing"

func each(t *testing.T, of func(int) int, given, expected int) {
	if got := of(given); got != expected {
		t.Errorf("got %d", got)
	}
}

func TestDouble(t *testing.T) { each(t, Double, 2, 4) }

func TestHalf(t *testing.T) { each(t, Half, 6, 3) }

func TestPanics(t *testing.T) {
	if Half(-6)/Double(0) != 0 {
		t.Error("no panic")
	}
}

func TestNothing(t *testing.T) { each(t, Half, -0, 0) }
"""
KNOWN = frozenset({"go.mod", "calc/calc.go", "calc/calc_test.go"})


async def test_what_only_failing_tests_ran_is_suspected(work, runner) -> None:
    if not can_copy(runner):
        pytest.skip("needs bubblewrap")
    (work / "go.mod").write_text("module example.com/work\n\ngo 1.19\n")
    (work / "calc").mkdir()
    (work / "calc" / "calc.go").write_text(PROGRAM)
    (work / "calc" / "calc_test.go").write_text(TESTS)
    plain = await diagnose("go test ./...", runner, KNOWN, 120)
    assert not plain.watched
    found = await with_go_lines("go test ./...", runner, plain, KNOWN)
    assert [test.name for test in found.failed if test.lines] == ["TestHalf", "TestPanics"]
    assert {4, 9} <= found.failed[1].lines["calc/calc.go"], "what panics has its lines, too"
    lines = found.failed[0].lines["calc/calc.go"]
    assert 11 in lines and not lines & {4, 9} and len(found.passed_lines) == 2
    files = {path: (work / path).read_text() for path in KNOWN}
    assert find_suspects(found, KNOWN, files.get)[0].region.name == "Half"
