"""Names of people."""


def full_name(first, last):
    return first + " " + last
