"""Lines from a caller, before the SDK reads them: one that it would drop is answered with an error."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from mcp_types import JSONRPCError

MOST_BYTES = 32 << 20
"""A longer line is no message."""
_READ_AT_ONCE = 1 << 20
_SEARCHED_IN_FRONT, _SEARCHED_AT_END = 64 << 10, 1 << 10
_STRING = rb'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\Z)|[][{}]', re.DOTALL)
_VALUE = re.compile(rb"\s*:\s*(-?\d+|" + _STRING + rb")\s*[,}]")
_AT_END = re.compile(rb'[,{]\s*"id"\s*:\s*(-?\d+|' + _STRING + rb")\s*}\s*\Z")

Refuse = Callable[["JSONRPCError"], Awaitable[None]]


async def checked_lines(incoming: BinaryIO, refuse: Refuse) -> AsyncIterator[str]:
    """The lines of ``incoming`` that are messages; ``refuse`` gets the errors that answer the others."""
    from anyio import to_thread

    while True:
        line, whole = await to_thread.run_sync(_next_line, incoming)
        if not line:
            return
        if not line.strip():
            continue
        answer = refusal(line) if whole else _too_long(line)
        if answer is None:
            yield line.decode(errors="replace")
        else:
            await refuse(answer)


def refusal(line: bytes) -> JSONRPCError | None:
    """The error that answers ``line``; None where the SDK takes it, or where it is an answer itself."""
    from mcp_types import PARSE_ERROR, JSONRPCNotification, JSONRPCRequest
    from pydantic import ValidationError

    text = line.decode(errors="replace")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return _error(f"Parse error: {error}", None, PARSE_ERROR)
    except (ValueError, RecursionError):
        return _error("It is nested too deeply, or holds a number with too many digits", _id_within(line))
    if not isinstance(value, dict):
        return _error("A message is one JSON object", None)
    if "method" not in value and not value.keys().isdisjoint({"result", "error"}):
        return None
    asks = "id" in value or "method" not in value
    try:
        (JSONRPCRequest if asks else JSONRPCNotification).model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        where = "".join(f"{name}: " for name in found["loc"])
        return _error(f"{where}{found['msg']}", _as_id(value.get("id")))
    return None


def _next_line(incoming: BinaryIO) -> tuple[bytes, bool]:
    """The next line, b'' at the end; of one that is too long its first and last bytes, and False."""
    line = incoming.readline(MOST_BYTES + 1)
    if len(line) <= MOST_BYTES:
        return line, True
    front, end = line[:_SEARCHED_IN_FRONT], line[-_SEARCHED_AT_END:]
    while not end.endswith(b"\n") and (part := incoming.readline(_READ_AT_ONCE)):
        end = (end + part)[-_SEARCHED_AT_END:]
    return front + end, False


def _too_long(kept: bytes) -> JSONRPCError:
    return _error(f"A message holds at most {MOST_BYTES >> 20} MB", _id_within(kept))


def _error(message: str, request: str | int | None, code: int | None = None) -> JSONRPCError:
    from mcp_types import INVALID_REQUEST, ErrorData, JSONRPCError

    return JSONRPCError(
        jsonrpc="2.0", id=request, error=ErrorData(code=code or INVALID_REQUEST, message=message)
    )


def _id_within(line: bytes) -> str | int | None:
    """The id of a message that can't be read whole, where it stands in front or at the very end."""
    if not line.lstrip().startswith(b"{"):
        return None
    found = _value_in_front(line[:_SEARCHED_IN_FRONT]) or _AT_END.search(line[-_SEARCHED_AT_END:])
    try:
        return _as_id(json.loads(found[1])) if found else None
    except ValueError:
        return None


def _value_in_front(line: bytes) -> re.Match[bytes] | None:
    """The value of the outermost object's ``id``."""
    depth = 0
    for token in _TOKEN.finditer(line):
        if token[0] in b"[{":
            depth += 1
        elif token[0] in b"]}":
            depth -= 1
        elif depth == 1 and token[0] == b'"id"' and (found := _VALUE.match(line, token.end())):
            return found
    return None


def _as_id(value: object) -> str | int | None:
    """``value`` where an answer can carry it as its id."""
    if isinstance(value, str):
        return value if value.encode(errors="replace").decode() == value else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
