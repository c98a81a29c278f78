"""The kinds of helpers that can be asked: one that explores, one that changes, and the user's own."""

from __future__ import annotations

import re
from pathlib import Path

from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.yaml_file import read_small
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.paths import shown
from seedsmith.skills.skill_md import read_published
from seedsmith.skills.yaml_document import MOST_BYTES, DocumentError, decode

EXPLORE, CHANGE = "explore", "change"
_MOST_KINDS = 20
_CHANGING = frozenset({"write", "edit", "multiedit", "notebookedit", "patch"})
"""Tools by which files are changed, as agents call them."""


@dataclass(frozen=True, slots=True)
class AgentKind:
    """One kind of helper."""

    name: str
    description: str
    """What it is for, as the model is told."""
    instructions: str
    writes: bool = False
    """Whether it works in a copy of the workspace, and what it changed there is brought in."""


@dataclass(frozen=True, slots=True)
class AgentKinds:
    """The user's kinds, and a sentence for each file that is none."""

    found: tuple[AgentKind, ...] = ()
    faults: tuple[str, ...] = ()


def with_built_in(kinds: tuple[AgentKind, ...]) -> tuple[AgentKind, ...]:
    """``kinds`` after those that there always are; one of the same name takes the place of such a one."""
    what = "finds out where and how something is done"
    change = "makes a change in a copy of the workspace; it is brought in whole, or you are told why not"
    always = (
        AgentKind(EXPLORE, what, prompt("subagent-explore.md").strip()),
        AgentKind(CHANGE, change, prompt("subagent-change.md").strip(), writes=True),
    )
    named = {kind.name for kind in kinds}
    return (*(kind for kind in always if kind.name not in named), *kinds)


def user_kinds(folder: Path | None) -> AgentKinds:
    """The kinds of ``folder``, a file each; of two of one name the first counts."""
    if folder is None or not folder.is_dir():
        return AgentKinds()
    kinds: dict[str, AgentKind] = {}
    faults = []
    for path in sorted(folder.glob("*.md"))[:_MOST_KINDS]:
        try:
            kind = _read(path)
        except (ConfigurationError, DocumentError) as error:
            faults.append(f"The kind of helper {shown(str(path))} is left out: {error}")
            continue
        kinds.setdefault(kind.name, kind)
    return AgentKinds(tuple(kinds.values()), tuple(faults))


def _read(path: Path) -> AgentKind:
    published = read_published(decode(read_small(path, MOST_BYTES) or b""), path.stem)
    writes = not _CHANGING.isdisjoint(re.split(r"[\s,]+", published.tools.lower()))
    return AgentKind(published.name, " ".join(published.description.split()), published.body, writes)
