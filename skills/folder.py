"""Reading one skill's folder: its manifest in either form, its files, its digest."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from seedsmith.sandbox.errors import FileTooLarge, OutsideWorkspace, PathError, WorkspaceError
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.skills.errors import ManifestError, SkillError
from seedsmith.skills.manifest import MOST_INSTRUCTIONS, InstructionsFile, Manifest, TestSpec
from seedsmith.skills.manifest_errors import faults
from seedsmith.skills.published import read_published
from seedsmith.skills.skill import BrokenSkill, Origin, Skill
from seedsmith.skills.yaml_document import MOST_BYTES, Document, DocumentError, decode, parse

if TYPE_CHECKING:
    import io

OWN_FORM = "skill.yaml"
PUBLISHED_FORM = "SKILL.md"
FORMS = (OWN_FORM, PUBLISHED_FORM, "skill.md", "skill.yml")
"""Manifest names; the first that is there is read."""
RECORDINGS = "tests"
"""Folder of a skill for the recordings that its manifest does not name."""
MOST_FILES = 2000
MOST_FILE_BYTES = 20 << 20
_LEADS_OUT = "which leads out of the skill's folder"
_IGNORED = frozenset({".git", "__pycache__", ".DS_Store", "node_modules"})


def find_manifest(folder: Path) -> Path | None:
    """The manifest in ``folder``, if there is one."""
    return next((folder / name for name in FORMS if (folder / name).is_file()), None)


def read_skill(folder: Path, origin: Origin) -> Skill | BrokenSkill:
    """Read the skill in ``folder``, which has a manifest; never raises for what is wrong with it."""
    manifest = find_manifest(folder)
    if manifest is None:
        missing = ManifestError(folder, f"there is neither {OWN_FORM} nor {PUBLISHED_FORM} in this folder")
        return BrokenSkill(folder.name, folder, origin, (missing,))
    try:
        with Workspace(folder) as opened:
            reader = _own if manifest.name in (OWN_FORM, "skill.yml") else _published
            return reader(opened, manifest, origin)
    except DocumentError as error:
        located = ManifestError(manifest, str(error), error.line, error.column)
    except ManifestError as error:
        located = error
    except _Faults as error:
        return BrokenSkill(folder.name, folder, origin, error.found)
    except (PathError, WorkspaceError, OSError) as error:
        located = ManifestError(manifest, str(error))
    return BrokenSkill(folder.name, folder, origin, (located,))


def read_file(skill: Skill, path: str) -> bytes:
    """One of the skill's files; raises :class:`PathError` for anything outside its folder."""
    with Workspace(skill.folder) as opened:
        return opened.read_bytes(path, cap=MOST_FILE_BYTES)


def list_files(skill: Skill) -> tuple[str, ...]:
    """What may be read with ``skill``, relative to its folder, but for its manifest."""
    if skill.files is not None:
        return skill.files
    with Workspace(skill.folder) as opened:
        return tuple(path for path in _walk(opened) if path != skill.manifest.name)


def recording_path(skill: Skill, test: TestSpec) -> Path:
    """Where the recording of ``test`` is, or is to be."""
    return skill.folder / _recording(test)


def digest(folder: Path) -> str:
    """SHA-256 over the names and contents of every file in ``folder``: what trust is bound to.

    Raises :class:`PathError` for links that lead out of it, or more than it may hold.
    """
    whole = hashlib.sha256()
    with Workspace(folder) as opened:
        for path in _walk(opened, ignored=frozenset()):
            with opened.open_read(path) as file:
                inner = hashlib.file_digest(cast("io.BufferedReader", file), "sha256").hexdigest()
            whole.update(f"{inner} {path}\0".encode("utf-8", "surrogateescape"))  # no name holds a NUL
    return whole.hexdigest()


def check_unchanged(skill: Skill) -> None:
    """Raise :class:`SkillError` where a repository's skill is no longer what was trusted.

    Asked before anything of it runs: a session may have changed its files meanwhile.
    """
    if not skill.digest:
        return
    try:
        same = digest(skill.folder) == skill.digest
    except (PathError, WorkspaceError, OSError):
        same = False
    if not same:
        raise SkillError(
            f"The skill {skill.name!r} was changed since it was trusted: nothing of it runs before "
            f"`seedsmith skills trust {skill.name}`."
        )


class _Faults(Exception):
    """Everything that the schema finds wrong."""

    def __init__(self, found: tuple[ManifestError, ...]) -> None:
        super().__init__(str(found[0]))
        self.found = found


def _own(opened: Workspace, file: Path, origin: Origin) -> Skill:
    document = parse(decode(opened.read_bytes(file.name, limit=MOST_BYTES + 1)))
    if document.value is None:
        raise ManifestError(file, "is empty")
    try:
        manifest = Manifest.model_validate(document.value)
    except ValidationError as error:
        raise _Faults(tuple(faults(error, document, file, Manifest))) from None
    folder = file.parent
    for key, path in _named_files(manifest):
        if (wrong := _what_is_wrong(opened, path)) is not None:
            raise ManifestError(file, f"names {path!r}, {wrong}", *document.place(key))
    for index, test in enumerate(manifest.tests):  # a recording need not be there, but must stay inside
        if (wrong := _what_is_wrong(opened, path := _recording(test))) == _LEADS_OUT:
            said = f"has its recording at {path!r}, {wrong}"
            raise ManifestError(file, said, *document.place(("tests", index, "recording")))
    instructions = manifest.instructions
    if isinstance(instructions, InstructionsFile):
        instructions = _instructions(opened, file, instructions.file, document)
    warnings = []
    if folder.name != manifest.name:
        line, column = document.place(("name",))
        said = f"has the name {manifest.name!r}, but its folder is called {folder.name!r}"
        warnings.append(ManifestError(file, said, line, column))
    return Skill(
        name=manifest.name,
        description=manifest.description.strip(),
        instructions=instructions.strip(),
        folder=folder,
        manifest=file,
        origin=origin,
        version=manifest.version,
        license=manifest.license or "",
        triggers=tuple(manifest.triggers),
        parameters=manifest.parameters,
        tools=tuple(manifest.tools) if manifest.tools is not None else None,
        commands=manifest.commands,
        files=tuple(manifest.files),
        model=manifest.model,
        verify=manifest.verify or "",
        budget=manifest.budget,
        hooks=manifest.hooks,
        requires=tuple(manifest.requires),
        tests=tuple(manifest.tests),
        warnings=tuple(warnings),
    )


def _instructions(opened: Workspace, manifest: Path, path: str, document: Document) -> str:
    """The text of the file that holds the instructions; raises :class:`ManifestError`."""
    place = document.place(("instructions", "file"))
    try:
        text = decode(opened.read_bytes(path, limit=MOST_BYTES + 1))
    except DocumentError as error:
        raise ManifestError(manifest.with_name(path), str(error), error.line, error.column) from None
    except (PathError, OSError) as error:
        raise ManifestError(manifest, f"names {path!r}, which can't be read: {error}", *place) from None
    if not text.strip():
        raise ManifestError(manifest, f"names {path!r}, which is empty", *place)
    if len(text) > MOST_INSTRUCTIONS:
        said = f"names {path!r}, which has {len(text):,} characters, {MOST_INSTRUCTIONS:,} is the most"
        raise ManifestError(manifest, said, *place)
    return text


def _published(opened: Workspace, file: Path, origin: Origin) -> Skill:
    text = decode(opened.read_bytes(file.name, limit=MOST_BYTES + 1))
    found = read_published(text, opened.root.name)
    metadata = dict(found.metadata)
    return Skill(
        name=found.name,
        description=found.description,
        instructions=found.body or found.description,
        folder=file.parent,
        manifest=file,
        origin=origin,
        version=metadata.get("version", ""),
        license=found.license,
        compatibility=found.compatibility,
        model_may_call=found.model_may_call,
        warnings=tuple(ManifestError(file, each.message, each.line, each.column) for each in found.broken),
    )


def _recording(test: TestSpec) -> str:
    slug = re.sub(r"[^\w-]+", "-", test.name).strip("-").lower() or "test"
    return test.recording or f"{RECORDINGS}/{slug}.jsonl"


def _named_files(manifest: Manifest) -> list[tuple[tuple[str | int, ...], str]]:
    """Every path the manifest names, with the key it stands under."""
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("files", index), path) for index, path in enumerate(manifest.files)
    ]
    if isinstance(manifest.instructions, InstructionsFile):
        named.append((("instructions", "file"), manifest.instructions.file))
    for index, test in enumerate(manifest.tests):
        named += [
            (("tests", index, key), path)
            for key, path in (("workspace", test.workspace), ("uncommitted", test.uncommitted))
            if path
        ]
    return named


def _what_is_wrong(opened: Workspace, path: str) -> str | None:
    try:
        return None if opened.exists(path) else "which is not in the skill's folder"
    except OutsideWorkspace:
        return _LEADS_OUT


def _walk(opened: Workspace, *, ignored: frozenset[str] = _IGNORED) -> list[str]:
    """Every file of the folder, sorted; raises :class:`PathError` for links that lead out of it."""
    found: list[str] = []
    folders = ["."]
    while folders:
        folder = folders.pop()
        for entry in opened.list_folder(folder):
            path = entry.name if folder == "." else f"{folder}/{entry.name}"
            if entry.name in ignored:
                continue
            if entry.kind == "folder":
                folders.append(path)
            else:
                opened.stat(path)  # a link must lead to something inside
                found.append(path)
        if len(found) + len(folders) > MOST_FILES:
            raise FileTooLarge(f"The folder of a skill may hold {MOST_FILES} files; this one holds more.")
    return sorted(found)
