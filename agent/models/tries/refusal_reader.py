"""Reads a service's refusal from an answer of any form. Pure functions that never raise.

The documented body is ``{"error": {"code", "message", "param", "type"}}``
(docs/model-service.md, "Errors"). Seen besides, from gateways and proxies: the same fields at the top or
capitalised, a text under ``error``, an error as JSON text inside another's message, a status where the code
belongs, ``detail`` (of FastAPI a list of ``{"type", "loc", "msg"}``), pages of HTML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from seedsmith.agent.models.tries.refusal import MESSAGE_LIMIT, PAGE, REDIRECTED, Refusal

MOST_NESTED = 4
"""Errors nested inside errors are followed to this depth."""
_WRAPPERS = ("error", "errors", "responsemetadata", "detail")
_MESSAGES = ("message", "msg", "detail", "error_description", "error_message")
_ERROR_FIELDS = frozenset({"error", "code", "message", "msg"})
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_ANSWER_FIELDS = frozenset({"choices", "output", "usage", "object"})


def parse_refusal(status: int, body: bytes, location: str = "") -> Refusal:
    """Read the body of an error of whatever shape; ``location`` is where a redirection leads."""
    if location and 300 <= status < 400:
        return Refusal(status, REDIRECTED, location)
    text = body.decode("utf-8-sig", "replace").strip()
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return Refusal(status, "", _words(text), kind=PAGE if status == 404 else "")
    return refusal_from(status, document)


def refusal_from(status: int | None, error: object) -> Refusal:
    """Read an error object, or a body or an event that holds one; ``status`` is None inside a stream."""
    return _read(status, error, 0)


def error_in(event: Mapping[str, Any]) -> Refusal | None:
    """The refusal that came in place of an answer under a good status; None: ``event`` is none.

    An answer may carry an empty ``error`` (the Responses document's own sample).
    """
    error = event.get("error")
    if isinstance(error, dict):
        error = {name: value for name, value in error.items() if value not in (None, "", 0, {}, [])}
    if error:
        return refusal_from(None, {**event, "error": error})
    if _ANSWER_FIELDS & event.keys():
        return None
    named = event.get("type") == "error" or "ResponseMetadata" in event
    if named or (event.get("code") and any(event.get(name) for name in _MESSAGES)):
        return refusal_from(None, event)
    return None


def _read(status: int | None, error: object, depth: int) -> Refusal:
    if isinstance(error, list) and (len(error) == 1 or _is_located(error)):
        error = error[0]
    if isinstance(error, str):
        nested = _document(error)
        if nested is None:
            return Refusal(status, error if re.fullmatch(r"[A-Za-z][\w.]*", error) else "", _short(error))
        error = nested
    if not isinstance(error, dict) or depth >= MOST_NESTED:
        return Refusal(status, "", "" if error in (None, [], {}) else _short(_text(error)))
    fields = {str(name).lower(): value for name, value in error.items()}
    outer = _own(status, fields)
    for name in _WRAPPERS:
        if isinstance(fields.get(name), dict | list | str) and fields[name]:
            return _joined(_read(status, fields[name], depth + 1), outer)
    nested = _document(outer.message)
    return _joined(_read(status, nested, depth + 1), outer) if nested is not None else outer


def _own(status: int | None, fields: Mapping[str, Any]) -> Refusal:
    """What an error object says itself."""
    code = fields.get("code")
    if isinstance(code, bool) or not isinstance(code, str | int):
        code = ""
    message = next((fields[name] for name in _MESSAGES if fields.get(name)), "")
    kind, param = fields.get("type"), fields.get("param")
    place = _place(fields.get("loc"))
    return Refusal(
        status=status,
        code="" if code in (0, status) else str(code),
        message=_short(f"{place}: {_text(message)}" if place else _text(message)),
        param=param if isinstance(param, str) else place,
        kind=kind if isinstance(kind, str) and kind != "error" else "",
    )


def _is_located(errors: list[Any]) -> bool:
    """Whether these are the errors of a validated body, as FastAPI lists them; the first will do."""
    return bool(errors) and isinstance(errors[0], dict) and isinstance(errors[0].get("loc"), list)


def _place(found: object) -> str:
    """FastAPI's ``loc`` as a path below the body, e.g. ``stream_options.include_usage``; '' for none."""
    if not isinstance(found, list) or not all(isinstance(step, str | int) for step in found):
        return ""
    return ".".join(str(step) for step in found[found[:1] == ["body"] :])


def _joined(inner: Refusal, outer: Refusal) -> Refusal:
    """What the inner error says, and what only the outer one does."""
    return Refusal(
        inner.status,
        inner.code or outer.code,
        inner.message if inner.message and inner.message != inner.code else outer.message or inner.message,
        inner.param or outer.param,
        inner.kind or outer.kind,
    )


def _document(text: str) -> dict[str, Any] | None:
    """The JSON object that ``text`` holds, or ends with after some words."""
    start = text.find("{")
    if start < 0:
        return None
    try:
        found = json.loads(text[start:])
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not _ERROR_FIELDS & {name.lower() for name in found}:
        return None
    return found


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return ""


def _short(text: str) -> str:
    """As much as a message repeats; JSON stays whole a while longer, to be looked into."""
    return text[: 10 * MESSAGE_LIMIT]


def _words(text: str) -> str:
    """What a body that is no JSON says: a page's title, or the text itself."""
    if text.startswith("<"):
        title = _TITLE.search(text)
        from html import unescape  # only here: it brings all the names of characters

        said = unescape(title[1]).strip() if title else ""
        return f"a web page titled {said!r}" if said else "a web page"
    readable = "\ufffd" not in text and all(char.isprintable() or char.isspace() for char in text)
    return _short(text) if readable else "an answer that is not JSON"
