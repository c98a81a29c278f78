"""The clock reads its own results rightly, and finds the programs it is to measure beside ours."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))

from clock import Row, Run, Typical, new_workspace, rows_beside, run_once, show  # noqa: E402
from peers import find_peers, ours  # noqa: E402
from scripted_service import command_tool  # noqa: E402


def test_a_typical_run_is_made_of_medians_and_of_all_turns():
    runs = [Run(1.0, (10, 90), 0.3, 0.6, 2), Run(3.0, (20,), 0.1, 0.5, 1), Run(2.0, (), 0.2, 0.4, 9)]
    assert Typical.of(runs) == Typical(2.0, 20, 0.2, 0.5, 2)
    assert Typical.of([Run(1.0, (), 0.5, 0.1, 0.2)]).turn == 0.0


def test_each_figure_is_told_beside_those_of_the_peers_and_of_the_large_repository():
    found = {
        ("seedsmith", "small"): Typical(0.5, 10, 0.05, 0.4, 1.0),
        ("seedsmith", "large"): Typical(0.6, 11, 0.05, 0.4, 2.0),
        ("codex", "small"): Typical(0.4, 50, 0.2, 0.3, 1.5),
        ("codex", "large"): Typical(9, 9, 9, 9, 9),
        ("pi", "small"): Typical(1.0, 20, 0.1, 0.5, 2.0),
    }
    rows = {row.what: row for row in rows_beside(found, 50_000)}
    start = rows["process start → first request"]
    assert (start.value, start.unit, start.met) == (0.5, "s", True)
    beside = [row for row in rows.values() if row.what.startswith("process start → first request /")]
    assert [(row.value, row.goal, row.met) for row in beside] == [(1.25, 1.0, False), (0.5, None, True)]
    turn = rows["own time per turn with one command / pi's (20 ms)"]
    assert (turn.value, turn.goal, turn.met) == (0.5, 0.7, True)
    ended = rows["last answer → exit / codex's (0.2 s)"]
    assert (ended.value, ended.goal, ended.met) == (0.25, 0.5, True)
    large = rows["process start → first request among 50,000 files (0.6 s) / here"]
    assert (large.value, large.goal, large.met) == (1.2, 1.15, False)
    assert rows["processor time of the run / pi's (2 s)"].goal is None


def test_without_peers_our_own_figures_stand_alone():
    rows = list(rows_beside({("seedsmith", "small"): Typical(0.5, 10, 0.05, 0.4, 1.0)}, 0))
    assert [row.value for row in rows] == [0.5, 10, 0.05, 0.4, 1.0]
    assert "| own time per turn with one command | 10 ms |  |" in show(rows, markdown=True)


def test_a_goal_may_be_a_least_value():
    assert not Row("stable", 99.0, "%", 100, at_least=True).met
    assert Row("stable", 100.0, "%", 100, at_least=True).bound == "≥ 100 %"


def test_peers_are_found_in_a_folder_as_npm_fills_it(tmp_path):
    assert find_peers(tmp_path) == []
    package = tmp_path / "node_modules/@openai/codex"
    native = package / "node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex"
    scripts = tmp_path / "node_modules/.bin"
    for path in (package / "bin/codex.js", native, tmp_path / "node_modules/pi/cli.js"):
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    scripts.mkdir()
    (scripts / "codex").symlink_to(package / "bin/codex.js")
    (scripts / "pi").symlink_to(tmp_path / "node_modules/pi/cli.js")
    codex, pi = find_peers(tmp_path)
    home = tmp_path / "home"
    assert codex.command(home, tmp_path, "http://127.0.0.1:1/v1")[0] == str(native)
    assert pi.command(home, tmp_path, "http://127.0.0.1:1/v1")[0] == str(scripts / "pi")
    assert "http://127.0.0.1:1/v1" in (home / ".pi/agent/models.json").read_text()


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ([{"function": {"name": "read"}}, {"function": {"name": "bash"}}], ("bash", "command")),
        ([{"type": "custom"}, {"type": "function", "name": "exec_command"}], ("exec_command", "cmd")),
    ],
)
def test_the_tool_for_commands_is_found_on_either_wire(tools, expected):
    assert command_tool(tools) == expected


@pytest.mark.slow
def test_a_run_is_measured_from_its_start_to_its_end(tmp_path):
    run = run_once(ours(), tmp_path, new_workspace(tmp_path), 2)
    assert len(run.turns) == 2
    assert min(run.start, *run.turns, run.exit, run.start_processor, run.processor) > 0
