"""Background commands of a program that is killed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from examples import first_fast
from scripted_endpoint import calls, text

from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.isolation.base import Policy


def left_of(mark: str) -> bool:
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in line.read_bytes():
                return True
        except OSError:
            pass
    return False


TIERS = {"bwrap": "bwrap", "landlock": "Landlock"}


@pytest.mark.slow
@pytest.mark.parametrize("tier", first_fast(1, TIERS))
def test_killed_it_leaves_no_process_and_goes_on_without_its_commands(seedsmith, endpoint, tier, tmp_path):
    for name in ("private", "probed"):
        (tmp_path / name).mkdir()
    try:
        choose(tier, Policy(seedsmith.workspace, tmp_path / "private", tmp_path / "probed"))
    except NoIsolation as why:
        pytest.skip(f"needs {TIERS[tier]}: {why}")
    mark = f"7{os.getpid()}{len(tier)}"
    server = f": {mark}; trap '' TERM; setsid sleep {mark} & echo up; while :; do sleep 0.1; done"
    steps = [
        calls(("shell", {"command": server, "background": True})),
        calls(("shell_output", {"id": "b1", "wait": 60})),
        calls(("shell_output", {"id": "b1"})),
        text("done"),
    ]
    endpoint.script(lambda request: steps[sum(m["role"] == "assistant" for m in request.body["messages"])])
    victims = []
    endpoint.on_request = lambda request: victims[0].kill() if victims and request.number == 2 else None
    process = seedsmith.start("Go", "--sandbox", tier)
    victims.append(process)
    process.communicate()
    victims.clear()
    deadline = time.monotonic() + 30
    while left_of(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left_of(mark)
    done = seedsmith.run("Go on", "--resume", seedsmith.session.name, "--sandbox", tier)
    assert done.code == 0, done.errors
    last = [m["content"] for m in endpoint.requests[-1].body["messages"] if m["role"] == "tool"][-1]
    assert "There is no background command 'b1'; none is running." in last
