"""Handing an item's work over: a branch in its repository, a patch file, a bundle; never a push."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from seedsmith.agent.errors import AgentError
from seedsmith.agent.tasks.batch.plan import Item, fill
from seedsmith.agent.tasks.batch.task_file import TaskFile
from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.private_clone import PrivateClone
from seedsmith.sandbox.git.source import user_identity

_SOMEBODY = {
    "GIT_AUTHOR_NAME": "Seedsmith",
    "GIT_AUTHOR_EMAIL": "seedsmith@localhost",
    "GIT_COMMITTER_NAME": "Seedsmith",
    "GIT_COMMITTER_EMAIL": "seedsmith@localhost",
}
_BRANCH = re.compile(r"(?!-)(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)|/\.|[/.]$))[^\x00-\x20~^:?*\[\\\x7f]+")


class DeliveryFailed(AgentError):
    """The work is done, and can't be handed over; one sentence."""


class Delivery:
    """How one item is handed over."""

    def __init__(self, tasks: TaskFile, item: Item, environment: Mapping[str, str], *, again: bool) -> None:
        """``again`` says that files of an earlier delivery of this item may be written over."""
        self._deliver = tasks.deliver
        self._item = item
        self._environment = environment
        self._again = again

    def check(self, clone: PrivateClone) -> None:
        """Raise :class:`DeliveryFailed` where nothing could be handed over: before a model costs anything."""
        for template in (self._deliver.patch, self._deliver.bundle):
            if template is not None and os.path.lexists(path := self._filled(template, clone)):
                raise DeliveryFailed(f"{path} is there already.")
        others = self._deliver.patch is not None or self._deliver.bundle is not None
        if self._deliver.branch is not None and not (others and clone.source.repository is None):
            try:
                clone.check_free(self._branch(clone))
            except GitError as error:
                raise DeliveryFailed(str(error)) from None

    def commit(self, clone: PrivateClone, tree: str) -> str:
        """Commit ``tree`` in the clone; its name."""
        return clone.commit(tree, self._filled(self._deliver.message, clone) + "\n", self._identity(clone))

    def hand_over(self, clone: PrivateClone, tree: str, commit: str) -> tuple[str, ...]:
        """Deliver in every way that is asked for; what was delivered, in words.

        What was delivered before is not again. Raises :class:`DeliveryFailed` and GitError.
        """
        delivered = []
        if self._deliver.patch is not None:
            path = Path(self._filled(self._deliver.patch, clone))
            self._write(path, clone.diff(tree))
            delivered.append(f"patch {path}")
        branch = self._branch(clone)
        if self._deliver.bundle is not None:
            path = Path(self._filled(self._deliver.bundle, clone))
            self._free(path)
            clone.bundle(branch, commit, path)
            delivered.append(f"bundle {path}")
        if self._deliver.branch is not None and not (delivered and clone.source.repository is None):
            clone.deliver(branch, commit, self._identity(clone))
            delivered.append(f"branch {branch}")
        return tuple(delivered)

    def is_done(self, clone: PrivateClone, commit: str) -> bool:
        """Whether the branch was delivered already, or none is to be."""
        return self._deliver.branch is None or clone.is_delivered(self._branch(clone), commit)

    def _branch(self, clone: PrivateClone) -> str:
        name = self._filled(self._deliver.branch or "seedsmith/{{batch}}", clone)
        if not _BRANCH.fullmatch(name):
            raise DeliveryFailed(f"No branch can be called {name!r:.100}.")
        return name

    def _filled(self, template: str, clone: PrivateClone) -> str:
        branch = clone.source.branch.removeprefix("refs/heads/")
        return fill(template, {**self._item.values, "branch": branch})

    def _identity(self, clone: PrivateClone) -> dict[str, str]:
        """Who commits: as the task file says, else the user, else this program."""
        if self._deliver.author is None:
            return user_identity(self._environment, clone.source.path) or _SOMEBODY
        name, _, address = self._deliver.author.rpartition(" <")
        return {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", address[:-1]))
        }

    def _write(self, path: Path, content: bytes) -> None:
        self._free(path, content)
        try:
            path.write_bytes(content)
        except OSError as error:
            raise DeliveryFailed(f"{path} can't be written: {error.strerror}.") from None

    def _free(self, path: Path, content: bytes | None = None) -> None:
        """See that ``path`` can be written, and that nothing of anybody else is lost by it."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(path) and not self._again and path.read_bytes() != content:
                raise DeliveryFailed(f"{path} is there already.")
        except OSError as error:
            raise DeliveryFailed(f"{path} can't be written: {error.strerror}.") from None
