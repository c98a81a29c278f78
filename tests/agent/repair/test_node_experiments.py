"""Experiments on JavaScript point at the wrong line, with a real Node."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seedsmith.agent.repair import locating, node_experiments
from seedsmith.agent.repair.experiments import judged
from seedsmith.sandbox.snapshots.listing import list_files
from seedsmith.sandbox.workspace.workspace import Workspace

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="needs node"),
]

PROGRAM = """'use strict';

const RATES = { low: 5, high: 9 };

function width(first, last) {
  const count = last - first;
  return count;
}

function overlap(one, other) {
  const first = Math.max(one[0], other[0]);
  const last = Math.min(one[1], other[1]);
  if (first < last) {
    return [first, last];
  }
  return null;
}

function tags(known, added) {
  const found = known;
  found.push(...added);
  return found;
}

function label(name, title) {
  let text = String(name);
  while (text.length < 4) {
    text += '.';
  }
  if (title) {
    return name;
  }
  return text;
}

module.exports = { RATES, width, overlap, tags, label };
"""
TESTS = """const test = require('node:test');
const assert = require('node:assert');
const { RATES, width, overlap, tags, label } = require('../program.js');
const seen = [];
test.beforeEach(() => { seen.push(1); });
test('width', () => { assert.strictEqual(width(1, 3), 3); });
test.describe('two', () => {
  test('overlap', async () => { assert.deepStrictEqual(overlap([1, 3], [2, 4]), [2, 3]); });
  test('touching', (t, done) => { setImmediate(() => {
    try { assert.deepStrictEqual(overlap([1, 3], [3, 4]), [3, 3]); done(); } catch (error) { done(error); }
  }); });
});
test('tags', () => {
  const known = ['a'];
  assert.deepStrictEqual(tags(known, ['b']), ['a', 'b']);
  assert.deepStrictEqual(known, ['a']);
});
test('label', () => {
  assert.ok(seen.length);
  assert.strictEqual(label('a', ''), 'a...');
  assert.strictEqual(label('a', 'b'), 'b');
});
test('rates', () => { assert.strictEqual(RATES.high, 10); });
"""
MODULE = (
    PROGRAM.replace("'use strict';\n", "")
    .replace("module.exports =", "export")
    .replace("const RATES", "var RATES")
)
MODULE_TESTS = (
    TESTS.replace("const test = require('node:test')", "import test from 'node:test'")
    .replace("const assert = require('node:assert')", "import assert from 'node:assert'")
    .replace("const { RATES, width, overlap, tags, label } = require('../program.js')",
             "import { RATES, width, overlap, tags, label } from '../program.mjs'")
)  # fmt: skip
SCRIPT = """const assert = require('assert');
const { width, label } = require('../program.js');
label('a');
assert.strictEqual(width(1, 3), 3);
setTimeout(() => { if (require.main !== module) process.exit(1); console.log('fine'); }, 1);
"""
WRONG = {
    "count = last - first": "width",
    "first < last": "two > touching",
    "found = known": "tags",
    "return name": "label",
    "high: 9": "rates",
}


def only(tests: str, *names: str) -> str:
    """The tests without those that fail but for ``names``."""
    failing = {"width", "touching", "tags", "label", "rates"} - {name.rpartition(" ")[2] for name in names}
    for name in failing:
        tests = tests.replace(f"test('{name}'", f"test.skip('{name}'")
    return tests


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locating, "_PART", 1.0)
    monkeypatch.setattr(node_experiments, "MOST_SECONDS", 60.0)
    monkeypatch.setattr(node_experiments, "LEAST_PATIENCE", 5.0)


async def found_by(work: Path, runner, command: str, **files: str):
    for name, text in files.items():
        path = work / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    with Workspace(work) as workspace:
        known = frozenset(list_files(workspace, None))
    _, found = await locating.locate(command, runner, known, 60)
    assert not list(runner.policy.private_tmp.glob("seedsmith*"))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("wrong", "test"), WRONG.items(), ids=WRONG.values())
async def test_what_cures_a_failing_test_points_at_its_line(work, runner, wrong, test) -> None:
    found = await found_by(work, runner, "node --test", program_js=PROGRAM, test__a_test_js=only(TESTS, test))
    assert found["program.js"][PROGRAM[: PROGRAM.index(wrong)].count("\n") + 1] == 1.0


async def test_modules_are_loaded_anew_too(work, runner) -> None:
    tests = only(MODULE_TESTS, "two > touching")
    found = await found_by(work, runner, "node --test", program_mjs=MODULE, test__a_test_mjs=tests)
    assert found["program.mjs"][MODULE[: MODULE.index("first < last")].count("\n") + 1] == 1.0


@pytest.mark.slow
async def test_a_program_that_tests_itself_is_one_test(work, runner) -> None:
    command = "node test/all.js"
    found = await found_by(work, runner, command, program_js=PROGRAM, test__all_js=SCRIPT)
    assert found["program.js"][6] == 1.0
    assert (work / "program.js").read_text() == PROGRAM


@pytest.mark.slow
async def test_an_experiment_that_does_not_end_is_left_out_and_the_rest_goes_on(
    work, runner, monkeypatch
) -> None:
    monkeypatch.setattr(node_experiments, "LEAST_PATIENCE", 1.0)
    program = PROGRAM.replace("'.'", "'.'.slice(0, 1)").replace("return text;", "return text.trim() + '!';")
    script = "require('assert').strictEqual(require('../program.js').label('a'), 'a...');\n"
    found = await found_by(work, runner, "node test/all.js", program_js=program, test__all_js=script)
    loop = program[: program.index("slice")].count("\n") + 1
    assert found["program.js"].get(loop, 0.0) < 1.0
    assert len(found["program.js"]) > 1


@pytest.mark.slow
async def test_a_runner_of_its_own_makes_no_experiments_and_no_harm(work, runner) -> None:
    script = "process.on('exit', () => { process.exitCode = 3; });\n"
    assert await found_by(work, runner, "node test/all.js", program_js=PROGRAM, test__all_js=script) == {}
    assert judged([]) == {}
