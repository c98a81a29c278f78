"""Probes in JavaScript leave a program as it was, whatever it is written like."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from seedsmith.agent.repair.javascript_probes import is_javascript, probed
from seedsmith.agent.repair.probe_sites import Site

PROGRAM = r"""#!/usr/bin/env node
// A line of each kind.
'use strict';
const out = [];
const { a, b: { c = 3 }, ...rest } = { a: 1, b: {}, d: 4, e: 5 };
let n = 0, none;
n += a; n++; --n;
const box = { a, ['k' + n]: 1, get g() { return this.a + 1 }, m(x = 2, ...more) { return x + more.length } };
class Shape { #side = 2; static count = 0; side() { return this.#side } has(it) { return #side in it } }
class Square extends Shape {
  constructor(n) { super(); this.n = n; Shape.count += 1 } side() { return super.side() * 2 }
}
const tag = (strings, ...values) => strings.raw.join('|') + values;
const plain = (x) => ({ x }), twice = async (x) => { await null; return x * 2 };
function* some(first) { const got = yield first; yield got; yield* [7, 8] }
function run(list, { limit = 2 } = {}) {
  if (!list || list.length > 9) return 'none'; else if (list.length === 0) out.push('empty')
  else out.push('some');
  outer: for (let i = 0, m = list.length; i < m; i++) {
    for (const [k, v] of Object.entries({ i })) { if (v === limit) break outer; if (k in box) continue outer }
    switch (list[i]) { case 1: case 'x': out.push(`t${i}${`n${n}`}`); break
      default: out.push(list?.[i]?.y?.z ?? 'none') }
  }
  do { limit -= 1 } while (limit > 0)
  for (var key in list) out.push(key);
  try { null.x } catch (error) { out.push(error instanceof TypeError) } finally { out.push('end') }
  try { throw new Error('e') } catch { delete box.a; void 0 }
  return [typeof missing, typeof list, limit, ...list, (1, 2), /a\/b/.test('a/b'),
    -limit, +'3', list ? 'y' : 'n']
}
const swapped = [1, 2]; [swapped[0], swapped[1]] = [swapped[1], swapped[0]];
const it = some(1); out.push(it.next().value, it.next(5).value, [...it]);
out.push(run([1, { y: { z: 3 } }]), run(), run([], { limit: 1 }), box.m(), box.m(1, 2), box.g, rest)
out.push(c, swapped, tag`a${n}b`, plain(1), new Square(3).side(), new Square(1).has(new Shape()))
out.push(Shape.count, none?.x?.(), n ** 2)
;(function () { out.push(arguments.length, new.target === undefined, this === undefined) })(1, 2)
twice(4).then((x) => { out.push(x); console.log(JSON.stringify(out)) })
"""


def everywhere(line: int, in_function: bool) -> bool:
    return True


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_program_does_the_same_with_probes(tmp_path: Path, ending: str) -> None:
    text = PROGRAM.replace("\n", ending)
    sites: list[Site] = []
    changed = probed("a.js", text, sites, everywhere)
    assert changed is not None and len(sites) > 150
    said = []
    for name, source in (("before.js", text), ("after.js", changed)):
        (tmp_path / name).write_bytes(source.encode())
        done = subprocess.run(["node", tmp_path / name], capture_output=True, text=True, check=True)
        said.append(done.stdout)
    assert said[0] == said[1] != ""


TYPED = r"""// A line of each kind.
import type { Console } from 'node:console';
const out: unknown[] = [];
enum Size { Small = 1, Large = Small << 2 }
const enum Way { Up = 'up' }
namespace Tools { export const twice = (x: number): number => x * 2; export type Id = 1 | 'one' }
type Pair<T, U = T> = readonly [T, U?];
interface Shape<T extends object = {}> { area(): number; readonly name?: `n-${string}`; [key: string]: unknown }
declare const missing: typeof out | undefined;
declare function later(x: 1): asserts x is 1;
abstract class Base<T> {
  static #count: number = 0;
  protected items?: T[] = [];
  constructor(private readonly first: T, public second: number = 2) { Base.#count += 1 }
  abstract area(): number;
  get size(): number { return this.items!.length + this.second }
  set size(value: number) { this.second = value!; (this as any).third = value; }
  of<K extends keyof this>(this: Base<T>, key: string): T | number { return key in this ? this.first : Base.#count }
}
class Square extends Base<number> implements Shape<{}> {
  [key: string]: unknown;
  override area(): number { return <number>this.size ** 2 }
}
function pick(from: string): string;
function pick(from: number, by?: (x: number) => number): number;
function pick(from: any, by: (x: number) => number = (x) => x + 1): any {
  if (typeof from === 'string') return from as string satisfies string;
  const found = by?.(from!) ?? (0 as const);
  return (found as number) > 2 ? found! - 1 : found;
}
const isPair = <T,>(value: unknown): value is Pair<T> => Array.isArray(value) && value.length < 3;
function* count(most: number): Generator<number, void, unknown> { for (let i: number = 0; i < most!; i++) yield i }
let given: { a: { b?: number[] } } | null = { a: { b: [1, 2] } };
given!.a!.b![0]! += 3; given!.a.b![1]!++; (given as any).a.c = given!.a.b as number[];
for (const [key, value] of Object.entries(given!.a) as Array<[string, number[]]>) out.push(key, value satisfies number[]);
const square = new Square(3) as Square;
square.size = 4;
out.push(square.area(), square.of<'size'>('none'), square.of('second'), Size.Large, Size[1], Way.Up, Tools.twice(4));
out.push(pick('a'), pick(3), pick(1, (x: number) => x * 5), isPair<number>([1]), isPair(1), [...count(3)], out.length as number);
try { (null as any)!.x } catch (error: unknown) { out.push((error as Error) instanceof TypeError) }
(async (): Promise<void> => { out.push(await (Promise.resolve(7) as Promise<number>)); console.log(JSON.stringify(out)) })();
export { out, square as one };
export default pick;
"""  # noqa: E501


@pytest.mark.skipif(shutil.which("tsx") is None, reason="needs tsx")
@pytest.mark.slow
def test_a_program_of_typescript_does_the_same_with_probes(tmp_path: Path) -> None:
    pytest.importorskip("tree_sitter_typescript", reason="needs tree-sitter-typescript")
    sites: list[Site] = []
    changed = probed("a.ts", TYPED, sites, everywhere)
    assert changed is not None and len(sites) > 100
    assert changed.count("\n") == TYPED.count("\n") + 1, "behind the line that switches the checks off"
    said = []
    for name, source in (("before.ts", TYPED), ("after.ts", changed)):
        (tmp_path / name).write_text(source)
        done = subprocess.run(["tsx", tmp_path / name], capture_output=True, text=True, check=True)
        said.append(done.stdout)
    assert said[0] == said[1] != ""


def test_types_get_no_probes() -> None:
    pytest.importorskip("tree_sitter_typescript", reason="needs tree-sitter-typescript")
    sites: list[Site] = []
    text = "type A = 1 | 'b';\ninterface C { d: 2 }\nenum E { F = 3 }\nlet g!: typeof g;\ndeclare let h: 4;\n"
    assert probed("a.ts", text, sites, everywhere) is None
    changed = probed("a.ts", "f(<1>a! as 2, b?.c satisfies 3);\n", sites, everywhere)
    assert changed is not None and changed.startswith("// @ts-nocheck\n")
    assert [site.kind for site in sites] == ["statement", "value", "value", "base"]
    assert ", a)! as 2, " in changed and " satisfies 3)" in changed


def test_lines_keep_their_numbers_and_sites_know_them() -> None:
    sites: list[Site] = []
    text = "\n// a\nfunction f(x, y) {\n  if (x > y)\n    return x;\n  return y.z;\n}\n"
    changed = probed("a/b.mjs", text, sites, everywhere)
    assert changed is not None and changed.count("\n") == text.count("\n")
    for number, site in enumerate(sites):
        assert f"({number}, " in changed.split("\n")[site.line - 1]
    assert [(site.line, site.kind) for site in sites] == [
        (4, "predicate"), (4, "value"), (4, "value"),
        (5, "statement"), (5, "value"),
        (6, "statement"), (6, "value"), (6, "base"),
    ]  # fmt: skip
    assert "{y: () => y}" in changed


def test_only_wanted_lines_get_probes() -> None:
    sites: list[Site] = []
    text = "const TOP = 3;\nfunction f(x) {\n  x += 1;\n  return x;\n}\n"
    assert probed("a.js", text, sites, lambda line, inside: not inside or line == 4)
    assert [site.line for site in sites] == [1, 4, 4]
    assert probed("a.js", text, sites, lambda line, inside: False) is None and len(sites) == 3


@pytest.mark.parametrize(
    "text", ["", "function f( {", "// nothing\n", "f(" * 2_000 + "1" + ")" * 2_000, "'use strict'"]
)
def test_what_can_not_be_probed_is_left_alone(text: str) -> None:
    sites = [Site("before.js", 1, "value")]
    assert probed("a.js", text, sites, everywhere) is None
    assert len(sites) == 1


@pytest.mark.parametrize(
    ("path", "known"),
    [("a.js", True), ("a/b.test.cjs", True), ("a.ts", True), ("a.py", False), ("js", False)],
)
def test_files_are_known_by_their_names(path: str, known: bool) -> None:
    assert is_javascript(path) is known
