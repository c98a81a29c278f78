"""Replaces what differs between two runs of one task: paths, times, durations, process ids, addresses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable

_RULES: tuple[tuple[str, str], ...] = (
    (r"\\+n", "\n"),  # in JSON, too, a word begins after a line end
    (r"\\+t", "\t"),
    (r"\b\d{8}-\d{9}-[0-9a-f]{6}\b", "<session>"),
    (r"\bcall_[0-9a-f]{16}\b", "<call>"),
    (
        r"(?<![\w.])(?:/private)?(?:/var)?/tmp/(?:tmp[\w.]{6,}|pytest-of-[^/\s\"\\]+/pytest-\d+)",
        "<temporary>",
    ),
    (r"/proc/\d+\b", "/proc/<pid>"),
    (r"(?i)\b(pid|process)([ =:(]{1,3})\d+\b", r"\1\2<pid>"),
    (r"(?m)^(\[\d+\] )\d{2,7}$", r"\1<pid>"),
    (r"\b0x[0-9a-fA-F]{4,}\b", "<address>"),
    (r"(?i)(seed[ =:]{1,3})\d+\b", r"\1<seed>"),
    (
        r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?",
        "<time>",
    ),
    (r"\b[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d\d:\d\d(?::\d\d)?| \d{4})\b", "<time>"),
    (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
    (r"\b1[6-9]\d{8}(?:\.\d+)?\b", "<time>"),
    (
        r"\b\d+(?:\.\d+)?(?:e-\d+)? ?(?:ns|us|µs|μs|ms|s|m\d+(?:\.\d+)?s|"
        r"(?:milli|micro|nano)?sec(?:ond)?s?|min(?:ute)?s?)\b",
        "<duration>",
    ),
    (r"([=_-])\1{3,}", r"\1\1\1"),  # rulers fill a line up, beside a duration of any length
    (r"(# Skills\n)(?:[^\"\\]|\\.)*?(?=# Workspace\nFolder `)", r"\1"),  # those installed
    (r"(# Workspace\nFolder `)(?:[^\"\\]|\\.)*", r"\1"),  # the folder's name, branch and listing
)
_PORTABLE_RULES: tuple[tuple[str, str], ...] = (
    (r"(?m)^[ \t]*[~^][~^ \t]*(?:\n|\Z)", ""),  # marks under a line of a traceback, of some versions only
    (r"(?:/[\w.+@-]+)*/python3\.\d+/", "<python>/"),
    (r"(<python>/[^\s\"']+\"?, line )\d+", r"\1<line>"),
    (r"(?:/[\w.+@-]+)+/bin/python3?(?:\.\d+)?\b", "<python>"),
    (r"\b[Pp]ython[ -]?3\.\d+(?:\.\d+)?(?:rc\d+|[ab]\d+|\+)?", "<python>"),
    (r"(?m)^platform \w+ -- .*$", "<platform>"),
    (r"(?m)^((?:commit|committed) |\[[^\]\s]+(?: \(root-commit\))? )[0-9a-f]{7,40}\b", r"\1<commit>"),
    (r"(?m)^([*|/\\ ]*\^?)[0-9a-f]{7,12}(?= )", r"\1<commit>"),  # a log or blame, one entry a line
    (r"(\bat )[0-9a-f]{7,12}\b", r"\1<commit>"),
    (r"\b\d{4}-\d\d-\d\d\b", "<time>"),
)
"""Further differences between machines: the interpreter, its tracebacks, the hashes of commits."""
_COMPILED = tuple((re.compile(pattern), replacement) for pattern, replacement in _RULES)
_PORTABLE = tuple((re.compile(pattern), replacement) for pattern, replacement in _PORTABLE_RULES)

Normalizer = Callable[[str], str]


def normalizer(paths: Iterable[tuple[str, str]], *, anywhere: bool = False) -> Normalizer:
    """Make a function that replaces what differs between runs in a text.

    ``paths`` are folders and the words that replace them, e.g. ``("/home/me/app", "<workspace>")``. With
    ``anywhere`` it also replaces what differs between machines.
    """
    named = {path: word for path, word in paths if len(path) > 1}
    longest_first = sorted(named, key=len, reverse=True)
    pattern = re.compile("(" + "|".join(map(re.escape, longest_first)) + r")(?![\w-])") if named else None

    rules = (*_COMPILED, *_PORTABLE) if anywhere else _COMPILED

    def replaced(text: str) -> str:
        if pattern is not None:
            text = pattern.sub(lambda match: named[match[1]], text)
        for rule, replacement in rules:
            text = rule.sub(replacement, text)
        return text

    return replaced


def digest(text: str) -> str:
    """SHA-256 of ``text`` in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
