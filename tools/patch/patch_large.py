"""Patches one large file if every hunk is exactly where it says; other cases are left to the general code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seedsmith.tools.base import ToolContext, ToolError
from seedsmith.tools.content.difference import unified_diff_of_parts
from seedsmith.tools.content.file_lookup import resolved
from seedsmith.tools.files.large_files import (
    Changed,
    Excerpt,
    NotPlain,
    Span,
    encoding_of,
    excerpts,
    find_lines,
    opened,
    write,
)
from seedsmith.tools.patch.file_patch import Action, FilePatch, Hunk, joined
from seedsmith.tools.patch.hunk_placing import Document, Placed, place_hunks
from seedsmith.tools.patch.patched_tree import PatchedTree
from seedsmith.tools.patch.plan import Change


def patch_large(files: Sequence[FilePatch], context: ToolContext) -> Change:
    """Patch the one large file that ``files`` name, and return what happened to it.

    Raises :class:`NotPlain` on any doubt, with nothing changed: :func:`make_plan`
    decides then what to do or to say. Content is compared where a hunk's line number leads, so that the
    rest of the file is only looked at for being plain text.
    """
    if len(files) != 1:
        raise NotPlain
    (file,) = files
    lines = [hunk.start - 1 for hunk in file.hunks if hunk.start and hunk.old]
    if any(hunk.recounted for hunk in file.hunks):
        raise NotPlain
    if file.action is not Action.CHANGE or file.executable is not None:
        raise NotPlain
    if not lines or len(lines) < len(file.hunks) or lines != sorted(lines):
        raise NotPlain
    path = resolved(context.workspace, file.path)
    try:
        PatchedTree(context, frozenset()).check_regular(path)
        with opened(context, path) as large:
            encoding = encoding_of(large)
            spans = [
                Span(start, start + len(joined(hunk.old).encode()), line)
                for hunk, line, start in zip(file.hunks, lines, find_lines(large, lines), strict=True)
            ]
            placed: list[Placed] = []
            changes: list[Changed] = []
            for excerpt in excerpts(large, 0, spans):  # the BOM counts as a character, as git shows it
                here = [hunk for hunk, span in zip(file.hunks, spans, strict=True) if excerpt.holds(span)]
                found = _place(path, excerpt, here)
                placed += [replace(each, line=each.line + excerpt.lines_before) for each in found]
                changes.append(Changed(excerpt, tuple(each.replacement for each in found)))
            diff = unified_diff_of_parts(path, [change.part for change in changes])
            write(context, path, large, changes)
    except ToolError:
        raise NotPlain from None
    return Change(Action.CHANGE, path, path, None, None, tuple(placed), None, encoding.label, diff)


def _place(path: str, excerpt: Excerpt, hunks: Sequence[Hunk]) -> tuple[Placed, ...]:
    """Place ``hunks`` in ``excerpt``; raises :class:`NotPlain` if one is not where it says.

    Elsewhere it might be more than once.
    """
    shifted = [replace(hunk, start=(hunk.start or 0) - excerpt.lines_before) for hunk in hunks]
    placed = place_hunks(Document(path, excerpt.text), shifted)
    if any(each.offset for each in placed):
        raise NotPlain
    return placed
