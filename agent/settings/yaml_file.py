"""The user's own YAML files: found, read and taken apart; every complaint is one sentence with its place."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.given_file import why_unreadable

if TYPE_CHECKING:
    from yaml import MappingNode

MOST_DEPTH = 20
"""What is nested deeper is not even scanned to its end."""


def user_folder(environment: Mapping[str, str]) -> Path:
    """Where the user's files are: in ``$XDG_CONFIG_HOME`` or the platform's folder for configuration."""
    if chosen := environment.get("XDG_CONFIG_HOME", ""):
        return Path(chosen) / "seedsmith"
    from platformdirs import user_config_path

    return user_config_path("seedsmith")


def read_small(path: Path, most_bytes: int) -> bytes | None:
    """The bytes of a small regular file, None where there is none; raises :class:`ConfigurationError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} can't be read: {why_unreadable(error)}.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ConfigurationError(f"{path} is not a regular file.")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ConfigurationError(f"{path} is larger than {most_bytes >> 10} KB.")
    return content


def compose(path: Path, content: bytes) -> MappingNode | None:
    """The file's nodes, with their lines; None where it holds nothing.

    Raises :class:`ConfigurationError` for what is no YAML mapping, or holds aliases.
    """
    import yaml

    from seedsmith.tools.content.yaml_depth import NestedTooDeeply, shallow_events

    try:
        text = content.decode("utf-8-sig")
        events = shallow_events(text, MOST_DEPTH, yaml.SafeLoader)
        if any(isinstance(event, yaml.AliasEvent) for event in events):
            raise ConfigurationError(f"{path}: aliases (*name) are not allowed.")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text.") from None
    except NestedTooDeeply as error:
        raise ConfigurationError(f"{path} line {error.line}: nested too deeply.") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{path} line {line}: not valid YAML: {error.problem}.") from None
    except yaml.YAMLError:
        raise ConfigurationError(f"{path} is not valid YAML: it holds unprintable characters.") from None
    except (ValueError, OverflowError):  # numbers in a directive or an escape that no character has
        raise ConfigurationError(f"{path} is not valid YAML: it holds an impossible number.") from None
    if root is not None and not isinstance(root, yaml.MappingNode):
        raise ConfigurationError(f"{path} must hold 'key: value' lines.")
    return root
