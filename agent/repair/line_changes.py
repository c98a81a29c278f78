"""Changes within one line, each of a kind of mistake that programs of any sort have.

The kinds: another operator, boundary, constant, name, operand, argument, call or condition. What each idea
gave is in docs/local-model.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from seedsmith.agent.repair.code_lines import Line, Token
from seedsmith.sandbox.lazy_dataclass import dataclass

_COMPARED = ("<", "<=", ">", ">=", "==", "!=")
_IS_THERE = re.compile(r"(.+?) (is not|is|!==?|===?) (?:None|null|undefined)")
_LOOKED_UP = re.compile(r"(.+)\.get\(([^(),]+)\)")
_TAKEN = re.compile(r"([\w.]+)\[([^\[\]:]+)\]")
_OR_ELSE = re.compile(r"(\s*(?:[\w.\[\]]+ = |return ))([\w.]+(?:\([^()]*\))?) or (.+)")
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_STRICT = {"===": "!==", "!==": "==="}
_OPERATORS = {
    "+": ("-", "*"), "-": ("+", "/"), "*": ("+", "/"), "/": ("*", "//", "-"), "//": ("/", "%", "*"),
    "%": ("//", "/"), "+=": ("-=", "="), "-=": ("+=", "="), "*=": ("/=", "+="), "/=": ("*=", "-="),
    "&": ("|", "^", "&&"), "|": ("&", "^", "||"), "^": ("&", "|"), "&=": ("|=", "^=", "&= ~"),
    "|=": ("&=", "^=", "&= ~"), "^=": ("&=", "|=", "&= ~"), "<<": (">>",), ">>": ("<<",), "&&": ("||",),
    "||": ("&&", "??"), "??": ("||",), "and": ("or",), "or": ("and",), "=": ("+=", "-="),
    ":=": ("=",), "..": ("..=",), "..=": ("..",), "is": ("is not", "=="), "in": ("not in",), "**": ("*",),
}  # fmt: skip
_NEIGHBOURS = (
    ("min", "max"), ("any", "all"), ("append", "extend"), ("append", "insert"), ("left", "right"),
    ("first", "last"), ("start", "end"), ("low", "high"), ("startswith", "endswith"), ("strip", "rstrip"),
    ("strip", "lstrip"), ("startsWith", "endsWith"), ("floor", "ceil"), ("floor", "round"),
    ("keys", "values"), ("keys", "items"), ("values", "items"), ("push", "unshift"),
    ("pop", "shift"), ("lower", "upper"),
    ("find", "rfind"), ("find", "index"), ("index", "rindex"), ("split", "rsplit"), ("add", "discard"),
    ("update", "setdefault"), ("indexOf", "lastIndexOf"), ("some", "every"), ("toLowerCase", "toUpperCase"),
    ("slice", "splice"), ("map", "filter"), ("isdigit", "isalnum"), ("isalpha", "isalnum"), ("get", "pop"),
    ("pop", "popleft"), ("append", "appendleft"), ("True", "False"), ("true", "false"), ("break", "continue"),
    ("None", "False"), ("null", "undefined"), ("isnan", "isinf"), ("bisect_left", "bisect_right"),
    ("heappush", "heappop"),
    ("setdefault", "get"), ("remove", "discard"), ("partition", "rpartition"), ("ljust", "rjust"),
    ("zip", "zip_longest"), ("deepcopy", "copy"), ("match", "search"), ("match", "fullmatch"),
    ("search", "fullmatch"), ("union", "intersection"), ("difference", "intersection"),
    ("difference", "symmetric_difference"), ("issubset", "issuperset"), ("total_seconds", "seconds"),
    ("encode", "decode"), ("extend", "extendleft"), ("sub", "add"),
    ("find", "findIndex"), ("find", "filter"), ("map", "forEach"), ("map", "flatMap"), ("add", "delete"),
    ("trimStart", "trimEnd"), ("padStart", "padEnd"), ("parseInt", "parseFloat"), ("concat", "push"),
    ("substring", "substr"), ("includes", "startsWith"), ("indexOf", "findIndex"), ("reduce", "reduceRight"),
    ("strcpy", "strncpy"), ("strchr", "strrchr"), ("toupper", "tolower"), ("isspace", "isblank"),
    ("memcpy", "memmove"), ("strcmp", "strncmp"), ("malloc", "calloc"), ("islower", "isupper"),
    ("HasPrefix", "HasSuffix"), ("TrimLeft", "TrimRight"), ("TrimPrefix", "TrimSuffix"),
    ("ToLower", "ToUpper"), ("Index", "LastIndex"), ("RLock", "Lock"), ("Floor", "Ceil"), ("Min", "Max"),
    ("Before", "After"), ("Split", "SplitN"), ("Fields", "Split"), ("len", "cap"),
    ("is_some", "is_none"), ("is_ok", "is_err"), ("Some", "None"), ("Ok", "Err"), ("Less", "Greater"),
    ("starts_with", "ends_with"), ("push_back", "push_front"), ("pop_back", "pop_front"),
    ("trim_start", "trim_end"), ("find", "position"), ("skip", "take"), ("skip_while", "take_while"),
    ("wrapping_add", "wrapping_sub"), ("saturating_sub", "wrapping_sub"), ("checked_add", "checked_sub"),
    ("insert", "remove"), ("to_lowercase", "to_uppercase"), ("split", "splitn"), ("iter", "drain"),
)  # fmt: skip
_MOST_NAMES, _MOST_OPERANDS, _MOST_WRAPPERS = 12, 24, 8
_LONGEST_OPERAND = 9
"""Tokens."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What stands around a line, nearest first: what may have been meant in its place."""

    names: tuple[str, ...]
    operands: tuple[str, ...]
    numbers: tuple[str, ...]
    strings: tuple[str, ...]
    calls: tuple[str, ...]
    """The names of functions and methods that are called."""
    conditions: tuple[str, ...]


Found = Iterator[tuple[str, str]]
"""Kinds of change, and the line as it would be."""


def changes_of(line: Line, scope: Scope) -> Found:
    """Every changed form of the line."""
    for index, token in enumerate(line.tokens):
        yield from _signs(line, index, token)
        yield from _constants(line, index, token, scope)
        yield from _other_names(line, index, token, scope)
    yield from _shifted(line)
    yield from _swapped(line)
    yield from _arguments(line)
    yield from _conditions(line, scope)
    yield from _presence(line)
    yield from _wrapped(line, scope)
    yield from _other_operands(line, scope)
    yield from _cut(line)


def _signs(line: Line, index: int, token: Token) -> Found:
    text = token.text
    if text in _COMPARED:
        for other in _COMPARED:
            if other != text:
                near = other.startswith(text) or text.startswith(other) or {text, other} == {"==", "!="}
                kind = "comparison" if near else "comparison-far"
                yield "mirrored" if _MIRRORED.get(text) == other else kind, line.put(index, index + 1, other)
    if text in _STRICT:
        yield "comparison", line.put(index, index + 1, _STRICT[text])
    for other in _OPERATORS.get(text, ()):
        if text == "is" and line.tokens[index + 1 : index + 2] and line.tokens[index + 1].text == "not":
            yield "operator", line.put(index, index + 2, "is" if other == "is not" else "!=")
        elif not (text == "in" and line.tokens[0].text in ("for", "async")):
            yield "operator", line.put(index, index + 1, other)
    if text in ("++", "--"):
        yield "operator", line.put(index, index + 1, "--" if text == "++" else "++")
        after = line.tokens[index + 1 : index + 2]
        before = line.tokens[index - 1 : index] if index else ()
        if after and after[0].kind == "name" and not (before and before[0].kind == "name"):
            yield "operator", line.put(index, index + 2, after[0].text + text)
        elif before and before[0].kind == "name":
            yield "operator", line.put(index - 1, index + 1, text + before[0].text)
    if text in ("not", "!") and index + 1 < len(line.tokens):
        following = index + 2 if line.tokens[index + 1].text == "in" else index + 1
        yield "negation", line.put(index, following + 1, line.tokens[following].text)


def _constants(line: Line, index: int, token: Token, scope: Scope) -> Found:
    if token.kind == "number":
        if token.text.isdigit():
            number = int(token.text)
            for other in (number + 1, number - 1):
                if other >= 0:
                    yield "constant", line.put(index, index + 1, str(other))
            if index and line.tokens[index - 1].text in ("(", ",", "[", "=", "return", ":"):
                yield "constant-far", line.put(index, index + 1, f"-{number or 1}")
        for other_text in scope.numbers:
            if other_text != token.text:
                yield "constant-far", line.put(index, index + 1, other_text)
    if token.kind == "string":
        inside = token.text.strip("'\"`")
        for other_text in scope.strings:
            if other_text != token.text:
                yield "string", line.put(index, index + 1, other_text)
        quote = token.text[-1]
        for new in (inside.strip(), inside + " ", inside[1:], inside[:-1], f"\\{inside}"):
            if new != inside:
                yield "string", line.put(index, index + 1, f"{quote}{new}{quote}")


def _other_names(line: Line, index: int, token: Token, scope: Scope) -> Found:
    if token.kind != "name":
        return
    called = index + 1 < len(line.tokens) and line.tokens[index + 1].text == "("
    for one, other in _NEIGHBOURS:
        if token.text in (one, other):
            new = other if token.text == one else one
            if called or not line.syntax.bare or new in scope.names or new in line.syntax.keywords:
                yield "neighbour", line.put(index, index + 1, new)
    member = index > 0 and line.tokens[index - 1].text in (".", "->", "?.")
    if token.text in line.syntax.keywords:
        return
    if called:
        for name in scope.calls[:_MOST_NAMES]:
            if name != token.text:
                yield "call", line.put(index, index + 1, name)
    else:
        for name in scope.names[:_MOST_NAMES]:
            if name != token.text and line.syntax.is_type(name) == line.syntax.is_type(token.text):
                yield "member" if member else "name", line.put(index, index + 1, name)


def _shifted(line: Line) -> Found:
    """One more or less at the end of an operand: bounds, slices, ranges, returns."""
    stops = (")", ",", "]", "..", "..=", ":", ";", "<", "<=", ">", ">=", "==", "%", "?")
    for first, last in line.operands:
        after = line.tokens[last].text if last < len(line.tokens) else ";"
        value = line.tokens[first]
        if (
            after in stops
            and value.kind in ("name", "number")
            and value.text not in line.syntax.values - {"self"}
        ):
            for step in (" + 1", " - 1"):
                yield "off-by-one", line.put(first, last, line.piece(first, last) + step)
    for index in range(len(line.tokens) - 1):
        sign, one = line.tokens[index : index + 2]
        if sign.text in ("+", "-") and one.text == "1" and index:
            yield "off-by-one", line.text[: line.tokens[index - 1].end] + line.text[one.end :]


def _swapped(line: Line) -> Found:
    """Two operands of the line, two names wherever they stand, two calls of a chain: the other way round."""
    whole = [span for span in line.operands if span[1] - span[0] <= _LONGEST_OPERAND]
    for (first, end), (start, last) in pairwise(whole):
        if end == start - 1 and line.tokens[end].text not in ("=", "in", "for"):
            new = line.piece(start, last) + _between(line, end, start) + line.piece(first, end)
            yield "swap", line.put(first, last, new)
    names = [t.text for t in line.tokens if t.kind == "name" and t.text not in line.syntax.keywords]
    distinct = list(dict.fromkeys(names))
    for index, one in enumerate(distinct[:6]):
        for other in distinct[index + 1 : 6]:
            new = line.text
            for token in reversed(line.tokens):
                if token.kind == "name" and token.text in (one, other):
                    new = new[: token.start] + (other if token.text == one else one) + new[token.end :]
            yield "swap", new
    for span in line.operands:
        steps = [end for end in line._ends(span[0]) if end <= span[1]]
        calls = [
            (steps[n - 1], steps[n + 1])
            for n in range(1, len(steps) - 1)
            if line.tokens[steps[n - 1]].text == "." and line.tokens[steps[n]].text == "("
        ]
        for (first, middle), (start, last) in pairwise(calls):
            if middle == start:
                yield "swap", line.put(first, last, line.piece(start, last) + line.piece(first, middle))


def _between(line: Line, end: int, start: int) -> str:
    return line.text[line.tokens[end - 1].end : line.tokens[start].start]


def _arguments(line: Line) -> Found:
    for opening, token in enumerate(line.tokens):
        if token.text not in ("(", "["):
            continue
        spans = line.arguments(opening)
        for (first, end), (start, last) in pairwise(spans):
            new = line.piece(start, last) + _between(line, end, start) + line.piece(first, end)
            yield "swap", line.put(first, last, new)
        for number, (first, last) in enumerate(spans):
            if len(spans) > 1:
                gone = (first, spans[number + 1][0]) if number + 1 < len(spans) else (first - 1, last)
                yield "argument", line.put(gone[0], gone[1], "")
        if spans and token.text == "(" and len(spans) < 3:
            for new in ("0, ", "1, "):
                yield "argument", line.put(opening, opening + 1, "(" + new)


def _conditions(line: Line, scope: Scope) -> Found:
    """A condition turned round, without one of its parts, or with another one."""
    if line.condition is None:
        return
    first, last = line.condition
    whole = line.piece(first, last)
    returned = any(token.text == "return" for token in line.tokens[:first])
    no, both, either = line.syntax.negated, line.syntax.both, line.syntax.either
    if not returned or len(line.atoms) > 1:
        yield "negation", line.put(first, last, f"{no}({whole})")
    for start, end in line.atoms:
        if len(line.atoms) > 1:
            yield "negation", line.put(start, end, f"{no}({line.piece(start, end)})")
            yield "condition", line.put(first, last, line.piece(start, end))
            rest = [line.piece(*atom) for atom in line.atoms if atom != (start, end)]
            if len(rest) > 1:
                joint = both if line.tokens[line.atoms[0][1]].text in ("and", "&&") else either
                yield "condition", line.put(first, last, joint.join(rest))
    for other in scope.conditions:
        if other != whole:
            yield "strengthened", line.put(first, last, f"{_joined(whole, line)}{both}{other}")
            yield "strengthened", line.put(first, last, f"{_joined(whole, line)}{either}{other}")


def _presence(line: Line) -> Found:
    """Whether something is there, in place of whether it is true, and the other way round."""
    for start, end in line.atoms:
        asked = line.piece(start, end)
        if known := _IS_THERE.fullmatch(asked):
            absent = known[2] in ("is", "==", "===")
            yield "presence", line.put(start, end, f"{line.syntax.negated}{known[1]}" if absent else known[1])
        absent = line.tokens[start].text in ("not", "!")
        operand = (start + absent, end)
        if operand not in line.operands:
            continue
        value = line.piece(*operand)
        for forms in line.syntax.present:
            yield "presence", line.put(start, end, forms[absent].format(value))
        if line.syntax.python and (looked_up := _LOOKED_UP.fullmatch(value)):
            within = " not in " if absent else " in "
            yield "presence", line.put(start, end, f"{looked_up[2]}{within}{looked_up[1]}")
    if not line.syntax.python:
        return
    if instead := _OR_ELSE.fullmatch(line.text):
        begin, value, other = instead.groups()
        yield "presence", f"{begin}{value} if {value} is not None else {other}"
    for first, last in line.operands:
        after = line.tokens[last].text if last < len(line.tokens) else ""
        if after != "=" and (taken := _TAKEN.fullmatch(line.piece(first, last))):
            yield "presence", line.put(first, last, f"{taken[1]}.get({taken[2]})")


def _joined(whole: str, line: Line) -> str:
    return f"({whole})" if len(line.atoms) > 1 else whole


def _wrapped(line: Line, scope: Scope) -> Found:
    """An operand as the argument of a call, or with a method called on it."""
    syntax = line.syntax
    values = syntax.values - {"self", "this"}
    spans = [span for span in line.operands if line.tokens[span[0]].text not in values]
    for first, last in spans:
        operand = line.piece(first, last)
        after = line.tokens[last].text if last < len(line.tokens) else ""
        if after in ("=", "+=", "-=", "("):
            continue
        for name in (*syntax.wrappers, *scope.calls[:_MOST_WRAPPERS]):
            yield "wrapped", line.put(first, last, f"{name}({operand})")
        for suffix in syntax.suffixes:
            yield "wrapped", line.put(first, last, operand + suffix)
        if after == "(" or not scope.operands:
            continue
        for other in scope.operands[:4]:
            if other != operand:
                yield "bounded", line.put(first, last, syntax.larger.format(other, operand))
                yield "bounded", line.put(first, last, syntax.smaller.format(other, operand))


def _other_operands(line: Line, scope: Scope) -> Found:
    for first, last in line.operands:
        if last - first > _LONGEST_OPERAND:
            continue
        operand = line.piece(first, last)
        for other in scope.operands[:_MOST_OPERANDS]:
            if other != operand and not line.syntax.is_type(other):
                yield "operand", line.put(first, last, other)


def _cut(line: Line) -> Found:
    """Without a call around an operand, an operand of a sum, or one of a choice's sides."""
    for first, last in line.operands:
        opening = next((n for n in range(first, last) if line.tokens[n].text == "("), None)
        if opening is not None and line.closing(opening) == last - 1:
            inside = line.piece(opening + 1, last - 1) if last - 1 > opening + 1 else ""
            if inside:
                yield "unwrapped", line.put(first, last, inside)
            if opening - first >= 3:  # what it is called on
                yield "unwrapped", line.put(first, last, line.piece(first, opening - 2))
    for index, token in enumerate(line.tokens[1:-1], 1):
        if token.text in ("+", "-", "*", "%", "/", "//"):
            ends = [span[1] for span in line.operands if span[0] == index + 1]
            if ends and line.tokens[index - 1].kind != "sign":
                gone = line.text[: line.tokens[index - 1].end] + line.text[line.tokens[max(ends) - 1].end :]
                yield "unwrapped", gone


def scope_of(lines: Iterable[Line], beyond: Iterable[Line] = ()) -> Scope:
    """What the ``lines``, nearest first, hold that may have been meant; numbers, strings and calls come from
    ``beyond`` as well."""
    names: dict[str, None] = {}
    operands: dict[str, None] = {}
    numbers: dict[str, None] = {}
    strings: dict[str, None] = {}
    calls: dict[str, None] = {}
    conditions: dict[str, None] = {}
    near = list(lines)
    for line in near:
        for index, token in enumerate(line.tokens):
            called = index + 1 < len(line.tokens) and line.tokens[index + 1].text == "("
            if token.kind == "name" and token.text not in line.syntax.keywords and not called:
                names.setdefault(token.text)
        for first, last in line.operands:
            if last - first <= _LONGEST_OPERAND:
                operands.setdefault(line.piece(first, last))
        for start, end in line.atoms if line.condition else ():
            conditions.setdefault(line.piece(start, end))
    for line in (*near, *beyond):
        for index, token in enumerate(line.tokens):
            called = index + 1 < len(line.tokens) and line.tokens[index + 1].text == "("
            if token.kind == "number":
                numbers.setdefault(token.text)
            elif token.kind == "string":
                strings.setdefault(token.text)
            elif token.kind == "name" and called and token.text not in line.syntax.keywords:
                calls.setdefault(token.text)
    return Scope(
        tuple(names),
        tuple(operands),
        tuple(dict.fromkeys([*list(numbers)[:10], "0", "1", "2"])),
        tuple(list(strings)[:10]),
        tuple(calls),
        tuple(list(conditions)[:8]),
    )
