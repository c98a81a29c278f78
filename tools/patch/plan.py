"""Computes the result of a patch before anything is written."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import ToolContext
from seedsmith.tools.content.difference import unified_diff, whole_replacement
from seedsmith.tools.content.encodings import UTF_8, Encoding, decode_text, describe_binary
from seedsmith.tools.content.file_lookup import resolved
from seedsmith.tools.content.loading import (
    MAX_TEXT_BYTES,
    TextFile,
    changed_since,
    check_encodable,
    refuse_protected,
)
from seedsmith.tools.patch.file_patch import Action, FilePatch, Hunk, PatchError, joined
from seedsmith.tools.patch.hunk_placing import Document, NotPlaced, Placed, place_hunks
from seedsmith.tools.patch.patched_tree import Arrival, PatchedTree
from seedsmith.tools.text import human_bytes, shown_path

_LEAST_BLOB_DIGITS = 7
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one file: ``before`` is the content it comes from, ``after`` what it becomes.

    Both are None where the content was never held whole.
    """

    action: Action
    path: str
    source: str | None
    before: bytes | None
    after: bytes | None
    hunks: tuple[Placed, ...]
    executable: bool | None
    """Set where the patch makes the file executable or takes that away."""
    encoding: str
    """What to call the file's encoding; empty for plain UTF-8."""
    diff: str
    """For people: what changed in the text; empty where nothing did."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A patch that applies: what happens to each file, and what is to be written."""

    changes: tuple[Change, ...]
    tree: PatchedTree


@dataclass(frozen=True, slots=True)
class _Patched:
    """The outcome of placing a file's hunks."""

    data: bytes
    placed: tuple[Placed, ...] = ()
    encoding: str = ""
    diff: str = ""


def make_plan(files: Sequence[FilePatch], context: ToolContext) -> Plan:
    """Check everything and write nothing; raises an error on any doubt about any file."""
    relative = partial(resolved, context.workspace)
    named = [
        replace(file, path=relative(file.path), source=None if file.source is None else relative(file.source))
        for file in files
    ]
    leaving = frozenset(
        file.source for file in named if file.source and file.action in (Action.DELETE, Action.RENAME)
    )
    tree = PatchedTree(context, leaving)
    changes = tuple(_plan_file(file, tree) for file in named)
    tree.check_arrivals()
    return Plan(changes, tree)


def _plan_file(file: FilePatch, tree: PatchedTree) -> Change:
    changed = (file.path,) if file.source is None or file.action is Action.COPY else (file.source, file.path)
    for name in changed:
        refuse_protected(tree.context.workspace, name)
    if file.source is None or (file.may_be_new and not tree.exists(file.source)):
        return _plan_new(file, tree)
    path, source, executable = file.path, file.source, file.executable
    if file.action in (Action.RENAME, Action.COPY):
        original = tree.original(source)
        patched = _patch(source, original.data, file)
        if file.action is Action.RENAME:
            tree.leave(source, moved=True)
        tree.arrive(path, Arrival(patched.data, original.mode, executable))
        before = original.data
    elif file.action is Action.DELETE:
        before = tree.read(source)
        if file.any_content and source in tree.unlike_seen:
            raise PatchError(
                f"{changed_since(source)}: read it again before it is deleted; nothing was changed."
            )
        _patch_away(source, before, file)
        tree.leave(source)
        return Change(file.action, path, source, before, None, (), None, "", "")
    else:
        before = tree.read(source)
        patched = _patch(source, before, file)
        tree.change(path, Arrival(patched.data, None, executable))
    return Change(
        file.action,
        path,
        source,
        before,
        patched.data,
        patched.placed,
        executable,
        patched.encoding,
        patched.diff,
    )


def _plan_new(file: FilePatch, tree: PatchedTree) -> Change:
    text = "".join(joined(hunk.new) for hunk in file.hunks)
    data = UTF_8.encode(text)
    tree.arrive(file.path, Arrival(data, None, file.executable))
    diff = unified_diff(file.path, "", [whole_replacement("", text)], created=True) if text else ""
    executable = file.executable or None
    return Change(Action.CREATE, file.path, None, None, data, (), executable, "", diff)


def _patch(path: str, data: bytes, file: FilePatch) -> _Patched:
    """Return the content after the hunks; tries the bytes as they are, then the file's own line ends."""
    if not file.hunks:
        return _Patched(data)
    encoding, text = _decoded(path, data)
    # The byte order mark counts as a character first: a patch that git made shows it, and may change it.
    with_mark = replace(encoding, bom=b"")
    text_file = TextFile(path, data, with_mark, with_mark.decode(data) if encoding.bom else text)
    try:
        document = Document(path, text_file.text, known=_is_blob(data, file.old_blob))
        placed = place_hunks(document, file.hunks)
    except NotPlaced:
        if not _may_be_loose(file.hunks):
            raise
        text_file = TextFile(path, data, encoding, text)
        placed = place_hunks(Document(path, text_file.text, loose=True), file.hunks)
    replacements = [each.replacement for each in placed]
    for each in replacements:
        check_encodable(text_file, each.new)
    changed = [each for each in replacements if each.end > each.start or each.new]
    diff = unified_diff(path, text_file.text, changed) if changed else ""
    return _Patched(text_file.splice(replacements), placed, encoding.label, diff)


def _patch_away(path: str, data: bytes, file: FilePatch) -> None:
    """Raise :class:`PatchError` unless the patch's removed lines are all that the file to delete holds."""
    if not file.hunks:
        if file.any_content or not data:
            return
        raise PatchError(
            f"The patch deletes {shown_path(path)} as an empty file, but it holds "
            f"{human_bytes(len(data))}; nothing was changed."
        )
    if _patch(path, data, file).data not in (b"", *_MARKS):
        raise PatchError(
            f"The patch deletes {shown_path(path)}, but the file holds more than the lines the patch "
            "removes; nothing was changed."
        )


def _decoded(path: str, data: bytes) -> tuple[Encoding, str]:
    """Return a text file's encoding, and its text without the BOM.

    Raises :class:`PatchError` for binary and very large files.
    """
    name = shown_path(path)
    if len(data) > MAX_TEXT_BYTES:
        raise PatchError(
            f"{name} has {human_bytes(len(data))}, and patch takes files up to "
            f"{human_bytes(MAX_TEXT_BYTES)}: use shell (git apply) for it."
        )
    decoded = decode_text(data)
    if decoded is None:
        raise PatchError(f"{name} is {describe_binary(data)}, and patch changes text only: use shell for it.")
    return decoded


def _may_be_loose(hunks: Sequence[Hunk]) -> bool:
    """Whether line ends may be left to the file: not where the patch itself tells CRLF from LF."""
    if any(hunk.start is None for hunk in hunks):
        return True
    ends = {line.text.endswith("\r") for hunk in hunks for line in hunk.lines if line.ended}
    return len(ends) <= 1


def _is_blob(data: bytes, name: str) -> bool:
    """Whether git calls ``data`` by a name beginning with ``name``, in either of its hashes."""
    if len(name) < _LEAST_BLOB_DIGITS:
        return False
    for algorithm in ("sha1", "sha256"):
        blob = hashlib.new(algorithm, b"blob %d\0" % len(data), usedforsecurity=False)
        blob.update(data)
        if blob.hexdigest().startswith(name):
            return True
    return False
