"""``seedsmith sessions`` and the flags that go on with one, over sessions of real runs."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command import call_here
from PIL import Image
from scripted_endpoint import calls, reasoning, text

from seedsmith import Agent
from seedsmith.agent.cli.main import main

EDIT = ("edit", {"path": "a.py", "old": "one", "new": "two"})
SEEDSMITH = str(Path(sys.executable).with_name("seedsmith"))


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.py").write_text("def f():\n    return 'one <b>'\n")
    (folder / ".env").write_text("DEPLOY_PASSWORD=hunter2hunter2\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SEEDSMITH_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return folder


@pytest.fixture
def options(endpoint, workspace, tmp_path):
    address = {"model": "openai/scripted", "base_url": endpoint.base_url, "api_key": "k"}
    return {"workspace": workspace, "home": tmp_path / "state", **address}


@pytest.fixture
def one(endpoint, options):
    """A session that changed a file and was proven."""
    endpoint.script(calls(EDIT, ("read", {"path": "gone"})), reasoning("hm <i>", "Done `now`."))
    return Agent(**options, verify="grep -q two a.py").run("Change <one> to two").session


@pytest.fixture
def said(capfdbinary):
    """Calls the command; what it printed, its exit code and what it said beside."""

    def call(*arguments: str, code: int = 0) -> str:
        assert main(["sessions", *arguments]) == code
        out, errors = capfdbinary.readouterr()
        call.errors = errors.decode()
        return out.decode()

    return call


def test_a_list_has_the_newest_first_and_can_be_searched(said, endpoint, options, one, tmp_path):
    endpoint.script(text("Nothing."), text("Nothing."))
    two = Agent(**options).run("Look\nat it").session
    other = tmp_path / "other"
    other.mkdir()
    Agent(**options | {"workspace": other}).run("Elsewhere")
    first, second = said("list").splitlines()
    assert re.fullmatch(rf"{two}  now  done  1  +Look at it", first)
    assert re.fullmatch(rf"{one}  now  done  2  +Change <one> to two", second)
    assert said() == said("list")
    assert said("list", "CHANGE", "two").splitlines() == [second]
    assert said("list", "--all", "elsewhere").endswith(f"{str(other)[-40:]}  Elsewhere\n")
    assert len(said("list", "--all").splitlines()) == 3
    rows = [json.loads(line) for line in said("list", "--json").splitlines()]
    assert [(row["id"], row["turns"], row["prompt"]) for row in rows][0] == (two, 1, "Look\nat it")
    assert rows[0]["tokens"] > 0 and rows[0]["workspace"] == str(options["workspace"])
    assert said("list", "nowhere") == "" and "no session of" in said.errors
    assert said("list", "-C", str(other)).split()[-1] == "Elsewhere"


def test_what_did_not_end_is_said(said, options, one):
    records = options["home"] / "sessions" / one / "records.jsonl"
    lines = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(lines[:-1]))
    assert "  killed  2  " in said("list")
    records.write_bytes(b"torn")
    assert said("list") == ""
    assert "damaged" in said("list", "--all")
    said("show", one, code=2)
    assert "does not begin with a session record" in said.errors


def test_a_session_is_shown_turn_by_turn(said, one):
    shown = said("show", one[:12])
    for part in (
        "Change <one> to two",
        "## Turn 1 (",
        "- edit {",
        "(ok, ",
        "- read {",
        "(failed, ",
        "Done `now`.",
    ):
        assert part in shown
    assert "## Check: grep -q two a.py: exit code 1" in shown and "exit code 0" in shown
    assert "## Cost by turn" in shown and "hm <i>" not in shown
    kinds = [json.loads(line)["type"] for line in said("show", "last", "--json").splitlines()]
    assert kinds == ["checked", "told", "turn", "turn", "checked", "ended"]


def test_the_whole_diff_or_its_counts(said, endpoint, options, one, workspace):
    diff = said("diff", "last")
    assert "-    return 'one <b>'\n+    return 'two <b>'\n" in diff
    assert said("diff", "last", "--stat").split() == ["1", "+", "1", "-", "a.py"]
    big = "".join(f"{number}\n" for number in range(3000))
    endpoint.script(calls(("write", {"path": "big.txt", "content": big})), text("Done."))
    Agent(**options).run("Write")
    assert said("diff", "last").count("\n+") == 3001
    (workspace / "big.txt").unlink()
    patch = subprocess.run(["git", "apply", "-"], input=said("diff", "last").encode(), cwd=workspace)
    assert patch.returncode == 0 and (workspace / "big.txt").read_text() == big


def test_a_page_holds_it_all_and_loads_nothing(said, one, tmp_path):
    page = tmp_path / "page.html"
    said("export", "last", str(page))
    html = page.read_text()
    assert page.stat().st_mode & 0o777 == 0o600
    for part in (
        "Change &lt;one&gt; to two",
        "Done `now`.",
        "hm &lt;i&gt;",
        "<svg",
        "turn 2: ",
        "exit code 0",
    ):
        assert part in html
    assert '<span class="l add">+    <span class="k">return</span>' in html
    assert not re.search(r"""(src|href)\s*=|url\(|<script|<b>|<i>""", html)
    said("export", "last", "-o", str(page), code=2)
    assert "is there already" in said.errors
    said("export", "last", str(page), "-o", "other.html", code=2)
    assert "Name one file" in said.errors
    said("export", "last", "-o", str(tmp_path / "no" / "x"), code=2)
    assert "Can't write" in said.errors


def test_a_page_shows_the_pictures_that_the_model_saw(said, endpoint, options, workspace, tmp_path):
    Image.new("RGB", (40, 30), "red").save(workspace / "shot.png")
    endpoint.script(calls(("view_image", {"path": "shot.png"})), text("Red."))
    session = Agent(**options).run("Look").session
    said("export", session, "-o", str(tmp_path / "page.html"))
    html = (tmp_path / "page.html").read_text()
    found = re.findall(r'<img src="data:image/png;base64,([A-Za-z0-9+/=]+)" alt="shot.png">', html)
    assert [base64.b64decode(each) for each in found] == [(workspace / "shot.png").read_bytes()]
    assert "img-src data:" in html


def test_markdown_holds_it_all_without_secrets(said, endpoint, options):
    endpoint.script(
        calls(("write", {"path": "b", "content": "hunter2hunter2\n"})),
        reasoning("why", "```\nhunter2hunter2\n```"),
    )
    Agent(**options).run("Write")
    told = said("export", "last")
    assert "hunter2" not in told and "[redacted]" in told
    assert "<details><summary>thinking" in told and "```diff" in told


def test_a_fork_of_a_turn_goes_on_from_there(said, endpoint, options, one):
    new = said("fork", one, "1").strip()
    assert f"seedsmith run --resume {new}" in said.errors
    endpoint.script(text("Otherwise."))
    Agent(**options, resume=new).run("Again")
    roles = [message["role"] for message in endpoint.requests[-1].body["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool", "user"]
    said("fork", one, "9", code=2)
    assert "no turn 9: it has 2" in said.errors
    assert len(list((options["home"] / "sessions").glob("[0-9]*"))) == 2


def test_pruning_by_age_and_size(said, endpoint, options, one):
    endpoint.script(text("Nothing."), text("Nothing."))
    two, three = Agent(**options).run("Look").session, Agent(**options).run("Look").session
    home = options["home"] / "sessions"
    os.utime(home / one / "records.jsonl", (1, 1))
    locked = home / one / "tmp" / "locked"
    locked.mkdir()
    (locked / "file").write_text("x")
    locked.chmod(0o500)
    assert said("prune", "--days", "30", "--dry-run").split() == [one] and (home / one).is_dir()
    assert said("prune", "--days", "30").split() == [one] and not (home / one).exists()
    assert said("prune", "--size", "0").split() == [two]
    assert [path.name for path in home.glob("[0-9]*")] == [three]
    said("prune", code=2)


@pytest.mark.parametrize("session", ["nothing", "", "2"])
def test_what_is_no_session_is_a_sentence(said, options, one, session):
    if session == "2":
        (options["home"] / "sessions" / f"{one[:-6]}ffffff").mkdir()
    for command in ("show", "path", "diff", "fork", "export"):
        assert said(command, session, code=2) == "", command
        assert said.errors.startswith("seedsmith: ") and said.errors.count("\n") == 1, command


def test_the_folder_of_a_session(said, options, one):
    assert said("path", "last") == f"{options['home'] / 'sessions' / one}\n"


@pytest.fixture
def command(endpoint, workspace, monkeypatch, capsys):
    """The command in this process, or as one of its own at a terminal."""

    def call(*arguments: str, typed: str | None = None):
        environment = os.environ | {"SEEDSMITH_API_KEY": "k", "COLUMNS": "200"}
        line = [SEEDSMITH, *arguments]
        if typed is None:
            return call_here(arguments, workspace, environment, monkeypatch, capsys)
        master, slave = pty.openpty()
        os.write(master, typed.encode())
        with os.fdopen(master, "rb", buffering=0):
            return subprocess.run(
                line, env=environment, stdin=slave, stdout=subprocess.PIPE, stderr=slave, text=True
            )

    return call


@pytest.mark.slow
def test_a_run_says_its_id_first_and_how_it_goes_on_last(command, endpoint, one):
    endpoint.script(text("More."), text("Yet more."), text("Chosen."))
    done = command("run", "--continue", "More")
    lines = done.stderr.splitlines()
    assert f"session {one}" in lines[:6] and f"go on with: seedsmith run --resume {one}" in lines[-2:]
    assert command("run", "--resume", "Yet more").returncode == 2
    assert command("run", "--continue", "--fork", "last").returncode == 2
    chosen = command("run", "--resume", "Another thing", typed="1\n")
    assert chosen.returncode == 0 and "Yet more." in chosen.stdout
    assert endpoint.requests[-1].body["messages"][-1]["content"] == "Another thing"
    forked = command("run", "--fork", one[:-1], "Otherwise")
    assert f"session {one}" not in forked.stderr and "Chosen." in forked.stdout


def test_fix_goes_on_with_its_sessions_test(command, endpoint, one):
    endpoint.script(text("It is."))
    done = command("fix", "--continue")
    assert "grep -q two a.py" in done.stderr
    assert f"go on with: seedsmith fix --resume {one}" in done.stderr
