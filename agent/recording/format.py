"""The lines of a recording, and their conversion to and from JSON (docs/recordings.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, field, replace
from typing import Any, Literal, TypeVar

from seedsmith.agent.models.tries.refusal import Refusal
from seedsmith.agent.recording.workspace_digest import WorkspaceDigest
from seedsmith.agent.sessions.prior_history import PriorHistory
from seedsmith.agent.sessions.session_file import image_from_json, image_to_json
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import Image

VERSION = 1
Line = dict[str, Any]
Number = TypeVar("Number", int, float)
Ending = Literal["complete", "left", "waiting", "broken", "refused", "unreachable"]
"""How an answer ended, in the order above: at the end of its body; closed by the reader, who had all it
needed; cancelled while the reader waited; broken off; with an error status; without a connection."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line: what the run was asked to do, and the state it began in."""

    seedsmith: str
    """The program's version."""
    provider: str
    model: str
    wire: str
    profile: str
    fixing: bool
    """Whether it was ``fix``."""
    prompt: str
    images: tuple[Image, ...]
    """The images that went with the prompt, as they were sent."""
    settings: Mapping[str, Any]
    """The settings that were set and belong to the run, not to the machine, by field name; never API keys."""
    workspace: str
    """The folder's path, so that it can be recognized in texts."""
    state: str
    """The state folder, for the same reason."""
    tree: WorkspaceDigest
    """The workspace before anything ran."""
    time: float
    """Seconds since the epoch."""
    skill: str = ""
    """Where the named skill was, and the built-in ones, for the same reason; '' in older recordings."""
    library: str = ""
    output_schema: Mapping[str, Any] | None = None
    """The schema of the final message, as ``{"name", "schema"}``; None: there was none."""
    catalog: Mapping[str, Any] | None = None
    """The user's own entries for the providers used, as ``models.yaml`` may have them, by provider; None in
    older recordings."""
    carried: PriorHistory | None = None
    """What the session held where the run went on with one; None where it began one."""
    portable: bool = False
    """Whether what belongs to one machine was left out (:mod:`seedsmith.agent.recording.portable`)."""

    def to_json(self) -> Line:
        """The line."""
        images = [image_to_json(image) for image in self.images]
        line = {"kind": "head", "version": VERSION, **asdict(replace(self, carried=None)), "images": images}
        return line | {"carried": self.carried.to_json() if self.carried else None}

    @classmethod
    def from_json(cls, line: Line) -> Head:
        """The inverse; raises KeyError or TypeError on anything else."""
        texts = ("seedsmith", "provider", "model", "wire", "profile", "prompt", "workspace", "state")
        values: dict[str, Any] = {name: text_of(line[name]) for name in texts}
        tree = WorkspaceDigest(text_of(line["tree"]["sha256"]), _texts(line["tree"]["files"]))
        values |= {name: text_of(line.get(name, "")) for name in ("skill", "library")}
        values["images"] = tuple(image_from_json(_mapping(image)) for image in line["images"])
        for name in ("output_schema", "catalog"):
            values[name] = _mapping(line[name]) if line.get(name) is not None else None
        carried = line.get("carried")
        values["carried"] = None if carried is None else PriorHistory.from_json(_mapping(carried))
        settings = _mapping(line["settings"])
        return cls(
            **values,
            fixing=bool(line["fixing"]),
            settings=settings,
            tree=tree,
            time=float(line["time"]),
            portable=bool(line.get("portable", False)),
        )


@dataclass(frozen=True, slots=True)
class ResponseLine:
    """How one request was answered."""

    n: int
    """The request's number, from 1."""
    end: Ending
    status: int | None = None
    """None if the answer had no head."""
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: tuple[tuple[int, str], ...] = ()
    """Milliseconds since the request, and text. A byte that is no UTF-8 is a lone surrogate (PEP 383)."""
    message: str = ""
    """What broke."""
    code: str = ""
    lasting: bool = False
    """No connection came about, and trying again was of no use."""
    refusal: Refusal | None = None
    retry_after: float | None = None
    """Seconds the service asked us to wait."""

    def to_json(self) -> Line:
        """The line; what is empty is left out."""
        whole = asdict(self) | {"pieces": [list(piece) for piece in self.pieces]}
        return {
            "kind": "response",
            **{
                name: value
                for name, value in whole.items()
                if value not in (None, "", {}, []) and value is not False
            },
        }

    @classmethod
    def from_json(cls, line: Line) -> ResponseLine:
        """The inverse; raises KeyError, TypeError or ValueError on anything else."""
        end = line["end"]
        if end not in ("complete", "left", "waiting", "broken", "refused", "unreachable"):
            raise ValueError(f"an answer can't end {end!r}")
        return cls(
            n=int(line["n"]),
            end=end,
            status=_number(line.get("status"), int),
            headers=_texts(line.get("headers", {})),
            pieces=tuple((int(ms), text_of(text)) for ms, text in line.get("pieces", ())),
            message=text_of(line.get("message", "")),
            code=text_of(line.get("code", "")),
            lasting=bool(line.get("lasting", False)),
            refusal=_refusal(line.get("refusal")) if end == "refused" else None,
            retry_after=_number(line.get("retry_after"), float),
        )


@dataclass(frozen=True, slots=True)
class CallLine:
    """What one call asked for."""

    id: str
    name: str
    arguments: str

    @classmethod
    def from_json(cls, line: Line) -> CallLine:
        """One of a ``calls`` line's calls; raises KeyError or TypeError on anything else."""
        return cls(text_of(line["id"]), text_of(line["name"]), text_of(line["arguments"]))


@dataclass(frozen=True, slots=True)
class DoneLine:
    """The result of one call."""

    call: str
    name: str
    ok: bool
    text: str
    duration_ms: float

    @classmethod
    def from_json(cls, line: Line) -> DoneLine:
        """The inverse of ``asdict``; raises KeyError or TypeError on anything else."""
        return cls(
            text_of(line["call"]),
            text_of(line["name"]),
            bool(line["ok"]),
            text_of(line["text"]),
            float(line["duration_ms"]),
        )


@dataclass(frozen=True, slots=True)
class VerifyLine:
    """One run of the verification command."""

    command: str
    exit_code: int | None
    output: str

    @classmethod
    def from_json(cls, line: Line) -> VerifyLine:
        """The inverse of ``asdict``; raises KeyError or TypeError on anything else."""
        code = line["exit_code"]
        return cls(text_of(line["command"]), None if code is None else int(code), text_of(line["output"]))


@dataclass(frozen=True, slots=True)
class FinishLine:
    """How the run ended."""

    status: str
    exit_code: int
    diff_sha256: str
    """Of the final diff, without what differs from run to run."""
    files_changed: tuple[str, ...]
    tree_sha256: str
    """Of the workspace after the run (:class:`WorkspaceDigest`)."""
    message: str = ""

    @classmethod
    def from_json(cls, line: Line) -> FinishLine:
        """The inverse of ``asdict``; raises KeyError or TypeError on anything else."""
        return cls(
            text_of(line["status"]),
            int(line["exit_code"]),
            text_of(line["diff_sha256"]),
            tuple(text_of(path) for path in line["files_changed"]),
            text_of(line["tree_sha256"]),
            text_of(line["message"]),
        )


def text_of(value: Any) -> str:
    """``value``, which has to be text; raises TypeError where it is none."""
    if not isinstance(value, str):
        raise TypeError(f"text was expected, not {type(value).__name__}")
    return value


def _number(value: Any, kind: type[Number]) -> Number | None:
    return None if value is None else kind(value)


def _refusal(value: Any) -> Refusal:
    given = dict(_mapping(value))
    return Refusal(_number(given.pop("status"), int), **_texts(given))


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"an object was expected, not {type(value).__name__}")
    return value


def _texts(value: Any) -> dict[str, str]:
    return {text_of(name): text_of(each) for name, each in _mapping(value).items()}
