"""Matches paths against patterns with ``*``, ``?``, ``[a-z]``, ``{a,b}`` and ``**``."""


def expand_braces(pattern):
    """Write ``a{b,c}`` as ``ab`` and ``ac``."""
    start = pattern.find("{")
    if start == -1:
        return [pattern]
    end = pattern.find("}", start)
    if end == -1:
        raise ValueError(f"unclosed brace in {pattern!r}")
    expanded = []
    for choice in pattern[start + 1 : end].split(","):
        expanded.extend(expand_braces(pattern[:start] + choice + pattern[end + 1 :]))
    return expanded


def match_class(character, body):
    """Whether ``character`` is in a class such as ``a-z_`` or ``!0-9``."""
    negated = body.startswith("!")
    body = body[1:] if negated else body
    found = False
    index = 0
    while index < len(body):
        if body[index + 1 : index + 2] == "-" and index + 2 < len(body):
            found = found or body[index] <= character <= body[index + 2]
            index += 3
        else:
            found = found or body[index] == character
            index += 1
    return found != negated


def match_name(name, pattern):
    """Match one part of a path."""
    if not pattern:
        return not name
    first, rest = pattern[0], pattern[1:]
    if first == "*":
        return any(match_name(name[index:], rest) for index in range(len(name) + 1))
    if not name:
        return False
    if first == "[" and "]" in rest:
        body, _, after = rest.partition("]")
        return match_class(name[0], body) and match_name(name[1:], after)
    return first in ("?", name[0]) and match_name(name[1:], rest)


def match_parts(parts, patterns):
    """Match the parts of a path; ``**`` stands for any number of them."""
    if not patterns:
        return not parts
    first, *rest = patterns
    if first == "**":
        return any(match_parts(parts[skipped:], rest) for skipped in range(len(parts) + 1))
    return bool(parts) and match_name(parts[0], first) and match_parts(parts[1:], rest)


def matches(path, pattern):
    """Whether the whole ``path`` fits ``pattern``."""
    parts = path.split("/")
    return any(match_parts(parts, choice.split("/")) for choice in expand_braces(pattern))


class IgnoreList:
    """Ordered patterns; the last that matches decides, ``!`` takes back."""

    def __init__(self, lines):
        self.rules = []
        for line in lines:
            text = line.strip()
            if text and not text.startswith("#"):
                self.rules.append((not text.startswith("!"), text.removeprefix("!")))

    def ignores(self, path):
        decision = False
        for ignored, pattern in self.rules:
            if matches(path, pattern if "/" in pattern else f"**/{pattern}"):
                decision = ignored
        return decision
