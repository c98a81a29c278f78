"""What git may believe: an environment that silences a repository's own configuration.

See docs/sandbox.md, "Git".
Fixed settings are not enough, because drivers have names of the repository's choosing: so its configuration
is listed, and every key in it that names a program is overridden one by one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.repository import Repository
from seedsmith.sandbox.lazy_dataclass import dataclass

Setting = tuple[str, str]

_MOST_OVERRIDES = 2_000
"""A name and a value each in the environment, which holds some megabytes."""

_FIXED: tuple[Setting, ...] = (
    # Programs git would start by itself.
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.sshCommand", "false"),
    ("core.askPass", "false"),
    ("core.editor", "true"),
    ("core.pager", "cat"),
    ("core.alternateRefsCommand", ""),
    ("credential.helper", ""),
    ("diff.external", ""),
    ("gpg.program", "false"),
    ("gpg.openpgp.program", "false"),
    ("gpg.x509.program", "false"),
    ("gpg.ssh.program", "false"),
    ("gpg.ssh.defaultKeyCommand", "false"),
    ("commit.gpgSign", "false"),
    ("tag.gpgSign", "false"),
    ("rebase.autoStash", "false"),
    ("merge.autoStash", "false"),
    ("log.showSignature", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    # Other repositories, near and far. A submodule's own configuration is nobody's who was looked at.
    ("protocol.allow", "never"),
    ("submodule.recurse", "false"),
    ("diff.ignoreSubmodules", "dirty"),
    ("diff.submodule", "short"),
    ("status.submoduleSummary", "false"),
    ("safe.bareRepository", "explicit"),
    ("safe.directory", "*"),
    # Names in a checkout that other systems take for .git.
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    # Files, and a form of output that is always the same.
    ("core.attributesFile", "/dev/null"),
    ("blame.ignoreRevsFile", ""),
    ("diff.orderFile", "/dev/null"),
    ("diff.noprefix", "false"),
    ("diff.mnemonicPrefix", "false"),
    ("core.quotePath", "false"),
    ("color.ui", "false"),
    ("i18n.commitEncoding", "UTF-8"),
    ("i18n.logOutputEncoding", "UTF-8"),
)

_NAMED = (
    # Section, variable, what it is set to; between them stands a name.
    ("filter", "clean", ""),
    ("filter", "smudge", ""),
    ("filter", "process", ""),
    ("filter", "required", "false"),
    ("diff", "textconv", "cat"),
    ("diff", "command", ""),
    ("merge", "driver", "false"),
    ("branch", "mergeoptions", ""),
    ("tar", "command", ""),
    ("trailer", "command", ""),
    ("trailer", "cmd", ""),
    ("remote", "uploadpack", "git-upload-pack"),
    ("remote", "receivepack", "git-receive-pack"),
    ("remote", "vcs", ""),
    ("gpg", "program", "false"),
    ("credential", "helper", ""),
    ("submodule", "update", "none"),
    ("submodule", "ignore", "dirty"),
    ("hook", "command", "true"),
    ("hook", "enabled", "false"),
)
_SAFE_VALUES = {(section, variable): value for section, variable, value in _NAMED}

_PASSED_ON = ("core.autocrlf", "core.eol")
"""What of the user's own configuration changes file contents, so that git does as it does for the user."""
_IDENTITY = (("NAME", "user.name"), ("EMAIL", "user.email"))
_FILTER_KEY = re.compile(r"filter\.(.+)\.(?:clean|smudge|process)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class UserSettings:
    """What was read once from the user's own configuration, never from the repository's."""

    values: Mapping[str, str]
    """By key, section and variable in small letters; of several the last."""
    environ: Mapping[str, str]

    @property
    def excludes_file(self) -> Path | None:
        """The user's own ignore rules, as git finds them; None where there are none."""
        home = self.environ.get("HOME", "")
        named = self.values.get("core.excludesfile")
        if named is None:
            folder = self.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
            named = f"{folder}/git/ignore"
        file = Path(f"{home}{named[1:]}" if named.startswith("~/") else named)
        return file if file.is_absolute() and os.path.isfile(file) else None

    @property
    def filters(self) -> frozenset[str]:
        """The names of filter drivers that are set up, such as ``lfs``."""
        return filter_names(self.values)


def parse_listing(data: bytes) -> dict[str, str]:
    """Read what ``git config --list -z`` printed: values by key, of several the last."""
    values: dict[str, str] = {}
    for record in data.split(b"\0"):
        key, _, value = without_warnings(record).partition(b"\n")
        if key:
            values[os.fsdecode(key)] = os.fsdecode(value)
    return values


def without_warnings(record: bytes) -> bytes:
    """Drop the complaints git wrote on the same stream before a record."""
    while record.startswith((b"warning: ", b"hint: ", b"error: ")):
        record = record.partition(b"\n")[2]
    return record


def filter_names(values: Mapping[str, str]) -> frozenset[str]:
    """The filter drivers that would change contents on their way into or out of the repository."""
    matches = (_FILTER_KEY.fullmatch(key) for key, value in values.items() if value)
    return frozenset(match[1] for match in matches if match)


def asks_for_signing(what: str, own: Mapping[str, str], user: UserSettings) -> bool:
    """Whether git by hand would sign a ``commit`` or ``tag``; the repository goes before the user."""
    said = own.get(f"{what}.gpgsign", user.values.get(f"{what}.gpgsign", "false")).lower()
    return said in ("", "true", "yes", "on", "1")  # a key without a value is true


def overrides(own: Mapping[str, str], user: UserSettings) -> list[Setting]:
    """The settings that outrank the repository's ``own``, in the order git shall read them.

    Raises :class:`GitError` where it defines more drivers than any honest repository.
    """
    settings = list(_FIXED)
    settings.append(("core.excludesFile", os.fspath(user.excludes_file or "/dev/null")))
    settings += [(key, user.values[key]) for key in _PASSED_ON if key in user.values and key not in own]
    for key in own:
        section, _, rest = key.partition(".")
        name, dot, variable = rest.rpartition(".")
        value = _SAFE_VALUES.get((section, variable)) if dot and name else None
        if value is not None:
            settings.append((key, value))
    if len(settings) > _MOST_OVERRIDES:
        raise GitError(
            f"Git is not run here: the repository's configuration names {len(settings):,} programs."
        )
    return settings


def environment(repository: Repository, settings: Sequence[Setting]) -> dict[str, str]:
    """The variables that tell git where it is, and what to believe."""
    variables = {
        "GIT_DIR": os.fspath(repository.git_dir),
        "GIT_WORK_TREE": os.fspath(repository.top),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_PAGER": "cat",
        "GIT_EDITOR": "true",
        "GIT_SEQUENCE_EDITOR": "true",
        "GIT_ASKPASS": "false",
        "GIT_SSH_COMMAND": "false",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "LANGUAGE": "",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for index, (key, value) in enumerate(settings):
        variables[f"GIT_CONFIG_KEY_{index}"] = key
        variables[f"GIT_CONFIG_VALUE_{index}"] = value
    return variables


def identity(own: Mapping[str, str], user: UserSettings) -> dict[str, str]:
    """The variables that say who commits: the user's environment, else the configuration, as git has it.

    Empty where name or address is not known.
    """
    variables: dict[str, str] = {}
    for part, key in _IDENTITY:
        configured = own.get(key) or user.values.get(key)
        for role in ("AUTHOR", "COMMITTER"):
            variable = f"GIT_{role}_{part}"
            value = user.environ.get(variable) or configured
            if not value:
                return {}
            variables[variable] = value
    return variables
