"""``--record`` and ``--replay``: make the recorder or the replayer that a run needs."""

from __future__ import annotations

from dataclasses import replace

from pydantic import ValidationError

from seedsmith.agent.recording.errors import RecordingError
from seedsmith.agent.recording.interceptor import RunInterceptor
from seedsmith.agent.recording.reader import Recording
from seedsmith.agent.recording.recorder import RECORDED, Recorder
from seedsmith.agent.recording.replayer import Replayer
from seedsmith.agent.recording.writer import RecordingWriter
from seedsmith.agent.settings.config import flag_name
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings

_PASSING = frozenset({"expire_at"})
"""Times that had to be in the future when they were recorded."""


def record_or_replay(request: RunRequest) -> RunInterceptor:
    """Open the file that ``settings.record`` or ``settings.replay`` names; the caller closes what it gets.

    The request to carry out is the one in ``asked``: a replay takes prompt, settings and ``fixing`` from the
    recording. Raises :class:`RecordingError`.
    """
    settings = request.settings
    if settings.replay is not None and (settings.resume is not None or settings.fork is not None):
        flag = "--resume" if settings.resume is not None else "--fork"
        raise RecordingError(f"--replay takes what it goes on with from the recording: leave out {flag}.")
    if settings.replay is None:
        assert settings.record is not None
        return Recorder(request, RecordingWriter(settings.record, settings.workspace.resolve()))
    if settings.record is not None:
        raise RecordingError("A replay can't be recorded: leave out --record or --replay.")
    recording = Recording.read(settings.replay)
    head = recording.head
    if request.prompt.strip() and request.prompt != head.prompt:
        raise RecordingError(f"The prompt is not the one {settings.replay} was recorded with: leave it out.")
    merged = _merged(settings, recording)
    return Replayer(replace(request, settings=merged, prompt=head.prompt, fixing=head.fixing), recording)


def _merged(settings: Settings, recording: Recording) -> Settings:
    """``settings`` with the recorded values; values given now that belong to the run must be the same."""
    path, recorded = recording.path, recording.head.settings
    given = settings.model_dump(mode="json", include=set(RECORDED & settings.model_fields_set))
    for name, value in given.items():
        if value is not None and value != recorded.get(name):
            without = f"with {recorded[name]!r}" if name in recorded else "without it"
            flag = "--test" if name == "verify" and recording.head.fixing else flag_name(name)
            raise RecordingError(
                f"{flag} can't be {value!r} here: {path} was recorded {without}; leave it out."
            )
    own = settings.model_dump(include=settings.model_fields_set - RECORDED)
    kept = {name: value for name, value in recorded.items() if name in RECORDED and name not in _PASSING}
    passing = {name: int(recorded[name]) for name in _PASSING if isinstance(recorded.get(name), int)}
    try:
        merged = Settings(**own, **kept).model_copy(update=passing)
    except ValidationError as error:
        name = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
        raise RecordingError(f"Line 1 of {path} is damaged: its setting {name!r} can't be used.") from error
    return _with_schema(merged, recording)


def _with_schema(settings: Settings, recording: Recording) -> Settings:
    """``settings`` with the recorded schema; one that was given must be the same."""
    if recording.head.output_schema is None:
        return settings
    recorded = recording.head.output_schema.get("schema")
    if settings.output_schema is not None:
        from seedsmith.agent.loop.output_schema import schema_itself

        if schema_itself(settings.output_schema) != recorded:
            raise RecordingError(
                f"{flag_name('output_schema')} is not the one {recording.path} was recorded with: "
                "leave it out."
            )
    return settings.model_copy(update={"output_schema": recorded})
