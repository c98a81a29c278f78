"""The published schema is the one manifests are read by."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from seedsmith.skills.manifest import schema_text

DOCS = Path(__file__).parents[2] / "docs"


def test_docs_hold_the_schema():
    said = (
        "run: python -c 'from seedsmith.skills.manifest import schema_text; print(schema_text(), end=\"\")'"
    )
    assert (DOCS / "skill.schema.json").read_text(encoding="utf-8") == schema_text(), said


@pytest.mark.parametrize(
    ("more", "fits"),
    [("", True), ("tools: [read]\n", True), ("toools: [read]\n", False), ("tools: read\n", False)],
)
def test_the_schema_tells_right_from_wrong(more, fits):
    manifest = yaml.safe_load("name: tidy\ndescription: d\ninstructions: x\n" + more)
    assert jsonschema.Draft202012Validator(json.loads(schema_text())).is_valid(manifest) is fits
