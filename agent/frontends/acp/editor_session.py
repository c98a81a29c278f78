"""One session of an editor: each prompt is a run that goes on with it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acp.exceptions import RequestError
from acp.schema import (
    AvailableCommandsUpdate,
    CurrentModeUpdate,
    PromptResponse,
    SessionInfoUpdate,
    StopReason,
    Usage,
)

from seedsmith.agent.context.prompts import prompt as wording
from seedsmith.agent.frontends.acp.commands import COMMANDS, INIT, offered
from seedsmith.agent.frontends.acp.editor import Editor
from seedsmith.agent.frontends.acp.event_updates import EditorFrontEnd
from seedsmith.agent.frontends.acp.prompt_content import PromptContent, read_prompt
from seedsmith.agent.frontends.acp.questions import EditorApprover, EditorRespondent
from seedsmith.agent.frontends.acp.updates import message
from seedsmith.agent.frontends.conversation.status_line import StatusLine
from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.frontends.terminal import one_line
from seedsmith.agent.models.base import Usage as Taken
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.open import default_model
from seedsmith.agent.sessions.session_lookup import RECORDS
from seedsmith.agent.settings.config import checked
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.settings.state_folder import state_folder

if TYPE_CHECKING:
    from seedsmith.agent.sessions.outcome import Outcome
    from seedsmith.agent.settings.permissions.grants import Grant

MODES = {
    "ask": ("Ask", "You are asked before calls that need your word."),
    "auto": ("Auto", "Calls that need your word are refused without asking."),
    "plan": ("Plan", "Nothing is changed; the model reads and answers with a plan."),
}
_TITLE_CHARACTERS = 80
_FAILED = -32603
_UNDER_WAY = "A prompt of this session is under way: cancel it, or wait until it has ended."
_STOP: dict[str, StopReason] = {"budget": "max_turn_requests"}
"""How a run's status is told where it is not just the turn's end."""
_ERRORS = frozenset({"provider_error", "no_sandbox"})
"""Statuses that answer a prompt with an error."""


class EditorSession:
    """A session as an editor has it, from the first prompt on a recorded one of the same id."""

    def __init__(
        self, session_id: str, settings: Settings, environment: Mapping[str, str], editor: Editor
    ) -> None:
        self.id = session_id
        self.settings = settings
        self.environment = environment
        self.status = StatusLine(_window(settings, environment))
        self._editor = editor
        self._turn: asyncio.Task[PromptResponse] | None = None
        self._outcome: Outcome | None = None
        self._granted: list[Grant] = []

    @property
    def mode(self) -> str:
        """How calls are approved: one of :data:`MODES`."""
        return self.settings.approve or "ask"

    @property
    def diff(self) -> str:
        """What has changed since it began, as of its last run here."""
        return self._outcome.diff if self._outcome is not None else ""

    def set(self, **changed: Any) -> None:
        """Change settings from the next prompt on. Raises :class:`AgentError` for a wrong value."""
        new = checked(changed)
        values = {name: getattr(new, name) for name in changed}
        given = self.settings.given | changed.keys()
        self.settings = self.settings.model_copy(update=values).typed(given)
        if "verify" in changed:
            self.settings = self.settings.in_own_words(self.settings.verify or "")
        if "model" in changed:
            self.status.context_tokens = _window(self.settings, self.environment)
        if "approve" in changed:
            update = CurrentModeUpdate(session_update="current_mode_update", current_mode_id=self.mode)
            self._editor.updates.put(self.id, update)

    def offer_commands(self) -> None:
        """Tell the editor of the commands once the answer that is being made has been sent."""

        async def offer() -> None:
            commands = offered((await asyncio.to_thread(self._skills)).items())
            update = AvailableCommandsUpdate(
                session_update="available_commands_update", available_commands=commands
            )
            self._editor.updates.put(self.id, update)

        self._offering = asyncio.create_task(offer())

    async def prompt(self, blocks: Sequence[Any]) -> PromptResponse:
        """Carry out one prompt and say how it ended.

        Raises :class:`RequestError` where a turn is under way or the model's service failed, and what keeps
        a run from beginning.
        """
        if self._turn is not None:
            raise RequestError(-32600, as_told(_UNDER_WAY))
        self._turn = asyncio.create_task(self._work(blocks))
        try:
            return await self._turn
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # the connection ends, not the turn alone
                raise
            return PromptResponse(stop_reason="cancelled")
        finally:
            self._turn = None
            await self._editor.updates.flushed()

    def cancel(self) -> None:
        """Stop the turn that is under way, if one is; once is enough."""
        if self._turn is not None and not self._turn.cancelling():
            self._turn.cancel()

    async def close(self) -> None:
        """Stop, and return once nothing of it goes on."""
        self.cancel()
        if self._turn is not None:
            await asyncio.wait({self._turn})

    async def _work(self, blocks: Sequence[Any]) -> PromptResponse:
        with tempfile.TemporaryDirectory(prefix="seedsmith-") as folder:
            content = await asyncio.to_thread(read_prompt, blocks, Path(folder))
            name, words = _command(content.typed)
            if name in COMMANDS:
                reply = await COMMANDS[name].action(self, words)
                self._editor.updates.put(self.id, message(reply))
                return PromptResponse(stop_reason="end_turn")
            if name == INIT:
                content = PromptContent(f"{wording('init.md')}\n{words}".strip(), content.quoted)
            known = ":" in name or name in await asyncio.to_thread(self._skills)
            skill = name if known else None
            if skill is not None:
                content = PromptContent(words, content.quoted, content.pictures)
            return await self._run(content, skill)

    async def _run(self, content: PromptContent, skill: str | None) -> PromptResponse:
        """One turn: a run that begins the session or goes on with it."""
        from seedsmith.agent.run.run import run

        begun = self._begun
        changed: dict[str, Any] = {"image": list(content.pictures) or None}
        changed["resume"] = self.id if begun else None
        if skill is not None:
            changed["skill"] = skill
        request = RunRequest(
            settings=self.settings.model_copy(update=changed),
            prompt=content.text,
            environment=self.environment,
            typed=True,
            behind_name=skill is not None,
            piped=content.quoted,
            session="" if begun else self.id,
            buffers=self._editor.buffers(self.id),
        )
        if not begun:
            self._entitle(content.typed or skill or "")
        front_end = EditorFrontEnd(self.id, self.settings.workspace, self.status, self._editor.updates)
        approver = self._approver(front_end) if self.mode == "ask" else None
        outcome = self._outcome = await run(request, (front_end, *self._editor.watchers), approver)
        if outcome.status in _ERRORS:
            await self._editor.updates.flushed()
            raise RequestError(_FAILED, as_told(outcome.message))
        return PromptResponse(stop_reason=_STOP.get(outcome.status, "end_turn"), usage=_usage(outcome.usage))

    @property
    def _begun(self) -> bool:
        home = state_folder(self.settings.home, self.environment)
        return (home / "sessions" / self.id / RECORDS).exists()

    def _approver(self, front_end: EditorFrontEnd) -> EditorApprover:
        editor = self._editor
        kind = EditorRespondent if editor.shows_forms else EditorApprover
        return kind(editor.client, self.id, front_end.call, editor.updates.flushed, self._granted)

    def _entitle(self, words: str) -> None:
        update = SessionInfoUpdate(
            session_update="session_info_update",
            title=one_line(words, _TITLE_CHARACTERS),
            updated_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self._editor.updates.put(self.id, update)

    def _skills(self) -> dict[str, str]:
        """The skills that can be used here, with what each is for."""
        from seedsmith.agent.run.server_prompts import what_skills_do

        return what_skills_do(self.settings, self.environment)


def _command(typed: str) -> tuple[str, str]:
    """The name behind a leading ``/`` and the words behind it; ('', '') for what is no command."""
    head, _, words = typed.strip().partition(" ")
    name, line_end, more = head.partition("\n")
    if not name.startswith("/") or "/" in name[1:]:
        return "", ""
    return name[1:], (f"{more} {words}" if line_end else words).strip()


def _window(settings: Settings, environment: Mapping[str, str]) -> int:
    """How many tokens the model takes; 0 where that is not known."""
    known = catalog.load(environment)
    name = settings.model or default_model(known, environment)
    return known.resolve(name)[1].context_tokens if name else 0


def _usage(taken: Taken) -> Usage:
    return Usage(
        total_tokens=taken.total_tokens,
        input_tokens=taken.input_tokens,
        output_tokens=taken.output_tokens,
        thought_tokens=taken.reasoning_tokens,
        cached_read_tokens=taken.cached_tokens,
    )
