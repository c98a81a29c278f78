"""What no grammar allows is not tried."""

import pytest

from seedsmith.agent.repair.answers import change_of
from seedsmith.agent.repair.parsers import parser_of, spoils


@pytest.mark.parametrize(
    ("path", "old", "good", "bad"),
    [
        ("a.js", "f(a);", "f(b);", "f(a;"),
        ("a.c", "int f(int a) { return a; }", "int f(int a) { return -a; }", "int f(int a) { return = a; }"),
        (
            "a.go",
            "package a\nfunc f() int { return 1 }",
            "package a\nfunc f() int { return 2 }",
            "package a\nif",
        ),
        ("a.rs", "fn f() -> u8 { 1 }", "fn f() -> u8 { 2 }", "fn f() -> u8 { let }"),
        ("a.ts", "f<A>(a as B);", "f<A>(<C>b);", "f<A>(a as);"),
        ("a.mts", "let a: A<B[]>;", "let a: A<C[]> = b!;", "let a: A + 1;"),
        ("a.cts", "enum A { B = 1 }", "enum A { B = 2 }", "enum A { B += 1 }"),
        ("a.tsx", "const a = <b c={d} />;", "const a = <b c={e as F} />;", "const a = <b c={d} >;"),
    ],
)
def test_a_change_that_spoils_the_program(path: str, old: str, good: str, bad: str) -> None:
    pytest.importorskip(parser_module(path), reason="needs a grammar")
    assert not spoils(path, old, good) and spoils(path, old, bad)
    assert change_of(path, old, good) is not None and change_of(path, old, bad) is None
    assert change_of(path, bad, bad + " x") is not None, "where it is no program already, nothing is known"


def test_other_languages_have_no_grammar() -> None:
    assert not spoils("a.zig", "x", "(")
    with pytest.raises(ImportError):
        parser_of(".zig")


def parser_module(path: str) -> str:
    names = {"js": "javascript", "rs": "rust", **dict.fromkeys(("ts", "mts", "cts", "tsx"), "typescript")}
    suffix = path.rpartition(".")[2]
    return f"tree_sitter_{names.get(suffix, suffix)}"
