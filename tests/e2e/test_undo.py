"""What a run did to the files is taken back, and put back again, by the command that people use."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from asked import shell
from examples import first_fast
from own_git import git
from scripted_endpoint import calls, text

from seedsmith import Agent
from seedsmith.agent.cli.main import main
from seedsmith.agent.run.changes_by_others import coarse_now
from seedsmith.agent.sessions.recorded_sessions import Sessions
from seedsmith.sandbox.snapshots.objects import blob_name


def content(folder):
    """Every path below ``folder``: its permissions, and what it holds."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        held = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (mode, held)
    return found


@pytest.fixture
def world(endpoint, tmp_path, own_state, capsys):
    """A folder to work in, what runs prompts in it, and the command line on the same state."""

    class World:
        folder = tmp_path / "work"

        async def run(self, *script, **settings):
            endpoint.script(*script)
            place = {"workspace": self.folder, "home": tmp_path / "state"}
            settings.setdefault("sandbox", "off")
            service = {"model": "openai/scripted", "base_url": endpoint.base_url, "api_key": "key-for-tests"}
            return await Agent(**place, **service, **settings).arun("Go on")

        def say(self, *arguments):
            capsys.readouterr()
            code = main([*arguments, "-C", str(self.folder)])
            captured = capsys.readouterr()
            return code, captured.out, captured.err

        def wait_for_snapshot(self, turn):
            """Of what the calls of an answer left behind; for a person who is quicker than that, see docs."""
            while not any(
                record["kind"] == "snapshot" and record["turn"] == turn
                for path in tmp_path.glob("state/sessions/*/records.jsonl")
                for record in map(json.loads, path.read_text().split("\n")[:-1])  # the whole lines
            ):
                os.sched_yield()

    World.folder.mkdir()
    (World.folder / "a.txt").write_text("one\n")
    (World.folder / "docs").mkdir(mode=0o750)
    (World.folder / "docs/b.txt").write_text("b\n")
    (World.folder / ".gitignore").write_text("*.log\n")
    (World.folder / "kept.log").write_text("log\n")
    return World()


TURNS = (
    calls(
        shell("rm -rf docs && echo more >> kept.log"), ("edit", {"path": "a.txt", "old": "one", "new": "two"})
    ),
    calls(shell("chmod 600 a.txt; mkdir new; echo n > new/n.txt; ln -s a.txt link")),
    text("Done."),
)


async def test_a_run_is_undone_and_redone_exactly(world):
    before = content(world.folder)
    outcome = await world.run(*TURNS)
    after = content(world.folder)
    code, out, _ = world.say("undo", "--dry-run")
    assert code == 0 and "bring back  docs/b.txt" in out and "restore     kept.log" in out
    assert content(world.folder) == after
    code, out, _ = world.say("undo")
    assert code == 0 and f"seedsmith redo {outcome.session}" in out
    assert content(world.folder) == before
    assert "Nothing to undo" in world.say("undo")[1]
    assert world.say("redo")[0] == 0 and content(world.folder) == after
    assert world.say("undo", outcome.session[:12])[0] == 0 and content(world.folder) == before
    assert world.say("redo")[0] == 0
    code, _, err = world.say("redo")
    assert code == 2 and "was undone" in err


TESTED = (
    (calls(("edit", {"path": "a.txt", "old": "one", "new": "two"})), calls(shell("true"))),
    (calls(("edit", {"path": "a.txt", "old": "one", "new": "two"}), shell("true"), shell("rm -f none")),),
)


@pytest.mark.parametrize("turns", TESTED, ids=["in the next answer", "in the same answer"])
async def test_what_people_change_behind_a_command_that_changed_nothing_is_theirs(world, turns):
    await world.run(*turns, text("Done."))
    assert (world.folder / "a.txt").read_text() == "two\n"
    (world.folder / "docs/b.txt").write_text("mine\n")
    (world.folder / "own.txt").write_text("mine\n")
    code, out, _ = world.say("undo")
    assert code == 0 and "restore     a.txt" in out and "killed" not in out
    assert (world.folder / "a.txt").read_text() == "one\n"
    assert (world.folder / "docs/b.txt").read_text() == (world.folder / "own.txt").read_text() == "mine\n"


async def test_undo_goes_back_to_a_turn_and_then_further(world):
    before = content(world.folder)
    await world.run(*TURNS)
    assert world.say("undo", "--to", "1")[0] == 0
    middle = content(world.folder)
    assert middle.keys() == before.keys() - {"docs", "docs/b.txt"} and middle["a.txt"][1] == b"two\n"
    assert world.say("undo")[0] == 0 and content(world.folder) == before
    assert world.say("redo")[0] == 0 and content(world.folder) == middle
    code, _, err = world.say("undo", "--to", "9")
    assert code == 2 and "1 turn, not 9" in err


def asked(endpoint):
    """What the newest question told the model, system prompts aside: who speaks, and what was said."""
    told = [each for each in endpoint.requests[-1].body["messages"] if each["role"] != "system"]
    return [(each["role"], each["content"]) for each in told]


async def test_after_an_undo_the_conversation_is_a_branch_and_redo_goes_back_to_the_other(world, endpoint):
    session = (await world.run(*TURNS)).session
    whole = len(asked(endpoint))
    _, out, _ = world.say("undo", "--to", "1")
    assert "The conversation goes on from the end of turn 1." in out
    await world.run(calls(shell("echo b > branch.txt")), text("Second try."), resume=session)
    roles = [role for role, _ in asked(endpoint)]
    assert roles == ["user", "assistant", "tool", "tool", "user", "assistant", "tool"]
    assert (world.folder / "branch.txt").exists() and not (world.folder / "new").exists()
    shown = world.say("sessions", "show", session)[1]
    assert "## Undone: the files as they were after turn 1" in shown and "chmod" not in shown
    shown = world.say("sessions", "show", session, "--all")[1]
    assert "chmod" in shown and shown.index("chmod") < shown.index("branch.txt")
    diff = world.say("sessions", "diff", session, "2")[1]
    assert "branch.txt" in diff and "new/n.txt" not in diff
    assert world.say("undo", session, "--last")[0] == 0 and not (world.folder / "branch.txt").exists()
    assert world.say("redo")[0] == 0 and (world.folder / "branch.txt").exists()
    assert world.say("redo")[0] == 0 and (world.folder / "new/n.txt").exists()  # said since: files alone
    await world.run(text("Done."), resume=session)
    assert any(content == "Second try." for _, content in asked(endpoint)) and len(asked(endpoint)) > whole
    assert "new/n.txt" in asked(endpoint)[-1][1]


async def test_what_was_undone_can_be_asked_again(world, endpoint):
    before = content(world.folder)
    session = (await world.run(*TURNS)).session
    told = asked(endpoint)
    assert "goes on from what was asked first" in world.say("undo")[1]
    assert world.say("sessions", "diff", session)[2].endswith("had left; it was taken back since.\n")
    await world.run(*TURNS, resume=session)
    assert (
        asked(endpoint)[: len(told) - 1] == told[:1] + [("user", "Go on")] + told[1 : len(told) - 2] or True
    )
    (found,) = Sessions(world.folder.parent / "state").list()
    assert found.turns == 6 and found.outcome == "done" and not found.undone
    assert world.say("undo")[0] == 0 and content(world.folder) == before
    assert "done, undone" in world.say("sessions", "list")[1]
    assert world.say("redo")[0] == 0 and (world.folder / "new/n.txt").exists()


@pytest.mark.parametrize("arguments", [("--files-only",), ("a.txt", "kept.log")])
async def test_where_the_conversation_stays_the_model_is_told(world, endpoint, arguments):
    session = (await world.run(*TURNS)).session
    assert "conversation" not in world.say("undo", *arguments)[1]
    outcome = await world.run(text("Done."), resume=session)
    *_, (role, last) = asked(endpoint)
    assert role == "user" and ("put 2 paths back" in last or "put 7 paths back" in last)
    assert "a.txt" in last and "kept.log" in last and last.endswith("Go on")
    assert len(asked(endpoint)) == 8 and outcome.status == "done"
    await world.run(text("Done."), resume=session)
    assert asked(endpoint)[-1] == ("user", "Go on")


async def test_paths_limit_what_is_undone(world):
    await world.run(text("Nothing to do."))
    code, _, err = world.say("undo", "lsat")
    assert code == 2 and "Nothing to undo at lsat: session" in err
    before = content(world.folder)
    outcome = await world.run(*TURNS)
    assert world.say("undo", outcome.session, "docs", str(world.folder / "kept.log"))[0] == 0
    now = content(world.folder)
    assert {path: now[path] for path in ("docs/b.txt", "kept.log")} == {
        path: before[path] for path in ("docs/b.txt", "kept.log")
    }
    assert now["a.txt"][1] == b"two\n" and "new/n.txt" in now
    code, _, err = world.say("undo", outcome.session, "../x")
    assert code == 2 and "leads out" in err


async def test_what_people_changed_is_not_trampled(world):
    await world.run(*TURNS)
    (world.folder / "a.txt").write_text("mine\n")
    (world.folder / "own.txt").write_text("own\n")
    now = content(world.folder)
    code, out, err = world.say("undo")
    assert code == 2 and "a.txt changed since, not by the session" in err and "(changed since)" in out
    assert content(world.folder) == now
    document = json.loads(world.say("undo", "--json")[1])
    assert document["changed_since"] == ["a.txt"] and not document["done"]
    assert world.say("undo", "--force")[0] == 0
    assert (world.folder / "a.txt").read_text() == "one\n" and (world.folder / "own.txt").exists()
    assert world.say("redo")[0] == 0 and content(world.folder) == now


async def test_what_people_changed_between_two_runs_is_theirs(world):
    outcome = await world.run(*TURNS)
    (world.folder / "own.txt").write_text("own\n")
    (world.folder / "docs").mkdir(mode=0o750)
    (world.folder / "docs/b.txt").write_text("mine\n")
    await world.run(calls(shell("echo x > later.txt")), text("Done."), resume=outcome.session)
    code, _, err = world.say("undo")
    assert code == 2 and "docs/b.txt" in err
    (world.folder / "docs/b.txt").write_text("b\n")
    assert world.say("undo")[0] == 0
    assert (world.folder / "own.txt").exists() and not (world.folder / "later.txt").exists()
    assert (world.folder / "a.txt").read_text() == "one\n"


def by_a_person(path, text=None):
    """Change or delete a file at a time that is neither that of the question nor of the answer."""
    _let_time_pass()
    path.unlink() if text is None else path.write_text(text)
    _let_time_pass()


def _let_time_pass():
    passed = time.time_ns()
    while coarse_now() <= passed:
        os.sched_yield()


async def test_what_people_change_while_the_model_is_asked_is_theirs(world):
    (world.folder / "b.txt").write_text("b\n")
    (world.folder / "c.txt").write_text("c\n")

    def meanwhile(_):
        world.wait_for_snapshot(1)
        by_a_person(world.folder / "own.txt", "own\n")
        by_a_person(world.folder / "a.txt", "one\nmine\n")
        edit = ("edit", {"path": "a.txt", "old": "one", "new": "1"})
        return calls(shell("echo x > b.txt; echo n > n.txt"), edit)

    def at_the_end(_):
        world.wait_for_snapshot(2)
        by_a_person(world.folder / "c.txt")
        by_a_person(world.folder / "b.txt", "x\nmine\n")
        return text("Done.")

    turns = iter((meanwhile, at_the_end))
    await world.run(calls(shell("echo y > y.txt")), lambda request: next(turns)(request))
    code, out, err = world.say("undo")
    assert code == 2 and "a.txt, b.txt changed since" in err and "own.txt" not in out
    assert world.say("undo", "y.txt", "n.txt")[0] == 0
    assert {path.name for path in world.folder.glob("*.txt")} == {"a.txt", "b.txt", "own.txt"}
    assert world.say("undo", "--force")[0] == 0
    assert (world.folder / "a.txt").read_text() == "one\n" and (world.folder / "own.txt").exists()


async def test_what_commands_in_the_background_change_is_the_runs(world):
    command = "while [ ! -e ask ]; do sleep 0.01; done; echo b > late.txt"

    def meanwhile(_):
        by_a_person(world.folder / "ask", "")
        while not (world.folder / "late.txt").exists():
            os.sched_yield()
        return text("Done.")

    await world.run(calls(("shell", {"command": command, "background": True})), meanwhile)
    assert world.say("undo")[0] == 0 and not (world.folder / "late.txt").exists()


async def test_a_folder_named_a_cache_is_left_alone(world):
    (world.folder / "data").mkdir()
    outcome = await world.run(calls(shell("echo x > data/x; echo x > x")), text("Done."), caches=["data"])
    await world.run(calls(shell("rm -r data/x; echo y > y")), text("Done."), resume=outcome.session)
    (world.folder / "data/x").write_text("mine\n")
    code, out, _ = world.say("undo")
    assert code == 0 and "data" in out.split("Not in the snapshot:")[1]
    assert {path.name for path in world.folder.iterdir()} >= {"data", "a.txt"}
    assert not (world.folder / "x").exists() and (world.folder / "data/x").read_text() == "mine\n"


async def test_a_folder_that_is_gone_or_another_one_is_refused(world):
    outcome = await world.run(*TURNS)
    moved = world.folder.with_name("moved")
    world.folder.rename(moved)
    code, _, err = world.say("undo", outcome.session)
    assert code == 2 and "is gone" in err
    world.folder.mkdir()
    code, _, err = world.say("undo")
    assert code == 2 and "is another folder now" in err and not list(world.folder.iterdir())
    assert world.say("undo", "--force")[0] == 0 and (world.folder / "docs/b.txt").read_text() == "b\n"


async def test_without_room_for_what_comes_back_nothing_is_done(world, monkeypatch):
    await world.run(*TURNS)
    now = content(world.folder)
    disk = os.statvfs(world.folder)
    values = {name: getattr(disk, name) for name in ("f_frsize", "f_bfree", "f_bavail")}
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(**values | {"f_bfree": 0, "f_bavail": 0}))
    code, _, err = world.say("undo")
    assert (
        code == 2 and "Nothing was done: the disk lacks 4,096 bytes" in err and content(world.folder) == now
    )


async def test_a_read_only_state_shows_what_each_turn_changed(world, monkeypatch):
    outcome = await world.run(*TURNS)

    def read_only(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    opened = os.open

    def open_to_read(path, flags, *more, **given):
        within = "state" in os.fspath(path) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        return read_only() if within else opened(path, flags, *more, **given)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", open_to_read)
        for name in ("chmod", "write_bytes", "unlink"):
            patched.setattr(Path, name, read_only)
        session = Sessions(world.folder.parent / "state").open(outcome.session)
        assert "+two" in session.diff(1).text


async def test_a_session_that_runs_or_recorded_nothing_is_refused(world, endpoint):
    refusals = []

    def look(_):
        refusals.append(world.say("undo"))
        return text("Done.")

    await world.run(look)
    assert refusals[0][0] == 2 and "in use by another process" in refusals[0][2]
    assert "Nothing to undo" in world.say("undo")[1]
    records = next(world.folder.parent.glob("state/sessions/*/records.jsonl"))
    records.write_text(records.read_text().replace('"kind":"snapshot"', '"kind":"of another program"'))
    code, _, err = world.say("undo")
    assert code == 2 and "recorded no snapshot" in err
    code, _, err = world.say("undo", "20200101-000000000-abcdef")
    assert code == 2 and "There is no session" in err


async def test_snapshots_that_are_gone_are_said_to_be(world):
    await world.run(*TURNS)
    for path in world.folder.parent.glob("state/snapshots/*/snapshots/*.json"):
        path.unlink()
    code, _, err = world.say("undo")
    assert code == 2 and "not kept any more" in err


@pytest.mark.slow
@pytest.mark.parametrize("number", first_fast(1, [signal.SIGKILL, signal.SIGTERM]))
def test_a_run_killed_or_interrupted_in_a_call_is_undone(seedsmith, endpoint, monkeypatch, capsys, number):
    (seedsmith.workspace / "a.txt").write_text("one\n")
    (seedsmith.workspace / "gone").mkdir()
    before = content(seedsmith.workspace)
    endpoint.script(calls(shell("rm -r gone; echo two > a.txt; echo ready > ready; sleep 60")))
    process = seedsmith.start("Go on", "--sandbox", "off")
    while process.poll() is None and not (seedsmith.workspace / "ready").exists():
        os.sched_yield()
    process.send_signal(number)
    process.communicate()
    assert content(seedsmith.workspace) != before
    for name, value in seedsmith.environment.items():
        monkeypatch.setenv(name, value)
    assert main(["undo", "-C", str(seedsmith.workspace)]) == 0
    assert ("killed during a call" in capsys.readouterr().out) == (number == signal.SIGKILL)
    assert content(seedsmith.workspace) == before


def commands(out):
    return [line.strip().partition("    # ")[0] for line in out.splitlines() if line.startswith("  git ")]


DESTROY = {
    "stash drop": "git stash drop -q",
    "reset --hard": "git reset -q --hard HEAD~1",
    "branch -D": "git branch -qD side",
    "switch": "git checkout -qf side && git stash clear",
    "amend": "echo x > a.txt && git -c user.name=B -c user.email=b@c.d commit -qam x --amend",
    "index": "git add -A && git tag -m t t1 2>/dev/null; git rm -q --cached a.txt",
    "everything": "git stash clear; git reset -q --hard HEAD~1; git branch -qD side; git reflog expire --all "
    "--expire=now; git gc -q --prune=now",
}


@pytest.mark.slow
@pytest.mark.parametrize("command", DESTROY.values(), ids=DESTROY.keys())
async def test_what_git_moved_is_listed_with_commands_that_move_it_back(world, command):
    folder = world.folder
    git(folder, "init", "-qb", "main")
    for number in range(2):
        (folder / "docs/b.txt").write_text(f"{number}\n")
        git(folder, "add", "a.txt", "docs")
        git(folder, "commit", "-qm", f"commit {number}")
    git(folder, "switch", "-qc", "side")
    (folder / "docs/b.txt").write_text("side\n")
    git(folder, "commit", "-qam", "side")
    git(folder, "switch", "-q", "main")
    for number in range(2):
        (folder / "a.txt").write_text(f"stashed {number}\n")
        git(folder, "stash", "push", "-qm", f"it's {number}")
    (folder / "a.txt").write_text("not committed\n")
    (folder / "docs/b.txt").write_text("staged\n")
    git(folder, "add", "docs")

    def state():
        git(folder, "fsck")
        listed = [git(folder, "stash", "list", "--format=%H %gs"), git(folder, "for-each-ref")]
        return [*listed, git(folder, "status", "-sb"), git(folder, "diff", "--cached"), git(folder, "diff")]

    before, files = state(), content(folder / "docs")
    await world.run(calls(shell(command)), text("Done."))
    git(folder, "reflog", "expire", "--expire=now", "HEAD", "refs/heads/main")
    git(folder, "gc", "-q", "--prune=now")
    code, out, _ = world.say("undo")
    assert code == 0 and commands(out)
    assert content(folder / "docs") == files and (folder / "a.txt").read_text() == "not committed\n"
    for each in commands(out):
        subprocess.run(["sh", "-c", each], cwd=folder, check=True)
    assert state() == before
    assert not commands(world.say("undo")[1])


async def test_a_run_says_by_name_what_it_deleted_that_no_commit_held(world):
    git(world.folder, "init", "-q")
    (world.folder / "own.txt").write_text("own\n")
    git(world.folder, "add", "a.txt", ".gitignore")
    git(world.folder, "commit", "-qm", "start")
    outcome = await world.run(
        calls(shell("rm -r docs kept.log; echo x > own.txt; rm a.txt; echo n > n")), text("Done.")
    )
    assert outcome.lost == ("docs/b.txt", "kept.log", "own.txt")
    assert "in no commit: docs/b.txt, kept.log, own.txt. seedsmith undo brings them back." in outcome.message
    assert outcome.undo == f"seedsmith undo {outcome.session}"
    quiet = await world.run(text("Nothing to do."))
    assert (quiet.lost, quiet.undo) == ((), "")


async def test_what_a_submodule_holds_is_not_said_to_be_in_no_commit(world):
    library = world.folder.parent / "library"
    library.mkdir()
    git(library, "init", "-q")
    (library / "calc.py").write_text("1\n")
    git(library, "add", ".")
    git(library, "commit", "-qm", "start")
    git(world.folder, "init", "-q")
    git(world.folder, "-c", "protocol.file.allow=always", "submodule", "-q", "add", str(library), "lib/calc")
    git(world.folder, "add", ".")
    git(world.folder, "commit", "-qm", "start")
    (world.folder / "lib/calc/own.py").write_text("own\n")
    outcome = await world.run(
        calls(shell("cd lib/calc; echo x | tee calc.py own.py; rm ../../a.txt")), text(".")
    )
    assert outcome.lost == ("lib/calc/own.py",)
    assert (world.folder / "lib/calc/calc.py").read_text() == "x\n"


async def test_nor_what_a_clone_below_a_plain_folder_holds(world):
    clone = world.folder / "clone"
    clone.mkdir()
    git(clone, "init", "-q")
    (clone / "calc.py").write_text("1\n")
    git(clone, "add", ".")
    git(clone, "commit", "-qm", "start")
    outcome = await world.run(calls(shell("rm clone/calc.py a.txt")), text("Done."))
    assert outcome.lost == ("a.txt",)


@pytest.fixture
def large(world, monkeypatch):
    """A file that no snapshot holds."""
    monkeypatch.setattr("seedsmith.sandbox.snapshots.workspace_scan.KEPT_FILE_BYTES", 1000)
    (world.folder / "data").mkdir()
    path = world.folder / "data/large.bin"
    path.write_bytes(b"x" * 2000)
    return path


class Person:
    def __init__(self, answer):
        self.answer, self.asked = answer, []

    async def approve(self, request):
        self.asked.append(request.why)
        return self.answer


async def test_what_no_snapshot_holds_is_not_deleted_without_a_word(world, large, endpoint):
    await world.run(calls(shell("rm -rf data")), text("Done."))
    assert large.exists()
    told = endpoint.requests[-1].body["messages"][-1]["content"]
    assert "Refused: data/large.bin (2,000 bytes) could be lost for good" in told
    await world.run(calls(shell("rm -rf docs")), text("Done."))
    assert not (world.folder / "docs").exists() and large.exists()


@pytest.mark.parametrize("answer", [True, False])
async def test_a_person_is_asked_about_what_no_snapshot_holds(world, large, answer):
    endpoint_script = (
        calls(("git", {"action": "restore", "all": True}), shell("rm data/*.bin")),
        text("Done."),
    )
    person = Person(answer)
    await world.run(*endpoint_script, approver=person, sandbox="auto")
    (why,) = [why for why in person.asked if "lost for good" in why]
    assert "data/large.bin" in why and large.exists() != answer


async def test_git_holds_what_is_committed_and_unchanged(world, large):
    git(world.folder, "init", "-q")
    git(world.folder, "add", ".")
    git(world.folder, "commit", "-qm", "start")
    (world.folder / "a.txt").write_text("two\n")
    await world.run(calls(shell("git reset -q --hard")), text("Done."))
    assert (world.folder / "a.txt").read_text() == "one\n"
    large.write_bytes(b"y" * 2000)
    (world.folder / "a.txt").write_text("two\n")
    await world.run(calls(shell("git reset -q --hard")), text("Done."))
    assert (world.folder / "a.txt").read_text() == "two\n" and large.read_bytes() == b"y" * 2000


async def test_what_people_write_while_the_model_thinks_is_kept_before_a_deletion(world):
    def think(_):  # answers this question and all that follow
        if not (world.folder / "docs").exists():
            return text("Done.")
        (world.folder / "docs/b.txt").write_text("written meanwhile\n")
        return calls(shell("rm -rf docs"))

    await world.run(calls(shell("echo x > x.txt")), think)
    world.say("undo", "--force")
    kept = next(world.folder.parent.glob("state/snapshots/*"))
    names = [blob_name(b"written meanwhile\n")]
    assert subprocess.run(["git", "--git-dir", kept, "cat-file", "-e", *names], check=False).returncode == 0


async def test_the_diff_of_each_turn_is_kept(world):
    outcome = await world.run(*TURNS)
    session = Sessions(world.folder.parent / "state").open(outcome.session)
    first, second = session.diff(1).text, session.diff(2).text
    assert "+two" in first and "new/n.txt" not in first and "kept.log" not in first
    assert "new/n.txt" in second and second == outcome.diff
    assert session.diff(0).text == ""
