"""What a conversation begins with is true, bounded and stable."""

from __future__ import annotations

import os

import pytest

from seedsmith.agent.calls.offered_tools import open_tools
from seedsmith.agent.context.opening_messages import MOST_NAMES, first_items, pointed_sources, system_text
from seedsmith.agent.context.profile import COMPACT, FULL, choose_profile, profile_named
from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.conversation import SystemMessage, UserMessage
from seedsmith.agent.sessions.session import VerifyRecord
from seedsmith.sandbox.workspace.workspace import Workspace


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "proj"
    folder.mkdir()
    return folder


def test_facts_of_the_workspace(folder):
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/feature/x\n")
    (folder / "src").mkdir()
    (folder / "a\nb.py").write_text("")
    text = system_text(FULL, Workspace(folder))
    assert "Folder `proj`" in text and "git branch feature/x" in text and "src/" in text
    assert "a\nb.py" not in text and ".git/" not in text.rpartition("top level")[2]


def test_many_names_are_bounded_and_counted(folder):
    for number in range(MOST_NAMES + 7):
        (folder / f"f{number:03}").write_text("")
    assert "… and 7 more" in system_text(FULL, Workspace(folder))


def test_strange_git_folders_are_no_trouble(folder):
    (folder / ".git").write_text("gitdir: ../elsewhere\n")
    assert "git branch" not in system_text(FULL, Workspace(folder))
    (folder / ".git").unlink()
    (folder / ".git").mkdir()
    os.mkfifo(folder / ".git" / "HEAD")
    assert "git branch" not in system_text(FULL, Workspace(folder))


def test_instructions_come_before_the_task_as_the_repositorys_words(folder):
    (folder / "AGENTS.md").write_text("Use {tabs}.")
    system, instructions, task = first_items(FULL, Workspace(folder), "Do it")
    assert isinstance(system, SystemMessage) and "Use {tabs}" not in system.text
    assert instructions.origin == "instructions" and "Use {tabs}." in instructions.text
    assert task == UserMessage("Do it")


def test_the_checks_output_is_in_the_first_message(folder):
    record = VerifyRecord("make {test}", 2, "boom {output}")
    task = first_items(FULL, Workspace(folder), "Do it", record)[-1].text
    assert (
        task.startswith("Do it")
        and "make {test}" in task
        and "exit code 2" in task
        and "boom {output}" in task
    )


def test_of_a_check_that_passed_only_the_end_is_in_the_first_message(folder):
    output = "".join(f"ok {number}\n" for number in range(1000))
    passed, failed = (
        first_items(FULL, Workspace(folder), "Do it", VerifyRecord("t", code, output))[-1].text
        for code in (0, 1)
    )
    assert "ok 999" in passed and "ok 1\n" not in passed and len(passed) < 1100
    assert "characters left out ...]\nok " in passed
    assert output.rstrip() in failed


def test_the_compact_profile_shows_the_source_that_failed(folder):
    (folder / "calc.py").write_text("".join(f"line{n} = {n}\n" for n in range(1, 201)))
    (folder / "test_calc.py").write_text("import calc\n")
    output = 'File "calc.py", line 100, in add\nFile "test_calc.py", line 1\n'
    task = first_items(COMPACT, Workspace(folder), "Fix", VerifyRecord("t", 1, output))[-1].text
    assert "calc.py, lines 80 on" in task and "100\tline100 = 100" in task and "\nline1 =" not in task


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("src/a.c:2: error", "src/a.c, lines 1 on:\n1\tone\n2\ttwo\n3\tthree"),
        ("at run (src/a.c:2:7)", "src/a.c, lines 1 on:\n1\tone\n2\ttwo\n3\tthree"),
        ('File "{root}/src/a.c", line 99', "src/a.c"),
        ("src/b.c:1: first\nsrc/a.c:1: innermost", "src/a.c"),
        ("/etc/passwd:1: x", ""),
        ("../src/a.c:1", ""),
        ("missing.py:3", ""),
        ("no place at all", ""),
    ],
)
def test_places_in_output(folder, output, found):
    (folder / "src").mkdir()
    (folder / "src" / "a.c").write_text("one\ntwo\nthree\n")
    (folder / "src" / "b.c").write_text("four\n")
    shown = pointed_sources(Workspace(folder), output.replace("{root}", str(folder)), 3)
    assert found in "".join(shown) and bool(shown) is bool(found)


def test_prompts_name_unknown_fields():
    with pytest.raises(KeyError):
        prompt("nudge-stuck.md")


def test_profiles():
    assert choose_profile("local") is COMPACT and choose_profile("wcode") is FULL
    assert profile_named("compact") is COMPACT


def test_prompt_and_tools_are_small(folder):
    for number in range(MOST_NAMES):
        (folder / f"some_longer_name_{number:03}.py").write_text("")
    workspace = Workspace(folder)
    for profile, most in ((FULL, 9_500), (COMPACT, 3_000)):
        specs = [tool.spec for tool in open_tools(profile, vision=True).values()]
        told = sum(len(repr(spec).encode()) for spec in specs)
        assert told + len(system_text(profile, workspace).encode()) < most, profile.name
