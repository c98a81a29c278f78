"""Addresses of people."""

__all__ = ["check_addr"]


def check_addr(text):
    """Whether check_addr takes ``text`` for an address."""
    return "@" in text.strip("@")
