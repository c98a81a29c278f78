"""The calls of an answer, and what the model reads after their results because of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from seedsmith.agent.calls.dispatch import Dispatched, Dispatcher
from seedsmith.agent.context.instructions import Found, NestedInstructions
from seedsmith.agent.conversation import ToolCall, UserMessage
from seedsmith.agent.events import NoticeGiven, Sink
from seedsmith.agent.loop.early_calls import EarlyCalls
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.session import Session
from seedsmith.sandbox.workspace.paths import shown
from seedsmith.tools.base import ToolResult


class FollowedCalls:
    """Dispatches the calls of answers; instructions of the folders they touched and pictures follow them."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        session: Session,
        sink: Sink,
        redactor: Redactor,
        instructions: NestedInstructions | None = None,
    ) -> None:
        """Without ``instructions`` no ``AGENTS.md`` follows."""
        self._dispatcher = dispatcher
        self._session = session
        self._sink = sink
        self._redactor = redactor
        self._instructions = instructions

    async def dispatch(self, calls: Sequence[ToolCall], early: EarlyCalls | None = None) -> Dispatched:
        """Run the open ``calls`` of the last answer (:meth:`Dispatcher.dispatch`), and append what follows.

        Instructions come first, then pictures.
        """
        dispatched = await self._dispatcher.dispatch(calls, early)
        if self._instructions is not None:
            self._append_instructions(await self._instructions.touched(dispatched.touched))
        self._append_images(dispatched.results)
        return dispatched

    def early(self, *, parallel: bool = True) -> EarlyCalls:
        """The early calls of the next answer."""
        return EarlyCalls(self._dispatcher.runner, parallel=parallel)

    def _append_instructions(self, files: Iterable[Found]) -> None:
        """Append instructions that hold from here on; people are told of them, and of what was refused."""
        for file in files:
            if file.message is None:
                self._sink.emit(NoticeGiven("instructions_refused", file.refusal))
                continue
            self._session.append(replace(file.message, text=self._redactor.text(file.message.text)))
            sentence = f"{shown(file.message.source)} is told to the model from here on."
            self._sink.emit(NoticeGiven("instructions", sentence))
            if file.cut:
                self._sink.emit(NoticeGiven("instructions_cut", file.cut))

    def _append_images(self, results: Iterable[ToolResult]) -> None:
        """Append what results show as one message: neither wire takes pictures in a result."""
        images = tuple(image for result in results for image in result.images)
        if images:
            names = ", ".join(shown(image.name) for image in images)
            self._session.append(UserMessage(f"Shown by the calls above: {names}", "images", images=images))
