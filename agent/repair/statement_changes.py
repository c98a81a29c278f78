"""Changes of whole statements: moved, left out, copied from nearby, guarded, an update or a reset put in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seedsmith.agent.repair.code_lines import Line, Statement, above, following, indent_width, statement_at
from seedsmith.agent.repair.line_changes import Scope
from seedsmith.agent.repair.syntax import Syntax
from seedsmith.sandbox.lazy_dataclass import dataclass

_SIMPLE = re.compile(
    r"(?!\s*(?:if|elif|else|for|while|def|class|with|try|except|finally|switch|case|do|function|async|import|from"
    r"|struct|func|fn|match|loop|select|#)\b).*[\w)\]'\"`][;]?\s*"
)
_ASSIGNED = re.compile(
    r"\s*(?:(?P<declared>const|let(?:\s+mut)?|var)\s+|(?:int|size_t|long)\s+)?"
    r"(?P<name>[A-Za-z_$][\w.$>\-\[\]]*?)(?(declared)(?:\s*:(?:[^=;]|=>)*)?)\s*(?P<sign>[-+*/|&^]?=)(?![=>])"
)
_DEFAULT = re.compile(r"(\w+)\s*=\s*(\[\]|\{\}|set\(\)|list\(\)|dict\(\))")
_CALLED = re.compile(r"\s+[A-Za-z_$][\w$.>\-]*\([^()]*\);?\s*")
"""A call whose value nobody takes: done for what it changes."""
_MOST_COPIES, _MOST_GUARDED = 12, 4
_BEYOND = 40
"""So many lines around the function may show what is missing in it."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """Lines ``first`` up to, not including, ``last`` of a file, from 0, with others in their place."""

    kind: str
    first: int
    last: int
    lines: tuple[str, ...]


def changes_at(
    lines: Sequence[str], index: int, inside: range, scope: Scope, line: Line
) -> Iterator[Replaced]:
    """Every change of the statement at line ``index``, or before it, in a function of lines ``inside``.

    ``line`` is the statement's first line.
    """
    syntax = line.syntax
    statement = statement_at(lines, index)
    if statement is None:
        return
    yield from _moved(lines, statement, inside)
    yield from _shifted_out(lines, statement, inside)
    yield from _shifted_in(lines, statement, inside)
    yield from _branched(lines, statement, index)
    yield from _swallowed(lines, index, syntax)
    yield from _likened(lines, index, inside)
    yield Replaced("deleted", statement.first, statement.last, ())
    places = [index]
    if following(lines, statement) is None and statement.last <= inside.stop:
        places.append(statement.last)  # a block's last statement
    for kind, text in _inserted(lines, statement, inside, scope, syntax):
        for place in places:
            yield Replaced(kind, place, place, _indented(text, lines[index]))
    yield from _guarding(lines, statement, scope, line)
    if syntax.python:
        yield from _mutable_default(lines, statement)
        yield from _shared_attribute(lines, statement)


def _moved(lines: Sequence[str], statement: Statement, inside: range) -> Iterator[Replaced]:
    """Behind the next statement of its block, the one after that, and so on; only downwards."""
    own = tuple(lines[statement.first : statement.last])
    other, steps = following(lines, statement), 0
    while other is not None and other.last <= inside.stop and steps < 3:
        between = tuple(lines[statement.last : other.last])
        yield Replaced("moved", statement.first, other.last, between + own)
        if other.last - other.first > 1 and other.last - other.first < 12:
            deeper = lines[other.first + 1]
            moved = (lines[other.first], *_indented("\n".join(own), deeper))
            yield Replaced(
                "moved", statement.first, other.last, moved + tuple(lines[other.first + 1 : other.last])
            )
            yield Replaced(
                "moved",
                statement.first,
                other.last,
                tuple(lines[other.first : other.last]) + _indented("\n".join(own), deeper),
            )
        other, steps = following(lines, other), steps + 1


def _shifted_out(lines: Sequence[str], statement: Statement, inside: range) -> Iterator[Replaced]:
    """Behind the block it stands in, or before it."""
    outer = above(lines, statement)
    if outer is None or outer.first <= inside.start or outer.last > inside.stop:
        return
    own = "\n".join(lines[statement.first : statement.last])
    out = _indented(own, lines[outer.first])
    rest = tuple(lines[outer.first : statement.first]) + tuple(lines[statement.last : outer.last])
    if statement.last - statement.first < outer.last - outer.first - 1:
        yield Replaced("moved", outer.first, outer.last, rest + out)
        yield Replaced("moved", outer.first, outer.last, out + rest)


def _shifted_in(lines: Sequence[str], statement: Statement, inside: range) -> Iterator[Replaced]:
    """To the end of the block before it."""
    last = next((n for n in range(statement.first - 1, inside.start, -1) if lines[n].strip()), None)
    if last is None:
        return
    if re.fullmatch(r"\s*\}\)?;?\s*", lines[last]):
        last -= 1
    if not lines[last].strip() or indent_width(lines[last]) <= statement.indent:
        return
    own = _indented("\n".join(lines[statement.first : statement.last]), lines[last])
    between = tuple(lines[last + 1 : statement.first])
    yield Replaced("moved", last + 1, statement.last, own + between)


def _branched(lines: Sequence[str], statement: Statement, index: int) -> Iterator[Replaced]:
    """A condition that one before it should exclude, or should not; what only another case does, always."""
    if match := re.match(r"(\s*)if\b(.*:\s*)$", lines[index]):
        yield Replaced("branch", index, index + 1, (f"{match[1]}elif{match[2]}",))
    for number in range(statement.first + 1, statement.last):
        text = lines[number]
        if indent_width(text) != statement.indent:
            continue
        if match := re.match(r"(\s*)elif\b(.*)$", text):
            yield Replaced("branch", number, number + 1, (f"{match[1]}if{match[2]}",))
        elif match := re.match(r"(\s*)\}\s*else (if\b.*)$", text):
            yield Replaced("branch", number, number + 1, (f"{match[1]}}}", match[1] + match[2]))
        elif re.match(r"\s*else:\s*$", text) and number + 1 < statement.last:
            body = "\n".join(lines[number + 1 : statement.last])
            yield Replaced("branch", number, statement.last, _indented(body, text))


def _swallowed(lines: Sequence[str], index: int, syntax: Syntax) -> Iterator[Replaced]:
    """An exception passed on that is caught and forgotten."""
    before = lines[index - 1] if index else ""
    caught = re.search(r"\bcatch\s*\(\s*(\w+)\s*\)\s*\{\s*$", before)
    if syntax.python and re.match(r"\s*except\b", before):
        passed_on = _indented("raise", lines[index])
    elif caught:
        passed_on = _indented(f"throw {caught[1]};", lines[index])
    else:
        return
    yield Replaced("raised", index, index + 1, passed_on)
    yield Replaced("raised", index + 1, index + 1, passed_on)


def _likened(lines: Sequence[str], index: int, inside: range) -> Iterator[Replaced]:
    """What the same variable is given elsewhere in the file, in the place of what it is given here."""
    own = _ASSIGNED.match(lines[index])
    if own is None:
        return
    for number in range(max(0, inside.start - _BEYOND), min(len(lines), inside.stop + _BEYOND)):
        other = _ASSIGNED.match(lines[number])
        if other and other.group("name", "sign") == own.group("name", "sign") and number != index:
            likened = lines[index][: own.end()] + lines[number][other.end() :]
            yield Replaced("likened", index, index + 1, (likened,))


def _inserted(
    lines: Sequence[str], statement: Statement, inside: range, scope: Scope, syntax: Syntax
) -> Iterator[tuple[str, str]]:
    """Statements that may be missing before this one, by their kind."""
    end = syntax.end
    near = sorted(inside, key=lambda index: abs(index - statement.first))
    beyond = range(max(0, inside.start - _BEYOND), min(len(lines), inside.stop + _BEYOND))
    others = [index for index in beyond if index not in inside]
    copies: dict[str, None] = {}
    for index in near[1:]:
        text = lines[index].strip()
        if index != inside.start and text and _SIMPLE.fullmatch(lines[index]) and statement_at(lines, index):
            copies.setdefault(text)
    for text in list(copies)[:_MOST_COPIES]:
        yield "copied", text
    foreign = [lines[index].strip() for index in others if _CALLED.fullmatch(lines[index])]
    for text in list(dict.fromkeys(foreign))[:_MOST_COPIES]:
        yield "copied", text
    assigned: dict[str, None] = {}
    for index in near:
        match = _ASSIGNED.match(lines[index])
        if match:
            assigned.setdefault(match["name"])
    members = (match for index in others if (match := _ASSIGNED.match(lines[index])))
    kept = [match["name"] for match in members if match["name"].startswith(("self.", "this."))]
    names = list(dict.fromkeys([*list(assigned)[:6], *kept]))[:10]
    for name in names:
        for step in ("1",):
            yield "updated", f"{name} += {step}{end}"
            yield "updated", f"{name} -= {step}{end}"
    for name in names:
        for other in dict.fromkeys((*scope.operands[:6], *scope.names[:6])):
            if other != name:
                yield "updated", f"{name} = {other}{end}"
        for empty in syntax.empty:
            yield "updated", f"{name} = {empty}{end}"
    if any(re.match(r"\s*(?:async\s+)?(?:for|while|loop|do)\b", lines[index]) for index in inside):
        for word in ("break", "continue"):
            yield "ended", word + end
    for value in (*syntax.returned, *scope.operands[:4]):
        yield "returned", f"return {value}{end}"


def _guarding(lines: Sequence[str], statement: Statement, scope: Scope, line: Line) -> Iterator[Replaced]:
    """An early way out before the statement, or the statement under a condition."""
    syntax = line.syntax
    operands = [line.piece(*span) for span in line.operands if line.tokens[span[0]].kind == "name"]
    names = list(dict.fromkeys([*operands, *scope.names[:_MOST_GUARDED]]))[: _MOST_GUARDED + 2]
    conditions = list(scope.conditions[:4])
    for name in names:
        conditions += [absent.format(name) for absent in syntax.absent]
    indent = line.indent
    results = ["return", "continue"]
    returned = names[:3]
    results += [f"return {value}" for value in (*syntax.early, *returned)]
    for condition in conditions:
        for result in results:
            guard = indent + syntax.under(condition, result)
            yield Replaced("guarded", statement.first, statement.first, (guard,))
    own = "\n".join(lines[statement.first : statement.last])
    for condition in [*conditions, *names[:3]]:
        if syntax.python:
            body = tuple("    " + text if text.strip() else text for text in own.split("\n"))
            yield Replaced("guarded", statement.first, statement.last, (f"{indent}if {condition}:", *body))
        elif statement.last - statement.first == 1:
            guarded = indent + syntax.under(condition, own.strip().removesuffix(syntax.end))
            yield Replaced("guarded", statement.first, statement.last, (guarded,))


def _mutable_default(lines: Sequence[str], statement: Statement) -> Iterator[Replaced]:
    """``def f(x=[])`` with a list of its own for each call."""
    head = lines[statement.first]
    if not head.lstrip().startswith(("def ", "async def ")) or statement.last - statement.first < 2:
        return
    for match in _DEFAULT.finditer(head):
        new = head[: match.start(2)] + "None" + head[match.end(2) :]
        body = _indented(
            f"{match[1]} = {match[2]} if {match[1]} is None else {match[1]}", lines[statement.first + 1]
        )
        yield Replaced("shared", statement.first, statement.first + 1, (new, *body))


def _shared_attribute(lines: Sequence[str], statement: Statement) -> Iterator[Replaced]:
    """A class's own list or table made each object's, where the class has an ``__init__``."""
    match = re.fullmatch(r"\s+(\w+)\s*(?::[^=]+)?=\s*(\[.*\]|\{.*\}|\w+\(.*\))\s*", lines[statement.first])
    outer = above(lines, statement) if match else None
    if match is None or outer is None or not lines[outer.first].lstrip().startswith("class "):
        return
    for index in range(outer.first, outer.last):
        if re.match(r"\s+def __init__\(", lines[index]):
            made = statement_at(lines, index)
            if made is not None and made.last - made.first > 1 and index > statement.first:
                own = _indented(f"self.{match[1]} = {match[2]}", lines[made.last - 1])
                yield Replaced(
                    "shared", statement.first, made.last, (*lines[statement.last : made.last], *own)
                )
            return


def _indented(text: str, like: str) -> tuple[str, ...]:
    """The lines of ``text``, the first indented as ``like`` is and the others by as much more as before."""
    wanted = like[: len(like) - len(like.lstrip())]
    lines = text.split("\n")
    had = len(lines[0]) - len(lines[0].lstrip())
    return tuple(
        wanted + line[had:] if line[:had].isspace() or not had else wanted + line.lstrip() for line in lines
    )
