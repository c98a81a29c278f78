"""Runs the calls of an answer, then appends what follows from them: instructions and images."""

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


class TurnCalls:
    """Dispatches calls, then appends instructions of the folders they touched and images they returned."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        session: Session,
        sink: Sink,
        redactor: Redactor,
        instructions: NestedInstructions | None = None,
    ) -> None:
        """Without ``instructions`` no nested ``AGENTS.md`` is appended."""
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
        """A collection for the early calls of the next answer."""
        return EarlyCalls(self._dispatcher.runner, parallel=parallel)

    def _append_instructions(self, files: Iterable[Found]) -> None:
        """Append new instructions, with notices about them and about those that were refused."""
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
        """Append the images of the results as one message, since neither wire accepts images in a result."""
        images = tuple(image for result in results for image in result.images)
        if images:
            names = ", ".join(shown(image.name) for image in images)
            self._session.append(UserMessage(f"Shown by the calls above: {names}", "images", images=images))
