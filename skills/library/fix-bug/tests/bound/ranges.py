"""Ranges of whole numbers, written as in print dialogs: 1-3,7."""


def parse(text):
    """All numbers of ``text``, both ends of a range included."""
    numbers = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        numbers += range(int(first), int(last)) if dash else [int(first)]
    return numbers
