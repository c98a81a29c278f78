"""The edit tool: replace text in a file without touching a byte around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

from pydantic import Field, model_validator

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.workspace import digest
from seedsmith.tools.arguments import whole_number
from seedsmith.tools.base import Access, JsonObject, Seen, ToolContext, ToolError, ToolResult
from seedsmith.tools.content.difference import Replacement, short_diff, unified_diff, unified_diff_of_parts
from seedsmith.tools.content.encodings import UTF_8
from seedsmith.tools.content.file_lookup import not_found, resolved
from seedsmith.tools.content.loading import (
    TextFile,
    changed_since,
    check_encodable,
    has_changed,
    in_thread,
    load_text,
    writes,
)
from seedsmith.tools.content.syntax import newly_broken, warning
from seedsmith.tools.files.large_files import (
    Changed,
    NotPlain,
    encoding_of,
    excerpts,
    find_once,
    opened,
    write,
)
from seedsmith.tools.files.matching import ENOUGH, Found, Rung, find, line_number
from seedsmith.tools.files.nearest import explain
from seedsmith.tools.files.omissions import find_omission
from seedsmith.tools.pydantic_tool import Parameters, PathText, PydanticTool, Text
from seedsmith.tools.text import count, escape, shown_path, unescape

_EXPECTED = ("expected_replacements", "expected_occurrences", "count", "occurrences")
_BLOCKS = ("diff", "blocks", "search_replace")
_BLOCK = re.compile(
    r"^[ \t]*<{5,9} ?SEARCH[^\n]*\n(?::start_line:[^\n]*\n|:end_line:[^\n]*\n)*(?:-{5,9}\n)?"
    r"(?P<old>(?:(?!={5,9}$|<{5,9} ?SEARCH|>{5,9} ?REPLACE)[^\n]*\n)*)={5,9}[ \t]*\n"
    r"(?P<new>(?:(?!={5,9}$|<{5,9} ?SEARCH|>{5,9} ?REPLACE)[^\n]*\n)*)>{5,9} ?REPLACE[ \t]*(?:\n|\Z)\s*",
    re.MULTILINE,
)
"""A replacement as Aider, Cline and Roo have it written."""
_REPLACES = ("str_replace", "replace", "edit")
_MARK = "\ufeff"


def _as_expected(values: JsonObject) -> JsonObject:
    """``values`` without the number of places, where that is one."""
    once = not values.get("replace_all")
    return {
        name: value
        for name, value in values.items()
        if not (once and name in _EXPECTED and whole_number(value) == 1)
    }


def _in_blocks(values: JsonObject) -> JsonObject:
    """``values`` with a text that is nothing but blocks of a search and its replacement as edits."""
    name = next((name for name in _BLOCKS if isinstance(values.get(name), str)), None)
    if name is None or values.keys() & {"old", "new", "edits"}:
        return values
    text, edits, position = values[name].lstrip(), [], 0
    while found := _BLOCK.match(text, position):
        edits.append({"old": found["old"], "new": found["new"]})
        position = found.end()
    rest = {other: value for other, value in values.items() if other != name}
    return {**rest, "edits": edits} if edits and position == len(text) else values


class Edit(Parameters):
    """One replacement."""

    old: Text
    new: Text
    replace_all: bool = False

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Take the number of places expected for what it says, where it says what happens anyway."""
        return _as_expected(values)


class EditParameters(Parameters):
    """One replacement by ``old`` and ``new``, or several by ``edits``."""

    path: PathText
    old: Text = Field("", description="Empty only to create a file.")
    new: Text = ""
    replace_all: bool = False
    edits: list[Edit] = Field(
        [],
        max_length=100,
        description="Several instead; all or none apply.",
    )

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Take what another program's tool says besides and what happens here anyway, and its blocks."""
        found = _in_blocks(_as_expected(values))
        if found.get("command") in _REPLACES:
            del found["command"]
        return found

    @model_validator(mode="after")
    def _one_form(self) -> EditParameters:
        given = self.model_fields_set & {"old", "new"}
        if self.edits:
            if self.old or self.new:  # empty ones say nothing: some models fill in every parameter
                raise ValueError("give either 'edits' or 'old' and 'new', not both")
        elif "edits" in self.model_fields_set and not given:
            raise ValueError("'edits' is empty")
        elif missing := {"old", "new"} - given:
            names = " and ".join(f"'{name}'" for name in sorted(missing, reverse=True))
            raise ValueError(f"{names} {'is' if len(missing) == 1 else 'are'} missing")
        return self

    @property
    def wanted(self) -> Sequence[Edit]:
        """The edits, whichever way they were given."""
        return self.edits or (Edit(old=self.old, new=self.new, replace_all=self.replace_all),)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A checked change, ready to be written."""

    file: TextFile
    created: bool
    replacements: tuple[Replacement, ...]
    rung: Rung
    data: bytes
    as_shown: bool
    r"""Whether ``\u{…}`` in an old text stood for a character that is shown so."""
    had_changed: bool
    """Whether the file is not what the model last saw, but for what it quoted."""


@dataclass(frozen=True, slots=True)
class _Done:
    """The outcome of an edit, for the result."""

    path: str
    created: bool
    places: int
    rung: Rung
    diff: str
    broken: str | None
    had_changed: bool = False
    as_shown: bool = False


class EditTool(PydanticTool[EditParameters]):
    """Replaces text where it is found beyond doubt; see :mod:`matching` for how it is looked for."""

    name = "edit"
    description = (
        "Replace text in a file. `old` must be unique: copied from read without line numbers, with enough "
        "lines around."
    )
    parameters = EditParameters

    def access(self, parsed: EditParameters) -> Access:
        """The one file."""
        return writes(parsed.path)

    async def run(self, parsed: EditParameters, context: ToolContext) -> ToolResult:
        """Find every edit's place, check the outcome, and write the file once."""
        with suppress(NotPlain):
            return await in_thread(lambda: _edit_large(parsed, context))
        plan = await in_thread(lambda: _plan(parsed, context))
        before = None if plan.created else plan.file.data
        broken = await newly_broken(plan.file.path, before, plan.data, context.processes)
        diff = await in_thread(lambda: _write(plan, context))
        done = _Done(plan.file.path, plan.created, len(plan.replacements), plan.rung, diff, broken)
        return _result(replace(done, had_changed=plan.had_changed, as_shown=plan.as_shown))


def _plan(parsed: EditParameters, context: ToolContext) -> _Plan:
    """Check everything and write nothing; raises :class:`ToolError` on any doubt."""
    file = load_text(context, parsed.path, "edit")
    created = file is None
    if file is None:
        if any(edit.old for edit in parsed.wanted):
            raise not_found(context.workspace, parsed.path)
        file = TextFile(resolved(context.workspace, parsed.path), b"", UTF_8, "")
    had_changed = not created and has_changed(context, file.path, file.data)
    found, rungs = _locate_all(parsed.wanted, file, had_changed=had_changed)
    found.sort(key=lambda item: item[1].start)
    _check_apart(found, file.text)
    ordered = tuple(replacement for _, replacement in found)
    loosest = max(rungs, key=list(Rung).index)
    as_shown = any(
        edit.old not in file.text and unescape(edit.old, edit.old) != edit.old for edit in parsed.wanted
    )
    return _Plan(file, created, ordered, loosest, file.splice(ordered), as_shown, had_changed)


def _locate_all(
    wanted: Sequence[Edit], file: TextFile, *, had_changed: bool
) -> tuple[list[tuple[int, Replacement]], list[Rung]]:
    """Find every edit's place; raises one :class:`ToolError` that names all edits that have none.

    Where the file ``had_changed`` since it was seen, only what is there just as it was quoted counts.
    """
    found: list[tuple[int, Replacement]] = []
    rungs = [Rung.EXACT]
    faults: list[str] = []
    for index, edit in enumerate(wanted):
        try:
            rung, replacements = _locate(edit, file)
            if had_changed and rung is not Rung.EXACT:
                raise ToolError(explain(shown_path(file.path), file.text, edit.old, edit.new))
        except ToolError as error:
            number = f"edit {index + 1} of {len(wanted)}: " if len(wanted) > 1 else ""
            faults.append(f"{number}{error}")
            continue
        rungs.append(rung)
        found += [(index, replacement) for replacement in replacements]
    if faults:
        changed = [f"{changed_since(file.path)}."] if had_changed else []
        none = ["None of the edits was applied."] if len(wanted) > 1 else []
        raise ToolError("\n".join([*changed, *faults, *none]))
    return found, rungs


def _locate(edit: Edit, file: TextFile) -> tuple[Rung, list[Replacement]]:
    path = shown_path(file.path)
    if edit.old == edit.new:
        raise ToolError(f"'old' and 'new' are the same: nothing would change in {path}.")
    if omission := find_omission(edit.new, file.text):
        raise ToolError(
            f"'new' holds the placeholder {escape(omission)!r}, which would be written into {path} as it "
            "stands: give the full text instead."
        )
    if file.encoding.bom and edit.old.startswith(_MARK):
        # The file begins with that mark, which no text shows and no edit takes away.
        edit = Edit(
            old=edit.old.removeprefix(_MARK),
            new=edit.new.removeprefix(_MARK),
            replace_all=edit.replace_all,
        )
    check_encodable(file, edit.new)
    if not edit.old:
        if file.text:
            raise ToolError(
                f"'old' is empty, but {path} is not: to insert, quote the line next to the place in 'old' "
                "and repeat it in 'new'."
            )
        return Rung.EXACT, [Replacement(0, 0, edit.new)]
    if file.path.endswith(".ipynb") and (placed := _in_cells(edit, file)):
        return Rung.EXACT, placed
    found = find(file.text, edit.old, edit.new, everywhere=edit.replace_all) or _find_as_shown(
        edit, file.text
    )
    if found is None:
        raise ToolError(explain(path, file.text, edit.old, edit.new))
    matches = found.matches
    if len(matches) > 1 and not edit.replace_all:
        raise ToolError(_ambiguous(path, file.text, found))
    if all(file.text[match.start : match.end] == match.replacement for match in matches):
        raise ToolError(f"'new' is what {path} holds there already: nothing would change.")
    return found.rung, [Replacement(match.start, match.end, match.replacement) for match in matches]


def _in_cells(edit: Edit, file: TextFile) -> list[Replacement]:
    """What the edit does to the cells of a notebook; nothing where none holds its old text."""
    from seedsmith.tools.documents.notebook import NoNotebook, replacements

    try:
        return replacements(file.path, file.text, edit.old, edit.new, everywhere=edit.replace_all)
    except NoNotebook:
        return []


def _find_as_shown(edit: Edit, text: str) -> Found | None:
    r"""Look for text copied from read's output, which shows invisible characters as ``\u{…}``."""
    old = unescape(edit.old)
    if old == edit.old:
        return None
    return find(text, old, unescape(edit.new, edit.old), everywhere=edit.replace_all)


def _ambiguous(path: str, text: str, found: Found) -> str:
    several = len(found.matches)
    lines = [str(line_number(text, match.start)) for match in found.matches[: ENOUGH - 1]]
    how = "" if found.rung is Rung.EXACT else f" (compared without regard to {found.rung.value})"
    times, more = (f"{several} times", "") if several < ENOUGH else (f"more than {ENOUGH - 1} times", ", …")
    return (
        f"'old' is in {path} {times}{how}, at lines {', '.join(lines)}{more}: "
        "add lines around it until it is unique, or set replace_all; nothing was changed."
    )


def _check_apart(found: Sequence[tuple[int, Replacement]], text: str) -> None:
    for (first, one), (second, other) in pairwise(found):
        if other.start < one.end or (other.start, other.end) == (one.start, one.end):
            line = line_number(text, other.start)
            raise ToolError(
                f"edits {first + 1} and {second + 1} overlap at line {line}: every edit is looked for in the "
                "file as it is now, so join them into one; none of the edits was applied."
            )


def _write(plan: _Plan, context: ToolContext) -> str:
    """Write the file and return the diff; what a large file makes slow goes on beside the writing."""
    path, file = plan.file.path, plan.file
    with ThreadPoolExecutor() as beside:
        diff = beside.submit(unified_diff, path, file.text, plan.replacements, created=plan.created)
        known = plan.created or (path in context.seen and not plan.had_changed)
        after = beside.submit(digest, plan.data) if known else None
        context.workspace.write_bytes(path, plan.data, expected=None if plan.created else file.data)
        if after is not None:
            context.seen[path] = Seen(after.result())
        return diff.result()


def _edit_large(parsed: EditParameters, context: ToolContext) -> ToolResult:
    """Edit a large file where every old text is there as it stands and just once; never checks syntax.

    Raises :class:`NotPlain` on any doubt, with nothing changed: what to do or to say then decides
    :func:`_plan`.
    """
    wanted = parsed.wanted
    if any(not edit.old or edit.replace_all or find_omission(edit.new, "") for edit in wanted):
        raise NotPlain
    path = resolved(context.workspace, parsed.path)
    if path.endswith(".ipynb"):
        raise NotPlain
    with opened(context, path) as file:
        spans = find_once(file, [edit.old.encode() for edit in wanted])
        placed = sorted(zip(spans, wanted, strict=True), key=lambda item: item[0].start)
        changes = []
        for excerpt in excerpts(file, len(encoding_of(file).bom), [span for span, _ in placed]):
            here = (edit for span, edit in placed if excerpt.holds(span))
            changes.append(Changed(excerpt, tuple(_plainly(edit, excerpt.text) for edit in here)))
        diff = unified_diff_of_parts(path, [change.part for change in changes])
        write(context, path, file, changes)
    return _result(_Done(path, False, len(wanted), Rung.EXACT, diff, None))


def _plainly(edit: Edit, text: str) -> Replacement:
    """Return what ``edit`` does to ``text``, which holds its old text once; raises :class:`NotPlain`."""
    found = find(text, edit.old, edit.new)
    if found is None or found.rung is not Rung.EXACT or edit.old == edit.new:
        raise NotPlain
    (match,) = found.matches
    if text[match.start : match.end] == match.replacement:
        raise NotPlain
    return Replacement(match.start, match.end, match.replacement)


def _result(done: _Done) -> ToolResult:
    places = count(done.places, "place")
    name = shown_path(done.path)
    what = f"created {name}" if done.created else f"edited {name} at {places}"
    how = f" ('old' differed in {done.rung.value})" if done.rung is not Rung.EXACT else ""
    since = "; the file had changed since you last saw it" if done.had_changed else ""
    if done.as_shown:
        since += "; each \\u{…} of 'old' was read as the hidden character shown so, and stays one in 'new'"
    text = f"{what}{how}{since}\n{short_diff(done.diff)}"
    if done.broken:
        text += f"\n{warning(done.broken, done.created)}"
    data = {
        "path": done.path,
        "edits": done.places,
        "rung": done.rung.value,
        "diff": done.diff,
        "syntax": done.broken,
    }
    return ToolResult(True, text, data, summary=f"{what}{', which does not parse' if done.broken else ''}")
