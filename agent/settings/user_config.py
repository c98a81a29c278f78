"""Changes the user's configuration file: one key at a time, everything else byte for byte as it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.config import MAX_FILE_BYTES, check_user_file
from seedsmith.agent.settings.yaml_file import compose, read_small

if TYPE_CHECKING:
    from yaml import Mark, Node


def set_value(path: Path, name: str, values: Sequence[str]) -> None:
    """Let the key ``name`` of the file ``path`` be ``values``: one, or several as a list; none takes it out.

    Raises as :func:`put` does.
    """
    put(path, name, values[0] if len(values) == 1 else list(values) or None)


def put(path: Path, name: str, value: Any) -> None:
    """Let the key ``name`` of the file ``path`` be ``value``; None takes it out.

    The file is made where there is none, for its owner alone. Raises :class:`ConfigurationError` where the
    file could not be used afterwards; then nothing has changed.
    """
    import yaml

    content = read_small(path, MAX_FILE_BYTES) or b""
    lines = content.decode("utf-8-sig").splitlines(keepends=True)
    start, end = _lines_of(path, content, name)
    plain = {name: value}
    new = "" if value is None else yaml.safe_dump(plain, allow_unicode=True, width=1 << 20, sort_keys=False)
    if start == len(lines) and lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    _replace(path, "".join([*lines[:start], new, *lines[end:]]))


def _lines_of(path: Path, content: bytes, name: str) -> tuple[int, int]:
    """The lines that hold the key, from and up to; the file's end where it holds none."""
    root = compose(path, content)
    for key, value in root.value if root is not None else ():
        if str(key.value).replace("-", "_") == name:
            if root is not None and root.flow_style:
                raise ConfigurationError(f"{path} is in braces: change it with seedsmith config edit.")
            last = _end(value)
            return key.start_mark.line, last.line + (1 if last.column else 0)
    end = len(content.decode("utf-8-sig").splitlines())
    return end, end


def _end(node: Node) -> Mark:
    """Where a value ends; of a list in lines its last entry, which no comment belongs to."""
    if not getattr(node, "flow_style", True) and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return node.end_mark


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
        try:
            check_user_file(new)
        except ConfigurationError as error:
            raise ConfigurationError(str(error).replace(str(new), str(path))) from None
        new.replace(path.resolve())
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror}.") from None
    finally:
        new.unlink(missing_ok=True)
