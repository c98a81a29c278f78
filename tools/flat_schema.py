"""The schema of a pydantic model as models are told it: flat, and in words."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from seedsmith.tools.base import JsonObject

_KEPT = ("type", "description", "enum", "const")
"""Limits are told in words where a model is likely to break them."""


def flatten_schema(model: type[BaseModel], kept: Sequence[str] = _KEPT) -> JsonObject:
    """Return the JSON schema of ``model`` without ``$defs``, titles, defaults and ``anyOf`` of null.

    Seed's template shows its model only the names, types and descriptions at the top level, and constrained
    decoding refuses fancy schemas (docs/model-service.md, "Tools"), so a nested shape is inlined and spelt
    out once more in the description of the property that holds it.
    """
    raw = model.model_json_schema()
    definitions = raw.get("$defs", {})
    properties: JsonObject = {}
    for name, described in raw.get("properties", {}).items():
        flat = _flatten(described, definitions, kept)
        spelt = shape(flat) if flat.get("type") in ("array", "object") else ""
        if "{" in spelt:
            flat["description"] = " ".join(filter(None, (flat.get("description"), f"Shape: {spelt}")))
        properties[name] = flat
    return {"type": "object", "properties": properties, "required": raw.get("required", [])}


def _flatten(node: JsonObject, definitions: JsonObject, kept: Sequence[str]) -> JsonObject:
    """Inline references and keep what a model needs, which is ``kept``."""
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[-1]]
        node = {**target, "description": None, **node}
    choices = [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        node = {**choices[0], **{key: value for key, value in node.items() if key != "anyOf"}}
        return _flatten(node, definitions, kept)
    flat: JsonObject = {key: node[key] for key in kept if node.get(key) is not None}
    if choices:
        flat["anyOf"] = [_flatten(choice, definitions, kept) for choice in choices]
    if "items" in node:
        flat["items"] = _flatten(node["items"], definitions, kept)
    if "properties" in node:
        children = node["properties"].items()
        flat["properties"] = {name: _flatten(child, definitions, kept) for name, child in children}
        flat["required"] = node.get("required", [])
    return flat


def shape(node: JsonObject) -> str:
    """Write a nested schema the way people do: ``[{old: string, all?: boolean}]``."""
    if node.get("type") == "array":
        return f"[{shape(node.get('items', {}))}]"
    if "properties" not in node:
        return "|".join(map(str, node["enum"])) if "enum" in node else str(node.get("type", "any"))
    required = node.get("required", ())
    fields = (
        f"{name}{'' if name in required else '?'}: {shape(child)}"
        for name, child in node["properties"].items()
    )
    return "{" + ", ".join(fields) + "}"


def usage(schema: JsonObject) -> str:
    """Name every parameter with its type, in one line."""
    parts = []
    for name, described in schema["properties"].items():
        required = ", required" if name in schema["required"] else ""
        parts.append(f"{name} ({shape(described)}{required})")
    return "Parameters: " + ", ".join(parts)
