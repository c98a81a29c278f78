"""Puts probes into JavaScript and TypeScript: calls around what can give something else, and statements.

The probes of a file ask a function at its beginning (``injected/javascript_probe.js``), so that they work
under every test runner. Lines keep their numbers, in TypeScript behind one that switches its checks off: what
a probe gives is of any type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from seedsmith.agent.repair.parsers import parser_of
from seedsmith.agent.repair.probe_sites import Site
from seedsmith.agent.repair.typescript import TYPES, is_typescript

if TYPE_CHECKING:
    from tree_sitter import Node

_SUFFIXES = frozenset({".js", ".mjs", ".cjs", ".jsx"})
_UNCHECKED = "// @ts-nocheck\n"
_PROBE = "__seedsmith_probe__"
_RUNTIME = Path(__file__).parent / "injected" / "javascript_probe.js"
_MOST_NAMES = 6

_COMPARISONS = frozenset({"==", "===", "!=", "!==", "<", "<=", ">", ">=", "in", "instanceof", "&&", "||"})
_STATEMENTS = frozenset(
    {"expression_statement", "return_statement", "throw_statement", "break_statement", "continue_statement"}
)
_FUNCTIONS = frozenset(
    {"function_declaration", "function_expression", "arrow_function", "method_definition"}
    | {"generator_function", "generator_function_declaration"}
)
_VALUES = frozenset(
    {"identifier", "number", "member_expression", "subscript_expression", "call_expression"}
    | {"binary_expression", "unary_expression", "ternary_expression", "array", "object", "new_expression"}
    | {"await_expression", "template_string", "true", "false"}
)
_LEFT_ALONE = frozenset(
    {"import_statement", "jsx_opening_element", "jsx_closing_element", "jsx_self_closing_element"}
    | {"object_pattern", "array_pattern", "regex", "string", "comment", "decorator", "class_heritage"}
    | {"enum_declaration", "import_alias", *TYPES}
)
_PLACES = {
    "assignment_expression": "left",
    "augmented_assignment_expression": "left",
    "update_expression": "argument",
    "for_in_statement": "left",
    "new_expression": "constructor",
    "variable_declarator": "name",
    "assignment_pattern": "left",
    "labeled_statement": "label",
    "break_statement": "label",
    "continue_statement": "label",
    "pair": "key",
    "member_expression": "property",
    "field_definition": "property",
    "class_declaration": "name",
    "class": "name",
    "catch_clause": "parameter",
    "arrow_function": "parameter",
    "required_parameter": "pattern",
    "optional_parameter": "pattern",
    "public_field_definition": "name",
    "internal_module": "name",
}
"""The child of a node that names a place and is no value."""
_TYPED = frozenset({"as_expression", "satisfies_expression"})
_AROUND = frozenset({"non_null_expression", *_TYPED})
"""What says a value's type, and is that value."""
_PARAMETERS = frozenset({"formal_parameters", "required_parameter", "optional_parameter"})
_DECLARING = _PARAMETERS | {"variable_declarator", "arrow_function", "assignment_pattern"}
_DECLARATIONS = _PARAMETERS | {"variable_declarator", "lexical_declaration", "variable_declaration"}
_NAMED = _FUNCTIONS - {"arrow_function"}


def is_javascript(path: str) -> bool:
    """Whether probes can be put into a file, by its name."""
    return PurePosixPath(path).suffix in _SUFFIXES or is_typescript(path)


def unchecked(path: str, text: str) -> str:
    """``text``, its types not checked where it is TypeScript: a probe beside it is of any type."""
    return _UNCHECKED + text if is_typescript(path) and not text.startswith("#!") else text


def probed(path: str, text: str, sites: list[Site], wanted: Callable[[int, bool], bool]) -> str | None:
    """``text`` with probes, whose sites are added to ``sites``; None where there are none to put.

    A probe is known by its site's number, its place in ``sites``. ``wanted`` says of a line whether it is to
    be probed; it is also told whether the line is in a function. Raises ImportError where the parser
    (``tree-sitter-javascript``, ``tree-sitter-typescript``) is missing.
    """
    data = text.encode("utf-8", "surrogatepass")
    root = parser_of(PurePosixPath(path).suffix).parse(data).root_node
    before = len(sites)
    try:
        whole = data[: root.start_byte] + b"".join(_Writer(path, sites, wanted).parts(root, 0))
    except RecursionError:
        del sites[before:]
    if root.has_error or len(sites) == before:
        del sites[before:]
        return None
    start = next((child.start_byte for child in root.children if not _opens(child)), 0)
    runtime = " ".join(line.strip() for line in _RUNTIME.read_text("utf-8").splitlines())
    with_probes = whole[:start] + runtime.encode() + b" " + whole[start:]
    return unchecked(path, with_probes.decode("utf-8", "surrogatepass"))


class _Writer:
    """Writes a file's syntax tree down again, with probes."""

    def __init__(self, path: str, sites: list[Site], wanted: Callable[[int, bool], bool]) -> None:
        self._path = path
        self._sites = sites
        self._wanted = wanted
        self._names: list[list[str]] = [[]]

    def parts(self, node: Node, depth: int) -> Iterator[bytes]:
        """The pieces of text of ``node``; ``depth`` counts the functions around it."""
        kind = None if node.type in _LEFT_ALONE else self._kind(node)
        inside = bool(depth)
        if kind is None or not self._wanted(node.start_point.row + 1, inside):
            yield from self._within(node, depth)
            return
        number = len(self._sites)
        self._sites.append(Site(self._path, node.start_point.row + 1, kind))
        if kind == "statement":
            yield b"{ if (%s(%d, true)) " % (_PROBE.encode(), number)
            yield from self._within(node, depth)
            yield b" }"
            return
        yield b"%s(%d, " % (_PROBE.encode(), number)
        yield from self._within(node, depth)
        yield self._others(node) + b")"

    def _within(self, node: Node, depth: int) -> Iterator[bytes]:
        text = node.text or b""
        if node.type in _LEFT_ALONE or not node.child_count:
            yield text
            return
        function = node.type in _FUNCTIONS
        if function:
            self._names.append(list(_declared(node))[: 4 * _MOST_NAMES])
        place = node.start_byte
        for child in node.children[:1] if node.type in _TYPED else node.children:
            yield text[place - node.start_byte : child.start_byte - node.start_byte]
            yield from self.parts(child, depth + function)
            place = child.end_byte
        yield text[place - node.start_byte :]
        if function:
            self._names.pop()

    def _others(self, node: Node) -> bytes:
        """The other names in scope, as a third argument, where the value is a name's."""
        if node.type != "identifier":
            return b""
        own = (node.text or b"").decode()
        names = [name for names in reversed(self._names) for name in names if name != own]
        given = ", ".join(f"{name}: () => {name}" for name in dict.fromkeys(names[:_MOST_NAMES]))
        return f", {{{given}}}".encode() if given else b""

    def _kind(self, node: Node) -> str | None:
        parent = node.parent
        if parent is None:
            return None
        if node.type in _STATEMENTS:
            declares = any(child.type == "internal_module" for child in node.children)
            return None if declares or _opens(node) or parent.type == "for_statement" else "statement"
        if node.type not in _VALUES:
            return None
        whole = node
        while parent.type in _AROUND and parent.parent is not None:
            whole, parent = parent, parent.parent
        if not _is_value(whole, parent):
            return None
        if _decides(node) or (node.type == "unary_expression" and node.children[0].type == "!"):
            return "predicate"
        if _is_condition(whole, parent):
            return "predicate"
        if parent.child_by_field_name("object") == whole:
            return "base" if node.type == "identifier" else None
        return "value"


def _is_value(node: Node, parent: Node) -> bool:
    """Whether ``node`` gives a value there, and names no place."""
    field = _PLACES.get(parent.type) or ("name" if parent.type in _NAMED else "")
    if field and parent.child_by_field_name(field) == node:
        return False
    if parent.type in ("formal_parameters", "import_specifier", "export_specifier", "rest_pattern"):
        return False
    if parent.type == "unary_expression" and parent.children[0].type in ("delete", "typeof", "void"):
        return False
    if parent.type == "call_expression":  # its arguments are children of another node but for a tag's
        return False
    return parent.type not in ("expression_statement", "parenthesized_expression", "await_expression") or (
        parent.type == "parenthesized_expression" and _is_condition(node, parent)
    )


def _decides(node: Node) -> bool:
    operator = node.child_by_field_name("operator")
    return node.type == "binary_expression" and operator is not None and operator.type in _COMPARISONS


def _is_condition(node: Node, parent: Node) -> bool:
    if parent.type == "parenthesized_expression":
        outer = parent.parent
        return outer is not None and outer.type in ("if_statement", "while_statement", "do_statement")
    return parent.type in ("ternary_expression", "for_statement") and (
        parent.child_by_field_name("condition") == node
    )


def _opens(node: Node) -> bool:
    """Whether a statement is one of those before which nothing may stand, as ``'use strict'``."""
    if node.type in ("hash_bang_line", "comment"):
        return True
    return node.type == "expression_statement" and [child.type for child in node.named_children] == ["string"]


def _declared(function: Node) -> Iterator[str]:
    """The names that a function's parameters and its own declarations give."""
    waiting = [child for child in function.children if child.type != "statement_block"]
    body = function.child_by_field_name("body")
    if body is not None and body.type == "statement_block":
        waiting += body.children
    while waiting:
        node = waiting.pop(0)
        if node.type in _FUNCTIONS or node.type in TYPES or node.type == "property_identifier":
            continue
        if node.type in ("identifier", "shorthand_property_identifier_pattern"):
            parent = node.parent
            if parent is not None and (parent.type in _DECLARING or "pattern" in parent.type):
                field = _PLACES.get(parent.type)
                if field is None or parent.child_by_field_name(field) == node:
                    yield (node.text or b"").decode()
        elif node.type in _DECLARATIONS or "pattern" in node.type:
            waiting = [*node.children, *waiting]
