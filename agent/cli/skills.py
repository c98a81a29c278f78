"""``seedsmith skills``: what is there, what is wrong with it, and whom to trust."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli import shell_completion
from seedsmith.agent.cli.flags import load_settings, setting_flags, typed_below
from seedsmith.agent.cli.invocation import debug_flag, json_flag, listing_group, say
from seedsmith.agent.cli.output_flags import display_flags
from seedsmith.agent.cli.skills_test import test_skills
from seedsmith.agent.frontends.display_options import DisplayOptions

if TYPE_CHECKING:
    from seedsmith.agent.settings.settings import Settings
    from seedsmith.skills.loader import Library
    from seedsmith.skills.parameter_specs import ParameterSpec
    from seedsmith.skills.skill import Skill
    from seedsmith.skills.skill_check import Checked


_LEAST_ROOM = 40
"""Columns that a description needs beside the names; with fewer it stands below."""


@listing_group("skills", "List, write, check, test and trust skills.")
def command() -> None:
    """Know-how for tasks: what to do, with which tools, and how to prove it."""


@command.command("list")
@setting_flags("workspace")
@json_flag
@debug_flag
def list_skills(as_json: bool, **flags: Any) -> None:
    """List the skills that can be used here, and those that can't, each with why."""
    library = _library(load_settings(flags))
    rows = [*_rows(library)]
    if as_json:
        for row in rows:
            _print_json(row)
        return
    from textwrap import shorten

    from seedsmith.agent.frontends.line_wrapping import as_told, fitted, padded, screen_width
    from seedsmith.agent.frontends.terminal import cells, visible_row

    width, screen = max((cells(visible_row(row["name"])) for row in rows), default=0), screen_width()
    narrow = screen is not None and screen - width < _LEAST_ROOM
    for row in rows:
        usable = row["state"] == "usable"
        said = (
            shorten(row["said"], 100, placeholder=" …")
            if usable
            else f"[{as_told(row['state'])}] {as_told(row['said'])}"
        )
        text = f"{visible_row(said)} {as_told(' (')}{as_told(row['origin'])}{as_told(')')}"
        if narrow:
            print(f"{visible_row(row['name'])}\n{fitted(f'    {text}', 4, screen)}")
        else:
            print(fitted(f"{padded(visible_row(row['name']), width)}  {text}", width + 2, screen))


@command.command("show")
@click.argument("name", shell_complete=shell_completion.skills)
@setting_flags("workspace")
@json_flag
@debug_flag
def show_skill(name: str, as_json: bool, **flags: Any) -> None:
    """Show all of the skill NAME: where it comes from, its parameters, and what the model is told."""
    skill = _any_skill(_library(load_settings(flags)), name)
    if as_json:
        _print_json(_data(skill))
        return
    from seedsmith.agent.frontends.line_wrapping import as_told
    from seedsmith.agent.frontends.terminal import visible
    from seedsmith.skills.skill_tool import skill_text

    lines = [
        f"{skill.name} {skill.version}".strip(),
        skill.description,
        f"{as_told(skill.origin.value)}{as_told(': ')}{skill.manifest}",
        *(f"  {_parameter_line(name, spec)}" for name, spec in skill.parameters.items()),
    ]
    if skill.fork:
        kind = f", of the kind {skill.agent}" if skill.agent else ""
        lines.append(
            f"  {as_told(f'carried out by a helper{kind}, in a context of its own (docs/skills.md)')}"
        )
    for warning in skill.warnings:
        lines.append(as_told(f"warning: {warning}"))
    print(visible("\n".join([*lines, "", skill_text(skill, skill.instructions, skill.verify)])))


def _parameter_line(name: str, spec: ParameterSpec) -> str:
    """A parameter of a skill: how it is given, what it may be, what it is for."""
    from seedsmith.agent.frontends.line_wrapping import as_told

    need = "optional" if spec.default is None else f"default {spec.default}"
    said = [spec.type, as_told("required" if spec.required else need)]
    if spec.choices:
        said.append(as_told(f"one of {', '.join(map(str, spec.choices))}"))
    return f"--with {name}=…  {as_told(', ').join(said)}{as_told('. ')}{spec.description}".rstrip()


@command.command("new")
@click.argument("name")
@click.option("--user", is_flag=True, help="Among your own skills in ~/.agents/skills, not the repository's.")
@setting_flags("workspace")
@debug_flag
def new_skill(name: str, user: bool, **flags: Any) -> None:
    """Write a skill called NAME that passes check and test at once, to be changed into yours."""
    from seedsmith.agent.errors import UsageError
    from seedsmith.agent.run.named_skill import trust_own
    from seedsmith.skills.loader import USER_ROOT
    from seedsmith.skills.scaffold import scaffold

    settings = load_settings(flags)
    if not user and not settings.workspace.is_dir():
        raise UsageError(f"{settings.workspace} is not a folder.")
    root = (Path.home() if user else settings.workspace) / USER_ROOT  # tools can't change .seedsmith
    folder = scaffold(root, name)
    if not user:
        trust_own(settings, os.environ, folder)
    print(folder)
    steps = ("check", "test") if user else ("check", "trust", "test")
    *first, last = (f"seedsmith skills {step} {name}" for step in steps)
    say(f"Edit {folder / 'skill.yaml'}, then: {', '.join(first)} and {last}.")


@command.command("schema")
@debug_flag
def show_schema() -> None:
    """Print all that a skill.yaml may say, as JSON Schema, for editors."""
    from seedsmith.skills.manifest import schema_text

    print(schema_text(), end="")


@command.command("check")
@click.argument("names", nargs=-1, metavar="[NAME|FOLDER]…")
@setting_flags("workspace")
@json_flag
@debug_flag
def check_skills(names: tuple[str, ...], as_json: bool, **flags: Any) -> int:
    """Say everything that is wrong or odd with skills: those named, by name or folder, or all of them.

    Exits 1 where something is wrong.
    """
    from seedsmith.agent.run.named_skill import tool_names
    from seedsmith.skills.skill_check import check

    library = _library(load_settings(flags))
    folders = [_folder(library, name) for name in names] or _folders(library)
    checked = [check(folder, tool_names()) for folder in folders]
    for each in checked:
        if as_json:
            _print_json(_checked_data(each))
        else:
            _print_checked(each)
    return 0 if all(each.ok for each in checked) else 1


@command.command("run")
@click.argument("name", shell_complete=shell_completion.skills)
@click.argument("prompt", default="")
@setting_flags(without=("skill",))
@display_flags
@debug_flag
def run_skill(name: str, prompt: str, shown: DisplayOptions, **flags: Any) -> int:
    """Carry out the skill NAME; PROMPT says more, or nothing. The same as run --skill NAME.

    Exit codes as for run.
    """
    from seedsmith.agent.cli.run import carry_out

    settings = load_settings({**flags, "skill": name})
    return carry_out(settings, prompt, shown, folder=typed_below(settings))


@command.command("trust")
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@click.option("--forget", is_flag=True, help="Trust no version of them any more.")
@setting_flags("workspace")
@debug_flag
def trust_skills(names: tuple[str, ...], forget: bool, **flags: Any) -> None:
    """Trust the repository's skills NAME as they are now; a changed byte takes the trust away."""
    from seedsmith.agent.frontends.line_wrapping import tell
    from seedsmith.agent.run.named_skill import trust_store
    from seedsmith.skills.errors import UnknownSkill

    settings = load_settings(flags)
    store = trust_store(settings, os.environ)
    library = _library(settings)
    for name in names:
        if forget:
            count = store.forget(name)
            tell(f"{name}: {count} trusted before, none now" if count else f"{name}: none was trusted")
            continue
        skill = next((each for each in library.untrusted if each.name == name), None)
        if skill is None:
            if name in library.skills:
                tell(f"{name}: trusted already")
                continue
            raise UnknownSkill(f"The repository has no skill {name!r:.80} to trust.")
        print(f"{name}: {store.trust(skill)}")


command.add_command(test_skills)


def _library(settings: Settings) -> Library:
    from seedsmith.agent.run.named_skill import open_library

    return open_library(settings, os.environ)


def _rows(library: Library) -> list[dict[str, str]]:
    rows = [_row(skill, "usable", skill.description) for skill in library.skills.values()]
    for each in library.shadowed:
        rows.append(_row(each.skill, "shadowed", f"hidden by {each.by.manifest}"))
    for skill in library.untrusted:
        rows.append(
            _row(skill, "untrusted", f"read {skill.folder}, then: seedsmith skills trust {skill.name}")
        )
    for broken in library.broken:
        said = str(broken.errors[0])
        rows.append({"name": broken.name, "state": "broken", "said": said, "origin": broken.origin.value})
    return rows


def _row(skill: Skill, state: str, said: str) -> dict[str, str]:
    return {"name": skill.name, "state": state, "said": " ".join(said.split()), "origin": skill.origin.value}


def _any_skill(library: Library, name: str) -> Skill:
    """A skill to be looked at: an untrusted one too."""
    untrusted = (skill for skill in library.untrusted if skill.name == name and name not in library.skills)
    return next(untrusted, None) or library.find(name)


def _folder(library: Library, name: str) -> Path:
    if os.sep in name or name in (".", ".."):
        return Path(name).absolute()
    broken = next((each.folder for each in library.broken if each.name == name), None)
    if broken is not None and name not in library.skills:
        return broken
    if (
        name not in library.skills
        and not any(each.name == name for each in library.untrusted)
        and os.path.isdir(name)  # noqa: PTH112
    ):
        return Path(name).absolute()
    return _any_skill(library, name).folder


def _folders(library: Library) -> list[Path]:
    found: list[Any] = [*library.skills.values(), *library.untrusted, *library.broken]
    return [each.folder for each in [*found, *(each.skill for each in library.shadowed)]]


def _data(skill: Skill) -> dict[str, Any]:
    return {
        "name": skill.name,
        "version": skill.version,
        "description": skill.description,
        "origin": skill.origin.value,
        "manifest": str(skill.manifest),
        "parameters": {name: spec.model_dump() for name, spec in skill.parameters.items()},
        "tools": skill.tools,
        "commands": {name: spec.model_dump() for name, spec in skill.commands.items()},
        "verify": skill.verify,
        "fork": skill.fork,
        "agent": skill.agent,
        "requires": skill.requires,
        "instructions": skill.instructions,
        "warnings": [str(each) for each in skill.warnings],
    }


def _checked_data(checked: Checked) -> dict[str, Any]:
    name = checked.skill.name if checked.skill else checked.folder.name
    found = {"errors": checked.errors, "warnings": checked.warnings}
    return {"name": name, "folder": str(checked.folder), "ok": checked.ok, **found}


def _print_checked(checked: Checked) -> None:
    from seedsmith.agent.frontends.line_wrapping import tell

    name = checked.folder.name
    for error in checked.errors:
        tell(f"error: {error}")
    for warning in checked.warnings:
        tell(f"warning: {name}: {warning}")
    if checked.ok:
        tell(f"{name}: fine")


def _print_json(value: Mapping[str, Any]) -> None:
    from seedsmith.agent.frontends.jsonl import encode

    sys.stdout.buffer.write(encode(dict(value)))
