"""Records a run while it happens: the task, all requests and answers, and the results of tools."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from seedsmith.agent.events import Envelope, EventSink, NoticeGiven
from seedsmith.agent.loop.output_schema import OutputSchema
from seedsmith.agent.models.address import shown
from seedsmith.agent.models.catalog.entries import Catalog
from seedsmith.agent.models.network.transport import Transport
from seedsmith.agent.models.tries.retry import RetryPolicy
from seedsmith.agent.recording.body_difference import difference
from seedsmith.agent.recording.catalog_and_schema import user_entries
from seedsmith.agent.recording.format import DoneLine, FinishLine, Head, Line, ResponseLine, VerifyLine
from seedsmith.agent.recording.interceptor import RunFacts
from seedsmith.agent.recording.masking import environment_file_secrets, mask_stream
from seedsmith.agent.recording.normalize import Normalizer, digest, normalizer
from seedsmith.agent.recording.record_transport import RecordTransport
from seedsmith.agent.recording.workspace_digest import digest_workspace, listed
from seedsmith.agent.recording.writer import RecordingWriter
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.outcome import Outcome
from seedsmith.agent.sessions.prior_history import PriorHistory
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import OPTIONS, Settings
from seedsmith.agent.version import VERSION
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.skills.skill import BUILT_IN
from seedsmith.tools.base import Image

FOLDER_PLACEHOLDERS = ("<workspace>", "<state>", "<skill>", "<library>")


class Recorder:
    """Implements :class:`.interceptor.RunInterceptor` and, for notices, a front end."""

    replays = False
    images: tuple[Image, ...] = ()
    known: Catalog | None = None
    output: OutputSchema | None = None
    carried: PriorHistory | None = None

    def __init__(self, request: RunRequest, file: RecordingWriter) -> None:
        self.asked = request
        self._file = file
        self._start = time.monotonic()
        self._redactor = Redactor(())
        self._facts: RunFacts | None = None
        self._requests = 0
        self._body = ""

    def transport(self, inner: Transport) -> Transport:
        """``inner``, wrapped so that it is recorded."""
        return RecordTransport(inner, self)

    def retry(self, policy: RetryPolicy) -> RetryPolicy:
        """``policy`` as it is."""
        return policy

    async def begin(self, facts: RunFacts, sink: EventSink) -> None:
        """Write the head."""
        self._facts = facts
        self._file.on_failure = lambda sentence: sink.emit(NoticeGiven("recording_ended", sentence))
        self._redactor = await asyncio.to_thread(knowing_files, facts.place.redactor, facts.place.workspace)
        tree = await asyncio.to_thread(digest_workspace, facts.place.workspace)
        head = Head(
            seedsmith=VERSION,
            provider=facts.model.provider,
            model=facts.model.name,
            wire=facts.model.wire,
            profile=facts.profile.name,
            fixing=facts.request.fixing,
            prompt=facts.request.prompt,
            images=facts.images,
            settings=recorded_settings(facts),
            workspace=str(facts.place.workspace.root),
            state=str(facts.place.home),
            tree=tree,
            skill=facts.skill,
            library=str(BUILT_IN),
            output_schema=facts.output.to_json() if facts.output else None,
            catalog=user_entries(facts.known, _models_of(facts)),
            time=round(time.time(), 3),
            carried=facts.carried,
        )
        self.write(head.to_json())
        sink.follow(self)

    def show(self, envelope: Envelope) -> None:
        """Record notices; everything else comes from requests, answers and the session's records."""
        if isinstance(envelope.event, NoticeGiven):
            notice = envelope.event
            self.write({"kind": "notice", "ms": self.ms, "code": notice.code, "message": notice.message})

    def observe(self, record: Line) -> None:
        """Record calls, their results and verifications; messages are contained in the requests."""
        match record["kind"]:
            case "item" if record["item"].get("calls"):
                self.write({"kind": "calls", "calls": record["item"]["calls"]})
            case "intended":
                self.write({"kind": "intended", "ms": self.ms, "call": record["call"]})
            case "done" | "verify":
                self.write({"kind": record["kind"], "ms": self.ms, **asdict(line_of(record))})

    def measured(self, seconds: float) -> float:
        """Write a measured time down."""
        self.write({"kind": "measured", "ms": self.ms, "seconds": seconds})
        return seconds

    def found(self, lines: Mapping[str, Mapping[int, float]]) -> Mapping[str, Mapping[int, float]]:
        """Write down what experiments said of each line."""
        self._write_scores("found", lines)
        return lines

    def recent(self, lines: Mapping[str, Mapping[int, float]]) -> Mapping[str, Mapping[int, float]]:
        """Write down how new each line is."""
        self._write_scores("recent", lines)
        return lines

    def _write_scores(self, kind: str, lines: Mapping[str, Mapping[int, float]]) -> None:
        scored = [[path, line, score] for path, scores in lines.items() for line, score in scores.items()]
        self.write({"kind": kind, "ms": self.ms, "lines": scored})

    def request(self, path: str, body: bytes) -> int:
        """Write a request down and return its number."""
        self._requests += 1
        text = self._redactor.text(body.decode("utf-8", "surrogateescape"))
        change = difference(self._body, text)
        self._body = text
        self.write({"kind": "request", "n": self._requests, "ms": self.ms, "path": path, **asdict(change)})
        return self._requests

    def response(self, response: ResponseLine) -> None:
        """Write an answer down once it is complete or has failed."""
        texts = mask_stream([text for _, text in response.pieces], self._redactor)
        times = [ms for ms, _ in response.pieces]
        pieces = [list(piece) for piece in zip(times, texts, strict=True)]
        self.write(response.to_json() | ({"pieces": pieces} if pieces else {}))

    async def conclude(self, outcome: Outcome) -> Outcome:
        """Write down how the run ended."""
        if self._facts is not None:
            tree = await asyncio.to_thread(digest_workspace, self._facts.place.workspace)
            finish = finish_of(outcome, tree.sha256, normalizer(folder_placeholders(self._facts)))
            self.write({"kind": "finish", "ms": self.ms, **asdict(finish)})
        return outcome

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def ms(self) -> int:
        """Milliseconds since the recorder was made."""
        return round((time.monotonic() - self._start) * 1000)

    def write(self, line: Line) -> None:
        """Append one line, secrets redacted."""
        self._file.write(line, self._redactor)


def knowing_files(redactor: Redactor, workspace: Workspace) -> Redactor:
    """``redactor`` with the secrets in the workspace's ``.env`` files; blocks."""
    return redactor.knowing(environment_file_secrets(workspace, listed(workspace, ignored=True)))


def recorded_settings(facts: RunFacts) -> dict[str, Any]:
    """The settings that belong to the run rather than to the machine, only those that were set."""
    chosen = facts.request.settings.model_dump(mode="json", include=set(RECORDED), exclude_none=True)
    if facts.request.settings.base_url:
        chosen["base_url"] = shown(facts.request.settings.base_url)
    return chosen | {"model": _model_of(facts)}


def _models_of(facts: RunFacts) -> tuple[str, ...]:
    """The run's model and its fallbacks; a local model has none."""
    fallbacks = () if facts.model.provider == "local" else facts.request.settings.fallback or ()
    return (_model_of(facts), *fallbacks)


def _model_of(facts: RunFacts) -> str:
    return f"{facts.model.provider}/{facts.model.name}"


RECORDED = frozenset(name for name in Settings.model_fields if OPTIONS[name].recorded)
"""Settings a recording holds and a replay takes from it."""


def folder_placeholders(facts: RunFacts) -> tuple[tuple[str, str], ...]:
    """The folders whose paths differ from machine to machine, each with its placeholder."""
    folders = (str(facts.place.workspace.root), str(facts.place.home), facts.skill, str(BUILT_IN))
    return tuple(zip(folders, FOLDER_PLACEHOLDERS, strict=True))


def line_of(record: Line) -> DoneLine | VerifyLine:
    """A session's ``done`` or ``verify`` record as a recording has it."""
    if record["kind"] == "verify":
        return VerifyLine(record["command"], record["exit_code"], record["output"])
    output = record["output"]
    return DoneLine(output["call"], output["name"], output["ok"], output["text"], record["duration_ms"])


def finish_of(outcome: Outcome, tree_sha256: str, replaced: Normalizer) -> FinishLine:
    """The last line for ``outcome``."""
    return FinishLine(
        status=outcome.status,
        exit_code=outcome.exit_code,
        diff_sha256=digest(replaced(outcome.diff)),
        files_changed=outcome.files_changed,
        tree_sha256=tree_sha256,
        message=outcome.message,
    )
