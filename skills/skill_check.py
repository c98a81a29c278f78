"""Checks a skill without running it: reports errors, and what is unusual."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path

from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.skills.errors import ManifestError
from seedsmith.skills.skill import BrokenSkill, Origin, Skill
from seedsmith.skills.skill_folder import OWN_FORM, digest, find_manifest, read_skill, recording_path
from seedsmith.skills.yaml_document import MOST_BYTES, DocumentError, decode, parse
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
    """Sentences with line and column: violated rules of its form."""
    warnings: tuple[str, ...]
    """Sentences about what works, but perhaps not as it was meant."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors


def check(folder: Path, tools: Collection[str] = ()) -> Checked:
    """Check the skill in ``folder``; ``tools`` are the names that ``tools`` may hold (none: any).

    What the specification of ``SKILL.md`` calls wrong is an error here, though the loader takes it.
    """
    found = read_skill(folder, Origin.USER)
    manifest = find_manifest(folder)
    if manifest is None:
        return Checked(
            folder, None, tuple(map(str, found.errors)) if isinstance(found, BrokenSkill) else (), ()
        )
    errors = [str(each) for each in (found.errors if isinstance(found, BrokenSkill) else found.warnings)]
    warnings: list[str] = []
    try:
        digest(folder)
    except (SandboxError, OSError) as error:
        if not any(str(error) in each for each in errors):
            errors.append(str(ManifestError(manifest, str(error))))
    for name in _tools(manifest):
        if tools and name not in tools:
            meant = suggestion_or_list(name, tools)
            errors.append(
                str(ManifestError(manifest, f"names the tool {name!r}, which does not exist{meant}"))
            )
    if isinstance(found, BrokenSkill):
        return Checked(folder, None, tuple(errors), ())
    if manifest.name == OWN_FORM:
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


def _tools(manifest: Path) -> list[str]:
    """The names under ``tools`` of a manifest of our own, whatever else is wrong with it."""
    if manifest.suffix == ".md":
        return []
    try:
        value = parse(decode(manifest.read_bytes()[: MOST_BYTES + 1])).value
    except (DocumentError, OSError):
        return []
    names = value.get("tools") if isinstance(value, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


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
