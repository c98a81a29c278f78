"""Tests of skills: recorded against the scripted service, replayed elsewhere, and what makes them fail."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from asked import shell
from browser_pages import NEEDED
from examples import first_fast
from present import is_present
from scripted_endpoint import Endpoint, calls, text

from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.skill_tests import TestRun, run_test, run_tests
from seedsmith.skills.scaffold import STARTER, scaffold
from seedsmith.skills.skill import BUILT_IN, Origin, Skill
from seedsmith.skills.skill_check import check
from seedsmith.skills.skill_folder import read_skill, recording_path

MANIFEST = """\
name: tidy
description: Tidies a file.
parameters: {file: {required: true}}
instructions: "Tidy {{file}}."
commands:
  where: {description: Where it is., argv: [echo, "{skill}"]}
verify: grep -qx tidy {file}
tests:
  - name: a file
    workspace: room
    parameters: {file: a.txt}
"""
NAME = "整理 it's"
"""The folder around the skill: paths may hold anything."""


class Skills:
    """A skill that is written, recorded and read again."""

    def __init__(self, folder: Path):
        self.folder = folder / NAME / "tidy"
        (self.folder / "room/docs").mkdir(parents=True)
        (self.folder / "room/a.txt").write_text("untidy\n")
        (self.folder / "room/docs/b.txt").write_text("left\n")

    def write(self, more: str = "") -> Skill:
        (self.folder / "skill.yaml").write_text(f"{MANIFEST}    {more}\n")
        skill = read_skill(self.folder, Origin.USER)
        assert isinstance(skill, Skill), skill
        return skill

    def run(self, skill: Skill, **how):
        settings = how.pop("settings", Settings())
        return asyncio.run(run_test(skill, skill.tests[0], TestRun(settings, os.environ, **how)))

    def record(self, *answers, more: str = "", **how):
        with Endpoint(*answers) as service:
            settings = Settings(model="openai/m", base_url=service.base_url, api_key="k")
            return self.run(self.write(more), live=True, update=True, settings=settings, **how)


@pytest.fixture
def skills(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return Skills(tmp_path)


TIDY = (calls(("edit", {"path": "a.txt", "old": "untidy", "new": "tidy"})), text("Tidied a.txt."))


@pytest.fixture
def recorded(skills):
    """With a recording of a run that tidies."""
    result = skills.record(*TIDY)
    assert (result.result, result.failures) == ("passed", ())
    return skills


def test_a_test_without_a_recording_is_skipped(skills):
    result = skills.run(skills.write())
    assert (result.result, result.why_skipped[:16]) == ("skipped", "has no recording")
    assert "The test 'a file' has no recording" in check(skills.folder).warnings[0]


@pytest.mark.slow
def test_what_was_recorded_passes_and_leaves_nothing(recorded, tmp_path):
    result = recorded.run(recorded.write("changed: [a.txt]\n    unchanged: [docs]\n    says: [Tidied]"))
    assert (result.result, result.failures) == ("passed", ())
    assert not any((tmp_path / "temporary").iterdir())
    assert (recorded.folder / "room/a.txt").read_text() == "untidy\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("changed: [docs/b.txt]", "docs/b.txt is as it was, but should have changed."),
        ("unchanged: ['*.txt']", "a.txt was changed, but nothing that fits *.txt may be."),
        ("unchanged: ['**']", "a.txt was changed"),
        ("says: [done]", "The last message does not say 'done'; it is:\nTidied a.txt."),
        ("budget: {turns: 1}", "It took 2 turns, and its budget is 1."),
        ("budget: {tokens: 10}", "tokens, and its budget is 10."),
        ("verify: cat a.txt; exit 3", "`cat a.txt; exit 3` fails afterwards:\ntidy\nexit code 3"),
        ("prompt: More.", "Its recording is not of the present prompt: renew it with --live --update"),
    ],
)
def test_what_does_not_hold_is_said(recorded, more, said):
    result = recorded.run(recorded.write(more))
    assert result.result == "failed" and said in "\n".join(result.failures), result.failures
    assert len(result.failures) == 1


def test_patterns_keep_to_their_folders(recorded):
    assert recorded.run(recorded.write("unchanged: [docs, '*/*.txt', 'b.*']")).result == "passed"


def test_a_call_with_another_result_is_named(recorded):
    (recorded.folder / "room/a.txt").write_text("still untidy\n")
    result = recorded.run(recorded.write())
    assert result.result == "failed"
    assert 'the call edit {"path": "a.txt"' in result.failures[0] or "verification" in result.failures[0]


@pytest.mark.slow
def test_answers_that_are_not_asked_for_are_told(skills):
    assert skills.record(*TIDY).result == "passed"
    path = recording_path(skills.write(), skills.write().tests[0])
    lines = path.read_text().splitlines()
    more = [json.loads(line) for line in lines if '"kind":"request"' in line or '"kind":"response"' in line][
        -2:
    ]
    added = [json.dumps(line | {"n": 3}) for line in more]
    path.write_text("\n".join([*lines[:-1], *added, lines[-1], ""]))
    (said,) = skills.run(skills.write()).failures
    assert said == "The run ended before 1 of the recorded answers were asked for."


def test_a_live_run_that_is_not_verified_fails_and_is_not_recorded(skills):
    result = skills.record(*[text("Done.")] * 9)
    assert result.result == "failed" and "The run ended unverified" in result.failures[0]
    assert result.recorded is None and not list(skills.folder.rglob("*.jsonl"))


def test_the_workspace_of_a_failing_test_is_kept_where_asked(recorded, tmp_path):
    result = recorded.run(recorded.write("says: [never]"), keep=True)
    assert result.workspace is not None and (result.workspace / "a.txt").read_text() == "tidy\n"
    assert result.workspace.is_relative_to(tmp_path / "temporary")


@pytest.mark.slow
def test_absolute_paths_of_a_live_run_lead_elsewhere_in_a_replay(skills, tmp_path):
    """A model that was told where it works writes whole paths, which come in pieces of any size."""
    place: list[str] = []

    def edit(request):
        place.append(str(next((tmp_path / "temporary").iterdir()) / "workspace"))
        return calls(("edit", {"path": f"{place[0]}/a.txt", "old": "untidy", "new": "tidy"}), delta=3)

    steps = iter(
        [
            edit,
            lambda _: calls(
                shell(f"cat '{place[0]}/a.txt'"), ("skill", {"name": "tidy", "command": "where"})
            ),
            lambda _: text(f"Tidied {place[0]}/a.txt <state>."),
        ]
    )
    result = skills.record(lambda request: next(steps)(request), more="says: [a.txt <state>]")
    assert (result.result, result.failures) == ("passed", ())
    assert result.recorded is not None
    kept = result.recorded.read_text()
    assert place[0] not in kept and str(tmp_path) not in kept and "<seedsmith workspace>/a.txt" in kept
    moved = tmp_path / "moved" / "tidy"
    shutil.copytree(skills.folder, moved)
    skill = read_skill(moved, Origin.USER)
    again = skills.run(skill)
    assert (again.result, again.failures) == ("passed", ())


@pytest.mark.slow
def test_a_repository_with_uncommitted_changes(skills):
    (skills.folder / "later").mkdir()
    (skills.folder / "later/a.txt").write_text("UNTIDY\n")
    steps = (
        calls(("git", {"action": "status"})),
        calls(shell("git rev-parse HEAD; echo tidy > a.txt")),
        text("Tidied."),
    )
    result = skills.record(*steps, more="uncommitted: later")
    assert (result.result, result.failures) == ("passed", ())
    done = [json.loads(line) for line in result.recorded.read_text().splitlines() if '"done"' in line]
    assert "modified: a.txt" in done[0]["text"]
    assert skills.run(skills.write("uncommitted: later")).result == "passed"


def test_a_pipe_that_is_left_behind_is_not_waited_for(skills):
    steps = calls(shell("mkfifo waiting; echo tidy > a.txt")), text("Tidied.")
    result = skills.record(*steps, more="changed: [waiting]")
    assert (result.result, result.failures) == ("passed", ())


def test_a_workspace_that_can_t_be_looked_at_fails_that_test(skills, monkeypatch):
    def full(folder):
        raise OSError(errno.EIO, "Input/output error")

    skills.record(*TIDY)
    monkeypatch.setattr("seedsmith.agent.tasks.skill_tests.contents", full)
    result = skills.run(skills.write())
    assert result.result == "failed" and "Input/output error" in result.failures[0]


def test_no_recording_is_written_or_read_through_a_link_that_leads_out(skills, tmp_path):
    skill = skills.write()
    (tmp_path / "elsewhere").mkdir()
    (skills.folder / "tests").symlink_to(tmp_path / "elsewhere")
    with Endpoint(*TIDY) as service:
        settings = Settings(model="openai/m", base_url=service.base_url, api_key="k")
        result = skills.run(skill, live=True, update=True, settings=settings)
    assert result.result == "failed" and "leads out of the skill's folder" in result.failures[0]
    assert not any((tmp_path / "elsewhere").iterdir())
    error, *_ = check(skills.folder).errors
    assert "skill.yaml:9:5:" in error and "tests/a-file.jsonl" in error and "leads out" in error


def test_the_user_s_own_settings_do_not_count_in_a_replay(recorded):
    settings = Settings(model="openai/none", base_url="http://127.0.0.1:9/v1", effort="high", max_turns=1)
    assert recorded.run(recorded.write(), settings=settings).result == "passed"


def test_an_interrupted_test_is_cleaned_up(skills, tmp_path):
    async def interrupted() -> None:
        with Endpoint(calls(shell("sleep 60"))) as service:
            started = asyncio.Event()
            loop = asyncio.get_running_loop()
            service.on_request = lambda _: loop.call_soon_threadsafe(started.set)
            settings = Settings(model="openai/m", base_url=service.base_url, api_key="k")
            skill = skills.write()
            task = asyncio.create_task(
                run_test(skill, skill.tests[0], TestRun(settings, os.environ, live=True))
            )
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(interrupted())
    assert not any((tmp_path / "temporary").iterdir())


def test_a_name_that_is_no_test_s(skills):
    async def run() -> None:
        async for _ in run_tests([skills.write()], ["gone"], TestRun(Settings(), os.environ)):
            pass

    with pytest.raises(Exception, match="There is no test 'gone'; there are 'a file'"):
        asyncio.run(run())


NAMES = sorted((folder.name for folder in BUILT_IN.iterdir() if folder.is_dir()), key="fix-bug".__ne__)


@pytest.mark.parametrize("name", first_fast(1, NAMES))
def test_the_built_in_skills_check_and_pass(name):
    if name == "frontend" and not all(map(is_present, NEEDED)):
        pytest.skip(f"needs {' and '.join(NEEDED)}")
    skill = read_skill(BUILT_IN / name, Origin.BUILT_IN)
    checked = check(BUILT_IN / name)
    assert (checked.errors, checked.warnings) == ((), ()) and len(skill.tests) >= 2

    async def run():
        return [each async for each in run_tests([skill], [], TestRun(Settings(), os.environ))]

    results = asyncio.run(run())
    assert [(each.test, each.result, each.failures) for each in results] == [
        (test.name, "passed", ()) for test in skill.tests
    ]


@pytest.mark.parametrize(
    "path", [*BUILT_IN.glob("*/tests/*.jsonl"), *STARTER.rglob("*.jsonl")], ids=lambda path: path.stem
)
def test_recordings_hold_nothing_of_the_machine_they_were_made_on(path):
    text = path.read_text(encoding="ascii")
    found = [word for word in ("/tmp/", "/root", "/home/", "/usr/", "127.0.0.1:", "python3.") if word in text]
    assert not found
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[0]["portable"] and lines[0]["time"] == 0
    assert all(not line.get("ms") and "middle" not in line for line in lines)


@pytest.mark.slow
def test_a_new_skill_checks_and_passes_at_once(tmp_path, skills):
    folder = scaffold(tmp_path / "技能 and more", "my-own")
    checked = check(folder)
    assert (checked.errors, checked.warnings) == ((), ())
    skill = checked.skill
    assert skill is not None and "SKILL_NAME" not in "".join(
        file.read_text() for file in folder.rglob("*") if file.is_file()
    )
    result = skills.run(skill)
    assert (result.result, result.failures) == ("passed", ())
    broken = replace(skill, instructions="x", tests=(skill.tests[0].model_copy(update={"says": ["gone"]}),))
    assert skills.run(broken).result == "failed"
