"""Names no tool may write, wherever they appear in a path (docs/sandbox.md, "File tools")."""

from __future__ import annotations

import unicodedata

from seedsmith.sandbox.errors import NeedsApproval, ProtectedPath

_GIT_NAMES = frozenset({".git", "git~1"})
"""``git~1`` is what FAT and NTFS call ``.git`` as well."""
CONFIGURATION_FOLDER = ".seedsmith"
"""At the workspace's top: the agent's own, with what a session obeys."""
CONFIGURATION_FILE = f"{CONFIGURATION_FOLDER}/config.yaml"
START_UP_FILES = (
    *(".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile"),
    *(".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".cshrc", ".tcshrc", ".login"),
    *(".logout", ".xprofile", ".inputrc"),
)
"""What shells of a home folder read when they begin."""
_BY_APPROVAL = frozenset(
    {
        (".envrc",),
        (".mcp.json",),
        (".vscode", "tasks.json"),
        (".config", "fish", "config.fish"),
        *((name,) for name in START_UP_FILES),
    }
)
"""Files that other programs execute on their own; all of the last components must match."""


def check_writable(path: str, state: str | None = None) -> None:
    """Raise :class:`ProtectedPath` or :class:`NeedsApproval` if tools may not write ``path``.

    ``path`` is workspace-relative with no links left in it; ``state`` is the agent's state folder, likewise,
    where it lies inside the workspace.
    """
    names = tuple(_folded(name) for name in path.split("/"))
    if not _GIT_NAMES.isdisjoint(names):
        raise ProtectedPath(f"{path} belongs to git's own data, which tools may not write.")
    if state is not None and _starts_with(names, tuple(_folded(name) for name in state.split("/"))):
        raise ProtectedPath(f"{path} belongs to the agent's own state, which tools may not write.")
    if names[0] == CONFIGURATION_FOLDER or names[-2:] == tuple(CONFIGURATION_FILE.split("/")):
        raise ProtectedPath(
            f"{path} is the agent's own configuration, which tools may not write; skills may lie in "
            ".agents/skills as well."
        )
    if any(names[-count:] in _BY_APPROVAL for count in (1, 2, 3)):
        raise NeedsApproval(
            f"{path} is run by other programs on their own, so writing it needs a person's approval."
        )


def _folded(name: str) -> str:
    """The name as the most forgiving file system would compare it.

    Case is folded, trailing dots and spaces go (Windows), invisible format characters too (macOS).
    """
    visible = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    return visible.rstrip(". ").casefold()


def _starts_with(names: tuple[str, ...], prefix: tuple[str, ...]) -> bool:
    return names[: len(prefix)] == prefix
