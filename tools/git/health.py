"""Finds out whether a repository can be read, and what to do if it can't."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from seedsmith.sandbox.errors import GitError
from seedsmith.tools.text import first_of, shown_path

if TYPE_CHECKING:
    from seedsmith.sandbox.git.git import Git

_UNBORN = "does not have any commits yet"
_OBJECTS_ELSEWHERE = re.compile(r"alternate object path|info/alternates")
_DAMAGE = re.compile(r"bad object|missing|unable to read|corrupt|broken|could not (?:read|parse)|HEAD can't")
_SECONDS = 20.0
_NAMED = 3


async def is_unborn(git: Git) -> bool:
    """Whether the current branch has no commit yet; raises :class:`GitError` where HEAD can't be read."""
    from seedsmith.sandbox.git.git import said

    head = ("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if (await git.run(head, head_bytes=1_000, spill=False, seconds=_SECONDS)).ok:
        return False
    log = ("log", "--max-count=1", "--no-show-signature", "--format=%H")
    looked = await git.run(log, head_bytes=2_000, spill=False, seconds=_SECONDS)
    why = said(looked).splitlines()[-1]  # What comes before are complaints about single objects.
    if _UNBORN not in why:
        raise GitError(f"HEAD can't be read: {why}")
    return True


async def explain(git: Git, error: GitError) -> str:
    """What ``error`` says, or what is behind it: objects that the sandbox doesn't show, or a damaged HEAD."""
    words = str(error)
    if not _OBJECTS_ELSEWHERE.search(words):
        try:
            await is_unborn(git)
        except GitError as unreadable:
            words = str(unreadable)
    borrowed = git.repository.borrowed_from
    if borrowed and (_OBJECTS_ELSEWHERE.search(words) or _DAMAGE.search(words)):
        names = first_of([shown_path(str(path)) for path in borrowed], _NAMED)
        if not all(map(os.path.isdir, borrowed)):
            return f"The repository can't be read: some of its objects are gone (alternates: {names})."
        return (
            "The repository can't be read: its objects lie outside what the sandbox shows (alternates: "
            f"{names}); have the user run `git repack -a -d` in it and remove "
            ".git/objects/info/alternates."
        )
    if _DAMAGE.search(words):
        return f"{words.rstrip('.')}. The repository may be damaged: have the user run `git fsck` in it."
    return words
