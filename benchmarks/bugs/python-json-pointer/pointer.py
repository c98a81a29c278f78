"""JSON Pointer (RFC 6901) and a little of JSON Patch (RFC 6902)."""

import copy


class PointerError(LookupError):
    """A pointer is malformed or points at nothing."""


def escape(token):
    return token.replace("~", "~0").replace("/", "~1")


def unescape(token):
    return token.replace("~1", "/").replace("~0", "~")


def parse(pointer):
    """The tokens of ``pointer``; the empty pointer has none."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise PointerError(f"a pointer begins with a slash: {pointer!r}")
    return [unescape(token) for token in pointer[1:].split("/")]


def build(tokens):
    """The pointer of ``tokens``."""
    return "".join("/" + escape(str(token)) for token in tokens)


def step(value, token):
    """Go from ``value`` to its part called ``token``."""
    if isinstance(value, dict):
        if token in value:
            return value[token]
    elif isinstance(value, list) and token.isdigit() and int(token) < len(value):
        return value[int(token)]
    raise PointerError(f"nothing at {token!r}")


def resolve(document, pointer):
    """The part of ``document`` at ``pointer``."""
    value = document
    for token in parse(pointer):
        value = step(value, token)
    return value


def apply(document, operations):
    """A copy of ``document`` after ``add``, ``remove`` and ``replace`` operations."""
    document = copy.deepcopy(document)
    for operation in operations:
        *parents, last = parse(operation["path"])
        parent = resolve(document, build(parents))
        if operation["op"] != "add":
            step(parent, last)
        if isinstance(parent, list):
            index = len(parent) if last == "-" else int(last)
            if operation["op"] == "add":
                parent.insert(index, operation["value"])
            elif operation["op"] == "remove":
                del parent[index]
            else:
                parent[index] = operation["value"]
        elif operation["op"] == "remove":
            del parent[last]
        else:
            parent[last] = operation["value"]
    return document
