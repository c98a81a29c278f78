"""Whole-word occurrences of a name in a tree: listed, or replaced. Needs nothing but Python.

    rename.py list -- NAME [PATH]…
    rename.py replace [--text=true] -- OLD NEW [PATH]…

In Python files an occurrence is told apart by Python's own tokenizer; elsewhere every one is code. Bytes
around an occurrence stay as they are. Exit code 0, or 1 where nothing was found.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tokenize
from collections.abc import Iterator

SKIPPED = {".git", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".mypy_cache", "dist", "build"}
MOST_BYTES = 2_000_000


def files(paths: list[str]) -> Iterator[str]:
    for path in paths or ["."]:
        if os.path.isfile(path):
            yield path
        for folder, names, found in os.walk(path):
            names[:] = sorted(name for name in names if name not in SKIPPED)
            for name in sorted(found):
                yield os.path.normpath(os.path.join(folder, name))


def read(path: str) -> str | None:
    """The file's text with its line ends as they are; None where it is no text."""
    try:
        if os.path.islink(path) or os.path.getsize(path) > MOST_BYTES:
            return None
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return None
    return None if "\0" in text else text


def code_places(text: str, name: str) -> set[tuple[int, int]] | None:
    """Line and column of each NAME token; None where Python can't read the file."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text, newline="").readline))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return None
    return {token.start for token in tokens if token.type == tokenize.NAME and token.string == name}


def occurrences(path: str, text: str, name: str) -> Iterator[tuple[int, int, str, str]]:
    """Line, column, kind and the whole line of every occurrence."""
    code = code_places(text, name) if path.endswith((".py", ".pyi")) else None
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        for match in word.finditer(line):
            kind = "code" if code is None or (number, match.start()) in code else "text"
            yield number, match.start(), kind, line.rstrip("\r\n")


def replaced(path: str, text: str, old: str, new: str, everything: bool) -> tuple[str, int]:
    """The text with the occurrences replaced, and how many there were."""
    wanted = {
        (line, column)
        for line, column, kind, _ in occurrences(path, text, old)
        if everything or kind == "code"
    }
    lines = text.splitlines(keepends=True)
    for line, column in sorted(wanted, reverse=True):
        before = lines[line - 1]
        lines[line - 1] = before[:column] + new + before[column + len(old) :]
    return "".join(lines), len(wanted)


def main(arguments: list[str]) -> int:
    end = arguments.index("--")
    action, options, rest = arguments[0], arguments[1:end], arguments[end + 1 :]
    total = 0
    if action == "list":
        name, paths = rest[0], rest[1:]
        for path in files(paths):
            text = read(path)
            for line, column, kind, shown in occurrences(path, text, name) if text else ():
                total += 1
                print(f"{path}:{line}:{column + 1}: {kind}: {shown.strip()[:160]}")
        print(f"{total} occurrences of {name}")
        return 0 if total else 1
    old, new, paths = rest[0], rest[1], rest[2:]
    if not re.fullmatch(r"[^\W\d]\w*", new):
        print(f"{new!r} is no name")
        return 1
    for path in files(paths):
        text = read(path)
        if not text:
            continue
        changed, count = replaced(path, text, old, new, "--text=true" in options)
        if count:
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(changed)
            total += count
            print(f"{path}: {count}")
    print(f"{total} replaced")
    return 0 if total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
