"""Compares a run with its recording while it is run again, and collects the differences."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from dataclasses import replace

from seedsmith.agent.calls.dispatch import INTERRUPTED, NOT_STARTED
from seedsmith.agent.events import EventSink, NoticeGiven, ReplayDiverged
from seedsmith.agent.loop.output_schema import OutputSchema
from seedsmith.agent.models.catalog.entries import Catalog
from seedsmith.agent.models.network.transport import Transport
from seedsmith.agent.models.tries.retry import RetryPolicy
from seedsmith.agent.recording.catalog_and_schema import recorded_catalog, recorded_schema
from seedsmith.agent.recording.errors import RecordingEnded
from seedsmith.agent.recording.format import CallLine, DoneLine, Line, ResponseLine, VerifyLine
from seedsmith.agent.recording.interceptor import RunFacts
from seedsmith.agent.recording.normalize import Normalizer, digest, normalizer
from seedsmith.agent.recording.portable import answer_here
from seedsmith.agent.recording.reader import RecordedCall, RecordedRequest, Recording
from seedsmith.agent.recording.recorder import (
    FOLDER_PLACEHOLDERS,
    finish_of,
    folder_placeholders,
    knowing_files,
    line_of,
)
from seedsmith.agent.recording.replay_transport import ReplayTransport
from seedsmith.agent.recording.workspace_digest import digest_workspace
from seedsmith.agent.sessions.comparison import Comparison, Divergence
from seedsmith.agent.sessions.outcome import Outcome, Status
from seedsmith.agent.sessions.prior_history import PriorHistory
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.tools.base import Image
from seedsmith.tools.text import first_of

_PARTS = "},{"
"""The separator between the messages in a request's body on both wires."""
_WINDOW = 8
"""So many recorded requests are searched for the one that was sent: a search sends up to four at once."""
_MOST_NAMED = 5
_MOST_KEPT = 20
"""So many divergences are kept with their texts; further ones are only counted."""
_STANDS = frozenset({"no_sandbox", "interrupted"})
"""Statuses that say nothing about the recording; they are reported unchanged."""
_CUT_OFF = frozenset({"interrupted", "budget"})
"""Recorded statuses with a cause outside the run, so that the recording may end before the replay does."""


class Replayer:
    """Implements :class:`seedsmith.agent.recording.interceptor.RunInterceptor`."""

    replays = True

    def __init__(self, request: RunRequest, recording: Recording) -> None:
        """Raises :class:`RecordingError` where the head's catalog or schema is damaged."""
        self.asked = request
        self.known: Catalog | None = recorded_catalog(recording.head, recording.path)
        self.output: OutputSchema | None = recorded_schema(recording.head, recording.path)
        self._recording = recording
        self._left = list(recording.requests)
        self._measured = iter(recording.measured)
        self._keys: dict[int, tuple[str, str | None]] = {}
        self._calls = list(recording.calls)
        self._matched: dict[str, RecordedCall] = {}
        self._asked: dict[str, CallLine] = {}
        self._verified = 0
        self._compared = 0
        self._divergences: list[Divergence] = []
        self._diverged = 0
        self._facts: RunFacts | None = None
        self._sink: EventSink | None = None
        self._folders: dict[str, str] = {}
        self._normalize: Normalizer = str
        self._plain: Normalizer = str
        self._workspace_agrees = True
        self._ended = False

    @property
    def images(self) -> tuple[Image, ...]:
        """The recorded prompt's pictures."""
        return self._recording.head.images

    @property
    def carried(self) -> PriorHistory | None:
        """What the recorded run's session held."""
        return self._recording.head.carried

    def transport(self, inner: Transport) -> Transport:
        """A transport that returns the recorded answers; ``inner`` is never used."""
        return ReplayTransport(self.answer)

    def retry(self, policy: RetryPolicy) -> RetryPolicy:
        """``policy`` without its pauses."""
        return replace(policy, sleep=_at_once)

    async def begin(self, facts: RunFacts, sink: EventSink) -> None:
        """Compare the workspace with the recorded one; a notice reports differences."""
        self._facts, self._sink = facts, sink
        head = self._recording.head
        folders = folder_placeholders(facts)
        self._folders = {word: folder for folder, word in folders if folder}
        recorded = zip(
            (head.workspace, head.state, head.skill, head.library), FOLDER_PLACEHOLDERS, strict=True
        )
        self._normalize = normalizer((*recorded, *folders), anywhere=head.portable)
        redactor = await asyncio.to_thread(knowing_files, facts.place.redactor, facts.place.workspace)
        self._plain = functools.cache(lambda text: self._normalize(redactor.text(text)))
        tree = await asyncio.to_thread(digest_workspace, facts.place.workspace, self._own_name(facts))
        self._workspace_agrees = tree.sha256 == head.tree.sha256
        if not self._workspace_agrees:
            paths = tree.differing(head.tree)
            named = f": it differs in {first_of(paths, _MOST_NAMED)}" if paths else ""
            sentence = f"The workspace is not what it was when the recording began{named}."
            sink.emit(NoticeGiven("replay_workspace", sentence))

    def answer(self, path: str, body: str) -> ResponseLine:
        """The recorded answer to the same request, or else to the next one in order.

        Raises :class:`RecordingEnded` if there is none.
        """
        ahead = self._left[:_WINDOW]
        if ahead and ahead[0].body is None:
            request: RecordedRequest | None = ahead[0]
        else:
            request = self._same_or_next(ahead, path, self._plain_body(body))
        if request is None or request.response is None:
            self._ended = True
            number = len(self._recording.requests) + 1 if request is None else request.n
            raise RecordingEnded(f"The recording ends here: it holds no answer to request {number}.")
        self._left.remove(request)
        response = request.response
        return answer_here(response, self._folders) if self._recording.head.portable else response

    def observe(self, record: Line) -> None:
        """Compare a call's arguments, a call's result, or a verification."""
        match record["kind"]:
            case "item":
                for call in record["item"].get("calls", ()):
                    self._match(CallLine(call["id"], call["name"], call["arguments"]))
            case "done" | "verify":
                line = line_of(record)
                if isinstance(line, DoneLine):
                    self._compare_result(line)
                else:
                    self._compare_verification(line)

    def measured(self, seconds: float) -> float:
        """The recorded time."""
        return next(self._measured, seconds)

    def found(self, lines: Mapping[str, Mapping[int, float]]) -> Mapping[str, Mapping[int, float]]:
        """What was recorded; nothing where the recording is of a program that made no experiments."""
        return self._recording.found

    def recent(self, lines: Mapping[str, Mapping[int, float]]) -> Mapping[str, Mapping[int, float]]:
        """What was recorded; nothing where the recording is of a program that asked no history."""
        return self._recording.recent

    async def conclude(self, outcome: Outcome) -> Outcome:
        """The outcome of the replay: ``done`` if it agrees with the recording, otherwise ``unverified``."""
        if self._facts is None or outcome.status in _STANDS:
            return outcome
        self._compare_end(outcome)
        recording = self._recording
        comparison = Comparison(
            recording=str(recording.path),
            requests=len(recording.requests) - len(self._left),
            recorded_requests=len(recording.requests),
            calls=self._compared,
            status=outcome.status,
            recorded_status=recording.finish.status if recording.finish else None,
            workspace_agrees=self._workspace_agrees,
            divergences=tuple(self._divergences),
            diverged=self._diverged,
            message=outcome.message,
        )
        status: Status = "done" if comparison.agrees else "unverified"
        return replace(outcome, status=status, message=comparison.summary(), comparison=comparison)

    def close(self) -> None:
        """Nothing is held."""

    def _own_name(self, facts: RunFacts) -> tuple[str, ...]:
        """The recording's own path in the workspace, if it lies there."""
        path = self._recording.path.resolve()
        inside = path.is_relative_to(facts.place.workspace.root)
        return (str(path.relative_to(facts.place.workspace.root)),) if inside else ()

    def _same_or_next(self, ahead: list[RecordedRequest], path: str, wanted: str) -> RecordedRequest | None:
        """The request of ``ahead`` with the body ``wanted``; otherwise the first, as a divergence."""
        key = (path, digest(wanted))
        same = next((each for each in ahead if self._key(each) == key), None)
        if same is None and ahead:
            self._diverge_request(ahead[0], path, wanted)
        return same or (ahead[0] if ahead else None)

    def _key(self, request: RecordedRequest) -> tuple[str, str | None]:
        """A key that is equal for equal requests; computed once."""
        if request.n not in self._keys:
            body = request.body
            self._keys[request.n] = (request.path, None if body is None else digest(self._plain_body(body)))
        return self._keys[request.n]

    def _normalized(self, call: CallLine) -> tuple[str, str]:
        return call.name, self._plain(call.arguments)

    def _plain_body(self, body: str) -> str:
        """Normalize a body like :meth:`_plain`, but part by part, since parts recur and are cached."""
        return _PARTS.join(map(self._plain, body.split(_PARTS)))

    def _diverge_request(self, recorded: RecordedRequest, path: str, wanted: str) -> None:
        expected = self._plain_body(recorded.body or "")
        what = f"request {recorded.n} is not the recorded one."
        if path != recorded.path:
            what = f"request {recorded.n} goes to {path}, not to {recorded.path}."
        self._diverge(Divergence("request", what, recorded.line, expected, wanted))

    def _match(self, call: CallLine) -> None:
        """Find the recorded call that ``call`` repeats: an equal one, or else the one with its id."""
        self._asked[call.id] = call
        plain = self._normalized(call)
        of_id = next((each for each in self._calls if each.call.id == call.id), None)
        if of_id is not None and self._normalized(of_id.call) == plain:
            same: RecordedCall | None = of_id
        else:
            same = next((each for each in self._calls if self._normalized(each.call) == plain), None)
        found = same or of_id
        if found is None:
            return  # it comes of an answer that was not the recorded one, which is told already
        self._calls.remove(found)
        self._matched[call.id] = found
        if same is None:
            recorded = " ".join(self._normalized(found.call))
            what = f"call {call.id} asks for something else."
            self._diverge(
                Divergence(
                    "call", what, found.line, recorded, " ".join(plain), call.id, call.name, call.arguments
                )
            )

    def _compare_result(self, done: DoneLine) -> None:
        recorded = self._matched.pop(done.call, None)
        if recorded is None or recorded.done is None or recorded.done.text in (INTERRUPTED, NOT_STARTED):
            return
        self._compared += 1
        expected, got = self._plain(recorded.done.text), self._plain(done.text)
        if (expected, recorded.done.ok) == (got, done.ok):
            return
        asked = self._asked[done.call]
        how = "gives another result"
        if recorded.done.ok != done.ok:
            how = "fails now" if recorded.done.ok else "succeeds now"
        what = f"the call {done.name} {asked.arguments} ({done.call}) {how}."
        self._diverge(
            Divergence(
                "result", what, recorded.done_line, expected, got, done.call, done.name, asked.arguments
            )
        )

    def _compare_verification(self, now: VerifyLine) -> None:
        self._verified += 1
        recorded = self._recording.verifications
        if self._verified > len(recorded):
            return  # its end is compared
        then = recorded[self._verified - 1]
        expected, got = (
            f"{self._plain(each.output)}\nexit code {each.exit_code}" for each in (then.verification, now)
        )
        if expected != got:
            what = f"run {self._verified} of the verification, {now.command}, gives another result."
            self._diverge(Divergence("verification", what, then.line, expected, got))

    def _compare_end(self, outcome: Outcome) -> None:
        finish = self._recording.finish
        at_its_end = self._ended and outcome.status == "provider_error"
        if self._divergences or finish is None or (at_its_end and finish.status in _CUT_OFF):
            return
        last = self._recording.last_line
        now = finish_of(outcome, "", self._normalize)
        if finish.status != now.status:
            what = f"the run ended {now.status}, and the recorded one {finish.status}."
            self._diverge(
                Divergence("end", what, last, self._plain(finish.message), self._plain(now.message))
            )
        elif self.carried is None and finish.diff_sha256 != now.diff_sha256:  # of the whole session, else
            same = finish.files_changed == now.files_changed
            how = "the same files with another content" if same else "other files"
            what = f"the run left {how} behind."
            files = ("\n".join(finish.files_changed), "\n".join(now.files_changed))
            self._diverge(Divergence("end", what, last, *files))

    def _diverge(self, divergence: Divergence) -> None:
        self._diverged += 1
        if self._diverged <= _MOST_KEPT:
            self._divergences.append(divergence)
        if self._diverged == 1 and self._sink is not None:
            self._sink.emit(
                ReplayDiverged(
                    what=divergence.what,
                    line=divergence.line,
                    call=divergence.call,
                    name=divergence.name,
                    arguments=divergence.arguments,
                    diff=divergence.diff,
                )
            )


async def _at_once(_: float) -> None:
    pass
