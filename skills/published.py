"""``SKILL.md``: the published form of a skill, front matter and Markdown (Agent Skills specification).

What others wrote is taken as it is wherever that can be: a broken rule that does not keep a skill from
being used is a warning.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from seedsmith.skills.document import Document, DocumentError, parse

FIELDS = ("name", "description", "license", "compatibility", "allowed-tools", "metadata")
_CLIENT_FIELDS = frozenset(
    {
        "version",
        "author",
        "tags",
        "model",
        "argument-hint",
        "user-invocable",
        "disable-model-invocation",
        "hooks",
        "context",
        "agent",
    }
)
"""What single clients add; known so that they are not taken for misspelt."""
MOST_NAME = 64
MOST_DESCRIPTION = 1024
MOST_COMPATIBILITY = 500
_SCALAR_WITH_COLON = re.compile(r"^([A-Za-z][\w-]*): +(?![\"'|>\[{&*!])(.*: .*|.*:)$")


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule of the specification that is broken."""

    message: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Published:
    """What a ``SKILL.md`` says."""

    name: str
    description: str
    body: str
    license: str = ""
    compatibility: str = ""
    allowed_tools: str = ""
    """As it was written; what it names is pre-approved elsewhere, never narrowed, so it changes nothing."""
    metadata: tuple[tuple[str, str], ...] = ()
    broken: tuple[Broken, ...] = ()
    model_may_call: bool = True
    """False where ``disable-model-invocation`` says that only people may name it."""


def read_published(text: str, folder_name: str) -> Published:
    """Read a ``SKILL.md``; raises :class:`DocumentError` where no name or description can be had."""
    front, body, body_broken = _split(text)
    broken: list[Broken] = [*body_broken]
    try:
        document = parse(front, first_line=2, typed=False)
    except DocumentError as error:
        mended = "\n".join(_quoted(line) for line in front.split("\n"))
        try:
            document = parse(mended, first_line=2, typed=False)
        except DocumentError:
            raise error from None
        broken.append(Broken(str(error), error.line, error.column))
    fields = document.value
    if not isinstance(fields, dict):
        raise DocumentError("has front matter that is no mapping of keys to values", 2)
    description = _text(fields.get("description"))
    if not description:
        raise DocumentError("has no description in its front matter", *document.place(("description",)))
    name = _text(fields.get("name"))
    if not name:
        broken.append(
            Broken("has no name in its front matter: its folder's is taken", *document.place(("name",)))
        )
    broken += (Broken(*each) for each in document.unportable)
    broken += _rules(fields, document, folder_name)
    found = fields.get("metadata")
    metadata = found.items() if isinstance(found, dict) else ()
    return Published(
        name=unicodedata.normalize("NFKC", name) or folder_name,
        description=description,
        body=body,
        license=_text(fields.get("license")),
        compatibility=_text(fields.get("compatibility")),
        allowed_tools=_listed(fields.get("allowed-tools")),
        metadata=tuple((str(key), _text(value)) for key, value in metadata),
        broken=tuple(broken),
        model_may_call=_text(fields.get("disable-model-invocation")).lower() != "true",
    )


def _split(text: str) -> tuple[str, str, list[Broken]]:
    """The front matter, the body, and what is wrong with the split."""
    lines = text.split("\n")
    if not lines[0].startswith("---") or lines[0].strip("- \t"):
        raise DocumentError("does not begin with '---' and front matter")
    end = next((index for index, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        raise DocumentError("has front matter that no second '---' ends", len(lines))
    return "\n".join(lines[1:end]), "\n".join(lines[end + 1 :]).strip(), []


def _quoted(line: str) -> str:
    """A line whose value holds ': ' without quotes, which YAML forbids and many write."""
    match = _SCALAR_WITH_COLON.match(line)
    if match is None:
        return line
    value = match[2].replace("'", "''")
    return f"{match[1]}: '{value}'"


def _rules(fields: dict[str, Any], document: Document, folder_name: str) -> list[Broken]:
    broken: list[tuple[str, str]] = []
    for key in fields:
        if key not in FIELDS:
            known = "a field of other clients" if key in _CLIENT_FIELDS else "not in the specification"
            broken.append((key, f"has the field {key!r}, {known}: it is not used"))
    name = unicodedata.normalize("NFKC", _text(fields.get("name")))
    if name:
        broken += (("name", rule) for rule in _name_rules(name, folder_name))
    for key, most in (("description", MOST_DESCRIPTION), ("compatibility", MOST_COMPATIBILITY)):
        length = len(fields[key]) if isinstance(fields.get(key), str) else 0
        if length > most:
            broken.append((key, f"has a {key} of {length} characters, {most} is the most"))
    for key in ("name", "description", "compatibility"):
        if key in fields and not isinstance(fields[key], str):
            broken.append((key, f"has a {key} that is no text"))
    return [Broken(message, *document.place((key,))) for key, message in broken]


def _name_rules(name: str, folder_name: str) -> list[str]:
    rules = []
    if len(name) > MOST_NAME:
        rules.append(f"has a name of {len(name)} characters, {MOST_NAME} is the most")
    if name != name.lower():
        rules.append(f"has the name {name!r}, which is not all lower case")
    if name.startswith("-") or name.endswith("-") or "--" in name:
        rules.append(f"has the name {name!r}: hyphens stand alone and between other characters")
    if not all(character.isalnum() or character == "-" for character in name):
        rules.append(f"has the name {name!r}: only letters, digits and hyphens are allowed")
    if folder_name and unicodedata.normalize("NFKC", folder_name) != name:
        rules.append(f"has the name {name!r}, but its folder is called {folder_name!r}")
    return rules


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _listed(value: Any) -> str:
    return " ".join(str(each) for each in value) if isinstance(value, list) else _text(value)
