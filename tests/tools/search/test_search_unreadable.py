"""What a search may not read is named: nobody takes silence for "there is none"."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from present import is_present

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.off import Off
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolContext
from seedsmith.tools.search.glob import GlobTool
from seedsmith.tools.search.grep import GrepTool

NOBODY = 65534
_PR_SET_DUMPABLE = 4


@pytest.fixture
def tree():
    """A folder that every user may enter, with files and folders that only root may read."""
    if os.geteuid() == 0 and not is_present("ripgrep for everybody"):
        pytest.skip("needs ripgrep for everybody")
    base = Path(tempfile.mkdtemp(prefix="search-"))
    base.chmod(0o777)
    root = base / "work"
    root.mkdir()
    for name in ("open.txt", "closed.txt", "folder/in.txt", "sub/closed.txt", "sub/open.txt"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("needle\n")
    yield root
    for name in ("folder", "sub"):
        (root / name).chmod(0o755)
    shutil.rmtree(base)


def close(tree, *names):
    for name in names:
        (tree / name).chmod(0)


def search(tree, tool, arguments):
    """Call the tool as a user to whom permissions apply, in a child process where the tests run as root."""

    def call():
        state = tree.parent / "state"
        policy = Policy(workspace=tree, private_tmp=state, state=state)
        spills = SpillStore(state)
        with Workspace(tree) as workspace:
            runner = ProcessRunner(Off(), policy, spills, environment={"PATH": os.defpath})
            context = ToolContext(workspace, runner, spills)
            result = asyncio.run(tool.run(tool.parse(arguments), context))
        return {"text": result.text, "data": result.data}

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # or /proc/self is closed to it
            try:
                answer = call()
            except Exception as error:
                answer = {"text": f"{type(error).__name__}: {error}", "data": {}}
            os.write(writer, json.dumps(answer).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        answer = answers.read()
    os.waitpid(child, 0)
    return json.loads(answer)


GREP, GLOB = GrepTool(), GlobTool()


@pytest.mark.parametrize(
    ("tool", "arguments", "closed", "line"),
    [
        (
            GREP,
            {"pattern": "needle"},
            ("closed.txt",),
            "[1 file or folder could not be read (permission): closed.txt]",
        ),
        (
            GREP,
            {"pattern": "needle"},
            ("closed.txt", "folder", "sub/closed.txt"),
            "[3 files and folders could not be read (permission): closed.txt, folder, sub/closed.txt]",
        ),
        (GREP, {"pattern": "needle", "path": "sub"}, ("sub/closed.txt",), "(permission): sub/closed.txt]"),
        (GREP, {"pattern": "needle", "glob": "*.txt"}, ("closed.txt",), "(permission): closed.txt]"),
        (GREP, {"pattern": "nädel"}, ("closed.txt",), "(permission): closed.txt]"),
        (GREP, {"pattern": "absent"}, ("folder",), "(permission): folder]"),
        (
            GLOB,
            {"pattern": "*.txt"},
            ("folder",),
            "[1 file or folder could not be read (permission): folder]",
        ),
        (GLOB, {"pattern": "*.py", "path": "."}, ("folder", "sub"), "[2 files and folders could not be read"),
    ],
)
def test_what_could_not_be_read_is_named(tree, tool, arguments, closed, line):
    close(tree, *closed)
    found = search(tree, tool, arguments)
    assert line in found["text"] and found["data"]["complete"] is False


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (GREP, {"pattern": "needle"}),
        (GREP, {"pattern": "needle", "glob": "open.*"}),
        (GLOB, {"pattern": "*.txt"}),
    ],
)
def test_nothing_is_said_where_nothing_was_missed(tree, tool, arguments):
    if "glob" in arguments or tool is GLOB:
        close(tree, "closed.txt")  # neither asked for nor, by name, hidden
    found = search(tree, tool, arguments)
    assert "could not be read" not in found["text"] and found["data"]["complete"] is True


def test_a_thousand_of_them_are_counted_and_a_few_named(tree):
    for number in range(1000):
        (tree / f"c{number:04}").touch(mode=0)
    text = search(tree, GREP, {"pattern": "needle"})["text"]
    assert (
        "[1,000 files and folders could not be read (permission): c0000, " in text and ", c0009, …]" in text
    )


def test_a_wrong_pattern_is_still_what_is_told(tree):
    close(tree, "closed.txt", "folder")
    assert search(tree, GREP, {"pattern": "("})["text"].startswith("ToolError: The pattern '(' does not work")
