"""Makes the model's final message follow a JSON Schema: the prompt states it, and the message is checked.

The schema is not sent as ``response_format`` during the work, because a service that gets one together with
tools may call none of them. It is sent only when a wrong message is asked for again, and only if the catalog
says that the service accepts it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.events import NoticeGiven, Sink
from seedsmith.agent.loop.output_check_process import read_apart
from seedsmith.agent.loop.output_schema import OutputSchema, checked_schema, load

MOST_REPAIRS = 3


class OutputCheck:
    """Checks the final messages of one run, and asks again a few times if one is wrong."""

    def __init__(self, schema: OutputSchema) -> None:
        self.schema = schema
        self._repairs = 0
        self._repairing = False
        self._read: tuple[str, Any, list[str]] | None = None

    @property
    def instruction(self) -> str:
        """The text about the schema in the first prompt."""
        return prompt("output-schema.md", schema=self.schema.text)

    async def check(self, text: str, sink: Sink) -> str | None:
        """What to tell the model about its final message; None if it is valid or enough was tried."""
        self._repairing = False
        _, errors = await self._verdict(text)
        if not errors or self._repairs >= MOST_REPAIRS:
            return None
        self._repairs += 1
        self._repairing = True
        said = f"The final message does not follow the schema ({errors[0]}): asked for again."
        sink.emit(NoticeGiven("output_schema", said))
        listed = "\n".join(f"- {error}" for error in errors)
        return prompt("output-repair.md", errors=listed, schema=self.schema.text)

    def last_words(self, takes_schema: Callable[[], bool]) -> dict[str, Any] | None:
        """The ``response_format`` of the next question, if that asks again and the service accepts one."""
        repairing, self._repairing = self._repairing, False
        return self.schema.response_format if repairing and takes_schema() else None

    async def result(self, text: str) -> tuple[Any, str]:
        """The value of the final message, and what is wrong with it, '' if nothing is."""
        value, errors = await self._verdict(text)
        if not errors:
            return value, ""
        listed = "\n".join(f"- {error}" for error in errors)
        return None, f"The final message does not follow {self.schema.source}:\n{listed}"

    async def _verdict(self, text: str) -> tuple[Any, list[str]]:
        """:meth:`OutputSchema.read`, in a process of its own if it may never end; the last result is kept."""
        if self._read is None or self._read[0] != text:
            if self.schema.searches:
                self._read = (text, *await read_apart(self.schema, text))
            else:
                self._read = (text, *self.schema.read(text))
        return self._read[1:]


def open_output(
    given: Path | dict[str, Any] | None, recorded: OutputSchema | None = None
) -> OutputCheck | None:
    """The check for the schema ``recorded``, else for the one ``given``, itself or by its file, if any."""
    if recorded is None and given is not None:
        recorded = load(given) if isinstance(given, Path) else checked_schema(given)
    return OutputCheck(recorded) if recorded is not None else None
