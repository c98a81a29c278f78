"""Writes anew what the model is told of the built-in tools: ``python tests/support/write_tool_specs.py``.

To be run after a tool's description or parameters changed; ``tests/tools/test_deferred.py`` fails until then.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from seedsmith.tools.deferred import SPECS, load
from seedsmith.tools.registry import EVERY

PLACE = Path(__file__).resolve().parents[2] / "tools" / SPECS


def specs() -> str:
    told = {place: asdict(load(place).spec) for place in EVERY}
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PLACE.write_text(specs(), "utf-8")
