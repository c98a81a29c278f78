"""Git on a repository nobody trusts: found by us, confined, deaf to its configuration.

See docs/sandbox.md, "Git".
It runs under the session's isolation like every command, with git's folders writable for the few vetted
subcommands that change them; its configuration and hooks stay read-only even then.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from seedsmith.sandbox.commands.process import CommandResult, ProcessRunner
from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.repository import Repository, find_repository
from seedsmith.sandbox.git.safe_settings import (
    UserSettings,
    asks_for_signing,
    environment,
    filter_names,
    identity,
    overrides,
    parse_listing,
)
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.environment import PRIVATE_HOME
from seedsmith.sandbox.isolation.hidden_folders import is_beneath
from seedsmith.sandbox.isolation.own_programs import own_program
from seedsmith.sandbox.lazy_dataclass import dataclass

_SECONDS = 120.0
_CONFIGURATION_SECONDS = 10.0
_MOST_BYTES = 64 << 20
_COMPLAINT_CHARACTERS = 1_500
_READING = frozenset(
    (
        "bisect",
        "blame",
        "cat-file",
        "check-attr",
        "check-ignore",
        "config",
        "diff",
        "for-each-ref",
        "log",
        "ls-files",
        "rev-parse",
        "show",
        "stash",
        "status",
        "worktree",
    )
)
_CHANGING = frozenset(
    (
        *("add", "bisect", "branch", "cherry-pick", "commit", "merge", "mv", "rebase", "reset", "restore"),
        *("revert", "rm", "stash", "switch", "tag", "worktree"),
    )
)
_USER_VARIABLES = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
_USER_SCOPES = (b"system", b"global")
_NOISE = re.compile(r"^(?:hint: .*|hint:)\n?", re.MULTILINE)
_PREFIX = re.compile(r"^(?:fatal|error|warning): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Git:
    """One repository, looked at and ready; made anew for every call, so that nothing in it is stale."""

    repository: Repository
    identity: Mapping[str, str]
    """The variables that name the committer; empty where nobody said who that is."""
    filters: frozenset[str]
    """Drivers the user or the repository set up to change contents, which are not run here."""
    has_hooks: bool
    """Whether a commit by hand would run programs."""
    signs: bool
    """Whether the user's or the repository's configuration asks for signed commits."""
    signs_tags: bool
    """The same for tags."""
    own: Mapping[str, str]
    """The repository's own configuration, includes and all."""
    user: UserSettings
    program: str
    settings: tuple[tuple[str, str], ...]
    """What outranks the repository's configuration."""
    _excludes: str
    _processes: ProcessRunner

    @classmethod
    async def open(cls, processes: ProcessRunner) -> Git:
        """Find the repository of the session's workspace and read what it and the user configured.

        Raises :class:`NoRepository` where there is none, :class:`GitError` where git is not
        installed or the configuration can't be read.
        """
        policy = processes.policy
        repository = find_repository(policy.workspace)
        program = _find_program(policy)
        nobody = UserSettings({}, policy.environ)
        bare = cls(repository, {}, frozenset(), False, False, False, {}, nobody, program, (), "", processes)
        listing = asyncio.ensure_future(
            bare.output(("config", "--list", "--includes", "-z"), seconds=_CONFIGURATION_SECONDS)
        )
        try:
            user = await _read_user_settings(program, policy, repository)
        except BaseException:
            listing.cancel()
            await asyncio.wait({listing})
            raise
        own = parse_listing(await listing)
        return replace(
            bare,
            identity=identity(own, user),
            filters=filter_names(own) | user.filters,
            has_hooks=repository.has_commit_hooks or "core.hookspath" in own,
            signs=asks_for_signing("commit", own, user),
            signs_tags=asks_for_signing("tag", own, user),
            own=own,
            user=user,
            settings=tuple(overrides(own, user)),
            _excludes=os.fspath(user.excludes_file or ""),
        )

    async def run(
        self,
        arguments: Sequence[str],
        *,
        changes: bool = False,
        stdin: bytes | None = None,
        head_bytes: int = 20_000,
        spill: bool = True,
        seconds: float = _SECONDS,
    ) -> CommandResult:
        """Run ``git ARGUMENTS`` in the workspace; both output streams are one.

        Subcommands that write git's folders need ``changes``. Of the output the first ``head_bytes`` are
        kept, the whole in a spill. Raises :class:`GitError` for a subcommand that is not vetted.
        """
        if arguments[0] not in (_CHANGING if changes else _READING):
            raise GitError(f"git {arguments[0]} is not among the subcommands that are run here.")
        variables = environment(self.repository, self.settings)
        if arguments[0] == "check-ignore" or (arguments[0] == "stash" and "--" not in arguments):
            # The one does not know literal paths, the other removes untracked files by the pathspec ":/".
            del variables["GIT_LITERAL_PATHSPECS"]
        if changes:
            variables |= {"GIT_OPTIONAL_LOCKS": "1", **self.identity}
        return await self._runner(changes=changes).run(
            (self.program, *arguments),
            timeout=seconds,
            env=variables,
            head_bytes=head_bytes,
            tail_bytes=0,
            stdin=stdin,
            spill=spill,
        )

    async def output(
        self, arguments: Sequence[str], *, stdin: bytes | None = None, seconds: float = _SECONDS
    ) -> bytes:
        """The whole output of a reading subcommand; raises :class:`GitError` if it fails or is too long."""
        result = await self.run(arguments, stdin=stdin, head_bytes=_MOST_BYTES, spill=False, seconds=seconds)
        if not result.ok:
            raise GitError(complaint(arguments[0], result))
        if result.elided_bytes:
            raise GitError(
                f"git {arguments[0]} printed more than {_MOST_BYTES >> 20} MB: name fewer 'paths'."
            )
        return result.head

    async def change(self, arguments: Sequence[str], *, stdin: bytes | None = None) -> CommandResult:
        """Run a subcommand that changes git's state; raises :class:`GitError` where it fails."""
        result = await self.run(arguments, changes=True, stdin=stdin, spill=False)
        if not result.ok:
            raise GitError(complaint(arguments[0], result))
        return result

    def _runner(self, *, changes: bool) -> ProcessRunner:
        """The session's own runner where it shows all that git needs, else one with git's folders added."""
        policy = self._processes.policy
        outside = [file for file in self.repository.rules_above if not is_beneath(file, (policy.workspace,))]
        if self._excludes:
            excludes = Path(self._excludes)
            outside += [] if is_beneath(excludes, (policy.workspace,)) else [excludes]
        borrowed = set(self.repository.borrowed_from)
        outside += [folder for folder in policy.also_readable if folder in borrowed]
        wanted = replace(
            policy,
            writable_git=changes,
            git_folders=self.repository.folders if changes else self.repository.folders_outside,
            also_readable=tuple(outside),
        )
        if wanted == policy:
            return self._processes
        clean = {"PATH": self._processes.environment.get("PATH", os.defpath), "HOME": PRIVATE_HOME}
        return self._processes.with_policy(wanted, clean)


def complaint(subcommand: str, result: CommandResult) -> str:
    """What failed, and what git had to say about it."""
    return f"git {subcommand} failed: {said(result)}"


def said(result: CommandResult) -> str:
    """What git had to say about its failure, without hints and prefixes, in bounded length."""
    text = result.head.decode("utf-8", "surrogateescape")
    text = _PREFIX.sub("", _NOISE.sub("", text)).strip()
    if len(text) > _COMPLAINT_CHARACTERS:
        text = f"{text[:_COMPLAINT_CHARACTERS]}…"
    if result.timed_out:
        why = f"it was stopped after {result.duration_seconds:.0f} seconds."
        text = " ".join(filter(None, (text, why, result.note)))
    elif not text:
        text = result.note or f"it ended with exit code {result.exit_code}."
    return text


def _find_program(policy: Policy) -> str:
    program = own_program("git", policy.environ, policy.workspace)
    if program is None:
        raise GitError("Git is not installed, or only inside the workspace, from where it is not run.")
    return os.fspath(program)


async def _read_user_settings(program: str, policy: Policy, repository: Repository) -> UserSettings:
    """Have git list the user's and the system's configuration, which commands in the sandbox don't see.

    It runs outside, from ``/``, and does nothing but read; it knows the repository's folder only so that
    ``includeIf`` of the user's own file holds, and what it says of the repository itself is dropped.
    """
    variables = {name: policy.environ[name] for name in _USER_VARIABLES if name in policy.environ}
    variables |= {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "GIT_DIR": os.fspath(repository.git_dir)}
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *("config", "--list", "--includes", "--show-scope", "-z"),
            cwd="/",
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise GitError(f"Git can't be started: {error.strerror}.") from None
    try:
        async with asyncio.timeout(_CONFIGURATION_SECONDS):
            listing, _ = await process.communicate()
    except TimeoutError:
        raise GitError(
            "Git did not finish reading the configuration; see whether a file in it is a pipe."
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    # Scope and setting are records of their own, in turn.
    records = listing.split(b"\0")
    kept = [
        setting for scope, setting in zip(records[::2], records[1::2], strict=False) if scope in _USER_SCOPES
    ]
    return UserSettings(parse_listing(b"\0".join(kept)), policy.environ)
