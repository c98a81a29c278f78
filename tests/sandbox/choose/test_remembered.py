"""What held when it was last probed is expected to hold, and is probed again before anything runs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_endpoint import calls, text

from seedsmith import Agent
from seedsmith.agent.frontends.languages.reports import Reports
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
        self.path, self._log, self._broken, self._old = (
            folder / name for name in ("bwrap", "log", "broken", "old")
        )
        self.path.write_text(
            f"#!/bin/bash\necho >>{self._log}\n"
            f'if [ -e {self._broken} ]; then echo "bwrap: no" >&2; exit 1; fi\n'
            f'if [ -e {self._old} ]; then case "$*" in *--disable-userns*) '
            'echo "bwrap: Unknown option --disable-userns" >&2; exit 1;; esac; fi\n'
            f'exec {real} "$@"\n'
        )
        self.path.chmod(0o755)

    def starts(self) -> int:
        """How often it was started since this was last asked."""
        number = len(self._log.read_text()) if self._log.exists() else 0
        self._log.write_text("")
        return number

    def break_it(self) -> None:
        self._broken.touch()

    def forget_flags(self) -> None:
        """Make it one of the releases that lack ``--disable-userns``."""
        self._old.touch()


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


def no_choice(world, program, known):
    return "landlock", world.policy


def other_file(world, program, known):
    program.path.write_text(program.path.read_text() + "#\n")
    return "auto", world.policy


def other_mode(world, program, known):
    world.workspace.chmod(0o750)
    return "auto", world.policy


def other_workspace(world, program, known):
    return "auto", replace(world.policy, workspace=world.outside)


def other_network(world, program, known):
    return "auto", replace(world.policy, network=True)


def some_hosts(world, program, known):
    return "auto", replace(world.policy, allow=("example.org",))


def a_copy(world, program, known):
    return "auto", replace(world.policy, copy_of=world.outside)


def half_a_file(world, program, known):
    known.write_bytes(known.read_bytes()[:-9])
    return "auto", world.policy


def a_deep_file(world, program, known):
    known.write_text("[" * 60_000)
    return "auto", world.policy


def another_program(world, program, known):
    known.write_text(known.read_text().replace(str(program.path), "/bin/true"))
    return "auto", world.policy


def a_fifo(world, program, known):
    known.unlink()
    os.mkfifo(known)
    return "auto", world.policy


@pytest.mark.parametrize(
    "change",
    [
        *(other_file, other_mode, other_workspace, other_network, some_hosts, a_copy),
        *(half_a_file, a_deep_file, another_program, a_fifo),
    ],
)
def test_where_anything_differs_it_is_probed_at_once(world, program, change) -> None:
    choose_early("auto", world.policy)
    choice, policy = change(world, program, world.policy.state / FILE)
    program.starts()
    assert choose_early(choice, policy)[1] is None and program.starts() == 1


@pytest.mark.parametrize("change", ["boot", "rights"])
def test_it_counts_for_one_start_of_the_machine_and_for_the_same_rights(
    world, program, tmp_path, monkeypatch, change
) -> None:
    choose_early("auto", world.policy)
    if change == "boot":
        (tmp_path / "boot").write_text("another\n")
        monkeypatch.setattr(remembered, "_BOOT", tmp_path / "boot")
    else:
        monkeypatch.setattr(remembered, "_RIGHTS", ("Threads",))
    assert choose_early("auto", world.policy)[1] is None


def test_each_workspace_is_remembered_by_itself(world, program) -> None:
    other = replace(world.policy, workspace=world.outside)
    assert [choose_early("auto", each)[1] for each in (world.policy, other)] == [None, None]
    assert all(choose_early("auto", each)[1] for each in (world.policy, other, world.policy))


def test_a_program_that_lacks_flags_is_not_remembered(world, program) -> None:
    program.forget_flags()
    for _ in range(2):
        isolation, proof = choose_early("auto", world.policy)
        assert isinstance(isolation, Bubblewrap) and isolation.missing_flags and proof is None


def test_one_that_lacks_them_since_runs_nothing(world, program) -> None:
    choose_early("auto", world.policy)
    _, proof = choose_early("auto", world.policy)
    program.forget_flags()
    with pytest.raises(NoIsolation, match="another program now.*Start again"):
        proof.require()


async def test_a_run_whose_sandbox_no_longer_holds_ends_before_its_command(endpoint, world, program) -> None:
    options = {"workspace": world.workspace, "model": "openai/scripted", "base_url": endpoint.base_url}
    agent = Agent(**options, api_key="a-key-for-tests", home=world.policy.state, sandbox="bwrap")
    endpoint.script(text("Hello."), calls(("shell", {"command": "touch ran"})), text("Never asked."))
    assert (await agent.arun("Greet me")).status == "done"
    program.break_it()
    outcome = await agent.arun("Touch ran")
    assert (outcome.status, outcome.exit_code) == ("no_sandbox", 5) and "bwrap: no" in outcome.message
    assert outcome.message.endswith("chosen anew.") and "--sandbox off" not in outcome.message
    told = Reports("zh")(outcome.message)
    assert told.endswith("尚未运行任何命令。请重新启动，届时会重新选择沙箱。")
    assert not (world.workspace / "ran").exists() and len(endpoint.requests) == 2
    records = (world.policy.state / "sessions" / outcome.session / "records.jsonl").read_text()
    assert "nothing was done" in records and "in part" not in records


@pytest.mark.parametrize("more", [{"verify": "true"}, {"hooks": {"session_start": [{"argv": ["true"]}]}}])
async def test_a_run_that_starts_more_than_calls_is_refused_before_it_asks(
    endpoint, world, program, more
) -> None:
    options = {"workspace": world.workspace, "model": "openai/scripted", "base_url": endpoint.base_url}
    options |= {"api_key": "a-key-for-tests", "home": world.policy.state, "sandbox": "bwrap"}
    endpoint.script(text("Hello."), text("Never asked."))
    assert (await Agent(**options).arun("Greet me")).status == "done"
    program.break_it()
    assert (await Agent(**options, **more).arun("Greet me")).status == "no_sandbox"
    assert len(endpoint.requests) == 1
