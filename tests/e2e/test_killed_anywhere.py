"""A run with every kind of call is killed anywhere and gone on with: nothing runs twice or is half done.

CI kills a sample; ``SEEDSMITH_KILLS=400`` in the environment kills so often. One script works on files, one
with what runs beside the run: servers, a browser, helpers, the network.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from asked import shell
from present import is_present
from scripted_endpoint import calls, text
from waiting import wait_until

KILLS = int(os.environ.get("SEEDSMITH_KILLS", "30"))
"""Half of them behind an event, half at a random moment."""
MANY = 300
"""Files of one patch."""
SERVER = Path(__file__).parents[1] / "support" / "mcp_server.py"
ASKED = "Your task comes from another agent"
"""Begins what a helper is asked."""
MAY_HAVE_RUN = "interrupted: the session ended while this call ran."
LATE = "late.txt"
"""Of a command in the background, which ends with the run it was started in."""
COMMIT = "two"
OUTLINE = {"action": "outline", "path": "many/made.py"}
TOLD = {"path": "told.txt", "text": "told"}
PDF = b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >> endobj
trailer << /Root 1 0 R >>
"""

NEEDED = ("bwrap", "chromium", "playwright", "ty")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("machine")]


def _patch(files: int) -> str:
    return "".join(
        f"--- a/many/{number}.txt\n+++ b/many/{number}.txt\n@@ -1 +1 @@\n-old {number}\n+new {number}\n"
        for number in range(files)
    )


class Files:
    """What the file tools, commands and git do."""

    paths = ("a.txt", "new/w.txt", "one.log", "two.log", "docs/d.txt", LATE)
    """What the calls below change besides the many files of the patch; each call has paths of its own."""
    by_lines = frozenset({"one.log"})
    """A command writes it line by line."""
    flags: tuple[str, ...] = ()
    turns = (
        (("read", {"path": "a.txt"}), ("glob", {"pattern": "**/*.txt"}), ("grep", {"pattern": "one"})),
        (
            ("edit", {"path": "a.txt", "old": "one", "new": "1"}),
            ("write", {"path": "new/w.txt", "content": "w\n"}),
        ),
        (shell("echo 1 >> one.log; sleep 0.05; echo 2 >> one.log"), shell("echo 1 >> two.log")),
        (("patch", {"patch": _patch(MANY)}),),
        (shell("sleep 0.1; echo late > late.txt; cat", background=True),),
        (("shell_input", {"id": "b1", "text": "hello\n"}), ("shell_output", {"id": "b1"})),
        (
            ("git", {"action": "commit", "message": COMMIT, "paths": ["two.log"]}),
            ("shell_kill", {"id": "b1"}),
        ),
        (shell("rm -r docs"),),
    )

    @staticmethod
    def fill(folder: Path) -> None:
        (folder / "a.txt").write_text("one\n")
        for inner in ("many", "docs"):
            (folder / inner).mkdir()
        (folder / "docs/d.txt").write_text("d\n")
        for number in range(MANY):
            (folder / f"many/{number}.txt").write_text(f"old {number}\n")


class Beside:
    """What documents, language and MCP servers, a browser, helpers and the network do."""

    paths = ("n.ipynb", "told.txt", "late.log")
    by_lines = frozenset({"late.log"})
    flags = ("--browser", "--subagents", "--network", "allow=127.0.0.1:PORT")
    turns = (
        (("read", {"path": "d.pdf"}), ("read", {"path": "n.ipynb"}), ("todo", {"items": []})),
        (("edit", {"path": "n.ipynb", "old": "a = 1", "new": "a = 2"}), ("symbols", OUTLINE)),
        (("symbols", OUTLINE | {"action": "rename", "name": "old", "new_name": "new"}),),
        (("mcp", {"action": "call", "server": "example", "name": "write", "arguments": TOLD}),),
        (("task", {"task": "Find out"}), ("task", {"task": "Look again"})),
        (("browser", {"action": "open", "url": "page.html"}), ("fetch", {"url": "http://127.0.0.1:PORT/"})),
        (("browser", {"action": "click", "target": "button"}), shell("echo 1 >> late.log")),
    )

    @staticmethod
    def fill(folder: Path) -> None:
        cell = {"cell_type": "code", "execution_count": None, "id": "c", "metadata": {}, "outputs": []}
        notebook = {"cells": [cell | {"source": ["a = 1"]}], "metadata": {}, "nbformat": 4}
        (folder / "n.ipynb").write_text(json.dumps(notebook | {"nbformat_minor": 5}))
        (folder / "d.pdf").write_bytes(PDF)
        (folder / "pyproject.toml").write_text("[tool.ty]\n")
        (folder / "page.html").write_text("<button onclick='this.textContent=1'>b</button>")
        (folder / "many").mkdir()
        (folder / "many/made.py").write_text("def old():\n    return 1\n")
        for number in range(20):
            used = "from many.made import old\n\nprint(old())\n"
            (folder / f"many/used_{number}.py").write_text(used)


def make(folder: Path, script) -> None:
    script.fill(folder)
    for command in (["init", "-q"], ["config", "user.name", "n"], ["config", "user.email", "e@example.org"]):
        git(folder, *command)
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    git(folder, "tag", "first")


def answers(script, port: int):
    """The answer that follows those the question holds: the same, however often it is asked."""

    def answer(request):
        messages = request.body["messages"]
        at = sum(message["role"] == "assistant" for message in messages)
        if any(ASKED in str(message["content"]) for message in messages):
            return calls(("read", {"path": "page.html"})) if not at else text("Found.")
        if at == len(script.turns):
            return text("Done.")
        asked = json.dumps(script.turns[at]).replace("PORT", str(port))
        return calls(*(tuple(call) for call in json.loads(asked)))

    return answer


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def tree(folder: Path) -> dict[str, str]:
    """Every file but git's own."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(folder)): path.read_text("latin-1") for path in files}


def kill(process, seedsmith, at: int | float) -> None:
    """Kill it behind its event ``at``, or after so many seconds."""
    if isinstance(at, float):
        timer = threading.Timer(at, process.kill)
        timer.start()
        process.communicate()
        timer.cancel()
    else:
        for _ in range(at + 1):
            process.stdout.readline()
        process.kill()
        process.communicate()


def nothing_runs(seedsmith) -> None:
    """Fails where a process of the session is left."""

    def left() -> list[str]:
        return _processes_of(seedsmith.state)

    wait_until(lambda: not left(), lambda: f"the end of {left()}")


def _processes_of(state: Path) -> list[str]:
    """The processes that were started with this state folder or confined for it, by their command lines."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            about = command + (folder / "environ").read_bytes() + os.fsencode((folder / "cwd").readlink())
            if os.fsencode(state.parent) in about and folder.name != str(os.getpid()):
                found.append(command.decode())
        except OSError:
            continue
    return [each for each in found if each]


def interrupted(records: Path) -> set[str]:
    """The names of the tools whose calls were reported as interrupted."""
    outputs = [json.loads(line).get("output") for line in records.read_text().splitlines()]
    return {each["name"] for each in outputs if each and each["text"].startswith(MAY_HAVE_RUN)}


def whole(tree: dict[str, str], script) -> dict[str, object]:
    """What is there of each call's paths; the many files of one call as the states they are in."""
    many = {
        state
        for path, content in tree.items()
        if "many/" in path
        for state in re.findall(r"\b(?:old|new)\b", content) or [""]
    }
    return {path: tree.get(path) for path in script.paths} | {"many": many}


@pytest.fixture(scope="module")
def kills():
    chosen = random.Random(13)
    return [chosen.random() for _ in range(KILLS // 2)]


@pytest.fixture
def page():
    """The port of a server that shows one page."""

    class Page(SimpleHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"Page")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def configured(seedsmith):
    """An MCP server in the user's configuration, and the tests' own programs in the path."""
    example = {"command": sys.executable, "args": [str(SERVER)], "folders": [str(SERVER.parent)]}
    file = seedsmith.user / ".config/seedsmith/mcp.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"mcpServers": {"example": example}}))
    seedsmith.extra["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.timeout(0)
@pytest.mark.parametrize("script", [Files, Beside])
def test_a_run_killed_anywhere_goes_on(seedsmith, endpoint, configured, page, kills, script):
    if script is Beside and not all(map(is_present, NEEDED)):
        pytest.skip(f"needs {' and '.join(NEEDED)}")
    make(seedsmith.workspace, script)
    before = tree(seedsmith.workspace)
    endpoint.script(answers(script, page))
    flags = tuple(flag.replace("PORT", str(page)) for flag in script.flags)
    began = time.monotonic()
    finished = seedsmith.finish(seedsmith.start("Go on", *flags))
    took = time.monotonic() - began
    assert finished.code == 0, finished.errors
    assert all(event["ok"] for event in finished.of("tool.finished")), finished.of("tool.finished")
    git(seedsmith.workspace, "reset", "-q", "first")
    after = tree(seedsmith.workspace)
    assert seedsmith.finish(seedsmith.plain("undo")).code == 0 and tree(seedsmith.workspace) == before
    for number, share in enumerate(kills):
        at = share * took if number % 2 else round(share * (len(finished.events) - 1))
        _kill_and_go_on(seedsmith, script, flags, at, (before, after))


def _kill_and_go_on(seedsmith, script, flags, at, trees) -> None:
    before, after = trees
    sessions = set((seedsmith.state / "sessions").iterdir())
    kill(seedsmith.start("Go on", *flags), seedsmith, at)
    new = sorted(path for path in (seedsmith.state / "sessions").iterdir() if path not in sessions)
    if not new or not (new[0] / "records.jsonl").exists() or not (new[0] / "records.jsonl").read_bytes():
        assert tree(seedsmith.workspace) == before  # it had not begun
        return
    finished = seedsmith.finish(seedsmith.start("--resume", new[0].name, *flags))
    assert finished.code == 0, (at, finished.errors, finished.events)
    nothing_runs(seedsmith)
    told = interrupted(new[0] / "records.jsonl")
    left = tree(seedsmith.workspace)
    was, now, would = whole(before, script), whole(left, script), whole(after, script)
    changed = {path for path in would if now[path] != would[path]} - {LATE}
    assert not changed or told, (at, changed)
    assert all(now[path] == was[path] for path in changed - script.by_lines), (at, told, changed, now)
    assert all(now[path] in (None, "1\n", "1\n2\n") for path in script.by_lines), (at, now)
    assert now.get(LATE) in (None, "late\n"), (at, now)
    assert left.keys() <= before.keys() | after.keys(), (at, left.keys())
    assert git(seedsmith.workspace, "log", "--format=%s").split().count(COMMIT) <= 1, at
    git(seedsmith.workspace, "reset", "-q", "first")
    undone = seedsmith.finish(seedsmith.plain("undo", new[0].name))
    assert undone.code == 0 and tree(seedsmith.workspace) == before, (at, undone, told)
