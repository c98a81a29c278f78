"""Helpers that change: each in a copy of its own, its change brought in whole, or kept with why it is not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from asked import task_of, tool_texts
from examples import first_fast
from own_git import git
from scripted_endpoint import calls, text
from small_house import Collected

from seedsmith.agent.calls.approval import ApprovalRequest
from seedsmith.agent.events import ToolFinished
from seedsmith.agent.run import workspace_copy
from seedsmith.agent.run.workspace_copy import copy_workspace
from seedsmith.agent.sessions.recorded_sessions import Sessions
from seedsmith.sandbox.errors import GitError

EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})


def task(words="A", kind="change"):
    return ("task", {"task": words, "kind": kind})


def committed(folder):
    git(folder, "init", "-q")
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", "first")


def playing(*helper, caller=(text("Well."),), asks=(task(),), meanwhile=lambda: None):
    """Answers: the caller asks for ``asks`` and says ``caller``; each helper does the calls of ``helper``.

    ``meanwhile`` is called when a helper is about to end.
    """

    def answer(request):
        done = len(tool_texts(request))
        if not task_of(request):
            return calls(*asks) if not done else caller[min(done - len(asks), len(caller) - 1)]
        if done < len(helper):
            return calls(helper[done])
        meanwhile()
        return text("Changed it.")

    return answer


def told_caller(endpoint):
    return tool_texts([request for request in endpoint.requests if not task_of(request)][-1])


def told_helper(endpoint):
    return tool_texts([request for request in endpoint.requests if task_of(request)][-1])


@pytest.mark.parametrize("versioned", first_fast(1, [False, True]))
async def test_a_change_is_made_in_a_copy_and_brought_in(work, endpoint, place, versioned):
    folder = place / "work"
    if versioned:
        committed(folder)
    (folder / "b.txt").write_text("not committed\n")
    during = []
    shell = ("shell", {"command": "cat a.txt b.txt; echo new > c.txt; chmod +x c.txt"})
    seen = Collected()
    endpoint.script(playing(EDIT, shell, meanwhile=lambda: during.append((folder / "a.txt").read_text())))
    outcome = await work(seen)
    (told,) = told_caller(endpoint)
    assert told.startswith("Changed it.\n\n[Its change was brought in: patched 2 files\n")
    assert during == ["one\n"] and told_helper(endpoint)[1].startswith("two\nnot committed\n")
    assert (folder / "a.txt").read_text() == "two\n" and (folder / "c.txt").stat().st_mode & 0o100
    assert outcome.status == "done" and outcome.files_changed == ("a.txt", "c.txt") and outcome.undo
    data = next(
        event.data for event in seen.events if isinstance(event, ToolFinished) and event.data.get("kind")
    )
    assert data["changed"] is True and data["files"] == ["a.txt", "c.txt"]
    assert {each.parent for each in Sessions(place / "state").list()} == {"", outcome.session}
    session = place / "state/sessions" / outcome.session
    assert not list((session / "copies").iterdir())
    assert len(list((place / "state/snapshots").iterdir())) == 1


@pytest.mark.slow
async def test_what_no_longer_fits_is_kept_and_changes_nothing(work, endpoint, place):
    file = place / "work/a.txt"
    read = ("read", {"path": "spill:s1"})
    plays = playing(EDIT, caller=(calls(read), text("Well.")), meanwhile=lambda: file.write_text("three\n"))
    endpoint.script(plays)
    await work()
    told, kept = told_caller(endpoint)
    assert "was not brought in, so the workspace is as it was" in told and "spill:s1" in told
    assert "+two" in kept and file.read_text() == "three\n"


@pytest.mark.slow
async def test_several_change_side_by_side_and_all_fits(work, endpoint, place):
    (place / "work/a.txt").write_text("one\n" + "-\n" * 20 + "last\n")
    waiting = set()

    def answer(request):
        asked, done = task_of(request), len(tool_texts(request))
        if not asked:
            return text("Together.") if done else calls(task("one"), task("last"))
        if done:
            return text(f"Changed {asked}.")
        waiting.add(asked)
        if waiting == {"one", "last"}:  # neither is answered before both have asked
            endpoint.release()
        return calls(("edit", {"path": "a.txt", "old": asked, "new": f"{asked}\n{asked}"}), stall_after=1)

    endpoint.script(answer)
    await work()
    assert all("Its change was brought in" in told for told in told_caller(endpoint))
    assert (place / "work/a.txt").read_text() == "one\none\n" + "-\n" * 20 + "last\nlast\n"


class Says:
    """A person who always says the same."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.asked: list[ApprovalRequest] = []

    async def approve(self, request: ApprovalRequest) -> bool:
        self.asked.append(request)
        return self.answer


@pytest.mark.slow
@pytest.mark.parametrize("answer", [None, False, True])
async def test_what_a_rule_asks_about_is_brought_in_with_a_persons_word_alone(work, endpoint, place, answer):
    person = None if answer is None else Says(answer)
    endpoint.script(playing(("shell", {"command": "cp a.txt b.txt; cp a.txt held.txt"})))
    await work(approver=person, permissions=[{"ask": "write(held.txt)"}])
    (told,) = told_caller(endpoint)
    assert ("was not brought in" in told and "the rule ask write(held.txt)" in told) is not bool(answer)
    assert {(place / "work" / name).exists() for name in ("b.txt", "held.txt")} == {bool(answer)}
    assert person is None or [each.tool for each in person.asked] == ["patch"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "said"),
    [
        (r"printf 'a\0b' > a.bin", "files that are not text"),
        (r"printf 'caf\351\n' > a.txt", "not UTF-8"),
        ("ln -s a.txt link", "a link"),
        ("true", "It changed nothing."),
    ],
)
async def test_what_is_no_change_of_text_is_said(work, endpoint, place, command, said):
    endpoint.script(playing(("shell", {"command": command})))
    await work()
    assert said in told_caller(endpoint)[0]
    assert {path.name: path.read_text() for path in (place / "work").iterdir()} == {"a.txt": "one\n"}


@pytest.mark.slow
async def test_a_helper_that_was_not_done_changes_nothing(work, endpoint, place):
    endpoint.script(playing(EDIT))
    await work(max_tokens=20_000)
    (told,) = told_caller(endpoint)
    assert "was not done (budget)" in told and "was not brought in" in told and "spill:s1" in told
    assert (place / "work/a.txt").read_text() == "one\n"


@pytest.mark.slow
async def test_a_run_that_plans_has_nothing_changed(work, endpoint, place):
    endpoint.script(playing(EDIT))
    await work(approve="plan")
    assert "this run only plans" in told_caller(endpoint)[0] and not any(map(task_of, endpoint.requests))


@pytest.mark.parametrize(
    ("tools", "writes"), [("Read, Edit, Bash", True), ("Read, Bash", False), ("", False)]
)
async def test_a_users_kind_changes_where_its_tools_do(work, endpoint, place, tools, writes):
    kinds = place / "home/.agents/agents"
    kinds.mkdir(parents=True)
    line = f"tools: {tools}\n" if tools else ""
    (kinds / "mender.md").write_text(f"---\nname: mender\ndescription: mends\n{line}---\nMend it.\n")
    endpoint.script(playing(EDIT, asks=(task("A", "mender"),)))
    await work()
    assert (place / "work/a.txt").read_text() == ("two\n" if writes else "one\n")
    assert ("There is no tool 'edit'" in told_helper(endpoint)[0]) is not writes


@pytest.mark.slow
async def test_what_was_installed_is_shown_and_the_workspaces_own_path_is_the_copy(work, endpoint, place):
    folder = place / "work"
    (folder / ".venv/lib").mkdir(parents=True)
    (folder / ".venv/pyvenv.cfg").touch()
    (folder / ".venv/lib/made.txt").write_text("installed\n")
    looks = f"cat .venv/lib/made.txt {folder}/.venv/lib/made.txt {folder}/a.txt; touch .venv/x {folder}/x"
    endpoint.script(playing(EDIT, ("shell", {"command": looks}), ("read", {"path": f"{folder}/a.txt"})))
    await work()
    _, shown, read = told_helper(endpoint)
    assert shown.startswith("installed\ninstalled\ntwo\n") and shown.count("Read-only file system") == 2
    assert "two" in read and sorted(each.name for each in folder.iterdir()) == [".venv", "a.txt"]
    assert sorted(each.name for each in (folder / ".venv").iterdir()) == ["lib", "pyvenv.cfg"]


@pytest.mark.slow
async def test_a_copy_is_gone_when_its_caller_ends(work, endpoint, place):
    waits = asyncio.Event()
    loop = asyncio.get_running_loop()

    def answer(request):
        if not task_of(request):
            return calls(task())
        if not tool_texts(request):
            return calls(EDIT)
        loop.call_soon_threadsafe(waits.set)
        return text("Never whole.", stall_after=1)

    endpoint.script(answer)
    working = asyncio.ensure_future(work())
    await asyncio.wait_for(waits.wait(), 60)
    assert list((place / "state/sessions").glob("*/copies/*/*/a.txt"))
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert not list((place / "state/sessions").glob("*/copies/*"))
    assert [each.outcome for each in Sessions(place / "state").list()] == ["interrupted", "interrupted"]
    assert (place / "work/a.txt").read_text() == "one\n"


def copied(root: Path, folder: Path, **more):
    return copy_workspace(root, folder / "copy", {"PATH": "/usr/bin:/bin"}, **more)


@pytest.mark.parametrize("versioned", [False, True])
def test_a_copy_holds_all_but_what_is_installed_and_caches(tmp_path, versioned):
    root = tmp_path / "work"
    for name in (
        "src/a.py",
        "src/node_modules/m.js",
        "env/pyvenv.cfg",
        "src/__pycache__/a.pyc",
        "ignored/o.txt",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("was\n")
    (root / "ignored/node_modules").mkdir()
    (root / "ignored/node_modules/m.js").touch()
    (root / ".gitignore").write_text("ignored/\nnode_modules/\n")
    if versioned:
        committed(root)
    (root / "src/a.py").write_text("is\n")
    (root / "src/new.py").write_text("new\n")
    copy = copied(root, tmp_path)
    work = copy.clone.work
    files = {str(each.relative_to(work)) for each in work.rglob("*") if each.is_file()}
    committed_too = {"env/pyvenv.cfg", "src/__pycache__/a.pyc"} if versioned else set()
    found = {each for each in files if not each.startswith(".git/")}
    assert found == {".gitignore", "ignored/o.txt", "src/a.py", "src/new.py"} | committed_too
    assert copy.shared == ("env", "ignored/node_modules", "src/node_modules")
    assert all((work / each).is_dir() for each in copy.shared)
    assert (work / "src/a.py").read_text() == "is\n" and not copy.clone.diff(copy.clone.tree())


def test_a_folder_within_a_repository_and_one_without_commits_are_copied_without_history(tmp_path):
    top = tmp_path / "top"
    (top / "part").mkdir(parents=True)
    (top / "part/a.txt").write_text("one\n")
    git(top, "init", "-q")
    for number, root in enumerate((top, top / "part")):
        copy = copied(root, tmp_path / str(number))
        (copy.clone.work / "b.txt").write_text("two\n")
        assert copy.clone.changed(copy.clone.tree()) == ["b.txt"]


def test_too_much_is_not_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(workspace_copy, "MOST_FILES", 2)
    (tmp_path / "work").mkdir()
    for number in range(3):
        (tmp_path / f"work/{number}").touch()
    with pytest.raises(GitError, match="too much to be copied"):
        copied(tmp_path / "work", tmp_path)
    assert not (tmp_path / "copy").exists()
