"""Reads one skill's folder: its manifest in either form, its files, its digest."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from seedsmith.sandbox.errors import FileTooLarge, OutsideWorkspace, PathError, WorkspaceError
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.skills.errors import ManifestError, SkillError
from seedsmith.skills.manifest import MOST_INSTRUCTIONS, InstructionsFile, Manifest, TestSpec
from seedsmith.skills.manifest_errors import fault_paths, faults
from seedsmith.skills.skill import BrokenSkill, Origin, Skill
from seedsmith.skills.skill_md import read_published
from seedsmith.skills.yaml_document import MOST_BYTES, Document, DocumentError, decode, parse

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

OWN_FORM = "skill.yaml"
PUBLISHED_FORM = "SKILL.md"
FORMS = (OWN_FORM, PUBLISHED_FORM, "skill.md", "skill.yml")
"""Manifest names; the first one that exists is read."""
RECORDINGS = "tests"
"""Folder of a skill for the recordings that its manifest does not name."""
MOST_FILES = 2000
MOST_FILE_BYTES = 20 << 20
_NEEDED = {"name": "unnamed", "description": "none", "instructions": "none"}
"""What stands for a key that must be there, while the rest is looked at."""
_LEADS_OUT = "which leads out of the skill's folder"
_IGNORED = frozenset({".git", "__pycache__", ".DS_Store", "node_modules"})


def find_manifest(folder: Path) -> Path | None:
    """The manifest in ``folder``, if there is one."""
    return next((folder / name for name in FORMS if (folder / name).is_file()), None)


def read_skill(folder: Path, origin: Origin) -> Skill | BrokenSkill:
    """Read the skill in ``folder``, which has a manifest; never raises for errors in it."""
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
    """The files that may be read with ``skill``, relative to its folder, without its manifest."""
    if skill.files is not None:
        return skill.files
    with Workspace(skill.folder) as opened:
        return tuple(path for path in _walk(opened) if path != skill.manifest.name)


def recording_path(skill: Skill, test: TestSpec) -> Path:
    """The path of the recording of ``test``, whether it exists or not."""
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


def identity(skill: Skill) -> str:
    """What trust in ``skill`` is bound to: its folder's :func:`digest`, or that of its only file."""
    if not skill.alone:
        return digest(skill.folder)
    with Workspace(skill.folder) as opened:
        content = opened.read_bytes(skill.manifest.name, cap=MOST_FILE_BYTES)
    return hashlib.sha256(b"alone " + skill.name.encode() + b"\0" + content).hexdigest()


def check_unchanged(skill: Skill) -> None:
    """Raise :class:`SkillError` where a repository's skill is no longer what was trusted.

    Called before anything of it runs, since a session may have changed its files.
    """
    if not skill.digest:
        return
    try:
        same = identity(skill) == skill.digest
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
    manifest, found = _read_manifest(document, file)
    folder = file.parent
    instructions = ""
    if manifest is not None:
        found += _faulty_paths(opened, file, manifest, document)
        instructions, unreadable = _instructions_or_fault(opened, file, manifest, document)
        found += unreadable
    if found or manifest is None:
        once = {str(each): each for each in found}.values()
        ordered = sorted(once, key=lambda each: (each.line, each.column))
        raise _Faults(tuple(ordered))
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
        fork=manifest.context == "fork",
        agent=manifest.agent or "",
        hooks=manifest.hooks,
        requires=tuple(manifest.requires),
        tests=tuple(manifest.tests),
        warnings=tuple(warnings),
    )


def _read_manifest(document: Document, file: Path) -> tuple[Manifest | None, list[ManifestError]]:
    """What the manifest says, and all that is wrong with its form.

    Keys that are wrong are taken out, so that the rest is read, too: None where nothing can be. What only the
    whole shows is looked at once its parts are right.
    """
    found: list[ManifestError] = []
    value = document.value
    while True:
        try:
            return Manifest.model_validate(value), found
        except ValidationError as error:
            found += faults(error, document, file, Manifest)
            paths = [path for path in fault_paths(error, document) if path]
        if not isinstance(value, dict) or not paths:
            return None, found
        if (left := _without(value, paths)) == value:
            return None, found
        value = left


def _without(value: dict[str, Any], paths: list[tuple[int | str, ...]]) -> dict[str, Any]:
    """``value`` without the keys, and of its tests without those, that ``paths`` lead to."""
    wrong = {path[0] for path in paths if path[0] != "tests" or len(path) == 1}
    if "parameters" in wrong:
        wrong.add("verify")  # which names them
    left = {key: part for key, part in value.items() if key not in wrong}
    left |= {key: part for key, part in _NEEDED.items() if key in wrong}
    numbers = {path[1] for path in paths if path[0] not in wrong and len(path) > 1}
    if numbers:
        kept = enumerate(value["tests"])
        left["tests"] = [{"name": f"left out: {at}"} if at in numbers else each for at, each in kept]
    return left


def _faulty_paths(
    opened: Workspace, file: Path, manifest: Manifest, document: Document
) -> Iterator[ManifestError]:
    for key, path in _named_files(manifest):
        if (wrong := _what_is_wrong(opened, path)) is not None:
            yield ManifestError(file, f"names {path!r}, {wrong}", *document.place(key))
    for index, test in enumerate(manifest.tests):  # a recording need not be there, but must stay inside
        if (wrong := _what_is_wrong(opened, path := _recording(test))) == _LEADS_OUT:
            said = f"has its recording at {path!r}, {wrong}"
            yield ManifestError(file, said, *document.place(("tests", index, "recording")))


def _instructions_or_fault(
    opened: Workspace, file: Path, manifest: Manifest, document: Document
) -> tuple[str, list[ManifestError]]:
    """The instructions, or why they can't be had, where that isn't told already."""
    if not isinstance(manifest.instructions, InstructionsFile):
        return manifest.instructions, []
    path = manifest.instructions.file
    try:
        return ("" if _what_is_wrong(opened, path) else _instructions(opened, file, path, document)), []
    except ManifestError as error:
        return "", [error]


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
        fork=found.fork,
        agent=found.agent,
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
