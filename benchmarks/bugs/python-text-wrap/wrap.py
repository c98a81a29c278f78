"""Breaks paragraphs into lines and sets them left, right, centred or justified."""


def split_long(word, width):
    """Cut a word that does not fit on any line."""
    return [word[start : start + width] for start in range(0, len(word), width)] or [word]


def wrap(text, width):
    """Break ``text`` into lists of words, each list at most ``width`` columns when joined by blanks."""
    if width < 1:
        raise ValueError("width must be positive")
    lines = []
    line = []
    length = 0
    for long_word in text.split():
        for word in split_long(long_word, width):
            if line and length + 1 + len(word) > width:
                lines.append(line)
                line = []
            length = len(word) if not line else length + 1 + len(word)
            line.append(word)
    if line:
        lines.append(line)
    return lines


def justify_line(words, width):
    """Spread ``words`` over the whole width; the left gaps get the odd blanks."""
    if len(words) == 1:
        return words[0]
    gaps = len(words) - 1
    blanks = width - sum(len(word) for word in words)
    each, extra = divmod(blanks, gaps)
    parts = []
    for index, word in enumerate(words[:-1]):
        parts.append(word)
        parts.append(" " * (each + (1 if index < extra else 0)))
    return "".join(parts) + words[-1]


def fill(text, width, align="left"):
    """Wrap ``text`` and align each line; returns one string."""
    lines = wrap(text, width)
    if align == "left":
        return "\n".join(" ".join(line) for line in lines)
    if align == "right":
        return "\n".join(" ".join(line).rjust(width) for line in lines)
    if align == "center":
        return "\n".join(" ".join(line).center(width).rstrip() for line in lines)
    if align == "justify":
        justified = [justify_line(line, width) for line in lines[:-1]]
        return "\n".join(justified + [" ".join(line) for line in lines[-1:]])
    raise ValueError(f"unknown alignment: {align}")
