"""What a word of a shell command says once its quotes are taken away, as far as that is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from seedsmith.agent.settings.permissions.patterns import UNKNOWN

if TYPE_CHECKING:
    from tree_sitter import Node

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BLANK = re.compile(r"\s")
_ESCAPED_BLANK = re.compile(r"\\[ \t]")
_GLOB = re.compile(r"[*?\[\]]+")
_ESCAPED_IN_STRING = re.compile(r'\\([\\"$`])')
_HIDDEN = frozenset(
    {
        "simple_expansion",
        "expansion",
        "command_substitution",
        "process_substitution",
        "arithmetic_expansion",
        "brace_expression",
        "extglob_pattern",
        "regex",
        "array",
        "subscript",
        "translated_string",
    }
)


class Unclear(Exception):
    """What a command does can't be told before it runs; the message is a clause that says why."""


def word_of(node: Node) -> str:
    """The word at ``node``, :data:`UNKNOWN` in the place of what only the shell knows.

    Raises :class:`Unclear` for what is no word that is known here.
    """
    if node.type == "concatenation":
        if _has_braces(text_of(node)):
            return UNKNOWN
        return "".join(map(word_of, node.children))
    if node.type in ("word", "variable_name", "test_operator"):
        return _plain(text_of(node))
    if node.type in ("number", "file_descriptor", "string_content", "heredoc_start"):
        return text_of(node)
    if node.type == "raw_string":
        return text_of(node)[1:-1]
    if node.type == "string":
        return _string(node)
    if node.type == "ansi_c_string":
        inner = text_of(node)[2:-1]
        return UNKNOWN if "\\" in inner else inner
    if node.type in _HIDDEN or (not node.is_named and node.type in ("$", "{", "}", "=", "[", "]", ",")):
        return UNKNOWN if node.is_named else text_of(node)
    raise Unclear(f"it holds what is not known here ({node.type})")


def is_sure(node: Node) -> bool:
    """Whether the shell makes exactly one word of the word at ``node``: what is unknown of it is quoted."""
    if node.type in ("string", "raw_string", "number"):
        return True
    if node.type == "concatenation":
        return not _has_braces(text_of(node)) and all(map(is_sure, node.children))
    if node.type in ("word", "ansi_c_string"):
        return UNKNOWN not in word_of(node)
    return not node.is_named and node.type not in ("$", "{", "}")


def assignment_of(node: Node) -> str:
    """``NAME=value``, the value as far as it is known."""
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    name_text = text_of(name) if name is not None and name.type == "variable_name" else UNKNOWN
    return f"{name_text}={word_of(value) if value is not None else ''}"


def text_of(node: Node) -> str:
    """The source at ``node``."""
    return (node.text or b"").decode("utf-8", "replace")


def _plain(text: str) -> str:
    """An unquoted word: escapes taken away, what the shell puts file names or a home folder for unknown."""
    if _BLANK.search(_ESCAPED_BLANK.sub("", text)):
        raise Unclear("a word of it is not read for sure")
    if _has_braces(text):
        return UNKNOWN
    pieces = _ESCAPED.split(text)
    plain = "".join(piece if number % 2 else _GLOB.sub(UNKNOWN, piece) for number, piece in enumerate(pieces))
    return UNKNOWN + plain[1:] if text.startswith("~") and "/" not in text else plain


def _has_braces(text: str) -> bool:
    return "{" in text and ("," in text or ".." in text)


def _string(node: Node) -> str:
    """A string in double quotes; what stands between its parts counts, though it is no part."""
    whole, start = node.text or b"", node.start_byte
    pieces: list[str] = []
    at = 1
    for child in node.named_children:
        if child.type == "string_content":
            continue
        pieces += [_unescaped(whole[at : child.start_byte - start]), UNKNOWN]
        at = child.end_byte - start
    return "".join([*pieces, _unescaped(whole[at:-1])])


def _unescaped(raw: bytes) -> str:
    return _ESCAPED_IN_STRING.sub(r"\1", raw.decode("utf-8", "replace"))
