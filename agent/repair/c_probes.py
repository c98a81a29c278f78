"""Puts probes into C: each asks, when the program runs, whether it is to change something.

The probes of a file ask a function at its beginning (``injected/c_probe.c``), which reads the experiment from
the environment; so a program is compiled once for all of them. Lines keep their numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seedsmith.agent.repair.parsers import parser_of
from seedsmith.agent.repair.probe_sites import Site

if TYPE_CHECKING:
    from tree_sitter import Node

_RUNTIME = Path(__file__).parent / "injected" / "c_probe.c"
_PROBE = b"__seedsmith_asked(%d)"
_NAMES_FROM = 10
_CODES = {"not": 1, "+1": 2, "-1": 3, "0": 4}
_MOST_NAMES = 4

_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "&&", "||"})
_STATEMENTS = frozenset({"expression_statement", "return_statement", "break_statement", "continue_statement"})
_VALUES = frozenset(
    {"identifier", "number_literal", "binary_expression", "unary_expression", "call_expression"}
    | {"field_expression", "subscript_expression", "pointer_expression", "conditional_expression"}
)
_LEFT_ALONE = frozenset(
    {"preproc_def", "preproc_function_def", "preproc_include", "preproc_call", "sizeof_expression"}
    | {"type_descriptor", "enum_specifier", "struct_specifier", "union_specifier", "array_declarator"}
    | {"function_declarator", "offsetof_expression", "alignof_expression", "gnu_asm_expression"}
    | {"generic_expression", "attribute_declaration", "attribute_specifier", "comment"}
)
_WHOLE = frozenset({"int", "long", "unsigned", "size_t", "char", "unsigned int", "uint8_t", "uint32_t"})
_PLACES = {
    "assignment_expression": "left",
    "update_expression": "argument",
    "call_expression": "function",
    "field_expression": "argument",
    "subscript_expression": "argument",
    "case_statement": "value",
    "init_declarator": "declarator",
    "preproc_if": "condition",
    "preproc_ifdef": "name",
    "preproc_elif": "condition",
}
"""The child of a node that names a place or a constant, and is no value that could change."""


def code_of(change: str, names: list[str]) -> int:
    """What the program knows a change by; ``names`` are the other names that fit at its site."""
    return _NAMES_FROM + names.index(change[1:]) if change.startswith("=") else _CODES[change]


def probed(
    path: str,
    text: str,
    sites: list[Site],
    names: list[list[str]],
    wanted: Callable[[int, str], bool],
) -> str | None:
    """``text`` with probes, whose sites are added to ``sites``, and to ``names`` the names that fit there.

    A probe is known by its site's number, its place in ``sites``. ``wanted`` says of a line whether a probe
    of a kind is to be put there. Returns None where there are none. Raises ImportError where the parser
    (``tree-sitter-c``) is missing.
    """
    data = text.encode("utf-8", "surrogateescape")
    root = parser_of(".c").parse(data).root_node
    before = len(sites)
    try:
        parts = b"".join(_Writer(path, sites, names, wanted).parts(root, None))
    except RecursionError:
        del sites[before:], names[before:]
    if len(sites) == before:
        return None
    whole = _RUNTIME.read_bytes() + b"#line 1\n" + data[: root.start_byte] + parts
    return whole.decode("utf-8", "surrogateescape")


class _Writer:
    """Writes a file's syntax tree down again, with probes."""

    def __init__(
        self,
        path: str,
        sites: list[Site],
        names: list[list[str]],
        wanted: Callable[[int, str], bool],
    ) -> None:
        self._path = path
        self._sites = sites
        self._names = names
        self._wanted = wanted

    def parts(self, node: Node, function: Node | None) -> Iterator[bytes]:
        """The pieces of text of ``node``, which stands in ``function``."""
        kind = self._kind(node) if function is not None else None
        line = node.start_point.row + 1
        if kind is None or function is None or not self._wanted(line, kind):
            yield from self._within(node, function)
            return
        asked = _PROBE % len(self._sites)
        names = _alike(node, function) if node.type in ("identifier", "number_literal") else []
        self._sites.append(Site(self._path, line, kind))
        self._names.append(names)
        inside = b"".join(self._within(node, function))
        if kind == "statement":
            yield b"{ if (%s != 1) %s }" % (asked, inside)
        elif kind == "predicate":
            yield b"(!!(%s) ^ (%s == 1))" % (inside, asked)
        else:
            others = b"".join(
                b"asked_ == %d ? (__typeof__(value_)) %s : " % (_NAMES_FROM + place, name.encode())
                for place, name in enumerate(names)
            )
            yield b"(__extension__ ({ __auto_type value_ = (%s); int asked_ = %s; %s" % (
                inside,
                asked,
                others,
            )
            yield b"asked_ == 2 ? value_ + 1 : asked_ == 3 ? value_ - 1 : "
            yield b"asked_ == 4 ? (__typeof__(value_)) 0 : value_; }))"

    def _within(self, node: Node, function: Node | None) -> Iterator[bytes]:
        text = node.text or b""
        if node.type in _LEFT_ALONE or not node.child_count or _is_static(node):
            yield text
            return
        if node.type == "function_definition":
            function = node
        place = node.start_byte
        for child in node.children:
            yield text[place - node.start_byte : child.start_byte - node.start_byte]
            yield from self.parts(child, function)
            place = child.end_byte
        yield text[place - node.start_byte :]

    def _kind(self, node: Node) -> str | None:
        parent = node.parent
        if parent is None or node.type in _LEFT_ALONE:
            return None
        if node.type in _STATEMENTS:
            return None if node.text == b";" else "statement"
        if node.type not in _VALUES or _is_place(node, parent):
            return None
        operator = node.child_by_field_name("operator")
        if operator is not None and (operator.type in _COMPARISONS or operator.type == "!"):
            return "predicate"
        if _is_condition(node, parent):
            return "predicate"
        return None if parent.type in ("expression_statement", "parenthesized_expression") else "value"


def _is_place(node: Node, parent: Node) -> bool:
    field = _PLACES.get(parent.type)
    if field and parent.child_by_field_name(field) == node:
        return True
    if parent.type == "pointer_expression":
        outer = parent.parent
        operator = parent.child_by_field_name("operator")
        taken = operator is not None and operator.type == "&"
        return taken or (outer is not None and _is_place(parent, outer))
    return parent.type in ("declaration", "parameter_declaration", "pointer_declarator", "type_definition")


def _is_condition(node: Node, parent: Node) -> bool:
    if parent.type == "parenthesized_expression":
        outer = parent.parent
        return outer is not None and outer.type in ("if_statement", "while_statement", "do_statement")
    return parent.type in ("conditional_expression", "for_statement") and (
        parent.child_by_field_name("condition") == node
    )


def _is_static(node: Node) -> bool:
    """Whether a declaration must be constant."""
    return node.type == "declaration" and any(
        child.type == "storage_class_specifier" for child in node.children
    )


def _alike(node: Node, function: Node) -> list[str]:
    """The other names of a value's type seen there, the nearest first; for a number, of whole ones."""
    types = dict(_declared(node, function))
    own = (node.text or b"").decode("utf-8", "replace")
    kinds = _WHOLE if node.type == "number_literal" else {types.get(own, "")} - {""}
    alike = [name for name, kind in types.items() if name != own and kind in kinds]
    return alike[:_MOST_NAMES]


def _declared(node: Node, function: Node) -> Iterator[tuple[str, str]]:
    """The names of variables and parameters that are seen at ``node``, and their types."""
    inner: Node | None = node
    while inner is not None and inner != function:
        if inner.type in ("compound_statement", "for_statement"):
            for each in reversed(inner.named_children):
                if each.type == "declaration" and each.end_byte <= node.start_byte:
                    yield from _names_in(each)
        inner = inner.parent
    head = function.child_by_field_name("declarator")
    while head is not None and head.type == "pointer_declarator":
        head = head.child_by_field_name("declarator")
    parameters = head.child_by_field_name("parameters") if head is not None else None
    for each in parameters.named_children if parameters is not None else ():
        yield from _names_in(each)


def _names_in(declaration: Node) -> Iterator[tuple[str, str]]:
    kind = declaration.child_by_field_name("type")
    for declarator in declaration.children_by_field_name("declarator") if kind is not None else ():
        stars, inner = "", declarator
        while (deeper := inner.child_by_field_name("declarator")) is not None:
            stars += {"pointer_declarator": "*", "init_declarator": ""}.get(inner.type, "?")
            inner = deeper
        if inner.type == "identifier" and "?" not in stars and kind is not None:
            yield (inner.text or b"").decode("utf-8", "replace"), (kind.text or b"").decode() + stars
