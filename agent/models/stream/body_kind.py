"""Finds out whether a body is JSON or an event stream, because gateways label one as the other."""

from __future__ import annotations

from seedsmith.agent.models.network.transport import Reply, WrappedReply

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_EVENT_STARTS = b":deir"
"""A comment, or one of the fields ``data``, ``event``, ``id`` and ``retry`` (WHATWG HTML §9.2)."""


class SniffedReply(WrappedReply):
    """A reply whose first bytes are looked at before they are read."""

    def __init__(self, inner: Reply) -> None:
        super().__init__(inner)
        self._held: list[bytes | None] = []

    async def is_json(self) -> bool | None:
        """Whether the body is a JSON document, else an event stream; None where it begins like neither.

        Waits for the first byte that is no blank. Raises what :meth:`chunk` raises.
        """
        head = b""
        while not head or _BYTE_ORDER_MARK.startswith(head):
            chunk = await self._inner.chunk()
            self._held.append(chunk)
            if chunk is None:
                return None
            head = (head + chunk).lstrip().removeprefix(_BYTE_ORDER_MARK).lstrip()
        if head[:1] in b"{[":
            return True
        return False if head[:1] in _EVENT_STARTS else None

    async def chunk(self) -> bytes | None:
        """The next piece, those looked at included."""
        return self._held.pop(0) if self._held else await self._inner.chunk()
