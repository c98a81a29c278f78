"""The agent as an editor sees it: what each of the protocol's requests does (docs/editors.md).

The library finds the methods by their names, calls them by keyword and gives what is in ``_meta`` besides.
It answers that a method is missing, but not where its ``Agent`` is inherited: that one's methods give null.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from acp.exceptions import RequestError
from acp.interfaces import Client
from acp.meta import AGENT_METHODS, PROTOCOL_VERSION
from acp.schema import (
    AgentCapabilities,
    AuthenticateResponse,
    ClientCapabilities,
    CloseSessionResponse,
    DeleteSessionRequest,
    ForkSessionResponse,
    Implementation,
    InitializeResponse,
    ListSessionsResponse,
    LoadSessionResponse,
    NewSessionResponse,
    PromptCapabilities,
    PromptResponse,
    ResumeSessionResponse,
    SessionCapabilities,
    SessionCloseCapabilities,
    SessionDeleteCapabilities,
    SessionForkCapabilities,
    SessionListCapabilities,
    SessionResumeCapabilities,
    SetSessionConfigOptionResponse,
    SetSessionModeResponse,
)

from seedsmith.agent.errors import AgentError, UsageError
from seedsmith.agent.events import FrontEnd
from seedsmith.agent.frontends.acp import authentication
from seedsmith.agent.frontends.acp.editor import Editor
from seedsmith.agent.frontends.acp.editor_session import MODES, EditorSession
from seedsmith.agent.frontends.acp.history_updates import past_updates
from seedsmith.agent.frontends.acp.recorded_sessions import find_recorded, listed
from seedsmith.agent.frontends.acp.session_options import config_options, mode_state, set_choice
from seedsmith.agent.frontends.acp.updates import Updates, thought
from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.errors import MissingKey, ModelError, NoModelConfigured
from seedsmith.agent.models.open import default_model
from seedsmith.agent.sessions.prune import remove_session
from seedsmith.agent.sessions.run_place import open_place
from seedsmith.agent.sessions.session import new_session_id
from seedsmith.agent.settings.config import load
from seedsmith.agent.settings.kept_keys import with_kept_keys
from seedsmith.agent.settings.state_folder import state_folder
from seedsmith.agent.version import VERSION
from seedsmith.sandbox.errors import SandboxError
from seedsmith.skills.errors import SkillError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_FAILED, _NOT_FOUND, _AUTH_REQUIRED = -32603, -32002, -32000
_LAST_ANSWERS_SECONDS = 10.0
_NO_SERVERS = (
    "The editor's MCP servers are not used: they would run outside the sandbox. Servers are named in "
    "Seedsmith's own configuration."
)


def with_protocol_errors(
    method: Callable[Parameters, Awaitable[Result]],
) -> Callable[Parameters, Awaitable[Result]]:
    """Answer what goes wrong in ``method`` with its sentence, by the protocol's codes."""

    @functools.wraps(method)
    async def answering(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        agent = args[0]
        assert isinstance(agent, EditorAgent)
        agent.answering()
        try:
            return await method(*args, **kwargs)
        except (NoModelConfigured, MissingKey) as error:
            raise RequestError(_AUTH_REQUIRED, as_told(str(error))) from None
        except UsageError as error:
            raise RequestError(-32602, as_told(str(error))) from None
        except (AgentError, ModelError, SandboxError, SkillError) as error:
            raise RequestError(_FAILED, as_told(str(error))) from None

    return answering


class EditorAgent:
    """Answers the requests of one connection."""

    def __init__(
        self,
        flags: Mapping[str, Any],
        environment: Mapping[str, str],
        watchers: tuple[FrontEnd, ...] = (),
    ) -> None:
        """``flags`` are settings by name that the command line gave for every session.

        ``watchers`` see the events of all of them.
        """
        self._watchers = watchers
        self._flags = dict(flags)
        self._environment = dict(environment)
        self._sessions: dict[str, EditorSession] = {}
        self._editor: Editor
        self._answering: set[asyncio.Task[Any]] = set()

    def answering(self) -> None:
        """Remember the task that answers a request."""
        task = asyncio.current_task()
        if task is not None:
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def end(self) -> None:
        """Stop every turn; return once all that was asked is answered, or nobody takes the answers."""
        await asyncio.sleep(0)  # what was asked last has not begun yet
        for session in self._sessions.values():
            session.cancel()
        if self._answering:
            await asyncio.wait(self._answering, timeout=_LAST_ANSWERS_SECONDS)

    def on_connect(self, conn: Client) -> None:
        """Keep the other end."""
        self._editor = Editor(conn, Updates(conn), watchers=self._watchers)

    @with_protocol_errors
    async def initialize(
        self,
        protocol_version: int,
        client_capabilities: ClientCapabilities | None = None,
        client_info: Implementation | None = None,
        **_: Any,
    ) -> InitializeResponse:
        """Say what there is here; the version is always the one that is spoken."""
        self._editor.can = client_capabilities or ClientCapabilities()
        return InitializeResponse(
            protocol_version=PROTOCOL_VERSION,
            agent_info=Implementation(name="seedsmith", title="Seedsmith", version=VERSION),
            agent_capabilities=AgentCapabilities(
                load_session=True,
                prompt_capabilities=PromptCapabilities(
                    image=self._sees(), audio=False, embedded_context=True
                ),
                session_capabilities=SessionCapabilities(
                    list=SessionListCapabilities(),
                    resume=SessionResumeCapabilities(),
                    close=SessionCloseCapabilities(),
                    fork=SessionForkCapabilities(),
                    delete=SessionDeleteCapabilities(),
                ),
            ),
            auth_methods=authentication.methods(self._environment, in_terminal=self._editor.logs_in),
        )

    @with_protocol_errors
    async def authenticate(self, method_id: str, **_: Any) -> AuthenticateResponse:
        """Look for a key again; where there is none, say how one is given."""
        self._environment = with_kept_keys(self._environment)
        authentication.check(method_id, self._flags, self._environment)
        return AuthenticateResponse()

    @with_protocol_errors
    async def new_session(
        self,
        cwd: str,
        additional_directories: list[str] | None = None,
        mcp_servers: list[Any] | None = None,
        **_: Any,
    ) -> NewSessionResponse:
        """Begin a session in the folder ``cwd``; it is recorded from its first prompt on."""
        session = self._open(new_session_id(), cwd, additional_directories)
        self._without_servers(session, mcp_servers)
        return NewSessionResponse(
            session_id=session.id, modes=mode_state(session), config_options=config_options(session)
        )

    @with_protocol_errors
    async def load_session(
        self,
        cwd: str,
        session_id: str,
        additional_directories: list[str] | None = None,
        mcp_servers: list[Any] | None = None,
        **_: Any,
    ) -> LoadSessionResponse:
        """Go on with a recorded session, and tell all that happened in it."""
        session = await self._reopened(session_id, cwd, additional_directories)
        recorded = find_recorded(session)
        for update in past_updates(recorded.history(), session.settings.workspace):
            self._editor.updates.put(session.id, update)
        await self._editor.updates.flushed()
        self._without_servers(session, mcp_servers)
        return LoadSessionResponse(modes=mode_state(session), config_options=config_options(session))

    @with_protocol_errors
    async def resume_session(
        self,
        session_id: str,
        cwd: str,
        additional_directories: list[str] | None = None,
        mcp_servers: list[Any] | None = None,
        **_: Any,
    ) -> ResumeSessionResponse:
        """Go on with a recorded session, without telling what happened in it."""
        session = await self._reopened(session_id, cwd, additional_directories)
        self._without_servers(session, mcp_servers)
        return ResumeSessionResponse(modes=mode_state(session), config_options=config_options(session))

    @with_protocol_errors
    async def fork_session(
        self,
        session_id: str,
        cwd: str,
        additional_directories: list[str] | None = None,
        mcp_servers: list[Any] | None = None,
        **_: Any,
    ) -> ForkSessionResponse:
        """Go on with a copy of a recorded session, which stays as it is."""
        original = self._made(session_id, cwd, additional_directories)
        session = self._open(find_recorded(original).fork().id, cwd, additional_directories)
        self._without_servers(session, mcp_servers)
        return ForkSessionResponse(
            session_id=session.id, modes=mode_state(session), config_options=config_options(session)
        )

    @with_protocol_errors
    async def list_sessions(
        self, cwd: str | None = None, cursor: str | None = None, **_: Any
    ) -> ListSessionsResponse:
        """The recorded sessions of the folder ``cwd``, or of all, the newest first."""
        if cwd is not None:
            _check_folder(cwd)
        home = load(self._flags, self._environment).settings.home
        return await listed(home, self._environment, cwd, cursor)

    @with_protocol_errors
    async def close_session(self, session_id: str, **_: Any) -> CloseSessionResponse:
        """Stop what goes on in a session and forget it; its records stay."""
        session = self._session(session_id)
        del self._sessions[session_id]
        await session.close()
        return CloseSessionResponse()

    @with_protocol_errors
    async def ext_method(self, name: str, params: dict[str, Any]) -> dict[str, Any]:
        """``session/delete``: stop what goes on in a session and remove its records; no other is known.

        One that there is not is as good as removed.
        """
        if name != AGENT_METHODS["session_delete"]:
            raise RequestError.method_not_found(f"_{name}")
        asked = DeleteSessionRequest.model_validate(params).session_id
        session = self._sessions.pop(asked, None)
        if session is not None:
            await session.close()
        home = load(self._flags, self._environment).settings.home
        await asyncio.to_thread(remove_session, state_folder(home, self._environment), asked)
        return {}

    @with_protocol_errors
    async def set_session_mode(self, session_id: str, mode_id: str, **_: Any) -> SetSessionModeResponse:
        """How calls are approved from the next prompt on."""
        if mode_id not in MODES:
            raise UsageError(f"There is no mode {mode_id!r:.80}: the modes are {', '.join(MODES)}.")
        self._session(session_id).set(approve=mode_id)
        return SetSessionModeResponse()

    @with_protocol_errors
    async def set_config_option(
        self, config_id: str, session_id: str, value: str | bool, **_: Any
    ) -> SetSessionConfigOptionResponse:
        """The model, or how hard it thinks, from the next prompt on."""
        session = self._session(session_id)
        set_choice(session, config_id, value)
        return SetSessionConfigOptionResponse(config_options=config_options(session))

    @with_protocol_errors
    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> PromptResponse:
        """Carry out a prompt; what happens is told meanwhile."""
        return await self._session(session_id).prompt(prompt)

    async def cancel(self, session_id: str, **_: Any) -> None:
        """Stop the turn that is under way, if one is."""
        if session_id in self._sessions:
            self._sessions[session_id].cancel()

    def _sees(self) -> bool:
        """Whether the model takes pictures; where none is named yet, it may."""
        known = catalog.load(self._environment)
        name = load(self._flags, self._environment).settings.model or default_model(known, self._environment)
        return known.resolve(name)[1].vision if name else True

    def _session(self, session_id: str) -> EditorSession:
        if session_id not in self._sessions:
            raise RequestError(
                _NOT_FOUND,
                as_told(f"There is no session {session_id!r:.80} here: begin, load or resume one."),
            )
        return self._sessions[session_id]

    def _made(self, session_id: str, cwd: str, more: list[str] | None) -> EditorSession:
        """A session in the folder ``cwd``, its settings from flags, environment and files."""
        _check_folder(cwd)
        if more:
            raise UsageError("A session has one folder here: leave out additionalDirectories.")
        settings = load(self._flags | {"workspace": cwd}, self._environment).settings
        open_place(settings, self._environment).workspace.close()
        session = EditorSession(session_id, settings, self._environment, self._editor)
        if not settings.model and not default_model(catalog.load(self._environment), self._environment):
            authentication.check("", self._flags, self._environment)
        return session

    def _open(self, session_id: str, cwd: str, more: list[str] | None) -> EditorSession:
        session = self._sessions[session_id] = self._made(session_id, cwd, more)
        session.offer_commands()
        return session

    async def _reopened(self, session_id: str, cwd: str, more: list[str] | None) -> EditorSession:
        """The recorded session ``session_id``; what went on in it here is stopped first."""
        recorded = find_recorded(self._made(session_id, cwd, more))
        if session_id in self._sessions:
            await self._sessions[session_id].close()
        session = self._open(session_id, cwd, more)
        session.status.cost = recorded.summary.cost_cny
        return session

    def _without_servers(self, session: EditorSession, servers: list[Any] | None) -> None:
        if servers:
            self._editor.updates.put(session.id, thought(f"({as_told(_NO_SERVERS)})\n"))


def _check_folder(name: str) -> None:
    """Raise :class:`UsageError` for what is no folder's whole path."""
    if not Path(name).is_absolute() or "\0" in name:
        raise UsageError(f"A session's folder is named by its whole path, not {name!r:.200}.")
