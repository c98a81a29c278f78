"""Finds skills: which folders are searched, which of two skills wins, and which are only listed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.skills.built_in import SkillsByName, Summary, read, summaries
from seedsmith.skills.errors import ManifestError, UnknownSkill
from seedsmith.skills.skill import BUILT_IN, BrokenSkill, Origin, Skill
from seedsmith.skills.trust import TrustStore
from seedsmith.tools.entry_points import entry_points_of
from seedsmith.tools.suggestions import suggestion_or_list

USER_ROOT = Path(".agents/skills")
"""Under the home folder."""
REPOSITORY_ROOTS = (Path(".seedsmith/skills"), Path(".agents/skills"), Path(".claude/skills"))
"""Under the workspace, the nearest first."""
REPOSITORY_COMMANDS = Path(".claude/commands")
"""Under the workspace: files that are a skill each."""
ENTRY_POINTS = "seedsmith.skills"
_DEEPEST = 3
_MOST_FOLDERS = 5000
_SKIPPED = frozenset({".git", "node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Root:
    """One folder that holds skills."""

    folder: Path
    origin: Origin
    commands: bool = False
    """Whether it holds commands, each a file, instead of folders."""
    fault: str = ""
    """Why it can't be searched; then ``folder`` is only the name that a package gave it."""


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A skill that is hidden by a nearer one of the same name."""

    skill: Skill
    by: Skill


@dataclass(frozen=True, slots=True)
class Library:
    """Every skill that was found, usable or not."""

    skills: Mapping[str, Skill]
    """Those that can be used, by name."""
    shadowed: tuple[Shadowed, ...] = ()
    untrusted: tuple[Skill, ...] = ()
    """The repository's skills that the user has not trusted in their present state."""
    broken: tuple[BrokenSkill, ...] = ()
    roots: tuple[Root, ...] = ()
    """Where they were looked for."""

    def summaries(self) -> list[Skill | Summary]:
        """What is told of the usable skills, in the order of their names."""
        skills = self.skills
        return skills.summaries() if isinstance(skills, SkillsByName) else list(skills.values())

    def find(self, name: str) -> Skill:
        """The usable skill called ``name``; raises :class:`UnknownSkill` that says why there is none."""
        if name in self.skills:
            return self.skills[name]
        untrusted = next((skill for skill in self.untrusted if skill.name == name), None)
        if untrusted is not None:
            raise UnknownSkill(
                f"The skill {name!r} comes from the repository and is not trusted: read "
                f"{untrusted.folder}, then `seedsmith skills trust {name}`."
            )
        broken = next((each for each in self.broken if each.name == name), None)
        if broken is not None:
            raise UnknownSkill(f"The skill {name!r} is broken: {broken.errors[0]}.")
        raise UnknownSkill(f"There is no skill {name!r:.80}{suggestion_or_list(name, self.skills, 3)}.")


def roots(workspace: Path | None, home: Path | None) -> list[Root]:
    """The folders that are searched for skills, the nearest first; ``home`` is the user's home folder."""
    found = [Root(workspace / root, Origin.REPOSITORY) for root in REPOSITORY_ROOTS] if workspace else []
    if workspace:
        found.append(Root(workspace / REPOSITORY_COMMANDS, Origin.REPOSITORY, commands=True))
    if home is not None:
        found.append(Root((home / USER_ROOT).resolve(), Origin.USER))  # as the sandbox shows it
    found += _offered()
    return [*found, Root(BUILT_IN, Origin.BUILT_IN)]


def load(searched: Iterable[Root], trust: TrustStore) -> Library:
    """Read every skill under ``searched``, the nearest first; a broken skill does not affect others."""
    usable: dict[str, Skill | Summary] = {}
    shadowed: list[Shadowed] = []
    untrusted: list[Skill] = []
    broken: list[BrokenSkill] = []
    looked_in = tuple(searched)
    for root in looked_in:
        if root.fault:
            located = ManifestError(root.folder, root.fault)
            broken.append(BrokenSkill(root.folder.name, root.folder, root.origin, (located,)))
            continue
        for found in _read_all(root):
            if isinstance(found, BrokenSkill):
                broken.append(found)
                continue
            if isinstance(found, Skill) and root.origin is Origin.REPOSITORY:
                identity = trust.trusts(found)
                if not identity:
                    untrusted.append(found)
                    continue
                found = replace(found, digest=identity)
            if usable.setdefault(found.name, found) is not found:
                shadowed.append(Shadowed(*map(_whole, (found, usable[found.name]))))
    return Library(SkillsByName(usable.values()), tuple(shadowed), tuple(untrusted), tuple(broken), looked_in)


def _whole(found: Skill | Summary) -> Skill:
    return read(found) if isinstance(found, Summary) else found


def _read_all(root: Root) -> Iterator[Skill | Summary | BrokenSkill]:
    """Every skill of one root, usable or broken; of the built-in ones what is told of them."""
    if root.folder == BUILT_IN:
        yield from summaries()
        return
    if not root.folder.is_dir():
        return
    if root.commands:
        from seedsmith.skills.claude_commands import command_files, read_command

        yield from (read_command(file, root.folder, root.origin) for file in command_files(root.folder))
        return
    from seedsmith.skills.skill_folder import read_skill

    for folder in _skill_folders(root):
        if isinstance(folder, ManifestError):
            yield BrokenSkill(root.folder.name, root.folder, root.origin, (folder,))
        else:
            yield read_skill(folder, root.origin)


def _skill_folders(root: Root) -> Iterator[Path | ManifestError]:
    """Folders with a manifest, sorted; collections may put some levels of folders around their skills.

    If there are too many folders, the last item says so and the rest are not searched. Links in a repository
    are not followed, because they could lead to someone else's skills.
    """
    from seedsmith.skills.skill_folder import find_manifest

    waiting = deque([(root.folder, 0)])
    seen = 0
    while waiting:
        folder, depth = waiting.popleft()
        try:
            inner = sorted(folder.iterdir())
        except OSError:
            continue
        for entry in inner:
            if entry.name in _SKIPPED or not _enters(entry, root.origin):
                continue
            seen += 1
            if seen > _MOST_FOLDERS:
                said = f"holds more than {_MOST_FOLDERS:,} folders; skills beyond them are not found"
                yield ManifestError(root.folder, said)
                return
            if find_manifest(entry) is None and depth + 1 < _DEEPEST:
                waiting.append((entry, depth + 1))
            elif find_manifest(entry) is not None:
                yield entry


def _enters(entry: Path, origin: Origin) -> bool:
    try:
        return entry.is_dir() and not (origin is Origin.REPOSITORY and entry.is_symlink())
    except OSError:
        return False


def _offered() -> Iterator[Root]:
    """The folders that installed packages offer: an entry point names a package that holds skills.

    Or a path, or a function that returns one. A package that is broken stops no other.
    """
    for point in entry_points_of(ENTRY_POINTS):
        try:
            offered = point.load()
            places = list(getattr(offered, "__path__", ())) or [offered() if callable(offered) else offered]
            folders = [Path(place) for place in places]
            if not all(folder.is_absolute() for folder in folders):  # else the workspace would be searched
                raise ValueError(f"it offers {str(folders[0])!r}, which is no absolute path")
        except (Exception, SystemExit) as error:
            fault = f"the package that offers it broke: {type(error).__name__}: {error}"
            yield Root(Path(point.name), Origin.PACKAGE, fault=fault)
            continue
        for folder in folders:
            fault = "" if folder.is_dir() else f"the package offers {folder}, which is no folder"
            yield Root(Path(point.name) if fault else folder, Origin.PACKAGE, fault=fault)
