"""Which folders of the machine commands never see: homes and the secrets in them, sockets."""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

_SHARED_HOMES = (Path("/home"), Path("/root"))
_SYSTEM = tuple(
    Path(name)
    for name in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/dev", "/proc", "/sys")
)
_NEVER_WHOLE = frozenset(map(Path, ("/", "/var", "/opt", "/srv", "/nonexistent", "/tmp", "/run")))  # noqa: S108

TEMPORARY = Path("/tmp")  # noqa: S108
RUNTIME = Path("/run")
SECRETS = (
    ".ssh",
    ".aws",
    ".azure",
    ".gnupg",
    ".config",
    ".docker",
    ".kube",
    ".mozilla",
    ".netrc",
    ".authinfo",
    ".pgpass",
    ".my.cnf",
    ".boto",
    ".s3cfg",
    ".dockercfg",
    ".vault-token",
    ".terraform.d",
    ".gitconfig",
    ".thunderbird",
    ".pki",
    ".bash_history",
    ".zsh_history",
    ".python_history",
    ".psql_history",
    ".mysql_history",
    ".composer/auth.json",
    ".gem/credentials",
    ".local/share/kwalletd",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".password-store",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".m2/settings.xml",
    ".gradle/gradle.properties",
    ".local/share/keyrings",
)
"""Files and folders of a home in which programs keep secrets: the one list, for tools and for commands.

No installation is shown that is one of them or holds one; where the workspace holds the home folder, which
then can't be hidden whole, each is hidden by itself.
"""


def home_folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The home folders to hide whole: the user's by name and by record, and everyone else's.

    A service account whose home is ``/usr/sbin`` or ``/`` hides nothing by it. None lies in another.
    """
    candidates = [*_SHARED_HOMES, Path(environ.get("HOME") or "/")]
    with suppress(KeyError):  # A container's user may have no record.
        candidates.append(Path(pwd.getpwuid(os.getuid()).pw_dir))
    found: set[Path] = set()
    for candidate in candidates:
        if not candidate.is_absolute():
            continue
        real = Path(os.path.realpath(candidate))
        if real in _NEVER_WHOLE or is_beneath(real, _SYSTEM) or not os.path.isdir(real):
            continue
        found.add(real)
    return outermost(found)


def homes_within(workspace: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The home folders, the user's own and those of all, that ``workspace`` is or holds."""
    candidates = [*_SHARED_HOMES, Path(environ.get("HOME") or "/")]
    with suppress(KeyError):  # A container's user may have no record.
        candidates.append(Path(pwd.getpwuid(os.getuid()).pw_dir))
    real = (Path(os.path.realpath(path)) for path in candidates if path.is_absolute() and path.is_dir())
    return tuple(
        dict.fromkeys(path for path in real if is_beneath(path, (workspace,)) and path.parent != path)
    )


def hidden_within(workspace: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """What must be kept from tools and commands in a workspace that is or holds a home, by its real place.

    Of a link both are given: the name, and where it leads as long as that is in the workspace.
    """
    secrets = [secret for home in homes_within(workspace, environ) for secret in secrets_in(home)]
    real = [Path(os.path.realpath(secret)) for secret in secrets]
    return tuple(dict.fromkeys(path for path in (*secrets, *real) if workspace in path.parents))


def secrets_in(home: Path) -> tuple[Path, ...]:
    """Every place of ``home`` that is kept from commands, whether it is there or not."""
    return tuple(home / name for name in SECRETS)


def is_beneath(path: Path, folders: Collection[Path]) -> bool:
    """Whether ``path`` is one of ``folders`` or lies in one; compares names, follows no link."""
    if isinstance(folders, frozenset | set):  # of which there may be a hundred
        return not folders.isdisjoint((path, *path.parents))
    inside = f"{path}/"
    return any(inside.startswith(f"{str(folder).rstrip('/')}/") for folder in folders)


def outermost(paths: set[Path]) -> tuple[Path, ...]:
    """``paths`` without those that lie in another of them, sorted."""
    return tuple(sorted(path for path in paths if not any(parent in paths for parent in path.parents)))
