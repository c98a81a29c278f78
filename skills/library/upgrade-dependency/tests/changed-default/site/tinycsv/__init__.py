"""Reads small tables. 2.0: rows() strips spaces no longer, unless strip=True."""

__version__ = "2.0"


def rows(text, strip=False):
    for line in text.splitlines():
        cells = line.split(",")
        yield [cell.strip() for cell in cells] if strip else cells
