"""Which lines each of Rust's tests ran, by probes in a copy and a real cargo."""

import shutil

import pytest

from seedsmith.agent.repair.copies import can_copy
from seedsmith.agent.repair.rust_lines import probed, with_rust_lines
from seedsmith.agent.repair.suspects import find_suspects
from seedsmith.agent.repair.watched_run import diagnose

pytest.importorskip("tree_sitter_rust", reason="needs tree-sitter-rust")

PROGRAM = """#![deny(warnings)]
pub mod more;

pub const fn limit() -> usize {
    10
}

pub fn double(n: i32) -> i32 {
    n * 2
}

pub fn half(n: i32) -> i32 {
    if n < 0 {
        return -half(-n);
    }
    #[allow(unused_variables)]
    let unused = 1;
    match n {
        0 => 0,
        _ => {
            n / 3
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles() {
        assert_eq!(double(2), 4);
    }

    #[test]
    fn halves() {
        assert_eq!(half(6), 3);
    }
}
"""
MORE = 'pub fn name() -> &\'static str {\n    let name = "more";\n    name\n}\n'
OUTSIDE = '#[test]\nfn named() {\n    assert_eq!(work::more::name(), "more");\n}\n'
KNOWN = frozenset({"Cargo.toml", "src/lib.rs", "src/more.rs", "tests/outside.rs"})


def test_each_statement_says_that_it_runs() -> None:
    places: list = []
    text = probed("src/lib.rs", PROGRAM.encode(), places).decode()
    assert text.count("\n") == PROGRAM.count("\n") and text.count("ran(") == len(places)
    assert "    crate::__seedsmith::ran(0); n * 2\n" in text
    assert "    10\n" in text, "what the compiler runs has none"
    assert [lines for _, lines in places] == [(9,), (13, 15), (14,), (18, 19, 20, 22, 23), (21,)]
    assert probed("src/lib.rs", b"fn f( {", places) == b"fn f( {"


@pytest.mark.slow  # it compiles
@pytest.mark.skipif(shutil.which("cargo") is None, reason="needs cargo")
async def test_what_only_failing_tests_ran_is_suspected(work, runner) -> None:
    if not can_copy(runner):
        pytest.skip("needs bubblewrap")
    (work / "Cargo.toml").write_text('[package]\nname = "work"\nversion = "0.1.0"\nedition = "2021"\n')
    (work / "src").mkdir()
    (work / "tests").mkdir()
    (work / "src" / "lib.rs").write_text(PROGRAM)
    (work / "src" / "more.rs").write_text(MORE)
    (work / "tests" / "outside.rs").write_text(OUTSIDE)
    plain = await diagnose("cargo test", runner, KNOWN, 300)
    found = await with_rust_lines("cargo test", runner, plain, KNOWN)
    assert [test.name for test in found.failed if test.lines] == ["tests::halves"]
    lines = found.failed[0].lines["src/lib.rs"]
    assert {13, 18, 21} <= lines and not lines & {9, 14}
    assert sorted(path for lines in found.passed_lines for path in lines) == ["src/lib.rs", "src/more.rs"]
    files = {path: (work / path).read_text() for path in KNOWN}
    assert find_suspects(found, KNOWN, files.get)[0].region.name == "half"
    assert (work / "src" / "lib.rs").read_text() == PROGRAM
