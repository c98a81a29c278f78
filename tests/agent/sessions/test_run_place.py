"""Where a run may happen: not in a home folder, unless that is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedsmith.agent.errors import UsageError
from seedsmith.agent.sessions.run_place import open_place
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.errors import ProtectedPath


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home/project").mkdir(parents=True)
    (tmp_path / "home/.netrc").write_text("secret")
    return tmp_path / "home"


@pytest.mark.parametrize("name", ["home", ".", "link"])
def test_a_home_is_no_workspace(home: Path, name: str) -> None:
    (home.parent / "link").symlink_to(home)
    settings = Settings(workspace=home.parent / name, home=home.parent / "state")
    with pytest.raises(UsageError, match="--workspace-is-home"):
        open_place(settings, {"HOME": str(home)})


def test_by_a_word_it_is_one_without_its_secrets(home: Path) -> None:
    settings = Settings(workspace=home, workspace_is_home=True, home=home.parent / "state")
    place = open_place(settings, {"HOME": str(home)})
    with place.workspace, pytest.raises(ProtectedPath):
        place.workspace.read_bytes(".netrc")


def test_a_project_in_it_is_one(home: Path) -> None:
    settings = Settings(workspace=home / "project", home=home.parent / "state")
    with open_place(settings, {"HOME": str(home)}).workspace as workspace:
        assert workspace.root == home / "project"
