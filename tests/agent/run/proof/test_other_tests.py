"""What a program's file in Rust holds beside its tests is the program's, and may change."""

from __future__ import annotations

import pytest

from seedsmith.agent.run.proof.other_tests import inner_tests, more_inner_tests, weakened_text

RUST = """\
pub fn half(a: i32) -> f64 {
    assert!(a < 1000, "too large");
    (a / 2) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    const FOUR: i32 = 4;

    #[test]
    fn halves() {
        assert_eq!(half(FOUR), 2.0);
    }
}

pub fn limit() -> i32 {
    100
}
"""


def weaker(old, new):
    return weakened_text("src/lib.rs", inner_tests("src/lib.rs", old), inner_tests("src/lib.rs", new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(a / 2) as f64", "a as f64 / 3.0"),
        ("100\n", "90\n"),
        ("a < 1000", "a < 10"),
        ("    assert!", "    // assert!"),
    ],
)
def test_the_program_beside_the_tests_may_change(old, new):
    assert old in RUST and not weaker(RUST, RUST.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("i32 = 4", "i32 = 6", "what its tests share"),
        ("FOUR), 2.0", "FOUR), 3.0", "asserts something else"),
        ("    #[test]\n", "", "halves is gone"),
    ],
)
def test_the_tests_may_not(old, new, says):
    assert old in RUST
    found = weaker(RUST, RUST.replace(old, new))
    assert any(says in each for each in found)


def test_other_files_hold_none():
    assert not inner_tests("src/lib.rs", "pub fn half() {}\n")
    assert not inner_tests("shop.py", "def test_shop(): ...\n")


@pytest.mark.parametrize(
    ("path", "old", "new", "more"),
    [
        (
            "src/lib.rs",
            RUST,
            RUST.replace("    #[test]", "    #[test]\n    fn more() {}\n\n    #[test]"),
            True,
        ),
        ("src/lib.rs", RUST, RUST.replace("4;", "6;"), False),
        ("shop.py", "", 'def total(v):\n    """\n    >>> total([])\n    0\n    """\n', True),
        ("shop.js", "", "test('it', () => {});\n", False),
    ],
)
def test_a_new_test_within_the_program_is_seen(path, old, new, more):
    assert more_inner_tests(path, old, new) is more
