"""The functions of TypeScript, and what in it says types only."""

from __future__ import annotations

import pytest

from seedsmith.agent.repair.functions import Region
from seedsmith.agent.repair.parsers import spoils
from seedsmith.agent.repair.typescript import functions_of, is_typescript, without_types
from seedsmith.agent.repair.variations import variations_of

pytest.importorskip("tree_sitter_typescript", reason="needs tree-sitter-typescript")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("function f<T extends A<B<C>[]>>(a: T): { b: number } {\n  return a;\n}", [("f", 1, 3)]),
        ("export const f = async <T,>(g: (x: T) => void): Promise<T> => {\n}", [("f", 1, 2)]),
        ("const f: (a: number) => number = (a) => a * 2;", [("f", 1, 1)]),
        ("const f = (function (a: A) {\n} as Handler)!;", [("f", 1, 2)]),
        ("function f(a: string): A;\nfunction f(a: any): any {\n  return a;\n}", [("f", 2, 4)]),
        ("declare function f(): void;\ninterface A { g(): void }\ntype B = () => void;", []),
        ("export default class A {\n  @memo()\n  @log\n  public async f(\n  ): B {\n  }\n}", [("f", 2, 6)]),
        ("abstract class A {\n  abstract f(): void;\n  protected get g(): B { return 1; }\n}", [("g", 3, 3)]),
        ("class A {\n  #f = (a: B): C => {\n  };\n  static *[g]() {\n  }\n}", [("#f", 2, 3), ("g", 4, 5)]),
        ("class A {\n  constructor(private readonly a: B) {\n  }\n}", [("constructor", 2, 3)]),
        ("namespace A.B {\n  export function f() {\n  }\n}\nenum C { D = 1 }", [("f", 2, 3)]),
        ("it('does', async () => {\n  items.map((x) => x);\n});", [("it", 1, 3)]),
        ("module.exports.f = function () {\n};", [("f", 1, 2)]),
        ("(function (a: B) {\n})(1);\n(() => c)()(() => {\n});", []),
        ("const o = {\n  f(a: B) {\n  },\n  'g': (a: B) => {\n  },\n};", [("f", 2, 3), ("g", 4, 5)]),
        ("  async f(a: () => B): Promise<{ c: D }> {\n    return a();\n  }", [("f", 1, 3)]),
    ],
)  # fmt: skip
def test_functions_are_those_with_a_body(text: str, found: list[tuple[str, int, int]]) -> None:
    assert functions_of("a.ts", text) == found


def test_a_component_is_a_function_of_tsx() -> None:
    text = "export const A = ({ b }: C) => {\n  return <div>{b}</div>;\n};"
    assert functions_of("a.tsx", text) == [("A", 1, 3)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("let a: Map<B, C[]> = d as E, f!: G;", "let a = d, f;"),
        ("f<A>(b!.c?.d satisfies E, <F>g);", "f(b.c?.d, g);"),
        (
            "class A<T> extends B<T> implements C { private readonly d?: E = 1 }",
            "class A extends B { d = 1 }",
        ),
        ("function f(this: A, b?: B, ...c: C[]): asserts b is D {}", "function f(this, b, ...c) {}"),
        ("const a = <T,>(b: T): b is T => !b;", "const a = (b) => !b;"),
        ("type A = B | typeof c;", ""),
        ("f(a as Map<B, C[]>, (b satisfies D<E>)!, c);", "f(a, (b), c);"),
        ("export interface A { b: C }", ""),
        ("class A { b: C; readonly #d!: E; @f() g: H; i = 1 }", "class A { ; ; @f() g; i = 1 }"),
        ("export type { A } from 'b';", ""),
        ("export default interface A { b: C }", "export default"),
        ("export enum A { B }", "export enum A { B }"),
        ("enum A { B = 1 << 2 }", "enum A { B = 1 << 2 }"),
        ("const a = ['ä' as const, b] as const; // c: D", "const a = ['ä', b]; // c: D"),
    ],
)
def test_what_says_types_only_is_blanked(text: str, code: str) -> None:
    found = without_types("a.ts", text)
    assert len(found) == len(text)
    assert "".join(found.split()) == "".join(code.split())


def test_lines_keep_their_numbers() -> None:
    text = "interface A {\n  b: {\n    c: 'ü' };\n}\nlet d: A;\nf(d as A<{\n  e: B<C>\n}>, 2);\nlet g;"
    found = without_types("a.ts", text)
    assert [len(line) for line in found.split("\n")] == [len(line) for line in text.split("\n")]
    code = ["", "", "", "", "let d   ;", "f(d", "", "  , 2);", "let g;"]
    assert [line.rstrip() for line in found.split("\n")] == code
    assert without_types("a.js", text) == text


@pytest.mark.parametrize(
    ("path", "known"),
    [("a.ts", True), ("a/b.test.tsx", True), ("a.mts", True), ("a.js", False), ("ts", False)],
)
def test_files_are_known_by_their_names(path: str, known: bool) -> None:
    assert is_typescript(path) is known


def varied(text: str, number: int) -> list[str]:
    lines = tuple(text.split("\n"))
    region = Region("a.ts", "f", tuple(range(1, len(lines) + 1)), lines)
    return [each.of(lines) for each in variations_of(region, lines, number)]


PROGRAM = """function f(count: Size, most: Size): Size {
  const left: Size = most - (count as number);
  let kept: Store<Size> = this.find<Size>(left)!;
  if (left! > most) {
    kept = kept.next as Store<Size>;
  }
  return kept?.size ?? left;
}"""


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        (2, "most - (count as number)", "count - (count as number)"),
        (2, "most - (count", "most + (count"),
        (3, "(left)!", "(most)!"),
        (4, "left! > most", "left! >= most"),
        (4, "left! > most", "most! > left"),
        (5, "kept.next as", "kept as"),
        (5, "kept = kept.next as Store<Size>", "kept = this.find<Size>(left)!"),
        (7, "?? left", "?? left + 1"),
        (7, "  return", "  if (!kept) return null;\n  return"),
    ],
)
def test_what_is_varied_keeps_its_types(number: int, old: str, new: str) -> None:
    assert PROGRAM.replace(old, new, 1) in varied(PROGRAM, number)


def test_no_variable_comes_where_a_type_stands_nor_the_other_way_round() -> None:
    of_types = [without_types("a.ts", PROGRAM).count(name) for name in ("Size", "Store", "number")]
    assert of_types == [0, 0, 0]
    types = {"Size", "Store", "number"}
    for number in range(1, 8):
        for text in (each for each in varied(PROGRAM, number) if not spoils("a.ts", PROGRAM, each)):
            code = without_types("a.ts", text)
            assert not types & set(code.replace("(", " ").replace(")", " ").split()), text
            assert "as kept" not in text and ": left" not in text and "<most>" not in text


def test_a_line_of_types_alone_has_no_variations() -> None:
    text = "function f(a: {\n  size: number;\n}) {\n  return a.size;\n}"
    assert varied(text, 2) == [] and varied(text, 4) != []
