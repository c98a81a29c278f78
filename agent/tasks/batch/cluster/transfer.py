"""What travels to a node and back: a line of JSON, and an archive beside it.

There: the item's repository with all that its beginning refers to (or the folder, where there is no git), and
the files that steps name. Back: what was made, as a bundle, and the sessions of the models that were asked.
No key travels: a node's own environment has it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from seedsmith.agent.models.address import shown
from seedsmith.agent.sessions.session import PRIVATE_TMP
from seedsmith.agent.sessions.session_lookup import may_be_id
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.batch.attempt import How, Variation, Work
from seedsmith.agent.tasks.batch.plan import Item, fill
from seedsmith.agent.tasks.batch.results import ItemResult
from seedsmith.agent.tasks.batch.steps import CannotWork
from seedsmith.agent.tasks.batch.store import Taken
from seedsmith.agent.tasks.batch.task_file import Deliver, Step, TaskFile
from seedsmith.agent.tasks.batch.worker import settings_as_json
from seedsmith.agent.version import VERSION
from seedsmith.sandbox.git.private_clone import PrivateClone
from seedsmith.sandbox.lazy_dataclass import dataclass

_SOURCE, _GIVEN, _BUNDLE, _SESSIONS = "source", "given", "result.bundle", "sessions"
_BRANCH = "result-of-seedsmith"
_IDENTITY = {
    f"GIT_{role}_{part}": "seedsmith" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
}
_STAYS = {"api_key", "home", "workspace"}
"""Settings that are this machine's own, or secret."""


@dataclass(frozen=True, slots=True)
class Order:
    """An attempt that a node is to make."""

    version: str
    item: str
    tries: int
    reserved: float
    tasks: str
    settings: dict[str, Any]
    variation: dict[str, Any]

    def to_line(self) -> bytes:
        """As a node's process reads it."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Order:
        """The inverse of :meth:`to_line`; raises CannotWork where another version wrote it."""
        order = json.loads(line)
        if order["version"] != VERSION:
            raise CannotWork(
                f"A node has seedsmith {VERSION}, and this batch is run by {order['version']}: "
                "install the same everywhere."
            )
        return cls(**order)

    def opened(self, folder: Path, home: Path) -> tuple[Taken, TaskFile, Settings, Variation]:
        """What to work at with what, its archive being unpacked in ``folder``."""
        item = replace(Item.from_json(self.item), source=folder / _SOURCE)
        tasks = TaskFile.model_validate_json(self.tasks)
        steps = [_with_file(step, lambda path: folder / path) for step in tasks.steps]
        settings = Settings(**self.settings, home=home)
        taken = Taken(item, self.tries, self.reserved, None)
        return taken, tasks.model_copy(update={"steps": steps}), settings, Variation(**self.variation)


def pack_order(taken: Taken, how: How, variation: Variation, clone: PrivateClone) -> tuple[Order, bytes]:
    """The order of an attempt that begins as ``clone`` is, and its archive; raises GitError."""
    values = {**taken.item.values, "branch": clone.source.branch.removeprefix("refs/heads/")}
    given = dict[str, Path]()

    def travelling(path: str) -> Path:
        found = Path(fill(path, values))
        if not found.is_file():
            return found
        name = f"{_GIVEN}/{len(given)}/{found.name}"
        given[name] = found
        return Path(name)

    steps = [_with_file(step, travelling) for step in how.tasks.steps]
    changes = {"steps": steps, "base": None, "uncommitted": "leave", "deliver": Deliver.model_validate({})}
    tasks = how.tasks.model_copy(update=changes).model_dump_json(by_alias=True, exclude_unset=True)
    kept = {name: value for name, value in settings_as_json(how.settings).items() if name not in _STAYS}
    if kept.get("base_url"):
        kept["base_url"] = shown(kept["base_url"])
    variations = {"number": variation.number, "settings": dict(variation.settings or {})}
    variations |= {"emphasis": variation.emphasis, "share": variation.share}
    order = Order(VERSION, taken.item.to_json(), taken.tries, taken.reserved, tasks, kept, variations)
    return order, _archive_of(clone, given)


def unpack(archive: bytes, folder: Path) -> None:
    """Unpack an archive into ``folder``; nothing is written beside it."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        opened.extractall(folder, filter="tar")


def pack_work(work: Work | None, home: Path) -> tuple[dict[str, Any], bytes]:
    """What was made and the sessions under ``home``; None where there is only these."""
    document: dict[str, Any] = {}
    packed = io.BytesIO()
    with (
        tempfile.TemporaryDirectory(dir=home) as folder,
        tarfile.open(fileobj=packed, mode="w:gz") as archive,
    ):
        if work is not None:
            document = {"result": work.result.to_json(), "tree": work.tree, "made": ""}
        if work is not None and work.clone is not None:
            document["made"] = work.tree or work.clone.tree()
            commit = work.clone.commit(document["made"], "Made\n", _IDENTITY)
            bundle = Path(folder, _BUNDLE)
            work.clone.bundle(_BRANCH, commit, bundle)
            archive.add(bundle, _BUNDLE)
        for session in _folders(home / _SESSIONS):
            archive.add(session, f"{_SESSIONS}/{session.name}", filter=_without_tmp)
    return document, packed.getvalue()


def keep_work(document: dict[str, Any], archive: bytes, clone: PrivateClone, home: Path) -> Work | None:
    """What a node made, in ``clone``, and its sessions under ``home``; the inverse of :func:`pack_work`.

    Raises GitError where the bundle does not hold what was told.
    """
    with tempfile.TemporaryDirectory(dir=clone.folder) as folder:
        unpack(archive, Path(folder))
        kept = home / _SESSIONS
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        for session in _folders(Path(folder, _SESSIONS)):
            if may_be_id(session.name) and not (kept / session.name).exists():
                shutil.move(session, kept / session.name)
        if not document:
            return None
        if document["made"]:
            clone.receive(Path(folder, _BUNDLE), document["made"])
    result = ItemResult.from_json(document["result"])
    result = replace(result, base=clone.base if result.base else "")
    return Work(result, clone if document["made"] else None, document["tree"])


def _with_file(step: Step, moved: Callable[[str], Path]) -> Step:
    """The step with the file that it names taken from elsewhere; it is called as before."""
    if step.patch is not None:
        return step.model_copy(update={"patch": os.fspath(moved(step.patch)), "name": step.title})
    if step.libcst is not None and step.libcst.codemod.partition(":")[0].endswith(".py"):
        file, _, kind = step.libcst.codemod.partition(":")
        spec = step.libcst.model_copy(update={"codemod": f"{moved(file)}:{kind}"})
        return step.model_copy(update={"libcst": spec, "name": step.title})
    return step


def _archive_of(clone: PrivateClone, given: dict[str, Path]) -> bytes:
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory(dir=clone.folder) as folder:
        source = clone.work
        if clone.source.repository is not None:
            source = Path(folder, _SOURCE)
            clone.write_history(source)
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(source, _SOURCE)
            for name, path in given.items():
                archive.add(path.resolve(), name)
    return packed.getvalue()


def _folders(folder: Path) -> Iterable[Path]:
    return [each for each in sorted(folder.iterdir()) if each.is_dir()] if folder.is_dir() else []


def _without_tmp(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out the private ``/tmp`` of a session, and what is neither file nor folder."""
    parts = Path(member.name).parts
    wanted = (member.isfile() or member.isdir()) and not (len(parts) > 2 and parts[2] == PRIVATE_TMP)
    return member if wanted else None
