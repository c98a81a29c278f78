"""Tree-sitter's parsers of the languages that are searched without running anything; all are extras."""

from __future__ import annotations

import functools
import importlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Parser

_GRAMMARS = {
    ".js": "tree_sitter_javascript",
    ".mjs": "tree_sitter_javascript",
    ".cjs": "tree_sitter_javascript",
    ".jsx": "tree_sitter_javascript",
    ".ts": "tree_sitter_typescript",
    ".mts": "tree_sitter_typescript",
    ".cts": "tree_sitter_typescript",
    ".tsx": "tree_sitter_typescript",
    ".c": "tree_sitter_c",
    ".go": "tree_sitter_go",
    ".rs": "tree_sitter_rust",
}
_OF_SEVERAL = {
    ".ts": "language_typescript",
    ".mts": "language_typescript",
    ".cts": "language_typescript",
    ".tsx": "language_tsx",
}
"""What gives the grammar where a module holds more than one."""


@functools.lru_cache
def parser_of(suffix: str) -> Parser:
    """The parser for files with a suffix. Raises ImportError where there is none."""
    if suffix not in _GRAMMARS:
        raise ImportError(f"No grammar is known for {suffix}.")
    import tree_sitter

    grammar = importlib.import_module(_GRAMMARS[suffix])
    language = getattr(grammar, _OF_SEVERAL.get(suffix, "language"))
    return tree_sitter.Parser(tree_sitter.Language(language()))


def spoils(path: str, old: str, new: str) -> bool:
    """Whether ``new`` is no program by its grammar although ``old`` is; False where no grammar is at hand."""
    suffix = PurePosixPath(path).suffix
    try:
        return not _has_errors(suffix, old) and _has_errors(suffix, new)
    except ImportError:
        return False


@functools.lru_cache(maxsize=32)
def _has_errors(suffix: str, text: str) -> bool:
    return parser_of(suffix).parse(text.encode("utf-8", "surrogatepass")).root_node.has_error
