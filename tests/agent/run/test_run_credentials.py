"""Credentials of the user's configuration: who may name them, and that no output shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from present import is_present

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.run.one_tool import run_tool
from seedsmith.agent.settings.config import load

NAMED = "credentials:\n  - commands: [printenv DEPLOY]\n    variables: [DEPLOY]\n"


def written(folder: Path, text: str) -> dict[str, str]:
    """An environment whose configuration file holds ``text``."""
    (folder / "seedsmith").mkdir(parents=True)
    (folder / "seedsmith" / "config.yaml").write_text(text)
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return {**home, "PATH": "/usr/bin:/bin", "DEPLOY": "deploy-secret"}


@pytest.mark.skipif(not is_present("bwrap"), reason="needs bwrap")
async def test_the_command_gets_it_and_its_output_does_not_show_it(tmp_path: Path) -> None:
    environment = written(tmp_path / "home", NAMED)
    work = tmp_path / "work"
    work.mkdir()
    settings = load({"workspace": str(work), "home": str(tmp_path / "state")}, environment).settings
    got = await run_tool(settings, "shell", json.dumps({"command": "printenv DEPLOY"}), environment)
    assert got.ok and got.text == "[redacted]\nexit code 0"
    other = await run_tool(settings, "shell", json.dumps({"command": "printenv DEPLOY; true"}), environment)
    assert "redacted" not in other.text


def test_a_repository_names_none(tmp_path: Path) -> None:
    (tmp_path / ".seedsmith").mkdir()
    (tmp_path / ".seedsmith" / "config.yaml").write_text(NAMED)
    loaded = load({"workspace": str(tmp_path)}, {"HOME": "/nonexistent"})
    assert loaded.settings.credentials is None and "may not set it" in loaded.notices[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("credentials: [{commands: [x]}]", "variables or files"),
        ("credentials: [{commands: [x], variables: [X], y: [z]}]", "holds 'y'"),
        ("credentials: [{commands: x, variables: [X]}]", "list of texts under 'commands'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load({"workspace": str(tmp_path)}, written(tmp_path, text))
