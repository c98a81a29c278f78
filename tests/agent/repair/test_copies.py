"""Private copies with real files and commands in the sandbox."""

import os
from pathlib import Path

import pytest

from seedsmith.agent.repair import copies
from seedsmith.agent.repair.copies import PrivateCopy, TooMuch, can_copy
from seedsmith.sandbox.commands.process import ProcessRunner


@pytest.fixture
def copied(work: Path, runner: ProcessRunner, tmp_path: Path):
    if not can_copy(runner):
        pytest.skip("needs bubblewrap")
    (work / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    (work / "b.txt").write_text("b\n")
    (work / "node_modules" / "left").mkdir(parents=True)
    (work / "node_modules" / "left" / "pad.js").write_text("// left\n")
    (work / "link").symlink_to("b.txt")
    os.mkfifo(work / "pipe")
    copy = PrivateCopy(tmp_path / "tries" / "0", runner)
    yield copy
    copy.close()
    assert not (tmp_path / "tries" / "0").exists()


async def said(copy: PrivateCopy, command: str) -> str:
    return (await copy.processes.run(command, timeout=60.0)).head.decode()


async def test_commands_see_the_copy_at_the_workspaces_own_path(copied, work) -> None:
    copied.put("b.txt", "changed\n")
    assert await said(
        copied, f"cat {work}/b.txt; cat link; cat node_modules/left/pad.js; ls pipe 2>/dev/null"
    ) == ("changed\nchanged\n// left\n")
    assert (work / "b.txt").read_text() == "b\n"
    await said(copied, "echo more > new.txt; echo other > /tmp/mine")
    assert not (work / "new.txt").exists()


async def test_one_change_at_a_time_and_each_file_keeps_its_line_ends(copied) -> None:
    copied.put("a.txt", "one\n2\n")
    assert await said(copied, "cat a.txt b.txt") == "one\r\n2\r\nb\n"
    copied.put("b.txt", "c\n")
    assert await said(copied, "cat a.txt b.txt") == "one\r\ntwo\r\nc\n"
    copied.put_back()
    assert await said(copied, "cat a.txt b.txt") == "one\r\ntwo\r\nb\n"


async def test_a_workspace_that_is_too_large_is_not_copied(work, runner, tmp_path, monkeypatch) -> None:
    (work / "large").write_bytes(b"x" * 2000)
    monkeypatch.setattr(copies, "_MOST_BYTES", 1000)
    with pytest.raises(TooMuch):
        PrivateCopy(tmp_path / "tries", runner)


async def test_what_go_has_built_is_there_and_links_lead_nowhere(work, runner, tmp_path) -> None:
    if not can_copy(runner):
        pytest.skip("needs bubblewrap")
    built = runner.policy.private_tmp / "home/.cache/go-build"
    (built / "0a").mkdir(parents=True)
    (built / "0a" / "0a1f-d").write_bytes(b"built")
    (built / "README").write_text("no folder")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("secret")
    (built / "0b").symlink_to(tmp_path / "secret")
    copy = PrivateCopy(tmp_path / "tries" / "0", runner)
    there = "cd ~/.cache/go-build; cat 0a/0a1f-d; cat 0b/key 2>/dev/null; echo more > 0a/0a1f-d"
    assert await said(copy, there) == "built"
    assert (built / "0a" / "0a1f-d").read_bytes() == b"built"
    copy.close()
