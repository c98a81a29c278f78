import sys

import pytest

from seedsmith.agent.repair.functions import regions_in
from seedsmith.agent.repair.parsers import parser_of


def names(path: str, text: str) -> list[tuple[str, int, int]]:
    return [(r.name, r.numbers[0], r.numbers[-1]) for r in regions_in(path, text)]


PYTHON = """import os
LIMIT = 3


class Stack:
    size = 0

    @property
    def top(self):
        def inner():
            return 1
        return inner()


async def run():
    pass
"""


def test_python_functions_are_parsed_with_their_classes_and_decorators() -> None:
    assert names("a.py", PYTHON) == [
        ("Stack.top", 8, 12),
        ("Stack.top.inner", 10, 11),
        ("run", 15, 16),
        ("", 2, 6),
    ]


def test_lines_outside_functions_leave_out_imports_and_keep_their_numbers() -> None:
    outside = regions_in("a.py", PYTHON)[-1]
    assert outside.numbers == (2, 5, 6)
    assert outside.lines == ("LIMIT = 3", "class Stack:", "    size = 0")


def test_python_that_does_not_parse_is_cut_by_indentation() -> None:
    broken = "def first(a):\n    return a +\n\ndef second(b):\n    return b\n"
    assert names("a.py", broken) == [("first", 1, 2), ("second", 4, 5)]


JAVASCRIPT = """'use strict';
const LIMIT = 5; // not a function { here
/** Adds; twice. */
function add(a, b) {
  const text = `}{ ${a}`;
  return a + b;
}
const twice = (x) => {
  if (x > 1) { return 2 * x; }
  return x;
};
class Box {
  static of(value) {
    return new Box(value);
  }
  get value() {
    return "}";
  }
}
module.exports = { add, twice, handler: async function (request) {
  return request;
} };
"""


def test_javascript_functions_methods_and_arrows() -> None:
    assert names("a.js", JAVASCRIPT) == [
        ("add", 4, 7),
        ("twice", 8, 11),
        ("of", 13, 15),
        ("value", 16, 18),
        ("handler", 20, 22),
        ("", 1, 12),
    ]


C = """#include <stdio.h>
#define SIZE 8

struct ring { int head; };

/* push; drops the oldest { */
static int push(struct ring *ring, char c)
{
    for (int i = 0; i < SIZE; i++) {
        if (c == '{') return 1;
    }
    return 0;
}
"""


def test_c_functions_and_defines() -> None:
    assert names("a.c", C) == [("push", 7, 13), ("", 2, 4)]


GO = """package stack

const limit = 10

func (s *Stack[T]) Push(item T) (int, error) {
	last := '}'
	raw := `\\`
	defer func() { recover() }()
	return len(s.items), nil
}

func Map[T any, U any](xs []T, f func(T) U) []U {
	return nil
}
"""
RUST = """const LIMIT: [u8; 2] = [1, 2];

impl<'a, T: Into<Vec<u8>>> Stack<'a, T> {
    pub fn push(&mut self, item: &'a T, room: [u8; 4]) -> usize {
        let v = match compute(item) { Some(x) => x, None => '}' };
        self.items.len()
    }
}
trait Named { fn name(&self) -> String; }
impl Named for u8 {
    fn name(&self) -> String { r#"a"}"#.into() }
}
"""


def test_a_word_declares_functions_in_go_and_rust() -> None:
    assert names("a.go", GO) == [("Push", 5, 10), ("Map", 12, 14), ("", 1, 3)]
    assert names("a.rs", RUST) == [("push", 4, 7), ("name", 11, 11), ("", 1, 10)]


TYPESCRIPT = """import type { A } from './a';
interface Shape { area(): number }
type Key = (a: number) => string;
const LIMIT: number = 3;
export function pick<T extends Map<string, A[]>>(from: T, key: (x: number) => string): { a: number } {
  return { a: from.size };
}
class Box<T> {
  private room = LIMIT;
  put(item: T): this {
    return this;
  }
}
"""


def test_typescript_is_parsed_and_what_says_types_only_is_left_out() -> None:
    pytest.importorskip("tree_sitter_typescript", reason="needs tree-sitter-typescript")
    assert names("a.ts", TYPESCRIPT) == [("pick", 5, 7), ("put", 10, 12), ("", 4, 9)]


def test_typescript_is_scanned_by_braces_without_its_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_typescript", None)
    parser_of.cache_clear()
    assert ("put", 10, 12) in names("a.ts", TYPESCRIPT.replace("LIMIT", "MOST"))


@pytest.mark.parametrize("text", ["", "}}}{{{", "def", "\n\n", "class A:\n", "((((", "\x00"])
@pytest.mark.parametrize("path", ["a.py", "a.js", "a.c", "a.go", "a.rs", "a.ts", "a"])
def test_any_text_is_cut_without_a_crash(path: str, text: str) -> None:
    for region in regions_in(path, text):
        assert len(region.numbers) == len(region.lines)
