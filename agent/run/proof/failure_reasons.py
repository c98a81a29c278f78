"""Whether a test failed on the old code for the reason that was reported."""

from __future__ import annotations

import re

from seedsmith.agent.sessions.outcome import looks_like_a_test

_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):", re.MULTILINE)
_RAISED = re.compile(
    r"^(?:E +)?([A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt))\b:?", re.MULTILINE
)
_PLACE = re.compile(
    r"^(?![ E])([^\s:]+):\d+: \w*$|^ *File \"([^\"]+)\", line \d+, in (?!<module>)", re.MULTILINE
)
"""Where pytest says that a frame is, or a traceback."""
_FRAME = re.compile(r"^([^\s:]+):\d+: (?:in )?\S+$|^ *File \"([^\"]+)\", line \d+, in ", re.MULTILINE)
"""Likewise, the top of a file included: what is imported runs there."""
_OF_NOTHING = "'NoneType' object has no attribute"
_CALLED_OTHERWISE = re.compile(
    r"takes [\w ]*positional arguments? but|missing \d+ required (?:positional|keyword-only) argument"
)
_NOT_LOADED = re.compile(
    r"\b(ImportError|ModuleNotFoundError|SyntaxError|IndentationError|TabError|NameError|ReferenceError)\b"
    r"|fixture '[^']*' not found|ERR_MODULE_NOT_FOUND|Cannot find module|error\[E\d{4}\]"
    r"|\[build failed\]|\[setup failed\]|could not compile|undefined: "
)
_MISSING = re.compile(
    r"has no attribute '([^']+)'|unexpected keyword argument '([^']+)'|No module named '([^']+)'"
    r"|cannot import name '([^']+)'|name '([^']+)' is not defined|(\w+) is not (?:a function|defined)"
    r"|undefined: (?:\w+\.)?(\w+)|cannot find (?:\w+ )+`(\w+)`|Cannot find module '([^']+)'"
    r"|No such file or directory: '(?:[^'\n]*/)?([^'/\n]+)'"
)
_LIBRARY = "/lib/python3."
"""Python's own frames lie below such a folder, and those of installed packages."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def wrong_reason(report: str, why: str) -> str:
    """Why ``why``, what a test's failure says, doesn't show what ``report`` tells of; '' where it does.

    A failed assertion counts, and so does an error that the report names; what can't be imported, compiled
    or found in the old code only where the report names it: any test of new code fails so. Where the test
    itself looks for it, the kind of error alone, which the report may name as well, is no name of it. Where
    the report holds a traceback, its exception has to come, or a failed assertion.
    """
    if not why:
        return ""
    missing = [name for found in _MISSING.finditer(why) for name in found.groups() if name]
    named = any(says(report, name) or _says_in_words(report, name) for name in missing)
    raised = raised_in(why)
    if not named and not _within_the_program(why):
        own = bool(missing) and _within_a_test(why)
        not_loaded = _NOT_LOADED.search(why)
        if not_loaded and (own or not says(report, not_loaded[0])):
            return f"it could not even be loaded or run there ({_first(why, not_loaded.start())})"
        reported = any(says(report, name) for name in raised - {"AssertionError"})
        if missing and (own or not reported):
            return f"what it uses is not there ({missing[0]}), of which the report says nothing"
        otherwise = _CALLED_OTHERWISE.search(why)
        if otherwise and not reported and _within_a_test(why):
            return f"it calls what is there with other arguments ({_first(why, otherwise.start())})"
    wanted = _reported(report)
    other = bool(wanted and raised) and not (wanted | {"AssertionError"}) & raised
    if other and not any(name in why for name in wanted):
        return f"it ends with {min(raised)}, the report with {', '.join(sorted(wanted))}"
    return ""


def _reported(report: str) -> set[str]:
    """The exceptions that end the tracebacks of ``report``."""
    if not _TRACEBACK.search(report):
        return set()
    return raised_in(report)


def raised_in(text: str) -> set[str]:
    """The names of the exceptions that ``text`` says were raised."""
    return {name.rpartition(".")[2] for name in _RAISED.findall(text)}


def _within_the_program(why: str) -> bool:
    """Whether the innermost frame of a failure lies outside the tests: then the program ran, and failed."""
    place = _innermost(_PLACE, why)
    return bool(place) and not looks_like_a_test(place)


def _within_a_test(why: str) -> bool:
    """Whether the innermost frame of a failure lies within the tests, and asks for more than what is None."""
    place = "" if _OF_NOTHING in why else _innermost(_FRAME, why)
    return looks_like_a_test(place)


def _innermost(frame: re.Pattern[str], why: str) -> str:
    """The file of the last frame that is no library's; '' where there is none."""
    places = (found[1] or found[2] for found in frame.finditer(why))
    return next((place for place in reversed([*places]) if _LIBRARY not in place), "")


def says(report: str, name: str) -> bool:
    """Whether ``report`` holds ``name`` as a word."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", report) is not None


def _says_in_words(report: str, name: str) -> bool:
    """Whether ``report`` says a name of several words as words: ``hard_wrap`` as "hard wrap"."""
    words = _WORD.findall(name)
    return len(words) > 1 and says(report.lower(), " ".join(words).lower())


def _first(why: str, start: int) -> str:
    begin = why.rfind("\n", 0, start) + 1
    return why[begin:].partition("\n")[0].strip().removeprefix("E ").strip()[:160]
