"""Rust's tests stand beside what they test: they are no suspects, and say what is one."""

from seedsmith.agent.repair.diagnosis import Diagnosis, read_output
from seedsmith.agent.repair.functions import regions_in
from seedsmith.agent.repair.inline_tests import failed_names, is_named_test, lines_of_tests, parted
from seedsmith.agent.repair.suspects import find_suspects

RUST = """pub fn add(a: i32, b: i32) -> i32 {
    a + b
}

pub fn twice<'a, T: Into<i32>>(a: T, room: [u8; 2]) -> i32 {
    let v = match room[0] { b'{' => 1, _ => 2 };
    a.into() * 3 * v
}

#[cfg(test)]
use std::fmt;

#[cfg(test)]
mod tests {
    use super::*;

    fn helper() -> i32 { 4 }

    #[test]
    fn adds() {
        assert_eq!(add(1, 2), 3);
    }

    #[test]
    #[should_panic(expected = "}")]
    fn doubles() {
        assert_eq!(twice(2, [0, 0]), helper());
    }
}
"""
OUTPUT = """running 2 tests
test tests::adds ... ok
test tests::doubles - should panic ... FAILED

---- tests::doubles stdout ----
thread 'tests::doubles' panicked at src/lib.rs:27:9:
assertion `left == right` failed
"""


def test_the_lines_of_tests() -> None:
    assert lines_of_tests("src/lib.rs", RUST) == frozenset({10, 11, *range(13, 30)})
    assert lines_of_tests("src/lib.c", RUST) == frozenset()
    program, tests = parted("src/lib.rs", RUST)
    assert program.count("\n") == tests.count("\n") == RUST.count("\n")
    assert "assert_eq" not in program and "pub fn" not in tests


def test_tests_are_told_from_their_helpers() -> None:
    tests = parted("a.rs", RUST)[1]
    assert [r.name for r in regions_in("a.rs", tests) if is_named_test(tests, r)] == ["adds", "doubles"]
    go = "func help() {\n}\n\nfunc TestOne(t *testing.T) {\n}\n"
    assert [r.name for r in regions_in("a_test.go", go) if is_named_test(go, r)] == ["TestOne"]


def test_failed_functions_are_named() -> None:
    assert failed_names(OUTPUT) == {"doubles"}
    assert failed_names("--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/sub (0.00s)\n") == {"TestA"}
    assert failed_names("FAIL example.com/a 0.1s") == frozenset()


def suspected(files: dict[str, str], output: str) -> list[str]:
    failed = read_output(output, frozenset(files))
    diagnosis = Diagnosis(output, 0.1, False, (failed,))
    return [suspect.region.name for suspect in find_suspects(diagnosis, files, files.get)]


def test_what_the_failing_test_reaches_is_suspected_and_no_test_is() -> None:
    names = suspected({"src/lib.rs": RUST}, OUTPUT)
    assert names[0] == "twice" and not {"adds", "doubles", "helper"} & set(names)


GO = """package calc

type Stack struct{ items []int }

func (s *Stack) Push(item int) {
	s.items = append(s.items, item)
}

func Half(n int) int {
	return n / 3
}
"""
GO_TEST = """package calc

import "testing"

func TestPush(t *testing.T) {
	s := Stack{}
	s.Push(1)
}

func TestHalf(t *testing.T) {
	if Half(4) != 2 {
		t.Errorf("wrong")
	}
}
"""


def test_go_names_its_failed_tests() -> None:
    output = "--- FAIL: TestHalf (0.00s)\n    calc_test.go:12: wrong\nFAIL\n"
    assert suspected({"calc.go": GO, "calc_test.go": GO_TEST}, output)[0] == "Half"
    assert [r.name for r in regions_in("calc.go", GO)] == ["Push", "Half", ""]


def test_places_of_a_panic_in_go_are_read() -> None:
    trace = (
        "panic: index\n\ngoroutine 6 [running]:\nexample.com/calc.Half(...)\n\t/tmp/calc/calc.go:10 +0x1d\n"
    )
    frames = read_output(trace, frozenset({"calc.go", "calc_test.go"})).frames
    assert [(frame.path, frame.line) for frame in frames] == [("calc.go", 10)]
