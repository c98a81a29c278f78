"""Which repository a workspace belongs to, found by looking, never by asking git (docs/sandbox.md, "Git").

Git itself would follow ``core.worktree``, a planted bare repository, a ``commondir`` file or a ``.git`` that
points anywhere. What is found here is told to git instead.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from seedsmith.sandbox.errors import NoRepository
from seedsmith.sandbox.guards.git_folders import DOT_GIT, alternates, linked_folders, shared_folder
from seedsmith.sandbox.isolation.hidden_folders import RUNTIME, TEMPORARY, home_folders, is_beneath
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.real_path import real_path

_RULES = (".gitignore", ".gitattributes")
_OPERATIONS = (
    ("MERGE_HEAD", "merge"),
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)
_HOOKS_OF_COMMIT = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository as seen from one workspace; all paths are absolute."""

    workspace: Path
    top: Path
    """The top folder of the working tree: the workspace, or a folder above it."""
    git_dir: Path
    """Where HEAD and the index lie."""
    shared_dir: Path
    """Where objects and branches lie; another folder than ``git_dir`` for a linked worktree only."""

    @property
    def is_whole(self) -> bool:
        """Whether the workspace is the whole working tree rather than a subfolder of it."""
        return self.top == self.workspace

    @property
    def folders(self) -> tuple[Path, ...]:
        """Git's metadata folders, outermost first."""
        return tuple(dict.fromkeys((self.shared_dir, self.git_dir)))

    @property
    def folders_outside(self) -> tuple[Path, ...]:
        """Those of them that don't lie in the workspace."""
        return tuple(folder for folder in self.folders if not is_beneath(folder, (self.workspace,)))

    @property
    def rules_above(self) -> tuple[Path, ...]:
        """The files of ignore rules and attributes between the top and the workspace."""
        above = [parent for parent in self.workspace.parents if is_beneath(parent, (self.top,))]
        files = [folder / name for folder in above for name in _RULES]
        return tuple(file for file in files if os.path.isfile(file) and not file.is_symlink())

    @property
    def borrowed_from(self) -> tuple[Path, ...]:
        """The object folders of other repositories that this one needs, but for those in the workspace."""
        return tuple(path for path in alternates(self.shared_dir) if not is_beneath(path, (self.workspace,)))

    @property
    def operation(self) -> str:
        """What is under way: ``merge``, ``rebase`` …; empty where nothing is."""
        return next((name for mark, name in _OPERATIONS if os.path.lexists(self.git_dir / mark)), "")

    @property
    def has_commit_hooks(self) -> bool:
        """Whether a commit by hand would run programs of the repository's hooks folder."""
        return any(os.access(self.shared_dir / "hooks" / name, os.X_OK) for name in _HOOKS_OF_COMMIT)


def find_repository(workspace: Path) -> Repository:
    """Return the repository of the canonical path ``workspace``, the nearest going up.

    Above the workspace only what belongs to the user counts, or another user of the machine could plant a
    repository in ``/tmp``. Raises :class:`NoRepository`.
    """
    for folder in (workspace, *workspace.parents):
        entry = folder / DOT_GIT
        if not os.path.lexists(entry):
            continue
        if folder == workspace:
            found = _metadata(entry)
            if found is None:
                raise NoRepository(
                    "Git is not run here: the workspace's .git is damaged, a link, or points at a folder "
                    "that does not point back at it."
                )
            return Repository(workspace, folder, *found)
        if _is_own(entry, workspace) and (found := _metadata(entry)) is not None:
            return Repository(workspace, folder, *found)
    raise NoRepository("The workspace is not in a git repository.")


def shown_above(workspace: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """What commands in a subfolder of a repository need to see besides it: the whole, and git's own folders.

    Empty for a workspace that is no subfolder, and where the whole is, or holds, a home folder or another
    place that is hidden.
    """
    try:
        repository = find_repository(workspace)
    except NoRepository:
        return ()
    masks = (*home_folders(environ), TEMPORARY, RUNTIME)
    if repository.is_whole or any(is_beneath(mask, (repository.top,)) for mask in masks):
        return ()
    outside = [folder for folder in repository.folders if not is_beneath(folder, (repository.top,))]
    return (repository.top, *outside)


def _metadata(entry: Path) -> tuple[Path, Path] | None:
    """The own and the shared folder behind a ``.git``; None where it is none to be trusted.

    Git follows a planted ``commondir`` whatever it is told, so one that says otherwise is refused.
    """
    if entry.is_symlink():
        return None
    found = _folder(entry) if os.path.isdir(entry) else linked_folders(entry)
    if found is None:
        return None
    own, shared = found
    return found if real_path(shared_folder(own)) == real_path(shared) else None


def _folder(entry: Path) -> tuple[Path, Path] | None:
    whole = os.path.lexists(entry / "HEAD") and all(
        os.path.isdir(entry / part) for part in ("objects", "refs")
    )
    return (entry, entry) if whole else None


def _is_own(entry: Path, workspace: Path) -> bool:
    owner = os.lstat(entry).st_uid
    return owner in (os.geteuid(), workspace.stat().st_uid)
