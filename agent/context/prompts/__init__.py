"""The texts of prompts, as Markdown files in this folder rather than string literals in code."""

from __future__ import annotations

import re
from importlib.resources import files

_FIELD = re.compile(r"\{([a-z_]+)\}")


def prompt(name: str, /, **values: str) -> str:
    """The text of the file ``name``, with each ``{field}`` replaced by its value.

    Raises KeyError for a field without a value.
    """
    text = (files(__name__) / name).read_text(encoding="utf-8")
    return _FIELD.sub(lambda field: values[field[1]], text)
