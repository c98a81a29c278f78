"""``seedsmith demo``: a real model fixes a real bug in a small repository."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import debug_flag, json_flag, say
from seedsmith.agent.frontends.display_options import DisplayOptions
from seedsmith.agent.settings.settings import Settings

FLAGS = ("model", "base_url", "effort", "max_turns", "max_cost", "max_time", "sandbox")


@click.command("demo", short_help="Watch a real bug being fixed in a small repository.")
@setting_flags(*FLAGS)
@json_flag
@debug_flag
def command(as_json: bool, **flags: Any) -> int:
    """Make a small repository with a failing test and fix it.

    It takes the model whose key is at hand, or the local one, whose weights it fetches first. Nothing is
    scripted: if the model fails, it says so and exits 1.
    """
    from seedsmith.agent.tasks import demo

    settings = load_settings(flags)
    if demo.needs_local_model(settings, os.environ):
        settings = settings.model_copy(update={"model": f"local/{demo.LOCAL_MODEL}"})
        say(f"No key is set, so the local model {demo.LOCAL_MODEL} does it; this takes a few minutes.")
    if settings.model and settings.model.startswith("local/"):
        _fetch(settings.model.removeprefix("local/"))
    with tempfile.TemporaryDirectory(prefix="seedsmith-demo-") as place:
        return _repair(settings, Path(place) / "library", as_json)


def _fetch(name: str) -> None:
    """Have the weights on disk before the clock of the run begins."""
    from seedsmith.agent.frontends.download_progress import PullProgress
    from seedsmith.agent.models.local.pull import pull

    with PullProgress(sys.stderr) as shown:
        pull(name, environment=os.environ, progress=shown.show)


def _repair(settings: Settings, folder: Path, as_json: bool) -> int:
    from seedsmith.agent.cli.run_common import perform
    from seedsmith.agent.tasks import demo
    from seedsmith.agent.tasks.fix import fix

    if not demo.make_repository(folder):
        say("git is not installed, so the demo's folder is a plain one.")
    tests = demo.test_command()
    settings = settings.model_copy(update={"workspace": folder})
    outcome = perform(
        lambda front_ends, approver: fix(settings, tests, front_ends, approver),
        settings,
        DisplayOptions(as_json),
    )
    proof = outcome.verified
    if proof is None or not proof.proven:
        say("The model did not fix the bug this time." if outcome.exit_code in (0, 1) else outcome.message)
        return outcome.exit_code or 1
    say(f"Proof: the tests gave exit code {proof.before_exit_code} before and {proof.exit_code} after.")
    return outcome.exit_code
