"""The small house, the small model's weights, and what an ``Agent`` is given, as fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
from present import SMALL_MODEL, small_weights
from scripted_endpoint import Endpoint
from small_house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """One session's rooms in a temporary folder."""
    root, home = tmp_path / "work", tmp_path / "state"
    root.mkdir()
    home.mkdir()
    return House(root, home)


@pytest.fixture(scope="session")
def weights_file() -> Path:
    """Real weights: the file that SEEDSMITH_LOCAL_MODEL names, else the small model from the cache."""
    path = small_weights()
    if not path.exists():
        pytest.skip(f"needs weights: run `seedsmith models pull {SMALL_MODEL}` or set SEEDSMITH_LOCAL_MODEL")
    pytest.importorskip("xllamacpp", reason="needs xllamacpp")
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with one small text file."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.txt").write_text("one\n")
    return folder


@pytest.fixture
def options(endpoint: Endpoint, tmp_path: Path, workspace: Path) -> dict[str, object]:
    """An ``Agent`` in the workspace, asking the scripted service."""
    return {
        "workspace": workspace,
        "model": "openai/scripted",
        "base_url": endpoint.base_url,
        "api_key": "a-key-for-tests",
        "home": tmp_path / "state",
    }
