"""A small reader for comma separated values."""

from csvreader.reader import read_dicts, read_rows

__all__ = ["read_dicts", "read_rows"]
