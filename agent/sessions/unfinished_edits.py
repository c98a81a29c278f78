"""What a file tool had begun when its session was killed, taken back when the session goes on.

A file tool changes each file at once or not at all, but a patch or a rename may change many. Whether it got
through nobody knows, so it did nothing: the model may ask for it again. Commands are left as they are, as
what they do outside the workspace can't be taken back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.sessions.session import Session
from seedsmith.sandbox.errors import SnapshotError
from seedsmith.sandbox.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from seedsmith.sandbox.snapshots.manifest_rows import Difference
    from seedsmith.sandbox.snapshots.store import SnapshotStore

_RENAMES = "symbols"
_FILE_TOOLS = frozenset({"edit", "patch", "write", _RENAMES})
_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
"""What files are called that :mod:`seedsmith.sandbox.workspace.replace` is about to put in a file's place."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was taken back, and the snapshots before and after."""

    tool: str
    paths: tuple[str, ...]
    before: str
    after: str


def take_back_half_done(store: SnapshotStore, session: Session) -> TakenBack | None:
    """Take back what file tools had begun, and remove files that any call had not put in place yet.

    Only what the calls name and what differs from the newest snapshot is touched. None where there is
    nothing. Raises OSError.
    """
    if not session.interrupted or not session.snapshots:
        return None
    try:
        now = store.take("after a kill")
        calls = _file_calls(session)
        wanted = [
            each
            for each in store.differences(session.snapshots[-1].id, now)
            if _is_temporary(each) or any(_did(call, each, store) for call in calls)
        ]
    except SnapshotError:  # the snapshot is not kept any more: then nothing is known
        return None
    if not wanted:
        return None
    store.restore(wanted)
    names = ", ".join(dict.fromkeys(call.name for call in session.interrupted))
    paths = tuple(each.path for each in wanted)
    return TakenBack(names, paths, now, store.take("taken back"))


def _file_calls(session: Session) -> list[ToolCall]:
    """The interrupted calls, where all are file tools': beside a command nobody knows who wrote what."""
    calls = session.interrupted
    return list(calls) if all(call.name in _FILE_TOOLS for call in calls) else []


def _is_temporary(found: Difference) -> bool:
    return found.old is None and _TEMPORARY.fullmatch(found.path.rpartition("/")[2]) is not None


def _did(call: ToolCall, found: Difference, store: SnapshotStore) -> bool:
    """Whether ``call`` may have made the difference."""
    try:
        arguments = json.loads(call.arguments)
        if call.name == _RENAMES:
            return _renamed(arguments, found, store)
        return any(found.path in text for text in _texts(arguments))
    except (ValueError, RecursionError):
        return False


def _renamed(arguments: Any, found: Difference, store: SnapshotStore) -> bool:
    """Whether a file differs in nothing but the name that was being changed: no call names these files."""
    if not isinstance(arguments, dict) or arguments.get("action") != "rename":
        return False
    kept = [row.name for row in (found.old, found.new) if row is not None and row.name is not None]
    old, new = (str(arguments.get(key, "")).rpartition(".")[2].encode() for key in ("name", "new_name"))
    return len(kept) == 2 and len({store.read(name).replace(new, old) for name in kept}) == 1


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
