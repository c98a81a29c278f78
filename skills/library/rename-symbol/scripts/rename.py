"""Whole-word occurrences of a name in a tree: listed, or replaced. Needs nothing but Python.

    rename.py list -- NAME [PATH]…
    rename.py replace [--text=true] -- OLD NEW [PATH]…

In Python files code, strings and comments are told apart by Python's own tokenizer, the expressions in
f-strings included; prose is text, and in other files everything is code. In JavaScript and TypeScript $ belongs
to names. A Python file that can't be tokenized is listed as unsure and never changed. Bytes around an occurrence
stay as they are. Folders of dependencies and of what was built are not looked in, but named where they hold the
name. Exit code 0, or 1 where nothing was replaced, 2 where the arguments can't be used.
"""

from __future__ import annotations

import bisect
import io
import keyword
import os
import re
import shutil
import sys
import tokenize
from collections.abc import Iterator

SKIPPED = {".git", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".mypy_cache", "dist", "build"}
CACHES = {".git", "__pycache__", ".tox", ".mypy_cache"}
"""Those of the skipped folders that never hold anybody's source."""
MOST_BYTES = 2_000_000
MOST_FILES = 5000
"""How many files of one skipped folder are searched."""
PYTHON = (".py", ".pyi", ".pyw")
JAVASCRIPT = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte")
PROSE = (".md", ".rst", ".txt", ".adoc")
BOM = "\ufeff"


def files(paths: list[str]) -> Iterator[str]:
    """Every regular file under ``paths`` once, in order; links are not followed."""
    seen = set()
    for path in paths or ["."]:
        found = [path] if os.path.isfile(path) else []
        for folder, names, inside in os.walk(path):
            names[:] = sorted(name for name in names if name not in SKIPPED)
            found += [os.path.normpath(os.path.join(folder, name)) for name in sorted(inside)]
        for each in found:
            if os.path.islink(each) or not os.path.isfile(each) or os.path.realpath(each) in seen:
                continue
            seen.add(os.path.realpath(each))
            yield each


def skipped(paths: list[str], name: str) -> list[str]:
    """The folders under ``paths`` that are not looked in though they hold ``name``, in order."""
    found = set()
    for path in paths or ["."]:
        for folder, names, _ in os.walk(path):
            inner = [
                os.path.normpath(os.path.join(folder, each)) for each in names if each in SKIPPED - CACHES
            ]
            found.update(each for each in inner if each not in found and holds(each, name))
            names[:] = [each for each in names if each not in SKIPPED]
    return sorted(found)


def holds(whole: str, name: str) -> bool:
    """Whether a file of the folder ``whole`` has ``name`` as a word; of many files the first are searched."""
    count = 0
    for folder, _, inside in os.walk(whole):
        for each in inside:
            path = os.path.join(folder, each)
            count += 1
            if count > MOST_FILES:
                return False
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            try:
                with open(path, "rb") as file:
                    text = file.read(MOST_BYTES).decode("utf-8", "replace")
            except OSError:
                continue
            if name in text and word(name, path).search(text):
                return True
    return False


def told_skipped(paths: list[str], name: str) -> None:
    """Print the folders that were not looked in though they hold ``name``."""
    for each in skipped(paths, name):
        print(f"{each}: not looked in, but it holds {name}; name it as a path if it is source")


def read(path: str, name: str) -> str | None:
    """The file's text with its line ends as they are; None where it is no text or does not hold ``name``."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if name.encode() not in data or b"\0" in data:
            return None
        if len(data) > MOST_BYTES:
            print(f"{path}: not looked at, it is larger than {MOST_BYTES:,} bytes")
            return None
        return data.decode("utf-8")
    except UnicodeDecodeError:
        print(f"{path}: not looked at, it is not UTF-8")
    except OSError as error:
        print(f"{path}: not looked at, {error.strerror}")
    return None


def kinds(text: str, name: str) -> dict[int, str] | None:
    """What stands at the offsets of Python source where ``name`` is code or in a comment; None: unreadable."""
    skipped = 1 if text.startswith(BOM) else 0
    source = text[skipped:]
    lines = list(io.StringIO(source, newline=""))
    starts = [skipped]
    for line in lines:
        starts.append(starts[-1] + len(line))
    found: dict[int, str] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source, newline="").readline):
            at = starts[token.start[0] - 1] + token.start[1] if token.start[0] <= len(lines) else len(text)
            if token.type == tokenize.NAME and token.string == name:
                found[at] = "code"
            elif token.type == tokenize.COMMENT:
                found.update((at + match.start(), "comment") for match in word(name).finditer(token.string))
            elif token.type == tokenize.STRING and "f" in prefix(
                token.string
            ):  # one token before Python 3.12
                found.update((at + offset, "code") for offset in in_f_string(token.string, name))
    except (tokenize.TokenError, SyntaxError):
        return None
    return found


def prefix(literal: str) -> str:
    return literal[: min(literal.find(quote) % (len(literal) + 1) for quote in "'\"")].lower()


def in_f_string(literal: str, name: str) -> Iterator[int]:
    """Where ``name`` stands as code in the expressions of an f-string."""
    for start, end in expressions(literal, len(prefix(literal))):
        code = kinds(f"({literal[start:end]})", name) or {}
        yield from (start + offset - 1 for offset, kind in code.items() if kind == "code")


def expressions(literal: str, at: int, inside: bool = False) -> Iterator[tuple[int, int]]:
    """Start and end of each expression of an f-string, those in format specifications included.

    ``inside`` a format specification the end is the brace that closes it.
    """
    while at < len(literal):
        if literal[at] == "}" and inside:
            return
        if literal.startswith(("{{", "}}"), at) and not inside:
            at += 2
        elif literal[at] == "{":
            end = expression_end(literal, at + 1)
            yield at + 1, end
            if literal[end : end + 1] == "!":
                end = next((i for i in range(end, len(literal)) if literal[i] in ":}"), len(literal))
            if literal[end : end + 1] == ":":
                for start, stop in expressions(literal, end + 1, inside=True):
                    yield start, stop
                depth = 1
                while depth and end + 1 < len(literal):
                    end += 1
                    depth += {"{": 1, "}": -1}.get(literal[end], 0)
            at = end + 1
        else:
            at += 1


def expression_end(literal: str, at: int) -> int:
    """Where the expression that begins at ``at`` ends: at a colon, a conversion or the closing brace."""
    depth, quote = 0, ""
    while at < len(literal):
        character = literal[at]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}" and depth:
            depth -= 1
        elif depth == 0 and (character in ":}" or (character == "!" and literal[at + 1 : at + 2] != "=")):
            return at
        at += 1
    return at


def word(name: str, path: str = "") -> re.Pattern[str]:
    """``name`` as a whole word of the file ``path``."""
    part = r"[\w$]" if path.endswith(JAVASCRIPT) else r"\w"
    return re.compile(rf"(?<!{part}){re.escape(name)}(?!{part})")


def occurrences(path: str, text: str, name: str) -> list[tuple[int, str]]:
    """The offset and the kind of every occurrence: code, text, comment or unsure."""
    places = [match.start() for match in word(name, path).finditer(text)]
    if not path.endswith(PYTHON):
        return [(at, "text" if path.endswith(PROSE) else "code") for at in places]
    known = kinds(text, name) if places else {}
    return [(at, "unsure" if known is None else known.get(at, "text")) for at in places]


def write(path: str, text: str) -> None:
    """Replace the file as a whole, or not at all."""
    temporary = f"{path}.{os.getpid()}.new"
    try:
        with open(temporary, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        shutil.copymode(path, temporary)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def listed(name: str, paths: list[str]) -> None:
    """Print every occurrence."""
    total = 0
    for path in files(paths):
        text = read(path, name)
        if text is None:
            continue
        starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
        for at, kind in occurrences(path, text, name):
            total += 1
            number = bisect.bisect_right(starts, at)
            start = starts[number - 1]
            shown = re.split(r"[\r\n]", text[start:], maxsplit=1)[0].lstrip(BOM).strip()
            print(f"{path}:{number}:{at - start + 1}: {kind}: {shown[:160]}")
    told_skipped(paths, name)
    print(f"{total} {'occurrence' if total == 1 else 'occurrences'} of {name}")


def replaced(old: str, new: str, paths: list[str], everything: bool) -> int:
    """Replace the occurrences that are code, or all of them; returns how many."""
    total = 0
    for path in files(paths):
        text = read(path, old)
        found = occurrences(path, text, old) if text is not None else []
        if any(kind == "unsure" for _, kind in found):
            print(f"{path}: not changed, Python can't read it; edit its {len(found)} places by hand")
            continue
        wanted = [at for at, kind in found if everything or kind == "code"]
        if not wanted:
            continue
        assert text is not None
        for at in reversed(wanted):
            text = text[:at] + new + text[at + len(old) :]
        write(path, text)
        total += len(wanted)
        left = (
            f", {len(found) - len(wanted)} left in strings and comments" if len(found) > len(wanted) else ""
        )
        print(f"{path}: {len(wanted)}{left}")
    told_skipped(paths, old)
    print(f"{total} replaced")
    return total


def main(arguments: list[str]) -> int:
    end = arguments.index("--")
    action, options, rest = arguments[0], arguments[1:end], arguments[end + 1 :]
    names, paths = (rest[:1], rest[1:]) if action == "list" else (rest[:2], rest[2:])
    for path in paths:
        if not os.path.exists(path):
            print(f"There is no {path}.")
            return 2
    if action == "list":
        listed(names[0], paths)
        return 0
    old, new = names
    if not new.isidentifier() or keyword.iskeyword(new):
        print(f"{new!r} is no name")
        return 2
    return 0 if replaced(old, new, paths, "--text=true" in options) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
