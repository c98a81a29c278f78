"""Writes anew the files that a start reads in place of what they are made from.

``python tests/support/write_generated.py``, to be run after a tool's description or parameters, a built-in
skill's manifest or the catalog changed; ``tests/test_generated.py`` fails until then.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seedsmith.agent.calls.offered_tools import ASK, SKILL
from seedsmith.agent.models.catalog.catalog import read_document
from seedsmith.skills.active import ActiveSkills
from seedsmith.skills.built_in import SUMMARIES
from seedsmith.skills.loader import Library
from seedsmith.skills.skill import BUILT_IN, Origin, Skill
from seedsmith.skills.skill_folder import read_skill
from seedsmith.tools.deferred import SPECS, load
from seedsmith.tools.registry import EVERY

HOUSE = Path(__file__).resolve().parents[2]
CATALOG = HOUSE / "agent/models/catalog/catalog.yaml"


def specs() -> dict[str, Any]:
    """What the model is told of the built-in tools."""
    return {place: asdict(load(place).spec) for place in EVERY}


def skill_spec() -> dict[str, Any]:
    """What it is told of the skill tool."""
    tool = load(SKILL, ActiveSkills(Library({})), package="seedsmith.skills")
    return {SKILL: asdict(tool.spec)}


def ask_spec() -> dict[str, Any]:
    """What it is told of the ask tool."""
    return {ASK: asdict(load(ASK, package="seedsmith.agent.calls").spec)}


def summaries() -> dict[str, Any]:
    """What every start tells of the built-in skills."""
    skills = [read_skill(folder, Origin.BUILT_IN) for folder in sorted(BUILT_IN.iterdir())]
    return {
        skill.name: {
            "description": skill.description,
            "tools": skill.tools,
            "callable": skill.model_may_call,
            "fork": skill.fork,
        }
        for skill in skills
        if isinstance(skill, Skill)
    }


def catalog() -> Any:
    """The catalog, without its remarks."""
    return read_document(CATALOG.read_text("utf-8"))


FILES: dict[Path, Callable[[], Any]] = {
    HOUSE / "tools" / SPECS: specs,
    HOUSE / "skills" / SPECS: skill_spec,
    HOUSE / "agent/calls" / SPECS: ask_spec,
    HOUSE / "skills" / SUMMARIES: summaries,
    CATALOG.with_suffix(".json"): catalog,
}


def text(made: Any) -> str:
    """``made`` as it is written."""
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for path, make in FILES.items():
        path.write_text(text(make()), "utf-8")
