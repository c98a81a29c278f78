"""The small house as a fixture."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """One session's rooms in a temporary folder."""
    root, home = tmp_path / "work", tmp_path / "state"
    root.mkdir()
    home.mkdir()
    return House(root, home)
