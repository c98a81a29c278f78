"""``--record`` and ``--replay`` from the command line, and what a person gets to read."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from command import call_here
from scripted_endpoint import calls, text

EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})
READ = ("read", {"path": "b.txt"})


@pytest.fixture
def seedsmith(studio, monkeypatch, capsys):
    environment = {"PATH": os.environ["PATH"], "HOME": str(studio.folder / "home"), "LANG": "C.UTF-8"}
    (studio.folder / "home").mkdir()

    def call(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return call_here(arguments, studio.folder, environment | variables, monkeypatch, capsys)

    return call


@pytest.fixture
def record(studio, seedsmith, endpoint):
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        service = ("-m", "openai/scripted", "--base-url", endpoint.base_url, "-C", str(studio.fresh()))
        return seedsmith(*arguments, "--record", "run.jsonl", *service, SEEDSMITH_API_KEY="k-secret-key")

    return call


@pytest.mark.slow
def test_record_then_replay(studio, seedsmith, record, endpoint):
    endpoint.script(calls(READ, EDIT), text("Changed."))
    assert record("run", "Change it", "--verify", "grep -q two a.txt").returncode == 0
    shown = seedsmith("run", "--replay", "run.jsonl", "-C", str(studio.fresh()), SEEDSMITH_MODEL="no/such")
    assert shown.returncode == 0, shown.stderr
    assert "The replay agrees with run.jsonl: 2 requests and 2 calls" in shown.stderr
    assert len(endpoint.requests) == 2
    damaged = seedsmith("run", "--replay", "run.jsonl", "-C", str(studio.fresh(b="right\n")))
    assert damaged.returncode == 1
    assert (
        "! The workspace is not what it was when the recording began: it differs in b.txt." in damaged.stderr
    )
    assert 'the call read {"path": "b.txt"}' in damaged.stderr
    assert re.search(r"-1\s+left\s*\n\+1\s+right", damaged.stderr)


@pytest.mark.slow
def test_a_fix_replays_under_either_command(studio, seedsmith, record, endpoint):
    endpoint.script(calls(EDIT), text("Fixed."))
    assert record("fix", "--test", "grep -q two a.txt").returncode == 0
    for command in (("fix",), ("run",), ("fix", "--test", "grep -q two a.txt")):
        done = seedsmith(*command, "--replay", "run.jsonl", "-C", str(studio.fresh()), "--json")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert (done.returncode, events[-1]["status"]) == (0, "done"), done.stdout
        assert events[-1]["verified"]["exit_code"] == 0
    other = seedsmith("fix", "--test", "true", "--replay", "run.jsonl", "-C", str(studio.fresh()))
    assert other.returncode == 2 and "--test can't be 'true' here" in other.stderr


def test_divergence_as_an_event(studio, seedsmith, record, endpoint):
    endpoint.script(calls(READ), text("Done."))
    record("run", "Look around")
    done = seedsmith("run", "--replay", "run.jsonl", "-C", str(studio.fresh(b="right\n")), "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    (diverged,) = (event for event in events if event["type"] == "replay.diverged")
    assert diverged["name"] == "read" and diverged["line"] == 5 and "+1\tright" in diverged["diff"]
    assert (events[-1]["status"], events[-1]["exit_code"], done.returncode) == ("unverified", 1, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--replay", "missing.jsonl"), "Can't read the recording missing.jsonl: No such file"),
        (("--replay", "run.jsonl", "--temperature", "1"), "--temperature can't be 1.0 here"),
        (("--replay", "run.jsonl", "Other words"), "The prompt is not the one run.jsonl was recorded with"),
        (("--replay", "run.jsonl", "--record", "x.jsonl"), "leave out --record or --replay"),
        (("Do it now", "--record", "run.jsonl"), "Can't record to run.jsonl: it holds something already"),
        (("Do it now", "--record", "no/such/run.jsonl"), "Can't record to no/such/run.jsonl: No such file"),
        (("Do it now", "--record", "home"), "Can't record to home: Is a directory"),
        (("Do it now", "--record", "/dev/null"), "it is no regular file"),
        (("Do it now", "--record", "room1/r.jsonl"), "lies inside the workspace"),
    ],
)
def test_wrong_usage_is_one_sentence(studio, seedsmith, arguments, said):
    studio.record(text("Done."))
    done = seedsmith("run", *arguments, "-C", "room1")
    assert done.returncode == 2 and said in done.stderr and not done.stdout
    assert len(done.stderr.splitlines()) == 1
