"""Makes the recordings of the built-in skills' tests, and the starter's, from ``answers/*.yaml``.

    python tests/support/record_skills.py [SKILL]…

Needed when a test, or the wording of a tool, changes. Each test runs against a scripted service on loopback
that gives the written answers; a recording is written where the test passes. Exit code 1 where one fails.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from scripted_endpoint import Endpoint, calls

from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.skill_tests import TestResult, TestRun, run_test
from seedsmith.skills.scaffold import STARTER, scaffold
from seedsmith.skills.skill import BUILT_IN, Origin, Skill
from seedsmith.skills.skill_folder import read_skill, recording_path

ANSWERS = Path(__file__).parents[1] / "skills" / "answers"
NEW_NAME = "a-name-that-stands-for-another"
USAGE = {"prompt_tokens": 4000, "completion_tokens": 100, "total_tokens": 4100}


def answers(written: list[dict[str, Any]]) -> Iterator[Any]:
    for answer in written:
        asked = [next(iter(call.items())) for call in answer.get("calls", ())]
        yield calls(*asked, text=answer.get("say", ""), usage=USAGE)


def record(skill: Skill, script: dict[str, Any]) -> Iterator[TestResult]:
    for test in skill.tests:
        with Endpoint(*answers(script[test.name])) as service:
            settings = Settings(model="openai/scripted", base_url=service.base_url, api_key="none-is-needed")
            how = TestRun(settings, os.environ, live=True, update=True)
            yield asyncio.run(run_test(skill, test, how))


def record_starter() -> Iterator[TestResult]:
    """A new skill is made and recorded; its recording is kept with the placeholder for its name."""
    text = (ANSWERS / "starter.yaml").read_text(encoding="utf-8").replace("SKILL_NAME", NEW_NAME)
    with tempfile.TemporaryDirectory() as root:
        skill = read_skill(scaffold(Path(root), NEW_NAME), Origin.USER)
        assert isinstance(skill, Skill), skill
        yield from record(skill, yaml.safe_load(text))
        for test in skill.tests:
            new = recording_path(skill, test)
            target = STARTER / new.relative_to(skill.folder)
            recorded = new.read_text(encoding="ascii").replace(NEW_NAME, "SKILL_NAME")
            target.write_text(recorded, encoding="ascii")


def main(names: list[str]) -> int:
    failed = False
    for path in sorted(ANSWERS.glob("*.yaml")):
        if names and path.stem not in names:
            continue
        if path.stem == "starter":
            results = record_starter()
        else:
            skill = read_skill(BUILT_IN / path.stem, Origin.BUILT_IN)
            assert isinstance(skill, Skill), skill
            results = record(skill, yaml.safe_load(path.read_text(encoding="utf-8")))
        for result in results:
            print(f"{path.stem}: {result.test}: {result.result}", *result.failures, sep="\n    ", flush=True)
            failed = failed or result.result != "passed"
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
