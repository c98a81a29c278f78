"""What a shell is offered as values: models, skills, sessions, tools, files and folders.

Nothing here raises: a shell that completes has no place for a sentence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
_MOST_SESSIONS = 30


def _offered(find: Callable[[click.Context], Iterable[tuple[str, str]]]) -> Completion:
    """Offers what ``find`` gives, value and what it is, as far as it begins with what was typed."""

    def complete(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
        try:
            return [
                CompletionItem(value, help=said) for value, said in find(context) if value.startswith(typed)
            ]
        except Exception:  # a broken file, no state folder: nothing is offered
            return []

    return complete


def _paths(kind: str) -> Completion:
    return lambda _context, _parameter, typed: [CompletionItem(typed, type=kind)]


def _models(_: click.Context) -> Iterable[tuple[str, str]]:
    from seedsmith.agent.models.catalog import catalog

    for provider in catalog.load(os.environ).providers.values():
        for name in provider.models:
            yield f"{provider.name}/{name}", ""


def _skills(context: click.Context) -> Iterable[tuple[str, str]]:
    from seedsmith.agent.frontends.terminal import one_line
    from seedsmith.agent.run.server_prompts import what_skills_do

    for name, what in what_skills_do(_settings(context), os.environ).items():
        yield name, one_line(what, 60)


def _sessions(context: click.Context) -> Iterable[tuple[str, str]]:
    from seedsmith.agent.frontends.terminal import one_line
    from seedsmith.agent.sessions.recorded_sessions import Sessions

    settings = _settings(context)
    yield "last", "the newest"
    for each in Sessions(settings.home).list(settings.workspace)[:_MOST_SESSIONS]:
        yield each.id, one_line(each.asked, 60)


def _tools(_: click.Context) -> Iterable[tuple[str, str]]:
    from seedsmith.agent.run.named_skill import tool_names

    return ((name, "") for name in tool_names())


def _settings(context: click.Context) -> Any:
    from seedsmith.agent.settings.config import load

    given = context.params.get("workspace") or context.params.get("folder")
    return load({"workspace": str(given)} if given else {}, os.environ).settings


models, skills, sessions, tools = map(_offered, (_models, _skills, _sessions, _tools))
folders, files = _paths("dir"), _paths("file")
OF_SETTINGS: dict[str, Completion] = {
    "workspace": folders,
    "add_dir": folders,
    "model": models,
    "fallback": models,
    "skill": skills,
    "skills": skills,
    "resume": sessions,
    "fork": sessions,
    "image": files,
    "ca_bundle": files,
    "output_schema": files,
    "record": files,
    "replay": files,
}
"""What completes the values of a setting's flag."""


def choices(names: Iterable[str]) -> Completion:
    """Offers ``names``."""
    found = tuple(names)
    return _offered(lambda _: ((name, "") for name in found))
