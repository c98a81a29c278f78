"""The objects of a repository that commands may have made anything of: only regular files hold any."""

from __future__ import annotations

import os
from typing import Any

from gitdb.db.git import GitDB
from gitdb.db.loose import LooseObjectDB
from gitdb.db.ref import ReferenceDB
from gitdb.exc import BadObject
from gitdb.util import bin_to_hex


class _LooseObjects(LooseObjectDB):  # type: ignore[misc]
    """The objects that have a file each; a FIFO in such a place is never waited for."""

    def __init__(self, root_path: str) -> None:
        super().__init__(root_path)
        self._fd_open_flags |= os.O_NONBLOCK

    def _map_loose_object(self, sha: bytes) -> Any:
        path = self.db_path(self.object_path(bin_to_hex(sha)))
        if not os.path.isfile(path):
            raise BadObject(sha)
        return super()._map_loose_object(sha)


class _Alternates(ReferenceDB):  # type: ignore[misc]
    """The objects that other repositories hold for this one."""


class ObjectDatabase(GitDB):  # type: ignore[misc]
    """Looks objects up by name in a folder ``objects``, for reading."""

    LooseDBCls = _LooseObjects
    ReferenceDBCls = _Alternates


_Alternates.ObjectDBCls = ObjectDatabase
