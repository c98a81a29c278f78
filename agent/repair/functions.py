"""Divides a source file of any language into regions that can be shown and changed one at a time."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from seedsmith.agent.repair.typescript import functions_of, is_typescript, without_types
from seedsmith.sandbox.lazy_dataclass import dataclass

_CONTROL = frozenset(
    {"if", "for", "while", "switch", "catch", "else", "do", "return", "with", "try", "finally", "match"}
)
_TYPES = frozenset({"class", "struct", "enum", "union", "interface", "namespace", "impl", "trait", "extern"})
_NAMED = re.compile(r"([A-Za-z_$#~][\w$:~]*)\s*(?:<[^<>]*>\s*)?\(")
_ASSIGNED = re.compile(r"([A-Za-z_$][\w$]*)\s*[:=]\s*(?:async\s+)?(?:function\b|\(|[\w$]+\s*=>)")
_COMMENT_OR_TEXT = r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*\""""
_OPAQUE = re.compile(rf"""{_COMMENT_OR_TEXT}|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`""", re.DOTALL)
_ONE_CHARACTER = r"""'(?:\\(?:u\{\w+\}|x\w\w|.)|[^'\\\n])'"""
_OPAQUE_IN = {
    ".rs": re.compile(
        rf"""r(?P<hashes>#*)".*?"(?P=hashes)|{_COMMENT_OR_TEXT}|{_ONE_CHARACTER}""",
        re.DOTALL,
    ),
    ".go": re.compile(rf"""{_COMMENT_OR_TEXT}|{_ONE_CHARACTER}|`[^`]*`""", re.DOTALL),
}
"""Where a single quote is no string's: what it begins is one character, or in Rust a lifetime."""
_DECLARED = re.compile(r"\b(?:fn|func|fun)\s+(?:\([^()]*\)\s*)?(\w+)")
_DECLARING = frozenset({".go", ".rs", ".kt", ".swift"})
"""Languages in which a word begins every function that has a name."""

_PYTHON = (".py", ".pyi")

Span = tuple[str, int, int]


def is_python(path: str) -> bool:
    """Whether a file is Python, by its name; Python is parsed, other languages are scanned."""
    return path.endswith(_PYTHON)


@dataclass(frozen=True, slots=True)
class Region:
    """Lines of one file that belong together: a function, or what stands outside all functions."""

    path: str
    name: str
    """The function's dotted name; empty for the lines outside all functions."""
    numbers: tuple[int, ...]
    """The file's line numbers, from 1, ascending."""
    lines: tuple[str, ...]
    """Their text, without line ends."""

    @property
    def is_function(self) -> bool:
        """Whether the lines are one function, without a gap."""
        return bool(self.name)

    @property
    def source(self) -> str:
        """The lines as they stand in the file."""
        return "\n".join(self.lines)

    def holds(self, line: int) -> bool:
        """Whether the file's ``line`` is one of them."""
        return line in self.numbers


def regions_in(path: str, text: str) -> list[Region]:
    """All functions of a file in order, outer before inner, then the lines outside functions.

    Python is parsed, or scanned by indentation if it does not parse, TypeScript is parsed where its grammar
    is at hand; other languages are scanned by braces. Lines that only import, comment, say types or close a
    block are not a region of their own.
    """
    lines = text.split("\n")
    if is_python(path):
        try:
            spans = list(_parsed(ast.parse(text)))
        except (SyntaxError, ValueError, RecursionError):
            spans = list(_indented(lines))
    else:
        known = functions_of(path, text) if is_typescript(path) else None
        spans = list(_braced(path, text)) if known is None else known
    code = without_types(path, text).split("\n")
    functions = sorted(set(spans), key=lambda span: (span[1], -span[2]))
    regions = [
        Region(path, name, tuple(range(first, last + 1)), tuple(lines[first - 1 : last]))
        for name, first, last in functions
    ]
    covered = {number for region in regions for number in region.numbers}
    outside = tuple(n for n, line in enumerate(code, 1) if n not in covered and _says_something(line))
    if outside:
        regions.append(Region(path, "", outside, tuple(lines[n - 1] for n in outside)))
    return regions


def _says_something(line: str) -> bool:
    text = line.strip()
    if not re.search(r"\w", text) or text.startswith(("//", "/*", "*", '"""', "'''", "import ", "from ")):
        return False
    return not (text.startswith("#") and not text.startswith("#define")) and "require(" not in text


def _parsed(tree: ast.AST, prefix: str = "") -> Iterator[Span]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield prefix + node.name, first, node.end_lineno or node.lineno
            yield from _parsed(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.ClassDef):
            yield from _parsed(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.stmt):
            yield from _parsed(node, prefix)


def _indented(lines: list[str]) -> Iterator[Span]:
    for number, line in enumerate(lines, 1):
        head = re.match(r"(\s*)(?:async\s+)?def\s+(\w+)", line)
        if head is None:
            continue
        last = number
        for later, following in enumerate(lines[number:], number + 1):
            indent = len(following) - len(following.lstrip())
            if following.strip() and indent <= len(head[1]) and not following.lstrip().startswith(")"):
                break
            if following.strip():
                last = later
        yield head[2], number, last


def bodies(path: str, text: str) -> Iterator[tuple[str, int]]:
    """The functions of a language with braces: each one's name, and where in the text its body begins."""
    for name, _, opening, _ in _blocks(path, code_of(path, text)):
        yield name, opening + 1


def body_spans(path: str, text: str) -> list[tuple[int, int]]:
    """Where in the text the bodies of the outermost functions lie, their braces included."""
    spans = [(opening, closing + 1) for _, _, opening, closing in _blocks(path, code_of(path, text))]
    return [each for each in spans if not any(a < each[0] and each[1] < b for a, b in spans)]


def _braced(path: str, text: str) -> Iterator[Span]:
    code = code_of(path, text)
    for name, start, _, end in _blocks(path, code):
        yield name, code.count("\n", 0, start) + 1, code.count("\n", 0, end) + 1


def code_of(path: str, text: str) -> str:
    """The text with strings and comments blanked, so that braces can be counted."""
    opaque = _OPAQUE_IN.get(PurePosixPath(path).suffix, _OPAQUE)
    return opaque.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _blocks(path: str, code: str) -> Iterator[tuple[str, int, int, int]]:
    """Functions of a language with braces: name, where it begins, and where its braces are."""
    head = _declared if PurePosixPath(path).suffix in _DECLARING else _head
    open_blocks: list[tuple[int, str, int]] = []
    previous = 0
    for brace in re.finditer(r"[{}]", code):
        if brace[0] == "{":
            open_blocks.append((*head(code, previous, brace.start()), brace.start()))
        elif open_blocks:
            start, name, opening = open_blocks.pop()
            if name:
                yield name, start, opening, brace.start()
        previous = brace.end()


def _declared(code: str, previous: int, brace: int) -> tuple[int, str]:
    """The same as :func:`_head` where a word says that a function is declared."""
    found = [*_DECLARED.finditer(code, previous, brace)][-1:]
    if not found or ";" in re.sub(r"\[[^\[\]]*\]", "", code[found[0].end() : brace]):
        return previous, ""
    start = max(previous, code.rfind("\n", 0, found[0].start()) + 1)
    return start + len(code[start:]) - len(code[start:].lstrip()), found[0][1]


def _head(code: str, previous: int, brace: int) -> tuple[int, str]:
    """Where the statement that opens a block begins, and the function's name if it is one."""
    start = max(previous, code.rfind(";", previous, brace) + 1)
    head = re.sub(r"^\s*#[^\n]*$", lambda match: " " * len(match[0]), code[start:brace], flags=re.MULTILINE)
    start += len(head) - len(head.lstrip())
    head = head.strip()
    first = re.match(r"\W*(\w+)", head)
    if first is None or (")" not in head and "=>" not in head):
        return start, ""
    if first[1] in _CONTROL or first[1] in _TYPES:
        return start, ""
    if assigned := _ASSIGNED.search(head):
        return start, assigned[1]
    named = [name for name in _NAMED.findall(head) if name not in _CONTROL and name != "function"]
    return start, named[0] if named else ""
