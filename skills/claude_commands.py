"""Commands as other agents keep them, Markdown files in ``.claude/commands``: each is a skill of one file.

``$ARGUMENTS`` and ``$1`` … ``$9`` become parameters. What stands as ``!`COMMAND```, which runs there before
the model is asked, is left to the model here: nothing runs because a file says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from seedsmith.sandbox.errors import PathError, WorkspaceError
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.skills.errors import ManifestError
from seedsmith.skills.parameter_specs import ParameterSpec
from seedsmith.skills.skill import BrokenSkill, Origin, Skill
from seedsmith.skills.skill_md import MOST_NAME, Published, read_published
from seedsmith.skills.yaml_document import MOST_BYTES, DocumentError, decode

MOST_COMMANDS = 200
_DEEPEST = 3
_FRONT = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_DESCRIBED = re.compile(r"^description:[ \t]*\S", re.MULTILINE)
_HINT = re.compile(r"^argument-hint:[ \t]*(\S.*)$", re.MULTILINE)
_ARGUMENT = re.compile(r"\$(?:(ARGUMENTS)\b|([1-9])(?!\d))")
_RUN_BEFORE = re.compile(r"!`([^`\n]+)`")
_MOST_SHOWN = 120


def command_files(root: Path) -> Iterator[Path]:
    """The commands below ``root``, sorted; no link is followed, and no more than are sensible are found."""
    found = 0
    waiting = [(root, 0)]
    while waiting:
        folder, depth = waiting.pop(0)
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            continue
        for entry in entries:
            if entry.is_symlink():
                continue
            if entry.is_dir() and depth < _DEEPEST:
                waiting.append((entry, depth + 1))
            elif entry.suffix == ".md" and entry.is_file():
                yield entry
                found += 1
                if found == MOST_COMMANDS:
                    return


def read_command(file: Path, root: Path, origin: Origin) -> Skill | BrokenSkill:
    """Read the command in ``file``, which lies below ``root``; never raises for errors in it."""
    name = command_name(file.relative_to(root))
    try:
        with Workspace(file.parent) as opened:
            text = decode(opened.read_bytes(file.name, limit=MOST_BYTES + 1))
        found = _published(text, name)
    except DocumentError as error:
        located = ManifestError(file, str(error), error.line, error.column)
        return BrokenSkill(name, file.parent, origin, (located,))
    except (PathError, WorkspaceError, OSError) as error:
        return BrokenSkill(name, file.parent, origin, (ManifestError(file, str(error)),))
    return Skill(
        name=name,
        description=found.description,
        instructions=_instructions(found.body),
        folder=file.parent,
        manifest=file,
        origin=origin,
        parameters=_parameters(text, found.body),
        files=(),
        fork=found.fork,
        agent=found.agent,
        model_may_call=found.model_may_call and _is_described(text),
        alone=True,
        warnings=_left_to_the_model(file, text),
    )


def command_name(path: Path) -> str:
    """The name of the command at ``path``, relative to the commands' folder, as a skill's name may be."""
    words = "-".join(path.with_suffix("").parts).lower()
    return "".join(each if each.isalnum() else "-" for each in words).strip("-")[:MOST_NAME] or "command"


def _published(text: str, name: str) -> Published:
    """The command as a ``SKILL.md`` says it; its first line describes it where nothing else does."""
    front = _FRONT.match(text)
    body = text[front.end() :] if front else text
    if not body.strip():
        raise DocumentError("has no instructions")
    if front and _is_described(text):
        return read_published(text, name)
    first = next(line for line in body.splitlines() if line.strip())
    shown = first.strip("#*-> \t")[:_MOST_SHOWN].replace("'", "''") or name
    more = front[1] if front else ""
    return read_published(f"---\ndescription: '{shown}'\n{more}---\n{body}", name)


def _is_described(text: str) -> bool:
    front = _FRONT.match(text)
    return front is not None and _DESCRIBED.search(front[1]) is not None


def _instructions(body: str) -> str:
    filled = _ARGUMENT.sub(
        lambda match: "{{arguments}}" if match[1] else f"{{{{argument_{match[2]}}}}}", body
    )
    return _RUN_BEFORE.sub(lambda match: f"(run `{match[1]}` first, and take its output here)", filled)


def _parameters(text: str, body: str) -> dict[str, ParameterSpec]:
    front = _FRONT.match(text)
    hint = _HINT.search(front[1]) if front else None
    said = hint[1].strip("\"' ")[:_MOST_SHOWN] if hint else ""
    found: dict[str, ParameterSpec] = {}
    for match in _ARGUMENT.finditer(body):
        name = "arguments" if match[1] else f"argument_{match[2]}"
        found.setdefault(name, ParameterSpec.model_validate({"description": said}))
    return dict(sorted(found.items()))


def _left_to_the_model(file: Path, text: str) -> tuple[ManifestError, ...]:
    match = _RUN_BEFORE.search(text)
    if match is None:
        return ()
    said = "has commands in !`…`: they are not run before, the model is told to run them"
    return (ManifestError(file, said, text.count("\n", 0, match.start()) + 1, 1),)
