"""What held when it was last probed is expected to hold, and is probed again before anything runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_endpoint import calls, text

from seedsmith import Agent
from seedsmith.sandbox.choose import remembered
from seedsmith.sandbox.choose.probe import probe
from seedsmith.sandbox.choose.remembered import FILE, choose_early
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap, candidates
from seedsmith.sandbox.workspace.spill import SpillStore


class Program:
    """A ``bwrap`` that writes down that it was started, and can be broken while it stays the same file."""

    def __init__(self, folder: Path, real: Path) -> None:
        self.path, self._log, self._broken = (folder / name for name in ("bwrap", "log", "broken"))
        self.path.write_text(
            f"#!/bin/bash\necho >>{self._log}\n"
            f'if [ -e {self._broken} ]; then echo "bwrap: no" >&2; exit 1; fi\nexec {real} "$@"\n'
        )
        self.path.chmod(0o755)

    def starts(self) -> int:
        """How often it was started since this was last asked."""
        number = len(self._log.read_text()) if self._log.exists() else 0
        self._log.write_text("")
        return number

    def break_it(self) -> None:
        self._broken.touch()


@pytest.fixture
def program(world, tmp_path, monkeypatch):
    found = candidates(world.policy.environ, world.workspace)
    real = next((each for each in found if probe(Bubblewrap(each), world.policy).works), None)
    if real is None:
        pytest.skip("needs bwrap: user namespaces are refused here")
    (tmp_path / "programs").mkdir()
    program = Program(tmp_path / "programs", real)
    for module in ("select", "remembered"):
        monkeypatch.setattr(f"seedsmith.sandbox.choose.{module}.candidates", lambda *_: (program.path,))
    return program


async def runs(isolation, proof, policy, command):
    runner = ProcessRunner(isolation, policy, SpillStore(policy.state / "spills"), prove=proof.require)
    try:
        return await runner.run(command, timeout=60)
    finally:
        runner.close()


async def test_a_start_waits_for_no_probe_and_the_first_command_does(world, program) -> None:
    first, proof = choose_early("auto", world.policy)
    assert proof is None and program.starts() == 1
    again, proof = choose_early("auto", world.policy)
    assert again.description == first.description and proof is not None and program.starts() == 0
    assert (await runs(again, proof, world.policy, "echo done")).head == b"done\n"
    probed = program.starts()
    assert (await runs(again, proof, world.policy, "echo done")).head == b"done\n"
    assert program.starts() == probed - 1


async def test_what_no_longer_holds_runs_nothing_and_is_forgotten(world, program) -> None:
    choose_early("bwrap", world.policy)
    isolation, proof = choose_early("bwrap", world.policy)
    program.break_it()
    for _ in range(2):
        with pytest.raises(NoIsolation, match="bwrap: no"):
            await runs(isolation, proof, world.policy, "touch ran")
    assert not (world.workspace / "ran").exists()
    with pytest.raises(NoIsolation, match="bwrap: no"):
        choose_early("bwrap", world.policy)


@pytest.mark.parametrize("what", ["program", "boot", "choice", "user", "hosts", "damaged", "odd"])
def test_where_anything_differs_it_is_probed_at_once(world, program, tmp_path, monkeypatch, what) -> None:
    choose_early("auto", world.policy)
    policy, choice, known = world.policy, "auto", world.policy.state / FILE
    program.starts()
    if what == "program":
        program.path.write_text(program.path.read_text() + "#\n")
    elif what == "boot":
        (tmp_path / "boot").write_text("another\n")
        monkeypatch.setattr(remembered, "_BOOT", tmp_path / "boot")
    elif what == "choice":
        choice = "bwrap"
    elif what == "user":
        monkeypatch.setattr(remembered.os, "geteuid", lambda: 4_711)
    elif what == "hosts":
        policy = replace(policy, allow=("example.org",))
    elif what == "damaged":
        known.write_bytes(known.read_bytes()[:-9])
    else:
        known.write_text(json.dumps([{"held": None}]))
    assert choose_early(choice, policy)[1] is None and program.starts() == 1


async def test_a_run_whose_sandbox_no_longer_holds_ends_before_its_command(endpoint, world, program) -> None:
    options = {"workspace": world.workspace, "model": "openai/scripted", "base_url": endpoint.base_url}
    agent = Agent(**options, api_key="a-key-for-tests", home=world.policy.state, sandbox="bwrap")
    endpoint.script(text("Hello."), calls(("shell", {"command": "touch ran"})), text("Never asked."))
    assert (await agent.arun("Greet me")).status == "done"
    program.break_it()
    outcome = await agent.arun("Touch ran")
    assert (outcome.status, outcome.exit_code) == ("no_sandbox", 5) and "bwrap: no" in outcome.message
    assert not (world.workspace / "ran").exists() and len(endpoint.requests) == 2
