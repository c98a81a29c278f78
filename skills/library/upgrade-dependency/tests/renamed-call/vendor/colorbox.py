"""Colours in text. Changes in 2.0: paint() is called colour() and takes the text first."""

__version__ = "2.0"
CODES = {"red": 31, "green": 32}


def colour(text, name):
    return f"\x1b[{CODES[name]}m{text}\x1b[0m"
