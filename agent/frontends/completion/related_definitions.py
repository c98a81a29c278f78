"""Definitions from elsewhere that the code at the cursor uses: in what it imports and in open files."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping

from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.sandbox.lazy_dataclass import dataclass

Read = Callable[[str], str | None]
"""The text of a file of the workspace; None where it can't be read."""
_PYTHON = frozenset({".py", ".pyi"})
_NEAR_LINES = 30
_WORD = re.compile(r"[A-Za-z_]\w*")
_FROM = re.compile(r"^[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n(]+)", re.M)
_IMPORT = re.compile(r"^[ \t]*import[ \t]+([\w.]+)(?:[ \t]+as[ \t]+(\w+))?", re.M)
_DEFINITION = re.compile(
    r"^[ \t]*(?:export\s+|default\s+|pub(?:\(\w+\))?\s+|public\s+|static\s+|async\s+|abstract\s+)*"
    r"(?:def|class|function|func|fn|interface|type|struct|enum|trait|const|let|var)\s+(?:\([^)]*\)\s*)?"
    r"(?P<name>[A-Za-z_]\w*)[^\n]*",
    re.M,
)
_MOST_LINE = 200


@dataclass(frozen=True, slots=True)
class Related:
    """Definitions of one file, their bodies left out."""

    path: str
    text: str


def related(hole: Hole, read: Read, opened: Mapping[str, str], most: int) -> tuple[Related, ...]:
    """Definitions that the code near the cursor names, at most ``most`` characters of them, nearest first.

    ``opened`` are the texts of other open files by their paths.
    """
    near = _near(hole)
    found: list[Related] = []
    seen = {hole.path}
    for path, text in _candidates(hole, read, opened, near):
        if path in seen:
            continue
        seen.add(path)
        chosen = []
        for definition in _definitions(path, text, near):
            if len(definition) <= most:
                chosen.append(definition)
                most -= len(definition) + 1
        if chosen:
            found.append(Related(path, "\n".join(chosen)))
    return tuple(found)


def _near(hole: Hole) -> dict[str, int]:
    """The words around the cursor, the nearest first."""
    above = "\n".join(hole.prefix.rsplit("\n", _NEAR_LINES)[-_NEAR_LINES:])
    below = "\n".join(hole.suffix.split("\n", _NEAR_LINES // 2)[: _NEAR_LINES // 2])
    words = [*reversed(_WORD.findall(above)), *_WORD.findall(below)]
    return {word: rank for rank, word in reversed(list(enumerate(words)))}


def _candidates(
    hole: Hole, read: Read, opened: Mapping[str, str], near: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    """Files that may define what is named near the cursor: what is imported first."""
    if hole.kind in _PYTHON:
        imported = {name: module for name, module in _imports(hole.text) if name in near}
        for name in sorted(imported, key=near.__getitem__):
            for path in _module_paths(hole.path, imported[name], name):
                text = opened.get(path) or read(path)
                if text is not None:
                    yield path, text
                    break
    yield from opened.items()


def _imports(text: str) -> Iterator[tuple[str, str]]:
    """Each imported name and its module, also from a text that does not parse."""
    for module, names in _FROM.findall(text):
        for each in names.strip("()").split(","):
            words = each.partition("#")[0].split()
            if words:
                yield words[-1], module
    for module, alias in _IMPORT.findall(text):
        yield alias or module.partition(".")[0], module


def _module_paths(importer: str, module: str, name: str) -> Iterator[str]:
    """Where the module may lie, relative to the workspace; absolute ones below any folder above the file."""
    stripped = module.lstrip(".")
    inner = stripped.replace(".", "/")
    folder = posixpath.dirname(importer)
    if dots := len(module) - len(stripped):
        for _ in range(dots - 1):
            folder = posixpath.dirname(folder)
        roots = [folder]
    else:
        roots = [folder]
        while roots[-1]:
            roots.append(posixpath.dirname(roots[-1]))
        roots.append("src")
    for root in roots:
        # the package's own name may be the folder itself, linked or installed under another place
        for inside in (inner, inner.partition("/")[2]) if not dots else (inner,):
            if not inside and not dots:
                continue
            place = posixpath.normpath(posixpath.join(root, inside))
            yield from (f"{place}.py", f"{place}/__init__.py", f"{place}/{name}.py")


def _definitions(path: str, text: str, near: Mapping[str, int]) -> list[str]:
    """The heads of what is defined in ``text`` under a name near the cursor."""
    if posixpath.splitext(path)[1].lower() in _PYTHON:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return []
        wanted = [(near[name], node) for node in tree.body for name in _names(node) if name in near]
        return ["\n".join(_head(node)) for _, node in sorted(wanted, key=lambda each: each[0])]
    heads = {match["name"]: match[0].strip()[:_MOST_LINE] for match in _DEFINITION.finditer(text)}
    return [heads[name] for name in sorted(heads.keys() & near.keys(), key=near.__getitem__)]


def _names(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign(targets=targets):
            return [each.id for each in targets if isinstance(each, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _head(node: ast.stmt) -> list[str]:
    """A definition without its body; of a class also its fields and its methods' heads."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
            returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            return [f"{word} {node.name}({ast.unparse(node.args)}){returns}: ..."]
        case ast.ClassDef():
            bases = ", ".join(ast.unparse(each) for each in node.bases)
            inner = [
                f"    {line}"
                for each in node.body
                if not isinstance(each, ast.ClassDef) and _shown_in_class(each)
                for line in _head(each)
            ]
            return [
                f"class {node.name}({bases}):" if bases else f"class {node.name}:",
                *(inner or ["    ..."]),
            ]
    return [ast.unparse(node)[:_MOST_LINE]]


def _shown_in_class(node: ast.stmt) -> bool:
    """Whether others use it: a field, or a method that is not private."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name == "__init__" or not name.startswith("_")
        case ast.AnnAssign():
            return True
    return False
