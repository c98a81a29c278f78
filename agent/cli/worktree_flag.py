"""The flag ``--worktree`` of ``run``, ``fix`` and the conversation: to work in a folder of its own."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedsmith.agent.cli.invocation import say
from seedsmith.agent.errors import UsageError
from seedsmith.agent.settings.settings import Settings

if TYPE_CHECKING:
    from seedsmith.sandbox.git.worktree import Worktree

UNNAMED = "?"
"""Stands for a name that is chosen by the program."""

worktree_flag = click.option(
    "--worktree",
    metavar="[NAME]",
    is_flag=False,
    flag_value=UNNAMED,
    help="Work in a new git worktree beside the repository, on the new branch seedsmith/NAME.",
)


def worktree_words(worktree: str | None, words: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The name and the prompt's words: what holds white space after ``--worktree`` is a prompt, no name."""
    if worktree is not None and not words and len(worktree.split()) > 1:
        return UNNAMED, (worktree,)
    return worktree, words


@contextmanager
def in_worktree(settings: Settings, worktree: str | None) -> Iterator[Settings]:
    """The settings with a new worktree as their workspace, where one is asked for.

    At the end an unchanged one is removed, and of a changed one it is said what becomes of it. Raises
    :class:`UsageError` where none can be had.
    """
    if worktree is None:
        yield settings
        return
    if settings.resume or settings.fork or settings.replay:
        raise UsageError(
            "--worktree begins anew, so it goes with no --continue, --resume, --fork and --replay: "
            "go on with a session of a worktree by -C and its folder."
        )
    from seedsmith.sandbox.errors import SandboxError
    from seedsmith.sandbox.git.worktree import add_worktree

    name = secrets.token_hex(3) if worktree == UNNAMED else worktree
    try:
        tree = add_worktree(settings.workspace.absolute(), name, os.environ)
    except SandboxError as error:
        raise UsageError(f"--worktree can't be had: {error}") from None
    say(
        f"Working in {tree.folder}, a new worktree on the branch {tree.branch} at {tree.commit[:10]}; "
        "changes that are not committed stay where they are."
    )
    try:
        yield settings.model_copy(update={"workspace": tree.folder})
    finally:
        _end(tree)


def _end(tree: Worktree) -> None:
    from seedsmith.sandbox.errors import SandboxError

    folder, branch = shlex.quote(str(tree.folder)), shlex.quote(tree.branch)
    try:
        changes = tree.changes()
        if not changes:
            tree.remove()
            say(f"The worktree {tree.folder} was not changed: it is removed, and its branch.")
            return
        commit = f"git -C {folder} add -A && git -C {folder} commit && " if changes.files else ""
    except (SandboxError, OSError) as error:
        say(f"What became of the worktree can't be told: {error}")
        commit = ""
    say(f"The worktree {tree.folder} is kept. To take over what was done: {commit}git merge {branch}")
    say(f"To drop it: git worktree remove --force {folder} && git branch -D {branch}")


def folder_below(settings: Settings, folder: str) -> str:
    """``folder``, a path below the workspace, where the workspace has it; else ''."""
    return folder if Path(settings.workspace, folder).is_dir() else ""
