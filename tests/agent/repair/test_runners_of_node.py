"""Runners of Node (mocha, jest, vitest), the real ones: watched, experimented on, kept waiting for trials."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from seedsmith.agent.repair import locating, node_experiments
from seedsmith.agent.repair.quick_check import QuickCheck
from seedsmith.agent.repair.watched_run import diagnose

pytestmark = pytest.mark.slow  # starts of Node, with runners of their own

WRONG = """'use strict';

function gaps(taken, end) {
  const found = [];
  let at = 0;
  for (const [from, to] of taken) {
    if (from > at) {
      found.push([at, from]);
    }
    at = to;
  }
  if (at <= end) {
    found.push([at, end]);
  }
  return found;
}

function label(name) {
  return name ? `<${name}>` : '';
}

module.exports = { gaps, label };
"""
RIGHT = WRONG.replace("at <= end", "at < end")
HANGS = WRONG.replace("let at = 0;", "let at = 0; for (;;);")
LINE = 1 + WRONG[: WRONG.index("at <= end")].count("\n")
TESTS = """const assert = require('node:assert');
const { gaps, label } = require('../program.js');

describe('gaps', () => {
  it('before and after', () => assert.deepStrictEqual(gaps([[2, 3]], 4), [[0, 2], [3, 4]]));
  it('none at the end', async () => {
    assert.deepStrictEqual(gaps([[1, 4]], 4), [[0, 1]]);
  });
});
it('labels', () => assert.strictEqual(label('a') + label(''), '<a>'));
it.skip('later', () => {});
"""
OTHERS = """const { label } = require('../program.js');
describe('more', () => { it('labels', () => { if (label('b') !== '<b>') throw new Error('no'); }); });
"""
COMMANDS = {
    "mocha": "npx mocha test/*.test.js",
    "jest": "npx jest",
    "vitest": "npx vitest run",
    "npm": "npm test",
}
KNOWN = frozenset({"program.js", "package.json", "test/a.test.js", "test/b.test.js"})


@pytest.fixture
def project(work: Path, request: pytest.FixtureRequest) -> Path:
    """A small project with its runner installed."""
    name = request.param
    if (found := shutil.which(name)) is None:
        pytest.skip(f"needs {name}")
    program = Path(found).resolve()
    modules = next(each for each in program.parents if each.name == "node_modules")
    subprocess.run(["cp", "-a", str(modules), str(work / "node_modules")], check=True)
    module = name == "vitest"
    script = COMMANDS[name].removeprefix("npx ")
    kind = '"type": "module", ' if module else ""
    files = {
        "program.js": WRONG,
        "package.json": f'{{"name": "gaps", {kind}"scripts": {{"test": "{script}"}}}}',
        "test/a.test.js": TESTS,
        "test/b.test.js": OTHERS,
    }
    (work / "test").mkdir()
    for path, text in files.items():
        (work / path).write_text(as_module(text) if module and path.endswith(".js") else text)
    return work


def as_module(text: str) -> str:
    """The same lines for a project of ES modules."""
    text = text.replace("'use strict';", "").replace("module.exports =", "export")
    text = text.replace("const assert = require('node:assert');", "import assert from 'node:assert';")
    for names in ("gaps, label", "label"):
        text = text.replace(
            f"const {{ {names} }} = require('../program.js');",
            f"import {{ {names} }} from '../program.js'; import {{ describe, it }} from 'vitest';",
        )
    return text


def each_runner(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("project", names, indirect=True)


@each_runner("mocha", "jest", "vitest")
@pytest.mark.parametrize("by", ["npx", "npm"])
async def test_each_test_s_lines_are_its_own(project, runner, by, request) -> None:
    command = COMMANDS["npm" if by == "npm" else request.node.callspec.params["project"]]
    found = await diagnose(command, runner, KNOWN, 120)
    assert found.outcomes == {
        "gaps > before and after": "passed",
        "gaps > none at the end": "failed",
        "labels": "passed",
        "more > labels": "passed",
    }
    (failed,) = found.failed
    ran = failed.lines["program.js"]
    assert {LINE, LINE + 1} <= ran and not ran & {LINE + 6, LINE + 7}
    assert ("test/a.test.js", 7) in {(frame.path, frame.line) for frame in failed.frames}
    assert failed.message
    scores = found.suspicion()["program.js"]
    assert scores[LINE] > scores.get(LINE + 6, 0.0)


@each_runner("mocha", "jest", "vitest")
async def test_experiments_point_at_the_wrong_line(project, runner, request, monkeypatch) -> None:
    monkeypatch.setattr(locating, "_PART", 1.0)
    monkeypatch.setattr(node_experiments, "MOST_SECONDS", 60.0)
    monkeypatch.setattr(node_experiments, "LEAST_PATIENCE", 5.0)
    command = COMMANDS[request.node.callspec.params["project"]]
    _, found = await locating.locate(command, runner, KNOWN, 120)
    assert found["program.js"][LINE] == 1.0
    assert not list(runner.policy.private_tmp.glob("seedsmith*"))


@each_runner("mocha", "jest", "vitest")
async def test_the_runner_waits_and_runs_what_is_there(project, runner, request) -> None:
    command = COMMANDS[request.node.callspec.params["project"]]
    check = QuickCheck(command, runner, await diagnose(command, runner, KNOWN, 120))
    assert await check.warm_up()
    written = as_module if request.node.callspec.params["project"] == "vitest" else str
    for text, passes in ((RIGHT, True), (WRONG, False), ("(", False), (HANGS, False), (RIGHT, True)):
        (project / "program.js").write_text(written(text))
        assert await check.passes(60.0) is passes, text
    assert check._warm is not None and check._warm.waits, "what hangs ends alone"
    await check.cool_down()
