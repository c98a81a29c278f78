"""The code as it was, with the new tests, run at the workspace's own path."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from seedsmith.agent.errors import AgentError
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.hidden_folders import hidden_within
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.checkout import dependency_folders, lay_out
from seedsmith.sandbox.snapshots.manifest_rows import Row
from seedsmith.sandbox.snapshots.store import SnapshotStore

MOST_FILES = 100_000


class NoOldSide(AgentError):
    """The code as it was can't be run; the message says why, to follow "Not proven:"."""


@dataclass(frozen=True, slots=True)
class Tests:
    """The files ``paths`` as ``snapshot`` has them; those it does not have are left out."""

    snapshot: str
    paths: Collection[str]


class OldSide:
    """A folder that holds what ``snapshot`` does, shown to commands instead of the workspace."""

    def __init__(
        self, folder: Path, store: SnapshotStore, snapshot: str, processes: ProcessRunner, tests: Tests
    ) -> None:
        """``folder`` is made, and is the session's own; ``tests`` are put there as well.

        All is laid out before anything runs there, as commands may leave links that lead elsewhere.
        Raises :class:`NoOldSide`, OSError and :class:`seedsmith.sandbox.errors.SnapshotError`.
        """
        if processes.isolation.name != "bwrap":
            raise NoOldSide(
                "the code as it was can be shown at its own path in the strong sandbox alone (bwrap), and "
                f"commands run under {processes.isolation.name}."
            )
        policy = processes.policy
        if any(os.path.lexists(path) for path in hidden_within(policy.workspace, policy.environ)):
            raise NoOldSide("the workspace holds a home folder, which is not laid out a second time.")
        self._folder = folder
        self._temporary: Path | None = None
        self._store = store
        kept = store.snapshot(snapshot)
        rows = dict(store.manifest(snapshot))
        for path in tests.paths:
            if store.row(tests.snapshot, path) is None:
                rows.pop(path, None)
        if len(rows) > MOST_FILES:
            raise NoOldSide(f"the workspace holds more than {MOST_FILES:,} files.")
        folders = [each.path for each in kept.left_out if each.size is None]
        self._dependencies = dependency_folders(policy.workspace, folders)
        self.close()
        folder.mkdir(mode=0o700, parents=True)
        missing = lay_out(folder, rows, store.read, self._dependencies)
        self._add(tests)
        self._processes = self._runner(processes, [*self._dependencies, *missing])

    @property
    def processes(self) -> ProcessRunner:
        """What runs commands on the code as it was, with bytecode of its own."""
        return self._processes

    def _add(self, tests: Tests) -> None:
        rows: dict[str, Row] = {}
        for path in sorted(tests.paths):
            parts = path.split("/")
            for end in range(1, len(parts) + 1):
                above = "/".join(parts[:end])
                if (row := self._store.row(tests.snapshot, above)) is not None:
                    rows[above] = row
        lay_out(self._folder, rows, self._store.read)

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _runner(self, processes: ProcessRunner, shown: list[str]) -> ProcessRunner:
        policy = processes.policy
        still = tuple(policy.workspace / path for path in shown if (policy.workspace / path).exists())
        bytecode = f"/tmp/bytecode-{secrets.token_hex(8)}"  # noqa: S108
        name = f"old-{secrets.token_hex(4)}"
        self._temporary = policy.private_tmp / name
        self._temporary.mkdir(mode=0o700, parents=True)
        temporary = f"/tmp/{name}"  # noqa: S108  # what is built there of the old code is not run as the new
        fresh = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": bytecode, "TMPDIR": temporary}
        shown_policy = replace(policy, shown_instead=self._folder, still_shown=still)
        return processes.with_policy(shown_policy, processes.environment | fresh)
