"""Calls of grep and glob as models write them: other programs' options, in the words of these two."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from seedsmith.tools.arguments import to_flag
from seedsmith.tools.base import JsonObject

_GLOBS: Mapping[str, str] = {
    **dict.fromkeys(("c", "h"), "*.{c,h}"),
    **dict.fromkeys(("cpp", "c++"), "*.{cpp,cc,cxx,hpp,hh,hxx,h,inl}"),
    **dict.fromkeys(("cs", "csharp"), "*.cs"),
    "css": "*.{css,scss}",
    "go": "*.go",
    "html": "*.{html,htm,ejs}",
    "java": "*.java",
    **dict.fromkeys(("js", "javascript"), "*.{js,jsx,mjs,cjs,vue}"),
    "json": "*.json",
    **dict.fromkeys(("kotlin", "kt"), "*.{kt,kts}"),
    **dict.fromkeys(("md", "markdown"), "*.{md,markdown,mdx}"),
    "php": "*.php",
    **dict.fromkeys(("py", "python"), "*.{py,pyi}"),
    **dict.fromkeys(("rb", "ruby"), "*.{rb,gemspec,rake}"),
    **dict.fromkeys(("rs", "rust"), "*.rs"),
    **dict.fromkeys(("sh", "bash"), "*.{sh,bash}"),
    "sql": "*.sql",
    "swift": "*.swift",
    "toml": "*.toml",
    **dict.fromkeys(("ts", "typescript"), "*.{ts,tsx,cts,mts}"),
    "tsx": "*.tsx",
    "txt": "*.txt",
    **dict.fromkeys(("yaml", "yml"), "*.{yaml,yml}"),
}
"""Which files ripgrep's types mean."""
_PLAIN_TEXT = ("fixed_strings", "fixed_string", "literal", "is_literal", "-F")
_AS_REGEX = ("is_regex", "is_regexp", "isRegex", "isRegexp", "use_regex")
_WHOLE_WORDS = ("whole_word", "whole_words", "word", "match_whole_word", "-w")
_CASE = ("case_sensitive", "caseSensitive", "match_case")


def one_glob(value: Any) -> Any:
    """One glob for several that compare with the same, the name or the whole path; else ``value`` itself."""
    globs = value
    if isinstance(value, str) and re.fullmatch(r"\s*\*[^\s{},]+(?:,\s*\*[^\s{},]+)+\s*", value):
        globs = [glob.strip() for glob in value.split(",")]
    if not isinstance(globs, list) or not globs or not all(isinstance(glob, str) for glob in globs):
        return value
    if len(globs) == 1:
        return globs[0]
    if any(set(glob) & set("{},") for glob in globs) or len({"/" in glob for glob in globs}) > 1:
        return value
    return "{" + ",".join(globs) + "}"


def search_as_written(values: JsonObject) -> JsonObject:
    """Return the arguments of grep in its own words, as far as they have one reading."""
    found = dict(values)
    if "glob" in found:
        found["glob"] = one_glob(found["glob"])
    kind = found.get("type")
    if isinstance(kind, str) and not found.get("glob") and (glob := _GLOBS.get(kind.strip(" .").lower())):
        del found["type"]
        found["glob"] = glob
    sensitive = _flag(found, _CASE)
    if sensitive is not None and "ignore_case" not in found:
        found["ignore_case"] = not sensitive
    pattern = found.get("pattern")
    several: list[Any] = pattern if isinstance(pattern, list) else [pattern]
    if several and all(isinstance(each, str) for each in several):
        plain, regex = _flag(found, _PLAIN_TEXT), _flag(found, _AS_REGEX)
        if plain or regex is False:
            several = [re.escape(each) for each in several]
        pattern = several[0] if len(several) == 1 else "|".join(f"(?:{each})" for each in several)
        if _flag(found, _WHOLE_WORDS):
            pattern = rf"\b(?:{pattern})\b"
        found["pattern"] = pattern
    return found


def _flag(found: JsonObject, names: tuple[str, ...]) -> bool | None:
    """What the first of ``names`` that is a flag says; takes them out of ``found``."""
    said: bool | None = None
    for name in names:
        value = to_flag(found.get(name))
        if isinstance(value, bool):
            del found[name]
            said = value if said is None else said
    return said
