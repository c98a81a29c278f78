"""What happened in a session, told from its records one after the other: for people, never for the model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Any

from seedsmith.agent.errors import SessionError
from seedsmith.agent.sessions.record_tree import Record
from seedsmith.sandbox.lazy_dataclass import dataclass

_PICTURES = ("image/png", "image/jpeg", "image/webp")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True, slots=True)
class Took:
    """What the questions of one turn took."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_cny: float | None = None
    cost_estimated: bool = False
    context_tokens: int = 0
    """How long the newest of them was."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message to the model: a person's, or the agent's own (``origin``)."""

    text: str
    origin: str
    images: tuple[str, ...] = ()
    """The names of the pictures that went with it."""
    pictures: tuple[str, ...] = field(default=(), repr=False)
    """The pictures themselves, as ``data:`` addresses."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool and what came of it."""

    name: str
    arguments: str
    result: str | None
    """None: it was never run to its end."""
    ok: bool = False
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of the model, its calls with their results, and what it took."""

    number: int
    text: str
    reasoning: str
    calls: tuple[Call, ...]
    took: Took | None
    """None where an older program recorded it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A run of the verification command."""

    command: str
    exit_code: int | None
    output: str


@dataclass(frozen=True, slots=True)
class Shortened:
    """The history was shortened."""

    why: str


@dataclass(frozen=True, slots=True)
class WentOn:
    """The session was gone on with, and told this anew."""

    time: float
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """A run of the session ended."""

    time: float
    status: str
    message: str
    files_changed: tuple[str, ...] | None
    """None where an older program recorded it."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """The files were put back to what they were after a turn, by an undo or by taking one back."""

    kind: str
    time: float
    turn: int
    files: int | None
    """None where an older program recorded it."""
    moved: bool
    """Whether the conversation went back, too."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record that can't be read any more."""

    line: int
    """Of the file of records, counted from 1."""


Entry = Told | Turn | Checked | Shortened | WentOn | Ended | PutBack | Damaged


def entries(records: Iterable[Record]) -> Iterator[Entry]:
    """What ``records`` (without their head) say happened, in order; system prompts are left out.

    Raises :class:`SessionError` where a record is not what its kind says.
    """
    reader = _Reader()
    for record in records:
        try:
            yield from reader.take(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SessionError(
                f"A record of the session is damaged: {type(error).__name__} {error}."
            ) from None
    yield from reader.close()


class _Reader:
    """Holds an answer until its calls have their results, and what was taken until its answer is there."""

    def __init__(self) -> None:
        self._turns = 0
        self._answer: Record | None = None
        self._took: Took | None = None
        self._of_answer: Took | None = None
        self._done: dict[str, Record] = {}

    def take(self, record: Record) -> Iterator[Entry]:
        match record["kind"]:
            case "done":
                self._done[record["output"]["call"]] = record
            case "usage":
                self._took = _added(self._took, record)
            case "item":
                yield from self.close()
                yield from self._item(record["item"])
            case "verify":
                yield from self.close()
                yield Checked(record["command"], record["exit_code"], record["output"])
            case "compaction":
                yield from self.close()
                yield Shortened(record["why"])
            case "resumed":
                yield from self.close()
                yield WentOn(float(record["time"]), dict(record.get("settings", {})))
            case "undo" | "redo":
                yield from self.close()
                moved = record.get("parent", record.get("n", 1) - 1) != record.get("n", 1) - 1
                self._turns = record["turn"] if moved else self._turns
                files = record.get("files")
                yield PutBack(record["kind"], float(record["time"]), record["turn"], files, moved)
            case "damaged":
                yield from self.close()
                yield Damaged(record["n"] + 1)
            case "finished":
                yield from self.close()
                files = record.get("files_changed")
                changed = None if files is None else tuple(files)
                yield Ended(float(record["time"]), record["status"], record["message"], changed)
            case _:
                pass

    def close(self) -> Iterator[Entry]:
        """The turn that is over, if one was open."""
        answer, self._answer = self._answer, None
        if answer is None:
            return
        calls = tuple(self._call(call) for call in answer["calls"])
        yield Turn(self._turns, answer["text"], answer["reasoning"], calls, self._of_answer)

    def _item(self, item: Record) -> Iterator[Entry]:
        if item["role"] == "user":
            images = tuple(str(image["name"]) for image in item.get("images", ()))
            pictures = tuple(_address(image) for image in item.get("images", ()))
            yield Told(item["text"], item["origin"], images, pictures)
        elif item["role"] == "assistant":
            self._turns += 1
            self._answer = item
            self._of_answer, self._took = self._took, None

    def _call(self, call: Record) -> Call:
        done = self._done.pop(call["id"], None)
        if done is None:
            return Call(call["name"], call["arguments"], None)
        output = done["output"]
        took = float(done["duration_ms"])
        return Call(call["name"], call["arguments"], output["text"], bool(output["ok"]), took)


def _address(image: Record) -> str:
    """A recorded picture as a ``data:`` address; '' for what is none."""
    kind, data = str(image.get("media_type")), str(image.get("data"))
    return f"data:{kind};base64,{data}" if kind in _PICTURES and _BASE64.fullmatch(data) else ""


def _added(before: Took | None, record: Record) -> Took:
    before = before or Took()
    cost = record["cost_cny"]
    return Took(
        before.input_tokens + record["input_tokens"],
        before.cached_tokens + record["cached_tokens"],
        before.output_tokens + record["output_tokens"],
        before.reasoning_tokens + record["reasoning_tokens"],
        before.cost_cny if cost is None else (before.cost_cny or 0.0) + cost,
        before.cost_estimated or bool(record["cost_estimated"]),
        record["input_tokens"],
    )
