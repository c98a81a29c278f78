"""Flags made from the settings model, so that the command line can't drift from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import click
from annotated_types import Ge, Gt, Le

from seedsmith.agent.cli.invocation import Invocation, say
from seedsmith.agent.cli.shell_completion import OF_SETTINGS, choices
from seedsmith.agent.settings.config import Loaded, flag_name, load
from seedsmith.agent.settings.repository_root import root_above, standing_in
from seedsmith.agent.settings.settings import OPTIONS, WANTED, Settings

TALK_ONLY = frozenset({"notify", "plain"})
"""Settings that a conversation alone goes by."""
Command = TypeVar("Command", bound=Callable[..., Any])


def setting_flags(
    *names: str, without: Collection[str] = (), talks: bool = False
) -> Callable[[Command], Command]:
    """Give a command the flags of the settings ``names`` (none: of all but ``without``).

    What a conversation alone goes by is left out where the command doesn't hold one (``talks``).
    The command takes them as keyword arguments and hands them to :func:`load_settings`.
    """
    left_out = frozenset(without) if talks else TALK_ONLY.union(without)
    chosen = names or tuple(name for name, option in OPTIONS.items() if option.flag and name not in left_out)

    def decorate(command: Command) -> Command:
        for name in reversed(chosen):
            command = _flag(name)(command)
        return command

    return decorate


def current_workspace() -> Path:
    """The workspace where none is named: the root of the repository around the current folder, or this."""
    return root_above(Path.cwd(), os.environ) or Path()


def typed_below(settings: Settings) -> str:
    """The folder below the workspace that the person stands in, where they named no workspace; or ''."""
    return "" if "workspace" in settings.given else standing_in(settings.workspace.absolute())


def load_settings(flags: Mapping[str, Any]) -> Settings:
    """The settings from the flags that were given, the environment and the files; notices go to stderr."""
    loaded: Loaded = load(given(flags), os.environ)
    invocation = click.get_current_context().ensure_object(Invocation)
    invocation.lang = invocation.lang or loaded.settings.lang
    for notice in loaded.notices:
        say(notice)
    return loaded.settings


def given(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the ``flags`` that were given."""
    return {name: value for name, value in flags.items() if value is not None and value != ()}


def _flag(name: str) -> Callable[[Command], Command]:
    """One flag. Values stay text: the settings model alone judges them, wherever they came from."""
    option, annotation = OPTIONS[name], _bare(Settings.model_fields[name].annotation)
    long = flag_name(name)
    names = [name, long, option.short] if option.short else [name, long]
    if annotation is bool:
        return click.option(name, f"{long}/--no-{long[2:]}", default=None, help=_help(name))
    metavar = "|".join(get_args(annotation)) if get_origin(annotation) is Literal else option.metavar
    several = get_origin(annotation) is list or option.several
    values = get_args(annotation) if get_origin(annotation) is Literal else ()
    complete = choices(values) if values else OF_SETTINGS.get(name)
    if option.alone:
        return click.option(
            *names,
            metavar=metavar,
            is_flag=False,
            flag_value=option.alone,
            default=None,
            help=_help(name),
            shell_complete=complete,
        )
    return click.option(
        *names,
        metavar=metavar,
        multiple=several,
        default=None,
        help=_help(name),
        shell_complete=complete,
    )


def _bare(annotation: Any) -> Any:
    """The annotation without ``None``."""
    if get_origin(annotation) is Literal:
        return annotation
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    return kinds[0] if len(kinds) == 1 and type(None) in get_args(annotation) else annotation


def _help(name: str) -> str:
    field = Settings.model_fields[name]
    said = field.description or ""
    if any(isinstance(mark, Ge | Gt | Le) for mark in field.metadata):
        return f"{said} Takes {WANTED[name]}."
    default = field.default
    return f"{said} Default: {default}." if isinstance(default, str) else said
