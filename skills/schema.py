"""``skill.yaml`` as JSON Schema, for editors and other programs; ``docs/skill.schema.json`` holds it."""

from __future__ import annotations

import json

from seedsmith.skills.manifest import Manifest


def schema_text() -> str:
    """The schema as the text of that file."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Manifest.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
