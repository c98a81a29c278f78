"""The small house as a fixture."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

if "small_house" not in sys.modules:
    spec = importlib.util.spec_from_file_location("small_house", Path(__file__).parent / "small_house.py")
    assert spec is not None and spec.loader is not None
    sys.modules["small_house"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["small_house"])


@pytest.fixture
def house(tmp_path: Path) -> Any:
    """One session's rooms in a temporary folder."""
    root, home = tmp_path / "work", tmp_path / "state"
    root.mkdir()
    home.mkdir()
    return sys.modules["small_house"].House(root, home)
