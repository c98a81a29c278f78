"""Where the built-in skills are."""

from __future__ import annotations

from pathlib import Path

BUILT_IN = Path(__file__).with_name("library")
