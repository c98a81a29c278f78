"""Files of others that hold a JSON object."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import ConfigurationError


def json_object(path: Path, content: bytes | None, otherwise: str = "holds no object") -> dict[str, Any]:
    """The object that ``content``, the bytes of ``path``, holds; empty where there is no file.

    Raises :class:`ConfigurationError`: ``path`` is no JSON, or what ``otherwise`` says.
    """
    if content is None:
        return {}
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no JSON: {error}.") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path} {otherwise}.")
    return found
