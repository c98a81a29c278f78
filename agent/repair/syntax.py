"""How the languages differ in what a small change of a line has to keep to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from seedsmith.sandbox.lazy_dataclass import dataclass

_COMMON = (
    "if elif else for while return def class in is not and or None True False self this const let var"
    " function async await yield lambda with as try except raise import from new int char long size_t bool"
    " void static struct unsigned double float true false null undefined NULL"
    " case switch break continue pass assert del"
    " throw catch finally typeof instanceof do short signed enum union sizeof goto"
)
_GO = " func type range go defer select chan map interface package fallthrough default nil string error"
_JAVASCRIPT_WORDS = " extends export of"
_TYPESCRIPT_WORDS = (
    " interface enum namespace abstract declare readonly public private protected override implements"
    " satisfies keyof infer"
)
_RUST = (
    " fn mut impl trait pub use mod match loop move ref where dyn unsafe crate super Self type box"
    " i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 str"
)
_VALUES = frozenset(
    ["None", "True", "False", "self", "this", "true", "false", "null", "undefined", "NULL", "nil"]
)


@dataclass(frozen=True, slots=True)
class Syntax:
    """What is written how in one language."""

    python: bool = False
    bare: bool = False
    """Whether a condition stands without parentheses and every block in braces, as in Go and Rust."""
    keywords: frozenset[str] = frozenset(_COMMON.split())
    values: frozenset[str] = _VALUES
    """Keywords that are expressions of their own."""
    end: str = ";"
    """What ends a statement."""
    empty: tuple[str, ...] = ("[]", "0", "null")
    """What a variable is reset to."""
    returned: tuple[str, ...] = ("null", "false", "true", "0", "[]")
    early: tuple[str, ...] = ("0", "null")
    """What an early way out returns."""
    wrappers: tuple[str, ...] = ()
    """Calls that an operand may lack."""
    suffixes: tuple[str, ...] = ()
    """What may be missing behind an operand."""
    larger: str = "Math.max({}, {})"
    smaller: str = "Math.min({}, {})"
    negated: str = "!"
    absent: tuple[str, ...] = ("!{}",)
    """Conditions that hold where a value is not there."""
    present: tuple[tuple[str, str], ...] = ()
    """Conditions that hold where a value is there, though it is empty or 0, each with its contrary."""
    typed_by_case: bool = False
    """Whether a name that begins with a capital is a type, as in Rust; one of capitals alone is none."""
    both: str = " && "
    either: str = " || "

    def is_type(self, text: str) -> bool:
        """Whether a text is the name of a type alone, as far as that can be told."""
        named = self.typed_by_case and text.isidentifier() and text not in self.values
        return named and text[0].isupper() and not text.isupper()

    def under(self, condition: str, body: str) -> str:
        """``body`` in one line, done only where ``condition`` holds."""
        if self.python:
            return f"if {condition}: {body}"
        return f"if {condition} {{ {body}{self.end} }}" if self.bare else f"if ({condition}) {body}{self.end}"


_PYTHON = Syntax(
    python=True,
    end="",
    empty=("[]", "{}", "0", "None"),
    returned=("None", "False", "True", "0", "[]"),
    early=("None", "[]", "0", "False", "True"),
    wrappers=("list", "sorted", "set", "dict", "len", "str", "int", "abs", "tuple", "bool", "reversed"),
    suffixes=(".copy()", ".strip()", ".lower()"),
    larger="max({}, {})",
    smaller="min({}, {})",
    negated="not ",
    absent=("not {}", "{} is None"),
    present=(("{} is not None", "{} is None"),),
    both=" and ",
    either=" or ",
)
_BRACES = Syntax(suffixes=(".slice()", ".trim()", ".toLowerCase()", ".length"))
_BY_NULL = (("{} != null", "{} == null"), ("{} !== undefined", "{} === undefined"))
_JAVASCRIPT = replace(_BRACES, present=_BY_NULL, keywords=frozenset((_COMMON + _JAVASCRIPT_WORDS).split()))
_TYPESCRIPT = replace(
    _JAVASCRIPT, keywords=frozenset((_COMMON + _JAVASCRIPT_WORDS + _TYPESCRIPT_WORDS).split())
)
_GO_SYNTAX = Syntax(
    bare=True,
    keywords=frozenset((_COMMON + _GO).split()),
    end="",
    empty=("nil", "0", '""'),
    returned=("nil", "false", "true", "0", "err"),
    early=("nil", "0", "false", "true", '""', "err"),
    wrappers=("len", "int", "string", "float64"),
    larger="max({}, {})",
    smaller="min({}, {})",
    absent=("{} == nil", "!{}", "{} == 0", "len({}) == 0"),
)
_RUST_SYNTAX = Syntax(
    bare=True,
    typed_by_case=True,
    keywords=frozenset((_COMMON + _RUST).split()),
    empty=("None", "0", "Vec::new()", "String::new()"),
    returned=("None", "false", "true", "0"),
    early=("None", "0", "false", "true"),
    suffixes=(".clone()", ".len()", ".trim()", ".abs()", "?", ".rev()", ".to_lowercase()"),
    larger="{}.max({})",
    smaller="{}.min({})",
    absent=("!{}", "{} == 0", "{}.is_empty()", "{}.is_none()"),
)
_BY_SUFFIX = {
    ".py": _PYTHON,
    ".pyi": _PYTHON,
    ".go": _GO_SYNTAX,
    ".rs": _RUST_SYNTAX,
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx"), _JAVASCRIPT),
    **dict.fromkeys((".ts", ".mts", ".cts", ".tsx"), _TYPESCRIPT),
}


def syntax_of(path: str) -> Syntax:
    """The syntax of a file, by its name."""
    return _BY_SUFFIX.get(PurePosixPath(path).suffix, _BRACES)
