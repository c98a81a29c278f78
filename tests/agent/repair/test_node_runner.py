"""Programs of Node run again and again from one process: as the command runs them, and each time anew."""

import shutil
from pathlib import Path

import pytest

from seedsmith.agent.repair.node_runner import NodeRunner, mains_of
from seedsmith.agent.repair.quick_check import QuickCheck
from seedsmith.agent.repair.watched_run import diagnose

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")

WRONG = "exports.sum = (a, b) => a - b;\n"
RIGHT = "exports.sum = (a, b) => a + b;\n"
HANGS = "exports.sum = (a, b) => { for (;;); };\n"
TESTED = """const test = require('node:test');
const assert = require('node:assert');
const { sum } = require('./sum.js');
test('adds', () => assert.strictEqual(sum(1, 2), 3));
test('adds nothing', () => assert.strictEqual(sum(1, 0), 1));
"""
OTHER = """import { describe, it } from 'node:test';
import assert from 'node:assert';
import { sum } from './sum.js';
describe('sums', () => { it('zero', () => assert.strictEqual(sum(0, 0), 0)); });
"""
PLAIN = """const assert = require('node:assert');
const { sum } = require('./sum.js');
assert.strictEqual(process.env.WANTED, process.argv[2]);
assert.strictEqual(sum(2, 2), 4);
"""
KNOWN = frozenset({"sum.js", "sum.test.js", "other.test.mjs", "plain.js"})


@pytest.fixture
def sums(work: Path) -> Path:
    for name, text in (("sum.js", WRONG), ("sum.test.js", TESTED), ("plain.js", PLAIN)):
        (work / name).write_text(text)
    (work / "other.test.mjs").write_text(OTHER)
    return work


@pytest.mark.slow  # several starts of Node
@pytest.mark.parametrize("command", ["node --test", "WANTED=yes node plain.js yes"])
async def test_each_run_loads_the_program_anew(sums, runner, command) -> None:
    check = QuickCheck(command, runner, await diagnose(command, runner, KNOWN, 60))
    assert await check.warm_up()
    for text, passes in ((RIGHT, True), (WRONG, False), ("(", False), (HANGS, False), (RIGHT, True)):
        (sums / "sum.js").write_text(text)
        assert await check.passes(60.0) is passes, text
    warm = check._warm
    assert warm is not None and warm.waits, "what hangs ends alone"
    await check.cool_down()


async def test_programs_that_end_otherwise_there_are_not_run_so(sums, runner) -> None:
    text = "const assert = require('node:assert');\nrequire('./sum.js');\n"
    text += "assert.ok(require('node:worker_threads').isMainThread, 'no thread');\nassert.ok(0, 'wrong');\n"
    (sums / "plain.js").write_text(text)
    diagnosis = await diagnose("node plain.js", runner, KNOWN, 60)
    mains = await mains_of("node plain.js", runner, 60)
    assert [Path(each["file"]).name for each in mains] == ["plain.js"]
    assert await NodeRunner.open(mains, runner, diagnosis, 60) is None


async def test_a_command_that_runs_none_of_our_programs_has_none(sums, runner) -> None:
    assert await mains_of("node -e 1; true", runner, 60) == []
