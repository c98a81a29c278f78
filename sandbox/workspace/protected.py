"""Names no tool may write, wherever they appear in a path (docs/sandbox.md, "File tools")."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Container

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
RUN_BY_OTHERS = frozenset(
    {
        (".envrc",),
        (".mcp.json",),
        *((".vscode", name) for name in ("tasks.json", "launch.json", "settings.json", "mcp.json")),
        *((".zed", name) for name in ("tasks.json", "settings.json")),
        *((".claude", name) for name in ("settings.json", "settings.local.json")),
        (".cursor", "mcp.json"),
        (".gemini", "settings.json"),
        (".hg", "hgrc"),
        (".config", "fish", "config.fish"),
        *((name,) for name in START_UP_FILES),
    }
)
"""Files that other programs execute on their own; all of the last components must match."""
LAST_NAMES = frozenset(names[-1] for names in RUN_BY_OTHERS)
"""What such a file itself is called."""


def is_run_by_others(path: str) -> bool:
    """Whether other programs execute ``path`` on their own, so that writing it needs a person's word."""
    last = path.rpartition("/")[2]
    if last.isascii() and last.rstrip(". ").casefold() not in LAST_NAMES:
        return False
    names = tuple(_folded(name) for name in path.split("/"))
    return any(names[-count:] in RUN_BY_OTHERS for count in (1, 2, 3))


def is_repository(there: Callable[[str], bool]) -> bool:
    """Whether a folder is what git takes for a repository's own, whatever it is called.

    ``there`` says whether something of a name is in it.
    """
    return there("HEAD") and (there("commondir") or (there("objects") and there("refs")))


def check_writable(path: str, state: str | None = None, approved: Container[str] = ()) -> None:
    """Raise :class:`ProtectedPath` or :class:`NeedsApproval` if tools may not write ``path``.

    ``path`` is workspace-relative with no links left in it; ``state`` is the agent's state folder, likewise,
    where it lies inside the workspace; ``approved`` are paths a person let be written.
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
    if path not in approved and is_run_by_others(path):
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
