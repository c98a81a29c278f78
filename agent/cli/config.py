"""``seedsmith config``: what is set, where each value comes from, and changing it."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from seedsmith.agent.cli.invocation import debug_flag, json_flag, listing_group, say
from seedsmith.agent.cli.shell_completion import choices
from seedsmith.agent.errors import UsageError
from seedsmith.agent.settings.config import Loaded, check_user_file, load, user_file
from seedsmith.agent.settings.settings import OPTIONS
from seedsmith.tools.suggestions import suggestion

_SECRET = frozenset({"api_key"})
_AMBIENT = tuple(name for name, option in OPTIONS.items() if option.ambient)

key_argument = click.argument("key", metavar="KEY", shell_complete=choices(_AMBIENT))


@listing_group("config", "Show and change settings.")
def command() -> None:
    """Settings: what each is here, where it comes from, and your own file of them."""


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that nobody set, too.")
@json_flag
@debug_flag
def list_settings(everything: bool = False, as_json: bool = False) -> None:
    """List the settings that are set, each with where its value comes from."""
    loaded = _loaded()
    for name in _AMBIENT:
        if everything or name in loaded.origins:
            _print(loaded, name, as_json)
    if not loaded.origins.keys() & set(_AMBIENT) and not as_json:
        say(f"Nothing is set: all is as --all shows it. seedsmith config set KEY VALUE writes {_path()}.")


@command.command("get")
@key_argument
@json_flag
@debug_flag
def get_setting(key: str, as_json: bool) -> None:
    """Print the value of KEY as a run in this folder would have it."""
    name, loaded = _name(key), _loaded()
    if as_json:
        _print(loaded, name, as_json)
    else:
        click.echo(_shown(loaded, name))


@command.command("set")
@key_argument
@click.argument("values", nargs=-1, metavar="[VALUE]…")
@debug_flag
def set_setting(key: str, values: tuple[str, ...]) -> None:
    """Let KEY be VALUE in your own file, several VALUEs a list; without a VALUE KEY is taken out.

    The rest of the file stays as it is. What can't be used is refused, and nothing changes.
    """
    from seedsmith.agent.settings.user_config import set_value

    name = _name(key)
    set_value(user_file(os.environ), name, values)
    origin = _loaded().origins.get(name, "")
    if values and origin and not origin.startswith(f"{name} ({_path()}"):
        say(f"{origin} goes before it.")


@command.command("edit")
@debug_flag
def edit_settings() -> None:
    """Open your own file in $VISUAL or $EDITOR, and say whether it can be used."""
    path = user_file(os.environ)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    click.edit(filename=str(path))
    check_user_file(path)


@command.command("path")
@debug_flag
def path_of_settings() -> None:
    """Print where your own file is, whether it is there or not."""
    click.echo(_path())


def _path() -> str:
    return str(user_file(os.environ))


def _loaded() -> Loaded:
    loaded = load({}, os.environ)
    for notice in loaded.notices:
        say(notice)
    return loaded


def _name(key: str) -> str:
    name = key.replace("-", "_")
    if name not in _AMBIENT:
        typed = " It is a flag only." if name in OPTIONS else ""
        raise UsageError(f"There is no setting {key!r}{suggestion(name, _AMBIENT)}.{typed}")
    return name


def _print(loaded: Loaded, name: str, as_json: bool) -> None:
    origin = loaded.origins.get(name, "default")
    if as_json:
        from seedsmith.agent.frontends.jsonl import encode

        value: Any = loaded.settings.model_dump(mode="json", include={name})[name]
        document = {"key": name, "value": "…" if name in _SECRET and value else value, "origin": origin}
        sys.stdout.buffer.write(encode(document))
        return
    from seedsmith.agent.frontends.line_wrapping import as_told
    from seedsmith.agent.frontends.terminal import visible

    place = as_told(f"from {origin.removeprefix(f'{name} (').removesuffix(')')}")
    click.echo(visible(f"{name}: {_shown(loaded, name)}\n    {place}"))


def _shown(loaded: Loaded, name: str) -> str:
    """The value as one would write it; of a key that it is set."""
    value = loaded.settings.model_dump(mode="json", include={name})[name]
    if name in _SECRET and value:
        from seedsmith.agent.frontends.line_wrapping import as_told

        return as_told("(set, not shown)")
    if isinstance(value, str):
        return value
    import json

    return "" if value is None else json.dumps(value, ensure_ascii=False)
