"""A log of a gigabyte is shown and gone on with in little memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from seedsmith.agent.sessions.session_lookup import VERSION

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("machine")]

MOST_KILOBYTES = 200 << 10
ID = "20260101-000000000-abcdef"
_RESUME = """
import sys
from pathlib import Path
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.session import Session
session = Session.resume(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Redactor(()))
print(session.turns, len(session.conversation))
"""


def records(workspace, size):
    """The lines of a session that was shortened again and again, of about ``size`` bytes."""
    yield {"kind": "session", "version": VERSION, "id": ID, "time": 1.0, "workspace": str(workspace)} | {
        "model": "openai/x", "wire": "chat", "profile": "default", "prompt": "Go on", "verify": None
    }  # fmt: skip
    yield {"kind": "item", "item": {"role": "user", "text": "Go on", "origin": "task"}}
    output, written, number = "some output\n" * 4000, 0, 0
    while written < size:
        number += 1
        call = {"id": f"c{number}", "name": "shell", "arguments": "{}"}
        yield {"kind": "item", "item": {"role": "assistant", "text": "", "reasoning": "", "calls": [call]}}
        done = {"role": "tool", "call": call["id"], "name": "shell", "text": output, "ok": True}
        yield {"kind": "done", "output": done, "duration_ms": 1.0}
        written += len(output)
        if number % 100 == 0:
            notes = {"role": "user", "text": f"notes {number}", "origin": "summary"}
            yield {"kind": "compaction", "why": "test", "items": [notes]}


_MEASURED = """
import resource, subprocess, sys
with open(sys.argv[1], "wb") as out:
    code = subprocess.run(sys.argv[2:], stdout=out).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def peak_of(*arguments, out):
    """Run Python; the most memory it took, in kilobytes.

    A small program starts it, because a child's figure begins with what its parent holds.
    """
    command = [sys.executable, "-P", "-c", _MEASURED, out, sys.executable, "-P", *arguments]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.timeout(600)
def test_a_gigabyte_is_shown_and_gone_on_with_in_little_memory(tmp_path, monkeypatch):
    home, workspace = tmp_path / "state", tmp_path / "work"
    monkeypatch.setenv("SEEDSMITH_HOME", str(home))
    workspace.mkdir()
    folder = home / "sessions" / ID
    folder.mkdir(parents=True)
    path = folder / "records.jsonl"
    with path.open("w") as file:
        for number, record in enumerate(records(workspace, 1 << 30)):
            placed = record | {"n": number, "parent": number - 1} if number else record
            file.write(json.dumps(placed, separators=(",", ":")) + "\n")
    out = tmp_path / "out"
    shown = peak_of("-m", "seedsmith", "sessions", "show", ID, "-C", workspace, out=out)
    assert "## Turn 20000" in out.read_text() and shown < MOST_KILOBYTES
    resumed = peak_of("-c", _RESUME, home, ID, workspace, out=out)
    assert int(out.read_text().split()[0]) > 20000 and resumed < MOST_KILOBYTES
    path.unlink()
