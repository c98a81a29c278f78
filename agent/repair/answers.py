"""Turns a small model's answer into new texts of a file, one for each way to read the answer."""

from __future__ import annotations

import ast
import difflib
import functools
import re
import textwrap
import warnings
from collections.abc import Iterator

from seedsmith.agent.repair.functions import Region, is_python, regions_in
from seedsmith.agent.repair.parsers import spoils

_FENCE = re.compile(r"```[\w+-]*[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_MOST_HUNKS = 5


def rewritten(text: str, region: Region, shown: str, answer: str) -> Iterator[str]:
    """New texts of the file from a rewritten function: all its changes, then each of them alone.

    ``shown`` is the function as the model saw it, possibly without comments; only what the model changed in
    it is changed in the file. Each change is also tried alone, because a small model often corrects one line
    and damages another.
    """
    new = _function_in(answer, region)
    if new is None:
        return
    old_lines, new_lines = shown.split("\n"), _indented_like(new, shown).split("\n")
    hunks = [
        op
        for op in difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False).get_opcodes()
        if op[0] != "equal"
        and [s.strip() for s in old_lines[op[1] : op[2]] if s.strip()]
        != [s.strip() for s in new_lines[op[3] : op[4]] if s.strip()]
    ]
    places = _places(region.lines, old_lines)
    for chosen in [hunks, *([hunk] for hunk in hunks if 1 < len(hunks) <= _MOST_HUNKS)]:
        lines = list(region.lines)
        for _, first, last, new_first, new_last in reversed(chosen):
            lines[places[first] : places[last - 1] + 1 if last > first else places[first]] = new_lines[
                new_first:new_last
            ]
        if chosen:
            yield _replaced(text, region, lines)


def with_line(text: str, number: int, new: str) -> str:
    """The text with ``new`` in place of line ``number``, indented like the old line."""
    lines = text.split("\n")
    old = lines[number - 1]
    lines[number - 1] = old[: len(old) - len(old.lstrip())] + new.strip()
    return "\n".join(lines)


def with_line_before(text: str, number: int, new: str) -> str:
    """The text with ``new`` as a line of its own before line ``number``."""
    lines = text.split("\n")
    lines.insert(number - 1, new)
    return "\n".join(lines)


def with_body(text: str, region: Region, first: int, answer: str) -> str:
    """The text with a new function body from line ``first`` on, indented as given."""
    lines = text.split("\n")
    end = region.numbers[-1] - (0 if is_python(region.path) else 1)
    start = lines[first - 1]
    body = start[: len(start) - len(start.lstrip())] + answer.rstrip()
    lines[first - 1 : end] = body.split("\n")
    return "\n".join(lines)


def meaning(path: str, text: str) -> str:
    """A key that is equal for texts that differ only in comments and layout, so that none is tried twice."""
    if is_python(path):
        try:
            return ast.dump(ast.parse(text))
        except (SyntaxError, ValueError, RecursionError):
            return text
    return " ".join(re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL).split())


def change_of(path: str, old: str, new: str) -> str | None:
    """A key of what ``new`` changes in the file, equal for changes that mean the same; None where it is none.

    It is none where nothing but comments and layout changes, or where the text is no program: Python must
    compile, and without a warning; other languages count where their grammar allows it or none is at hand.
    """
    if not is_python(path):
        key = meaning(path, new)
        return key if key != meaning(path, old) and not spoils(path, old, new) else None
    before, after = old.split("\n"), new.split("\n")
    start, end = _differing(before, after)
    first, last = _span_of(old, start, max(start + 1, len(before) - end))
    block = textwrap.dedent("\n".join(after[first : last + len(after) - len(before)]))
    if not _compiles(block):
        return None
    key = meaning(path, block)
    if key == meaning(path, textwrap.dedent("\n".join(before[first:last]))):
        return None
    return f"{first} {key}"


def _compiles(block: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(textwrap.dedent(block), "block", "exec", dont_inherit=True)
    except (SyntaxError, SyntaxWarning, ValueError, RecursionError):
        return False
    return True


@functools.lru_cache(maxsize=4)
def _spans(text: str) -> tuple[tuple[int, int], ...]:
    """The lines, from and to, of each statement outside functions and of each function, the larger first."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    spans: list[tuple[int, int]] = []
    bodies = [tree.body]
    while bodies:
        for node in bodies.pop(0):
            decorators = getattr(node, "decorator_list", [])
            spans.append((min([node.lineno, *(d.lineno for d in decorators)]) - 1, node.end_lineno or 0))
            if isinstance(node, ast.ClassDef):
                bodies.append(node.body)
    lines = text.split("\n")
    return tuple(span for span in spans if _compiles("\n".join(lines[slice(*span)])))


def _span_of(text: str, start: int, end: int) -> tuple[int, int]:
    """The smallest span that holds more than the lines from ``start`` to ``end``; else the whole text."""
    around = [span for span in _spans(text) if span[0] <= start and end <= span[1]]
    return around[-1] if around else (0, text.count("\n") + 1)


def _differing(before: list[str], after: list[str]) -> tuple[int, int]:
    """How many lines at the start, and how many of the others at the end, are the same."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, end


def without_docstring(region: Region) -> tuple[str, str]:
    """A Python function's source without its docstring, and the docstring; others as they stand."""
    if is_python(region.path) and region.is_function:
        try:
            node = ast.parse(textwrap.dedent(region.source)).body[0]
        except (SyntaxError, ValueError, IndexError):
            return region.source, ""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (text := ast.get_docstring(node)):
            literal = node.body[0]
            if len(node.body) > 1 and literal.end_lineno is not None:
                lines = region.lines[: literal.lineno - 1] + region.lines[literal.end_lineno :]
                return "\n".join(lines), text
    return region.source, ""


def minimal_edit(old: str, new: str) -> tuple[str, str]:
    """The smallest block of lines to replace, extended until it occurs in ``old`` only once."""
    before, after = old.split("\n"), new.split("\n")
    start, end = _differing(before, after)
    while True:
        piece, replacement = before[start : len(before) - end], after[start : len(after) - end]
        whole = start == end == 0
        text = "\n".join(piece)
        once = text.strip() and old.find(text) == old.rfind(text)
        if whole or (replacement and once):
            return text, "\n".join(replacement)
        start, end = max(0, start - 1), max(0, end - 1)


def _function_in(answer: str, region: Region) -> str | None:
    """The region's function from an answer that may also contain prose, its class, or other functions."""
    fenced = _FENCE.search(answer)
    code = (fenced[1] if fenced else answer).strip("\n")
    simple = region.name.rpartition(".")[2]
    found = [
        each
        for each in regions_in(region.path, textwrap.dedent(code))
        if each.is_function and each.name.rpartition(".")[2] == simple
    ]
    return found[0].source if found else None


def _indented_like(new: str, old: str) -> str:
    indent = re.match(r"[ \t]*", old)
    return textwrap.indent(textwrap.dedent(new), indent[0] if indent else "")


def _places(lines: tuple[str, ...], shown: list[str]) -> list[int]:
    """For each shown line its index in the region; the last element is one past the end."""
    places = []
    index = 0
    for line in shown:
        while index < len(lines) and lines[index] != line:
            index += 1
        places.append(index)
        index += 1
    return [*places, len(lines)]


def _replaced(text: str, region: Region, lines: list[str]) -> str:
    whole = text.split("\n")
    whole[region.numbers[0] - 1 : region.numbers[-1]] = lines
    return "\n".join(whole)
