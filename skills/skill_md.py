"""``SKILL.md``: the published form of a skill, front matter and Markdown (Agent Skills specification).

Skills by others are accepted whenever possible: a broken rule that does not keep a skill from being used is
only a warning.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.skills.yaml_document import Document, DocumentError, parse

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
"""Fields that certain clients add; they are known here so that they don't count as misspelt."""
MOST_NAME = 64
MOST_DESCRIPTION = 1024
MOST_COMPATIBILITY = 500
_TEXTS = frozenset({"description", "license", "compatibility", "argument-hint"})
"""Fields whose values are free text, whatever YAML would make of them."""
_KEY = re.compile(r"([A-Za-z][\w-]*):(?:[ \t]+(?P<value>\S.*))?[ \t]*$")
_BLOCK_SCALAR = re.compile(r"[|>][-+0-9]*\s*(#.*)?")
_WORD_LOST = re.compile(r"^description:[ \t]+[!&](?![!\s])", re.MULTILINE)
_STRUCTURED = frozenset("\"'|>[{&*!")
"""What the value of another field may begin with for a reason."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A violated rule of the specification."""

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
    """As it was written. Elsewhere it names tools that need no approval; here it has no effect."""
    tools: str = ""
    """As it was written: the tools that an agent of its own would have."""
    metadata: tuple[tuple[str, str], ...] = ()
    broken: tuple[Broken, ...] = ()
    model_may_call: bool = True
    """False where ``disable-model-invocation`` says that only people may name it."""
    fork: bool = False
    """Whether ``context: fork`` says that a helper is to carry it out."""
    agent: str = ""
    """The kind of that helper."""


def read_published(text: str, folder_name: str) -> Published:
    """Read a ``SKILL.md``; raises :class:`DocumentError` where no name or description can be had."""
    front, body, body_broken = _split(text)
    broken: list[Broken] = [*body_broken]
    try:
        document = parse(front, first_line=2, typed=False)
        fault = _structured_text(document, front)
    except DocumentError as error:
        fault = error
    if fault is not None:
        try:
            document = parse(_mended(front), first_line=2, typed=False)
        except DocumentError:
            raise fault from None
        broken.append(Broken(str(fault), fault.line, fault.column))
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
        tools=_listed(fields.get("tools")),
        metadata=tuple((str(key), _text(value)) for key, value in metadata),
        broken=tuple(broken),
        model_may_call=_text(fields.get("disable-model-invocation")).lower() != "true",
        fork=(fork := _forks(fields)),
        agent=_text(fields.get("agent")) if fork else "",
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


def _structured_text(document: Document, front: str) -> DocumentError | None:
    """Why the description is no text though YAML takes it: brackets that it begins with make it a list.

    Of a word behind ``!`` or ``&`` that it begins with YAML leaves nothing.
    """
    fields = document.value
    if _WORD_LOST.search(front):
        place = document.place(("description",))
        return DocumentError("has a description that begins with an anchor or a tag", *place)
    if isinstance(fields, dict) and isinstance(fields.get("description"), list | dict):
        return DocumentError("has a description that is no text", *document.place(("description",)))
    return None


def _mended(front: str) -> str:
    """Front matter with those values in quotes that YAML forbids and many write, as plain text is meant.

    These hold ``: ``, on one line or wrapped, or begin with a character that YAML keeps for itself. Every
    line stays where it was.
    """
    lines = front.split("\n")
    mended: list[str] = []
    while lines:
        line = lines.pop(0)
        wrapped: list[str] = []
        key = _KEY.match(line)
        if key is not None:
            while lines and lines[0][:1] in (" ", "\t", ""):
                wrapped.append(lines.pop(0))
        value = None if key is None else _plain_text(key[1], key["value"] or "", wrapped)
        if key is None or value is None:
            mended += [line, *wrapped]
        else:
            quoted = value.replace("'", "''")
            mended += [f"{key[1]}: '{quoted}'", *("" for _ in wrapped)]
    return "\n".join(mended)


def _plain_text(key: str, first: str, wrapped: list[str]) -> str | None:
    """The value of ``key`` as the text it is meant as; None where it is to be left to YAML."""
    if key in _TEXTS:
        if _BLOCK_SCALAR.fullmatch(first) or _is_text("\n".join([f"{key}: {first}", *wrapped])):
            return None
        return " ".join(part for each in (first, *wrapped) if (part := each.strip())) or None
    stands_alone = first and not any(each.strip() for each in wrapped)
    return first if stands_alone and first[0] not in _STRUCTURED and not _is_text(f"{key}: {first}") else None


def _is_text(entry: str) -> bool:
    if _WORD_LOST.match(entry):
        return False
    try:
        value = parse(entry, typed=False).value
    except DocumentError:
        return False
    return isinstance(value, dict) and len(value) == 1 and isinstance(next(iter(value.values())), str)


def _rules(fields: dict[str, Any], document: Document, folder_name: str) -> list[Broken]:
    broken: list[tuple[str, str]] = []
    used = {"disable-model-invocation", *(("context", "agent") if _forks(fields) else ())}
    for key in fields:
        if key not in FIELDS:
            known = "a field of other clients" if key in _CLIENT_FIELDS else "not in the specification"
            unused = "" if key in used else ": it is not used"
            broken.append((key, f"has the field {key!r}, {known}{unused}"))
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


def _forks(fields: dict[str, Any]) -> bool:
    return _text(fields.get("context")).lower() == "fork"


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
