"""Watching node:test from inside, with a real Node: the lines of each test, its end, its places."""

from __future__ import annotations

import shutil

import pytest

from seedsmith.agent.repair.watched_run import diagnose

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")

SHAPES = """'use strict';

function area(w, h) {
  if (w < 0) {
    return 0;
  }
  return w + h;
}

const name = (shape) =>
  shape ? 'a' : 'b';

module.exports = { area, name };
"""
TESTS = """const test = require('node:test');
const assert = require('node:assert');
const { area, name } = require('../shapes.js');
test('a name', () => { assert.strictEqual(name(1), 'a'); });
test('nothing', () => { assert.strictEqual(area(-1, 2), 0); });
test.describe('areas', () => {
  test('of three by four', async () => {
    assert.strictEqual(area(3, 4), 12);
  });
});
"""
ES_TESTS = TESTS.replace("const test = require('node:test')", "import test from 'node:test'").replace(
    "const assert = require('node:assert');\nconst { area, name } = require('../shapes.js');",
    "import assert from 'node:assert';\nimport shapes from '../shapes.js';\nconst { area, name } = shapes;",
)
KNOWN = frozenset({"shapes.js", "test/shapes.test.js", "test/shapes.test.mjs"})


@pytest.fixture
def shapes(work):
    (work / "test").mkdir()
    (work / "shapes.js").write_text(SHAPES)
    return work


@pytest.mark.slow
@pytest.mark.parametrize(("file", "text"), [("shapes.test.js", TESTS), ("shapes.test.mjs", ES_TESTS)])
@pytest.mark.parametrize("command", ["node --test", "node test/*"])
async def test_each_test_s_lines_are_its_own(shapes, runner, file, text, command):
    (shapes / "test" / file).write_text(text)
    found = await diagnose(command, runner, KNOWN, 60)
    assert [test.name.rpartition("> ")[2] for test in found.failed] == ["of three by four"]
    (failed,) = found.failed
    assert failed.lines["shapes.js"] >= {7} and not failed.lines["shapes.js"] & {5, 10, 11}
    assert "7 !== 12" in failed.message
    assert [(frame.path, frame.line) for frame in failed.frames] == [(f"test/{file}", found_line(text))]
    assert len(found.passed_lines) == 2
    assert found.suspicion()["shapes.js"][7] == 1.0 > found.suspicion()["shapes.js"][4]


def found_line(text):
    return 1 + next(n for n, line in enumerate(text.split("\n")) if "area(3, 4)" in line)


async def test_a_program_without_node_test_runs_as_ever(shapes, runner):
    (shapes / "test.js").write_text("if (require('./shapes.js').area(3, 4) !== 12) throw new Error('bad');")
    found = await diagnose("node test.js", runner, KNOWN | {"test.js"}, 60)
    assert not found.watched and "bad" in found.failed[0].message


@pytest.mark.slow
async def test_a_run_that_is_green_stays_green(shapes, runner):
    (shapes / "test/shapes.test.js").write_text(TESTS.replace("12", "7"))
    found = await diagnose("node --test", runner, KNOWN, 60)
    assert not found.failed and len(found.passed_lines) == 3
