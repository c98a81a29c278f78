"""Events as JSON lines: one object a line, and nothing else (docs/events.md)."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any, BinaryIO

from seedsmith.agent.events import VERSION, WITHIN, Envelope

_RISKY = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Characters some readers take for a line's end, and bytes that were not text (lone surrogates)."""


class JsonLines:
    """A front end that writes to a binary stream and flushes each line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._gone = False

    def show(self, envelope: Envelope) -> None:
        """Write one event; a reader that has gone is not an error."""
        if self._gone:
            return
        try:
            self._stream.write(to_line(envelope))
            self._stream.flush()
        except (OSError, ValueError):
            self._gone = True

    def close(self) -> None:
        """Nothing to put back: the stream belongs to the caller."""


def to_line(envelope: Envelope) -> bytes:
    """The envelope as one line of UTF-8 JSON."""
    event = envelope.event
    head = {
        "version": VERSION,
        "type": event.type,
        "seq": envelope.seq,
        "time": round(envelope.time, 6),
        "session": envelope.session,
    }
    names = (field.name for field in fields(event) if WITHIN not in field.metadata)
    return encode(head | {name: getattr(event, name) for name in names})


def encode(value: Any) -> bytes:
    """``value`` as one line of strict UTF-8 JSON, whatever text it holds.

    A byte that was not text (a lone surrogate) comes out as the visible escape ``\\\\udcXX``, because many
    JSON readers refuse it; numbers that JSON lacks come out as null.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except (ValueError, TypeError):
        text = json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, default=str)
    return _RISKY.sub(_escape, text).encode() + b"\n"


def _plain(value: Any) -> Any:
    """``value`` with text keys and without numbers that JSON lacks."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return (
        None
        if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf")))
        else value
    )


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\\\u{code:04x}" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"
