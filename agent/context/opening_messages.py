"""The first messages of a conversation: system prompt, facts about the workspace, instructions, and the task.

They never change during a session, and everything later is appended, so that each request begins with the
whole request before it (docs/decisions.md, "A stable prefix").
"""

from __future__ import annotations

import platform
import re
from pathlib import PurePosixPath

from seedsmith.agent.context.instructions import root_instructions
from seedsmith.agent.context.profile import Profile
from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.conversation import Item, SystemMessage, UserMessage
from seedsmith.agent.sessions.outcome import changed_tests
from seedsmith.agent.sessions.session import VerifyRecord
from seedsmith.sandbox.errors import PathError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.paths import shown
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import Image

MOST_NAMES = 30
"""Top-level names shown."""

_MOST_OF_A_PASS = 800
_MOST_OF_NAMED = 2_400
_MOST_FAILING = 20
_PROGRESS = re.compile(r"^[.sxX]+ *\[ *\d+%\]\n", re.MULTILINE)
"""What pytest shows meanwhile."""
_POINTER = re.compile(r"""File "([^"\n]+)", line (\d+)|((?:[\w.+@-]+/)*[\w.+@-]+\.\w+):(\d+)""")
"""Source locations in output: as Python's tracebacks have them, and as ``path:line``."""


@dataclass(frozen=True, slots=True)
class Listings:
    """What the system prompt lists for the model to use, a line each."""

    skills: str = ""
    servers: str = ""


def first_items(
    profile: Profile,
    workspace: Workspace,
    task: str,
    verification: VerifyRecord | None = None,
    images: tuple[Image, ...] = (),
    listings: Listings | None = None,
) -> list[Item]:
    """The items before the model's first answer; ``verification`` is the check's result before the run.

    ``images`` go with the task.
    """
    items: list[Item] = [SystemMessage(system_text(profile, workspace, listings))]
    instructions = root_instructions(workspace) if profile.facts else None
    if instructions is not None:
        items.append(instructions)
    parts = [task]
    if verification is not None:
        parts.append(
            prompt(
                "verify-before.md",
                command=verification.command,
                ending=verification.ending,
                output=_of_interest(verification),
            )
        )
        if verification.failing:
            parts.append(_failing_already(verification.failing))
        parts += pointed_sources(workspace, verification.output, profile.sources)
    items.append(UserMessage("\n\n".join(part.strip() for part in parts), images=images))
    return items


def _failing_already(names: tuple[str, ...]) -> str:
    more = f"\n- and {len(names) - _MOST_FAILING:,} more" if len(names) > _MOST_FAILING else ""
    return prompt("failing-before.md", names="\n".join(f"- {name}" for name in names[:_MOST_FAILING]) + more)


def _of_interest(verification: VerifyRecord) -> str:
    """What a check wrote; only its end where it passed or its failures are named: all of it goes with
    every request."""
    passed = verification.exit_code == 0
    output = _PROGRESS.sub("", verification.output) if passed else verification.output
    most = _MOST_OF_A_PASS if passed else _MOST_OF_NAMED if verification.failing else len(output)
    if len(output) <= most:
        return output
    end = output[-most:].partition("\n")[2] or output[-most:]
    return f"[... {len(output) - len(end):,} characters left out ...]\n{end}"


def system_text(profile: Profile, workspace: Workspace, listings: Listings | None = None) -> str:
    """The system prompt; if the profile says so, with facts about the workspace and ``listings``."""
    text = prompt(profile.prompt)
    if not profile.facts:
        return text
    if listings is not None and listings.skills:
        text += prompt("skills.md", listing=listings.skills)
    if listings is not None and listings.servers:
        text += prompt("mcp.md", listing=listings.servers)
    added = ", ".join(f"`{shown(folder)}`" for folder in workspace.read_only)
    return (
        text
        + prompt(
            "workspace.md",
            name=shown(workspace.root.name or "/"),
            platform=f"{platform.system()} {platform.machine()}",
            branch=_branch(workspace),
            listing=_listing(workspace),
        )
        + (prompt("added.md", folders=added) if added else "")
    )


def pointed_sources(workspace: Workspace, output: str, lines: int) -> list[str]:
    """Numbered lines around the last source location in ``output`` that is not in a test.

    At most ``lines`` lines; empty if no location lies in the workspace.
    """
    places = [
        (first or second, int(line or other)) for first, line, second, other in _POINTER.findall(output)
    ]
    for path, line in reversed(places):
        text = _source(workspace, path) if lines else ""
        if not text:
            continue
        source = text.splitlines()
        start = max(0, min(line - 1 - lines // 2, len(source) - lines))
        numbered = (f"{number}\t{row}" for number, row in enumerate(source[start : start + lines], start + 1))
        return [f"{path}, lines {start + 1} on:\n" + "\n".join(numbered)]
    return []


def _source(workspace: Workspace, path: str) -> str:
    try:
        relative = workspace.relative(path)
    except PathError:
        return ""
    if changed_tests((relative,)) or ".." in PurePosixPath(relative).parts:
        return ""
    return _read_text(workspace, relative, 1 << 20)


def _read_text(workspace: Workspace, path: str, limit: int) -> str:
    """The start of a file as text; empty if it can't be read."""
    try:
        return workspace.read_bytes(path, limit=limit).decode("utf-8-sig", "backslashreplace").strip()
    except PathError:
        return ""


def _branch(workspace: Workspace) -> str:
    """``, git branch NAME``, read without running git; empty if there is none."""
    head = _read_text(workspace, ".git/HEAD", 300)
    prefix = "ref: refs/heads/"
    return f", git branch {shown(head.removeprefix(prefix))}" if head.startswith(prefix) else ""


def _listing(workspace: Workspace) -> str:
    names = [
        shown(entry.name) + ("/" if entry.kind == "folder" else "")
        for entry in workspace.list_folder(".")
        if entry.name != ".git"
    ]
    more = f" … and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return "  ".join(names[:MOST_NAMES]) + more if names else "(empty)"
