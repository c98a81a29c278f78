"""Everything that can be said about a skill without running it: what is wrong, and what is odd."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from seedsmith.sandbox.errors import SandboxError
from seedsmith.skills.errors import ManifestError
from seedsmith.skills.folder import OWN_FORM, digest, read_skill, recording_path
from seedsmith.skills.skill import BrokenSkill, Origin, Skill
from seedsmith.tools.suggestions import suggestion_or_list

LONG_INSTRUCTIONS = 20_000
"""Characters, about 5,000 tokens: what the specification recommends to stay below."""
_CHANGING = frozenset({"edit", "write", "patch"})
_BRACES = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    folder: Path
    skill: Skill | None
    """None where it is broken."""
    errors: tuple[str, ...]
    """Located sentences: broken rules of its form."""
    warnings: tuple[str, ...]
    """What still works, but perhaps not as it was meant."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors


def check(folder: Path, tools: Collection[str] = ()) -> Checked:
    """Check the skill in ``folder``; ``tools`` are the names that ``tools`` may hold (none: any).

    What the specification of ``SKILL.md`` calls wrong is an error here, though the loader takes it.
    """
    found = read_skill(folder, Origin.USER)
    if isinstance(found, BrokenSkill):
        return Checked(folder, None, tuple(map(str, found.errors)), ())
    own = found.manifest.name == OWN_FORM
    errors = [str(each) for each in found.warnings]
    warnings: list[str] = []
    try:
        digest(folder)
    except (SandboxError, OSError) as error:
        errors.append(str(ManifestError(found.manifest, str(error))))
    for name in found.tools or ():
        if tools and name not in tools:
            meant = suggestion_or_list(name, tools)
            errors.append(
                str(ManifestError(found.manifest, f"names the tool {name!r}, which does not exist{meant}"))
            )
    if own:
        warnings += _oddities(found)
    if len(found.instructions) > LONG_INSTRUCTIONS:
        warnings.append(
            f"The instructions have {len(found.instructions):,} characters: move what is not always needed "
            "to files."
        )
    warnings += [
        f"It needs {program}, which is not on the PATH here."
        for program in found.requires
        if shutil.which(program) is None
    ]
    return Checked(folder, found, tuple(errors), tuple(warnings))


def _oddities(skill: Skill) -> list[str]:
    said = []
    used = set(_BRACES.findall(skill.instructions))
    for name in sorted(used - set(skill.parameters)):
        said.append(
            f"The instructions hold {{{{{name}}}}}, which is none of the parameters: it stays as it is."
        )
    for name in skill.parameters:
        if name not in used and f"{{{name}}}" not in skill.verify:
            said.append(f"The parameter {name!r} is used neither in the instructions nor in verify.")
    said += [
        f"The test {test.name!r} has no recording: make it with `seedsmith skills test --live --update`."
        for test in skill.tests
        if not recording_path(skill, test).is_file()
    ]
    if not skill.tests:
        said.append("It has no tests: `seedsmith skills test` has nothing to run.")
    if not skill.verify and (skill.tools is None or _CHANGING & set(skill.tools)):
        said.append("It has no verify command: nothing proves that its work is done.")
    return said
