"""Names of people."""


def full_name(first, last):
    return " ".join(part for part in (first, last) if part)
