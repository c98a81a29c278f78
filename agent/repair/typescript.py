"""What the syntax tree of a TypeScript file tells: where its functions are, and what of it says types only.

What says types only is no code: nothing is varied there, and no name is taken from there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from seedsmith.agent.repair.parsers import parser_of

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

_SUFFIXES = frozenset({".ts", ".tsx", ".mts", ".cts"})
_FUNCTIONS = frozenset(
    {"function_declaration", "function_expression", "arrow_function", "method_definition"}
    | {"generator_function", "generator_function_declaration"}
)
_GIVES_NAME = {
    "variable_declarator": "name",
    "public_field_definition": "name",
    "pair": "key",
    "assignment_expression": "left",
    "call_expression": "function",
}
"""What names a function without a name of its own: the child of a node around it."""
_AROUND = frozenset(
    {"as_expression", "satisfies_expression", "parenthesized_expression", "non_null_expression", "arguments"}
)
_BEFORE = frozenset(
    {"export_statement", "lexical_declaration", "variable_declaration", "ambient_declaration"}
)
"""What begins before a function and belongs to it."""
TYPES = frozenset(
    {"type_annotation", "type_arguments", "type_parameters", "asserts_annotation", "implements_clause"}
    | {"type_predicate_annotation", "omitting_type_annotation", "opting_type_annotation", "index_signature"}
    | {"adding_type_annotation", "accessibility_modifier", "override_modifier", "ambient_declaration"}
    | {"interface_declaration", "type_alias_declaration", "function_signature", "method_signature"}
    | {"abstract_method_signature", "readonly", "abstract", "declare"}
)
"""Nodes that say types only, whatever stands in them."""
_MARKS = {
    "optional_parameter": "?",
    "public_field_definition": "?!",
    "method_definition": "?",
    "non_null_expression": "!",
    "variable_declarator": "!",
}
"""Signs that only say something of types, by what they stand in."""

Piece = tuple[int, int, int]
"""A line's index, and from and to where in it."""


def is_typescript(path: str) -> bool:
    """Whether a file is TypeScript, by its name."""
    return PurePosixPath(path).suffix in _SUFFIXES


def functions_of(path: str, text: str) -> list[tuple[str, int, int]] | None:
    """The functions with a body, as name, first and last line; None where no grammar is at hand.

    A method that stands alone, as models answer with one, counts too.
    """
    suffix = PurePosixPath(path).suffix
    try:
        root = _tree(suffix, text).root_node
        if root.has_error:
            alone = _tree(suffix, f"class Around {{\n{text}\n}}").root_node
            if not alone.has_error:
                return list(_spans(alone, 1))
    except ImportError:
        return None
    return list(_spans(root, 0))


@functools.lru_cache(maxsize=8)
def without_types(path: str, text: str) -> str:
    """The text, what says types only blanked.

    As it stands in other languages, and where no grammar is at hand.
    """
    if not is_typescript(path):
        return text
    try:
        root = _tree(PurePosixPath(path).suffix, text).root_node
    except ImportError:
        return text
    data = text.encode("utf-8", "surrogatepass")
    pieces: list[str] = []
    place = 0
    for start, end in sorted(_types(root)):
        if start < place:
            continue
        pieces.append(data[place:start].decode("utf-8", "surrogatepass"))
        hidden = data[start:end].decode("utf-8", "surrogatepass")
        pieces.append("\n".join(" " * len(line) for line in hidden.split("\n")))
        place = end
    pieces.append(data[place:].decode("utf-8", "surrogatepass"))
    return "".join(pieces)


@functools.lru_cache(maxsize=4)
def _tree(suffix: str, text: str) -> Tree:
    return parser_of(suffix).parse(text.encode("utf-8", "surrogatepass"))


def _walk(root: Node, enter: Callable[[Node], bool]) -> Iterator[Node]:
    """All nodes in order; nothing within those that ``enter`` says no of."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if enter(node):
            waiting += reversed(node.children)


def _spans(root: Node, above: int) -> Iterator[tuple[str, int, int]]:
    for node in _walk(root, lambda _: True):
        if node.type in _FUNCTIONS and (name := _name(node)):
            yield name, _first(node).start_point.row + 1 - above, node.end_point.row + 1 - above


def _name(function: Node) -> str:
    own = function.child_by_field_name("name")
    if own is not None:
        return _text(own)
    body = function.child_by_field_name("body")
    node = function.parent
    while node is not None and node.type in _AROUND:
        node = node.parent
    given = node.child_by_field_name(_GIVES_NAME.get(node.type, "")) if node is not None else None
    if node is None or given is None:
        return ""
    if node.type == "call_expression":
        block = body is not None and body.type == "statement_block"
        if not block or given.type not in ("identifier", "member_expression"):
            return ""
    return _text(given.child_by_field_name("property") or given)


def _text(node: Node) -> str:
    text = (node.text or b"").decode("utf-8", "replace")
    return text if text.replace("#", "").replace("$", "").isidentifier() else text.strip("'\"[]")


def _first(node: Node) -> Node:
    """Where a function's statement begins, what is exported or decorated included."""
    outer = node.parent
    while outer is not None and outer.start_point.row == node.start_point.row:
        node, outer = outer, outer.parent
    while outer is not None and outer.type in _BEFORE:
        node, outer = outer, outer.parent
    while (before := node.prev_sibling) is not None and before.type == "decorator":
        node = before
    return node


def _types(root: Node) -> Iterator[tuple[int, int]]:
    """From and to where types stand, in bytes; some lie within others."""
    for node in _walk(root, lambda each: not _says_types(each)):
        parent = node.parent
        if _says_types(node) or (parent is not None and node.type in _MARKS.get(parent.type, "")):
            yield node.start_byte, node.end_byte
        elif node.type in ("as_expression", "satisfies_expression"):
            yield node.children[1].start_byte, node.end_byte


def _says_types(node: Node) -> bool:
    if node.type == "public_field_definition":  # a field without a value is only declared
        return node.child_by_field_name("value") is None and node.children[0].type != "decorator"
    exported = node.type == "export_statement" and node.child_count > 1
    return node.type in TYPES or (exported and node.children[1].type in ("type", *TYPES))
