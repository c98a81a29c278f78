"""Finds the fields of one record."""

QUOTE = '"'


class ScanError(ValueError):
    """The text is not well-formed."""


def scan_quoted(text, position):
    """Read a quoted field whose opening quote is at ``position``.

    Returns the field's value and the position after its closing quote.
    """
    parts = []
    position += 1
    while position < len(text):
        character = text[position]
        if character == QUOTE:
            if text[position + 1 : position + 2] == QUOTE:
                parts.append(QUOTE)
                position += 2
                continue
            return "".join(parts), position + 1
        parts.append(character)
        position += 1
    raise ScanError("quote is never closed")


def scan_plain(text, position, delimiter):
    """Read a field without quotes; returns its value and the position after it."""
    start = position
    while position < len(text) and text[position] not in (delimiter, "\n"):
        position += 1
    return text[start:position].rstrip("\r"), position


def scan_record(text, position, delimiter):
    """Read one record; returns its fields and where the next one starts."""
    fields = []
    while True:
        if text[position : position + 1] == QUOTE:
            value, position = scan_quoted(text, position)
            if text[position : position + 1] == "\r":
                position += 1
        else:
            value, position = scan_plain(text, position, delimiter)
        fields.append(value)
        following = text[position : position + 1]
        position += 1
        if following in ("", "\n"):
            return fields, position
        if following != delimiter:
            raise ScanError(f"unexpected {following!r} after a quoted field")
