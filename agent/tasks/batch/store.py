"""The state of a batch: its items in one SQLite database, taken by leases that heartbeats keep.

An item is ``ready`` or ``working``, else it is finished. What is ``working`` under a lease that ran out, or
by a worker known to be dead, is ready again; what was begun too often counts as failed. An item that is about
to be delivered has its whole result recorded first, so that a delivery is completed, never repeated.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import AgentError
from seedsmith.agent.tasks.batch.plan import Item
from seedsmith.sandbox.lazy_dataclass import dataclass

LEASE_SECONDS = 60.0
FINISHED = ("verified", "done", "unchanged", "skipped", "failed")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    id TEXT PRIMARY KEY, place REAL NOT NULL, name TEXT NOT NULL, item TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'ready', tries INTEGER NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT '', lease REAL NOT NULL DEFAULT 0, reserved REAL NOT NULL DEFAULT 0,
    cost REAL NOT NULL DEFAULT 0, started REAL, finished REAL, held INTEGER NOT NULL DEFAULT 0,
    intended TEXT NOT NULL DEFAULT '', result TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_state ON items (state, place);
CREATE INDEX IF NOT EXISTS by_finish ON items (finished);
CREATE INDEX IF NOT EXISTS by_hold ON items (held, state);
"""
_NEXT = "SELECT id, tries FROM items WHERE state = 'ready' AND held = 0 ORDER BY place LIMIT 1"
_TOO_OFTEN = "It was begun {tries} times, and each time its worker or the model's service failed."


class BatchError(AgentError):
    """A batch can't be begun or gone on with; one sentence."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An item that one worker has."""

    item: Item
    tries: int
    reserved: float
    """Yuan that it may take of what the batch has left; 0: as it likes."""
    intended: dict[str, Any] | None
    """The result that was about to be delivered when its worker ended."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item as it stands."""

    item: Item
    state: str
    tries: int
    cost: float
    result: dict[str, Any]


class Store:
    """One batch's database; each process, and each thread, opens its own."""

    def __init__(self, path: Path) -> None:
        """Open or make it; raises :class:`BatchError`."""
        try:
            self._database = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise BatchError(f"The batch's database {path} can't be used: {error}.") from None

    def close(self) -> None:
        """Close it."""
        self._database.close()

    def begin(self, items: Iterable[Item], meta: dict[str, str]) -> None:
        """Record a new batch."""
        with self._writing():
            for key, value in meta.items():
                self._set(key, value)
            self._database.executemany(
                "INSERT INTO items (id, place, name, item) VALUES (?, ?, ?, ?)",
                ((item.id, place, item.name, item.to_json()) for place, item in enumerate(items)),
            )

    def meta(self, key: str) -> str:
        """What is kept under ``key``; '' where nothing is."""
        row = self._database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def set_meta(self, key: str, value: str) -> None:
        """Keep ``value`` under ``key``."""
        with self._writing():
            self._set(key, value)

    def take(self, owner: str, tries: int, money: tuple[float | None, float | None, int]) -> Taken | None:
        """Take the next item for ``owner``; None where none is left, or the batch is paused.

        ``money`` is what the batch and an item may cost (None: anything), and by how many workers.
        """
        now = time.time()
        with self._writing():
            self._release("lease < ?", (now,))
            self._drop_poison(tries)
            reserved = self._reservation(money)
            if self.meta("paused") or reserved is None:
                return None
            row = self._database.execute(
                "UPDATE items SET state = 'working', owner = ?, lease = ?, reserved = ?, tries = tries + 1,"
                " started = coalesce(started, ?) WHERE id = (SELECT id FROM items WHERE state = 'ready'"
                " AND held = 0 ORDER BY place LIMIT 1) RETURNING item, tries, intended",
                (owner, now + LEASE_SECONDS, reserved, now),
            ).fetchone()
        if row is None:
            return None
        return Taken(Item.from_json(row[0]), row[1], reserved, json.loads(row[2]) if row[2] else None)

    def beat(self, owner: str) -> None:
        """Say that ``owner`` lives."""
        with self._writing():
            self._database.execute(
                "UPDATE items SET lease = ? WHERE state = 'working' AND owner = ?",
                (time.time() + LEASE_SECONDS, owner),
            )

    def holds(self, owner: str, item: Item) -> bool:
        """Whether ``owner`` still has ``item``: its lease may have run out and another have it."""
        found = self._database.execute(
            "SELECT 1 FROM items WHERE id = ? AND state = 'working' AND owner = ?", (item.id, owner)
        ).fetchone()
        return found is not None

    def add_cost(self, item: Item, cost: float) -> None:
        """Book what a question cost, at once: what a killed worker spent counts, too."""
        with self._writing():
            self._database.execute("UPDATE items SET cost = cost + ? WHERE id = ?", (cost, item.id))

    def intend(self, item: Item, result: dict[str, Any]) -> None:
        """Record what is about to be delivered."""
        with self._writing():
            self._database.execute(
                "UPDATE items SET intended = ? WHERE id = ?", (json.dumps(result), item.id)
            )

    def finish(self, owner: str, item: Item, result: dict[str, Any]) -> bool:
        """Record what became of an item; False where ``owner`` no longer had it."""
        with self._writing():
            done = self._database.execute(
                "UPDATE items SET state = ?, result = ?, finished = ?, owner = '', reserved = 0"
                " WHERE id = ? AND state = 'working' AND owner = ?",
                (result["state"], json.dumps(result), time.time(), item.id, owner),
            )
            return done.rowcount == 1

    def give_back(self, owner: str, item: Item, *, counts: bool) -> None:
        """Make an item ready again, behind all others where the try ``counts``."""
        change = "place = place + 1e9" if counts else "tries = tries - 1"
        with self._writing():
            self._release("id = ? AND owner = ?", (item.id, owner), change)

    def fail(self, owner: str, item: Item, cause: str, message: str) -> None:
        """Record that an item failed."""
        self.finish(owner, item, {"state": "failed", "cause": cause, "message": message})

    def release(self, owner: str = "") -> list[str]:
        """Make ready what ``owner``, which is dead, was at (default: everybody); the names of the items."""
        with self._writing():
            if owner:
                return self._release("owner = ?", (owner,))
            return self._release("1", ())

    def pause(self, why: str) -> None:
        """Let no more items be taken until :meth:`go_on`."""
        self.set_meta("paused", why)

    def go_on(self) -> None:
        """Let items be taken again."""
        with self._writing():
            self._database.execute("DELETE FROM meta WHERE key = 'paused'")

    def retry_failed(self) -> int:
        """Make everything that failed ready again; how many that are.

        Of what could only not be delivered the work is kept, all else is begun anew.
        """
        with self._writing():
            done = self._database.execute(
                "UPDATE items SET state = 'ready', tries = 0, result = '', intended ="
                " iif(json_extract(result, '$.cause') = 'deliver', intended, '') WHERE state = 'failed'"
            )
            return done.rowcount

    def choose(self, wanted: Callable[[str], bool], most: int | None) -> None:
        """Hold back, until it is chosen anew, what is not ``wanted`` by its name, or beyond the first."""
        rows = self._database.execute("SELECT id, name, state FROM items ORDER BY place").fetchall()
        fit = [row for row in rows if wanted(row[1])]
        waiting = [row[0] for row in fit if row[2] not in FINISHED]
        beyond = set(waiting[most:]) if most is not None else set()
        kept = {row[0] for row in fit} - beyond
        with self._writing():
            self._database.execute("UPDATE items SET held = 1")
            self._database.executemany("UPDATE items SET held = 0 WHERE id = ?", ((each,) for each in kept))

    def count(self, key: str, change: int | None) -> int:
        """Add ``change`` to the number kept under ``key`` (None: make it 0), and return it."""
        with self._writing():
            number = 0 if change is None else int(self.meta(key) or 0) + change
            self._set(key, str(number))
        return number

    def counts(self) -> dict[str, int]:
        """How many items are in each state, those held back aside."""
        query = "SELECT state, count(*) FROM items WHERE held = 0 GROUP BY state"
        return dict(self._database.execute(query))

    def finished(self) -> dict[str, tuple[str, float]]:
        """State and cost of every item that is finished, those held back, too, by its id."""
        places = ", ".join("?" * len(FINISHED))
        query = f"SELECT id, state, cost FROM items WHERE state IN ({places})"
        return {item: (state, cost) for item, state, cost in self._database.execute(query, FINISHED)}

    def at_work(self) -> list[tuple[str, float, float]]:
        """Name, time of the first beginning and cost so far of each item that is worked at."""
        query = "SELECT name, started, cost FROM items WHERE state = 'working' ORDER BY started, place"
        return self._database.execute(query).fetchall()

    def cost(self) -> float:
        """Yuan spent so far."""
        return float(self._database.execute("SELECT coalesce(sum(cost), 0) FROM items").fetchone()[0])

    def rows(self, since: float = 0.0) -> Iterator[Row]:
        """The items in their order; with ``since`` only those that finished from that time on."""
        chosen = "AND finished >= ? ORDER BY finished" if since else "ORDER BY place"
        # +held: by the index of times, or of places, not by that of what is held
        query = f"SELECT item, state, tries, cost, result FROM items WHERE +held = 0 {chosen}"
        for item, state, tries, cost, result in self._database.execute(query, (since,) if since else ()):
            yield Row(Item.from_json(item), state, tries, cost, json.loads(result) if result else {})

    def _release(self, which: str, values: tuple[object, ...], change: str = "place = place") -> list[str]:
        rows = self._database.execute(
            f"UPDATE items SET state = 'ready', owner = '', reserved = 0, {change}"
            f" WHERE state = 'working' AND {which} RETURNING name",
            values,
        ).fetchall()
        return [str(row[0]) for row in rows]

    def _drop_poison(self, tries: int) -> None:
        """Fail what was begun too often, of that which is next: looking at all items each time would cost."""
        query = f"SELECT * FROM ({_NEXT}) WHERE tries >= ?"
        while (found := self._database.execute(query, (tries,)).fetchone()) is not None:
            identity, begun = found
            result = {"state": "failed", "cause": "tries", "message": _TOO_OFTEN.format(tries=begun)}
            self._database.execute(
                "UPDATE items SET state = 'failed', result = ?, finished = ? WHERE id = ?",
                (json.dumps(result), time.time(), identity),
            )

    def _reservation(self, money: tuple[float | None, float | None, int]) -> float | None:
        """What the next item may take; None where nothing is left: the batch is then paused."""
        in_all, each, workers = money
        if in_all is None:
            return each or 0.0
        query = (
            "SELECT coalesce(sum(CASE state WHEN 'working' THEN max(cost, reserved) ELSE cost END), 0),"
            " count(*) FILTER (WHERE state = 'working') FROM items"
        )
        spent, working = self._database.execute(query).fetchone()
        left = in_all - spent
        if left <= 0:
            if not working:
                self._set("paused", f"The budget of {in_all:g} yuan is used up: {self.cost():.4f} are spent.")
            return None
        share: float = left / max(1, workers - working)
        return min(each or left, share)

    def _set(self, key: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction; raises :class:`BatchError` where the disk is full or the like."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise BatchError(f"The batch's database can't be written: {error}.") from None
