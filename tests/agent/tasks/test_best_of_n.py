"""``run`` and ``fix`` with ``--attempts``: the best comes into the workspace, and can be undone."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from command import call_here
from scripted_endpoint import calls, error, text

SECOND = "Change as little as the task allows"


@pytest.fixture
def place(tmp_path, endpoint):
    (tmp_path / "home").mkdir()
    work = tmp_path / "work"
    work.mkdir()
    for name, content in {"a.txt": "old\n", "gone.txt": "x", ".gitignore": "deps\n"}.items():
        (work / name).write_text(content)
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org")
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "Start")):
        subprocess.run((*git, *arguments), cwd=work, check=True)
    # What is not committed, ignored or deleted is part of the workspace as it is.
    (work / "deps").mkdir()
    (work / "deps/needed").write_text("x")
    (work / "mine.txt").write_text("mine\n")
    (work / "gone.txt").unlink()
    return tmp_path


def script(endpoint, first, second):
    def answer(request):
        said = json.dumps(request.body)
        if '"role": "tool"' in said or '"function_call_output"' in said:
            return text("Done.")
        return calls(("shell", {"command": second if SECOND in said else first}))

    endpoint.script(answer)


@pytest.fixture
def seedsmith(place, endpoint, monkeypatch, capsys):
    """Calls the command in the workspace."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place / "home"),
        "SEEDSMITH_HOME": str(place / "state"),
        "SEEDSMITH_API_KEY": "a-key",
        "SEEDSMITH_MODEL": "openai/scripted",
        "SEEDSMITH_BASE_URL": endpoint.base_url,
    }
    return lambda *arguments: call_here(arguments, place / "work", environment, monkeypatch, capsys)


CHECK = "test -e deps/needed && test ! -e gone.txt && grep -q mine mine.txt && grep -q new a.txt"


@pytest.mark.parametrize(
    "command",
    [("run", "Say new", "--verify", CHECK), pytest.param(("fix", "--test", CHECK), marks=pytest.mark.slow)],
)
def test_the_best_is_taken_and_can_be_undone(seedsmith, place, endpoint, command):
    edit = "sed -i s/old/new/ a.txt"
    script(endpoint, f"{edit}; seq 9 > b.txt", f"{edit}; echo and >> mine.txt")
    done = seedsmith(*command, "--attempts", "2", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    notices = [each["message"] for each in events if each.get("code") == "attempt"]
    assert [each.partition(":")[0] for each in notices] == ["Attempt 1, not taken", "Attempt 2, taken"]
    last = events[-1]
    assert last["status"] == "done" and sorted(last["files_changed"]) == ["a.txt", "mine.txt"]
    assert last["verified"]["before_exit_code"] == 1 and last["verified"]["exit_code"] == 0
    assert last["turns"] == 4 and last["usage"]["total_tokens"] > 0
    work = place / "work"
    assert (work / "a.txt").read_text() == "new\n" and (work / "mine.txt").read_text() == "mine\nand\n"
    assert not (work / "b.txt").exists() and not (work / "gone.txt").exists()
    assert not list((place / "state/attempts").iterdir())
    undone = seedsmith("undo", last["session"])
    assert undone.returncode == 0, undone.stderr
    assert (work / "a.txt").read_text() == "old\n" and (work / "mine.txt").read_text() == "mine\n"


@pytest.mark.slow
def test_where_none_is_proven_the_closest_is_taken_and_it_is_said(seedsmith, place, endpoint):
    script(endpoint, "echo 2 failed > why", "echo 1 failed > why")
    done = seedsmith("run", "Do it", "--attempts", "2", "--verify", "cat why; false", "--json")
    assert done.returncode == 1, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["status"] == "unverified"
    assert (
        "None of 2 attempts is proven; attempt 2 came closest, with 1 failing tests left" in last["message"]
    )
    assert (place / "work/why").read_text() == "1 failed\n"


def test_what_goes_with_one_run_only(seedsmith, place, endpoint):
    done = seedsmith("run", "Do it", "--attempts", "2", "--record", str(place / "r.jsonl"))
    assert done.returncode == 2 and "--attempts does not go with --record" in done.stderr


@pytest.mark.slow
def test_a_service_that_fails_is_the_last_thing_told(seedsmith, place, endpoint):
    endpoint.script(lambda _: error(401, "AuthenticationError", "no such key"))
    done = seedsmith("run", "Do it", "--attempts", "2", "--json")
    assert done.returncode == 4, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["type"] == "session.finished" and last["status"] == "provider_error"
    assert (place / "work/a.txt").read_text() == "old\n"
