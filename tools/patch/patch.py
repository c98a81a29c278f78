"""The patch tool: apply a diff over several files, all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from types import MappingProxyType

from pydantic import Field

from seedsmith.sandbox.workspace.workspace import digest
from seedsmith.tools.base import Access, JsonObject, Seen, ToolContext, ToolResult
from seedsmith.tools.content.loading import in_thread, writes
from seedsmith.tools.content.syntax import newly_broken, warning
from seedsmith.tools.files.large_files import NotPlain
from seedsmith.tools.patch.atomic_write import commit
from seedsmith.tools.patch.begin_patch import is_begin_patch, parse_begin_patch
from seedsmith.tools.patch.file_patch import Action, FilePatch, PatchError
from seedsmith.tools.patch.lenient_arguments import with_path
from seedsmith.tools.patch.patch_large import patch_large
from seedsmith.tools.patch.plan import Change, Plan, make_plan
from seedsmith.tools.patch.unified import parse_unified
from seedsmith.tools.pydantic_tool import Parameters, PydanticTool, Text
from seedsmith.tools.text import count, shown_path

_CHECKED_FILES = 20
"""Whether a file parses is found out for this many files of a patch."""
_SHOWN_FILES = 50


class PatchParameters(Parameters):
    """The patch, as one text."""

    patch: Text = Field(description="As git writes it; or '*** Begin Patch' … '*** End Patch'.")

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Take a file that is named besides for the one the patch is about, where it can be."""
        return with_path(values)

    @cached_property
    def files(self) -> tuple[FilePatch, ...]:
        """What the patch does, read once; raises :class:`PatchError` where it can't be read."""
        parse = parse_begin_patch if is_begin_patch(self.patch) else parse_unified
        files = parse(self.patch)
        if not files:
            raise PatchError(
                "The patch holds no change to a file: write a diff with '--- a/FILE', '+++ b/FILE' and "
                "hunks, or '*** Begin Patch'; nothing was changed."
            )
        return files


class PatchTool(PydanticTool[PatchParameters]):
    """Applies git's diffs as ``git apply`` does, but stricter: no place in doubt, no link followed."""

    name = "patch"
    description = (
        "Create, delete, rename, copy or edit files by one diff, all or nothing. Hunks may have moved, but "
        "must fit exactly."
    )
    parameters = PatchParameters

    def access(self, parsed: PatchParameters) -> Access:
        """Every file the patch names; of copies the source is only read."""
        reads: set[str] = set()
        written: set[str] = set()
        for file in parsed.files:
            touched = [writes(file.path)]
            if file.source is not None:
                source = writes(file.source)
                reads |= source.reads
                touched += [source] if file.action is not Action.COPY else []
            for access in touched:
                reads |= access.reads
                written |= access.writes
        return Access(frozenset(reads), frozenset(written))

    async def run(self, parsed: PatchParameters, context: ToolContext) -> ToolResult:
        """Plan the whole, check it, then write all files."""
        with suppress(NotPlain):
            return _result((await in_thread(lambda: patch_large(parsed.files, context)),), {})
        plan = await in_thread(lambda: make_plan(parsed.files, context))
        faults: dict[str, str] = {}
        for path, before, after in _checked_contents(plan):
            fault = await newly_broken(path, before, after, context.processes)
            if fault:
                faults[path] = fault
        await in_thread(lambda: _write(plan, context))
        return _result(plan.changes, faults, _notes(parsed.files, plan))


def _checked_contents(plan: Plan) -> list[tuple[str, bytes | None, bytes]]:
    """The files worth parsing: those whose content is new, as they are before and after the whole patch."""
    contents: dict[str, tuple[str, bytes | None, bytes]] = {}
    for change in plan.changes:
        if change.after is not None and change.after != change.before:
            before = contents[change.path][1] if change.path in contents else change.before
            contents[change.path] = (change.path, before, change.after)
    return list(contents.values())[:_CHECKED_FILES]


def _write(plan: Plan, context: ToolContext) -> None:
    """Write all files and note them as seen; large ones are digested beside the writing."""
    tree, seen = plan.tree, context.seen
    known = {change.path for change in plan.changes if change.source is None or change.source in seen}
    known |= seen.keys() - tree.left
    known -= tree.unlike_seen
    known -= {change.path for change in plan.changes if change.source in tree.unlike_seen}
    with ThreadPoolExecutor(1) as beside:
        digests = {
            path: beside.submit(digest, arrival.data)
            for path, arrival in tree.arrivals.items()
            if path in known
        }
        commit(plan, context.workspace)
        for path in tree.left:
            seen.pop(path, None)
        for path, after in digests.items():
            seen[path] = Seen(after.result())


def _result(
    changes: Sequence[Change],
    faults: dict[str, str],
    notes: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> ToolResult:
    done = f"patched {count(len({change.path for change in changes}), 'file')}"
    lines = [_change_line(change, notes.get(change.path, ())) for change in changes[:_SHOWN_FILES]]
    if len(changes) > _SHOWN_FILES:
        lines.append(f"[{count(len(changes) - _SHOWN_FILES, 'more file')} not shown]")
    created = {change.path for change in changes if change.action is Action.CREATE}
    warnings = [f"{shown_path(path)}: {warning(fault, path in created)}" for path, fault in faults.items()]
    data = {
        "files": [_as_data(change, faults.get(change.path)) for change in changes],
        "diff": "".join(change.diff for change in changes),
    }
    broken = f", {count(len(faults), 'file')} of which no longer parse" if faults else ""
    return ToolResult(True, "\n".join([done, *lines, *warnings]), data, summary=done + broken)


def _notes(files: Sequence[FilePatch], plan: Plan) -> dict[str, list[str]]:
    """What else there is to say of files, by the path they have afterwards."""
    notes: dict[str, list[str]] = {}
    for change in plan.changes:
        if (change.source or change.path) in plan.tree.unlike_seen:
            notes[change.path] = ["the file had changed since you last saw it"]
    for file, change in zip(files, plan.changes, strict=True):
        wrong = [str(number) for number, hunk in enumerate(file.hunks, 1) if hunk.recounted]
        if wrong:
            note = f"the line counts in the header of hunk {', '.join(wrong)} were wrong and are put right"
            notes.setdefault(change.path, []).append(note)
    return notes


def _change_line(change: Change, more: Sequence[str]) -> str:
    """Say in one line what happened to a file, and where hunks were not where the patch said."""
    names = [shown_path(name) for name in (change.source, change.path) if name is not None]
    text = f"{change.action.value} {' to '.join(dict.fromkeys(names))}"
    notes = []
    if change.hunks:
        notes.append(count(len(change.hunks), "hunk"))
    moved = [
        f"hunk {number} at line {hunk.line}, {hunk.offset:+d}"
        for number, hunk in enumerate(change.hunks, 1)
        if hunk.offset
    ]
    notes += moved
    if change.executable is not None:
        notes.append("executable" if change.executable else "not executable")
    if change.encoding:
        notes.append(f"in its encoding, {change.encoding}")
    notes += more
    return f"{text}: {'; '.join(notes)}" if notes else text


def _as_data(change: Change, fault: str | None) -> JsonObject:
    return {
        "path": change.path,
        "source": change.source,
        "action": change.action.value,
        "hunks": [{"line": hunk.line, "offset": hunk.offset} for hunk in change.hunks],
        "executable": change.executable,
        "syntax": fault,
    }
