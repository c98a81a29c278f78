"""TypeScript under its runners, the real ones: watched, experimented on, kept waiting for trials."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from seedsmith.agent.repair import locating, node_experiments
from seedsmith.agent.repair.quick_check import QuickCheck

pytest.importorskip("tree_sitter_typescript", reason="needs tree-sitter-typescript")
pytestmark = pytest.mark.slow  # starts of Node, with runners of their own

WRONG = """export interface Limits {
  most: number;
}

export function last<T>(items: readonly T[], limits: Limits): T[] {
  const count = limits.most as number;
  if (count < 1) return [];
  return items.slice(items.length! - count - 1);
}
"""
RIGHT = WRONG.replace(" - 1);", ");")
LINE = 8
ASSERT = "import assert from 'node:assert';"
OF_NODE = "import { describe, it } from 'node:test';"
TESTS = f"""{ASSERT}
{OF_NODE}
import {{ last, type Limits }} from '../program';

const none: Limits = {{ most: 0 }};
describe('last', () => {{
  it('none', () => assert.deepStrictEqual(last([1, 2], none), []));
  it('two', async () => {{
    assert.deepStrictEqual(last<number>([1, 2, 3], {{ most: 2 }}), [2, 3]);
  }});
}});
"""
KNOWN = frozenset({"program.ts", "package.json", "test/a.test.ts"})
PROJECTS = {
    "node": ((), "node --test test/a.test.ts", '{"type": "module"}'),
    "node, no module": ((), "node --test test/a.test.ts", "{}"),
    "tsx": (("tsx",), "node --import tsx --test test/a.test.ts", "{}"),
    "tsx, modules": (("tsx",), "npx tsx --test test/a.test.ts", '{"type": "module"}'),
    "mocha with tsx": (("mocha", "tsx"), "npx mocha --import=tsx test/a.test.ts", '{"type": "module"}'),
    "vitest": (("vitest",), "npx vitest run", '{"type": "module"}'),
    "ts-jest": (("jest", "ts-jest"), "npx jest", '{"jest": {"preset": "ts-jest"}}'),
}
READS_TYPESCRIPT = 24
"""Node's first version that leaves types out by itself, whichever of its releases it is."""
CHECKED = '{"compilerOptions": {"strict": true, "module": "commonjs", "esModuleInterop": true, "types": []}}'


def node_version() -> int:
    """The first part of Node's version."""
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return int(told.removeprefix("v").partition(".")[0])


@pytest.fixture
def command(work: Path, request: pytest.FixtureRequest) -> str:
    """How the tests are run of a small project, whose runner is installed."""
    programs, command, package = PROJECTS[request.param]
    if not programs and not (shutil.which("node") and node_version() >= READS_TYPESCRIPT):
        pytest.skip("needs Node 24")
    for name in programs:
        if (found := shutil.which(name)) is None:
            pytest.skip(f"needs {name}")
        program = Path(found).resolve()
        modules = next(each for each in program.parents if each.name == "node_modules")
        subprocess.run(["cp", "-a", f"{modules}/.", str(work / "node_modules")], check=True)
    tests = TESTS.replace("node:test", "vitest") if request.param == "vitest" else TESTS
    if "mocha" in request.param:
        tests = tests.replace(OF_NODE, "")
    if request.param == "ts-jest":  # which wants a type for everything
        tests = tests.replace(OF_NODE, "declare const require: any, describe: any, it: any;")
        tests = tests.replace(ASSERT, "const assert = require('node:assert');")
    if "module" in package or not programs:
        tests = tests.replace("'../program'", "'../program.ts'")
    (work / "test").mkdir()
    (work / "test/a.test.ts").write_text(tests)
    (work / "program.ts").write_text(WRONG)
    (work / "package.json").write_text(package)
    (work / "tsconfig.json").write_text(CHECKED)
    return command


@pytest.mark.parametrize("command", PROJECTS, indirect=True)
async def test_a_line_is_told_by_tests_and_experiments_and_the_runner_waits(
    command, work, runner, monkeypatch
) -> None:
    monkeypatch.setattr(locating, "_PART", 1.0)
    monkeypatch.setattr(node_experiments, "LEAST_PATIENCE", 5.0)
    diagnosis, found = await locating.locate(command, runner, KNOWN, 120)
    assert diagnosis.outcomes == {"last > none": "passed", "last > two": "failed"}
    scores = diagnosis.suspicion()["program.ts"]
    assert scores[LINE] == 1.0 > scores[LINE - 2] and not {2, 3} & scores.keys()
    assert found["program.ts"][LINE] == 1.0
    assert not list(runner.policy.private_tmp.glob("seedsmith*"))
    assert (work / "program.ts").read_text() == WRONG

    check = QuickCheck(command, runner, diagnosis)
    assert await check.warm_up()
    for text, passes in ((RIGHT, True), (WRONG, False), ("(", False), (RIGHT, True)):
        (work / "program.ts").write_text(text)
        assert await check.passes(60.0) is passes, text
    assert check._warm is not None and check._warm.waits
    await check.cool_down()
