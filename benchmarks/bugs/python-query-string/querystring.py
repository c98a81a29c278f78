"""Query strings of URLs, in the form browsers send them."""

_SAFE = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.*")


def encode(text):
    """Escape everything but letters, digits and ``-_.*``; a blank becomes ``+``."""
    parts = []
    for character in text:
        if character == " ":
            parts.append("+")
        elif character in _SAFE:
            parts.append(character)
        else:
            parts.extend(f"%{byte:02X}" for byte in character.encode("utf-8"))
    return "".join(parts)


def decode(text):
    """Undo :func:`encode`; a ``%`` that begins no escape stays as it is."""
    data = bytearray()
    position = 0
    while position < len(text):
        character = text[position]
        digits = text[position + 1 : position + 3]
        if (
            character == "%"
            and len(digits) == 2
            and all(digit in "0123456789abcdefABCDEF" for digit in digits)
        ):
            data.append(int(digits, 16))
            position += 3
            continue
        data.extend(b" " if character == "+" else character.encode("utf-8"))
        position += 1
    return data.decode("utf-8", errors="replace")


def split_pair(piece):
    name, _, value = piece.partition("=")
    return decode(name), decode(value)


def parse(query):
    """All values of each name, in their order: ``{"a": ["1", "2"]}``."""
    values = {}
    for piece in query.lstrip("?").split("&"):
        if not piece:
            continue
        name, value = split_pair(piece)
        if name.endswith("[]"):
            name = name[:-2]
        values.setdefault(name, []).append(value)
    return values


def build(values):
    """A query string from a dictionary; lists give a name several times, None gives none."""
    pieces = []
    for name, value in values.items():
        several = value if isinstance(value, list | tuple) else [value]
        pieces.extend(f"{encode(name)}={encode(str(one))}" for one in several if one is not None)
    return "&".join(pieces)


def update(url, **changes):
    """Change parameters of ``url``; a parameter set to None goes."""
    address, _, query = url.partition("?")
    values = parse(query)
    values.update(changes)
    query = build(values)
    return f"{address}?{query}" if query else address
