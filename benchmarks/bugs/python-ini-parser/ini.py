"""Reads and writes INI text: sections, keys, comments, continuation lines."""

import re

_SECTION = re.compile(r"^\[([^\]]+)\]$")
_TRUE = {"1", "yes", "true", "on"}
_FALSE = {"0", "no", "false", "off"}


class IniError(ValueError):
    """A line makes no sense; the message has its number."""


def parse(text):
    """Return ``{section: {key: value}}``; keys before the first section belong to ``default``."""
    sections = {}
    section = "default"
    last_key = None
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        if line[0].isspace() and last_key is not None:
            sections[section][last_key] += "\n" + stripped
            continue
        match = _SECTION.match(stripped)
        if match:
            section = match.group(1).strip()
            sections.setdefault(section, {})
            last_key = None
            continue
        key, separator, value = stripped.partition("=")
        if not separator:
            raise IniError(f"line {number}: expected `key = value`, found {stripped!r}")
        last_key = key.strip().lower()
        sections.setdefault(section, {})[last_key] = value.strip()
    return sections


def dump(sections):
    """The text of ``sections``; :func:`parse` reads it back."""
    lines = []
    for name, entries in sections.items():
        if lines:
            lines.append("")
        lines.append(f"[{name}]")
        for key, value in entries.items():
            first, *rest = value.split("\n")
            lines.append(f"{key} = {first}")
            lines.extend("    " + more for more in rest)
    return "\n".join(lines) + "\n"


def as_boolean(value):
    """Read ``yes/no``, ``on/off``, ``true/false`` and ``1/0``."""
    word = value.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise IniError(f"not a boolean: {value!r}")


def as_list(value):
    """Split a value of several lines or commas; empty parts are dropped."""
    parts = re.split(r"[,\n]", value)
    return [part.strip() for part in parts if part.strip()]
