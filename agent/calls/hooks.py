"""Runs hooks: commands of the user's configuration or a trusted skill that observe events and may veto them.

A hook is a command in the sandbox. Its standard input holds the event as one JSON object. It may print JSON
objects ``{"decision": "allow"|"deny", "reason": …, "message": …}``, of which the last counts; exit code 2
denies with the output as the reason. If a hook fails in another way before an event, the event is denied,
because the hook may be a guard; if it fails after one, there is only a notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from seedsmith.agent.events import NoticeGiven, Sink
from seedsmith.agent.redact import Redactor
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.skills.errors import SkillError
from seedsmith.skills.hook_specs import HookEvent, HookSpec, HookSpecs
from seedsmith.skills.skill import Skill

DENIED = 2
"""The exit code by which a hook denies."""
MOST_DENIALS = 3
"""How many times in a row ``before_finish`` may deny; after that the run ends anyway."""
_OBJECT = re.compile(r"^[ \t\ufeff]*(?={)", re.MULTILINE)
_RULING = re.compile(r'"(?:\w*[dD]ecision)"|\bden(?:y|ied)\b')
_MOST_WORDS = 2000
_MOST_EVENT_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class Hook:
    """A declared hook, its places filled in."""

    event: HookEvent
    argv: tuple[str, ...]
    tools: frozenset[str] | None
    timeout: int
    whose: str
    """For messages: ``the configuration`` or a skill's name."""
    skill: Skill | None = None
    """The skill it belongs to, whose files it may run."""
    claude_form: bool = False
    """Whether it speaks as hooks of Claude Code do."""


@dataclass(frozen=True, slots=True)
class HookRuling:
    """The combined answer of all hooks of one event."""

    denied: str = ""
    """Why it must not happen; '' where it may."""
    messages: tuple[str, ...] = field(default_factory=tuple)
    """Further messages for the model."""


def gather(configured: HookSpecs | None, skills: Iterable[Skill]) -> tuple[Hook, ...]:
    """The hooks of the configuration, then those of ``skills``."""
    found = (
        [_hook(event, spec, "the configuration", "") for event, spec in _each(configured)]
        if configured
        else []
    )
    for skill in skills:
        found += [
            _hook(event, spec, f"the skill {skill.name}", str(skill.real_folder), skill)
            for event, spec in _each(skill.hooks)
        ]
    return tuple(found)


def programs(hooks: Iterable[Hook]) -> Iterator[Path]:
    """The files hooks name by absolute path, which the sandbox must show."""
    for hook in hooks:
        for argument in hook.argv:
            path = Path(argument)
            if path.is_absolute() and path.is_file():
                yield path


class Hooks:
    """Asks the hooks of one session."""

    def __init__(
        self,
        hooks: tuple[Hook, ...],
        processes: ProcessRunner,
        sink: Sink,
        session: str,
        redactor: Redactor,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._hooks = hooks
        self._processes = processes
        self._sink = sink
        self._session = session
        self._redactor = redactor
        self._environment = environment
        self._denials = 0

    async def session_start(self) -> tuple[str, ...]:
        """What the model is to be told before its first turn."""
        return (await self._ask("session_start", {})).messages

    async def before_tool(self, name: str, arguments: Any) -> HookRuling:
        """Whether the call may run, and what to add to its result."""
        return await self._ask("before_tool", {"tool": name, "arguments": arguments}, name)

    async def after_tool(self, name: str, arguments: Any, ok: bool, text: str) -> tuple[str, ...]:
        """What to add to the result."""
        about = {"tool": name, "arguments": arguments, "ok": ok, "result": text[:_MOST_EVENT_CHARACTERS]}
        ruling = await self._ask("after_tool", about, name)
        return (ruling.denied, *ruling.messages) if ruling.denied else ruling.messages

    async def before_finish(self, text: str) -> str | None:
        """None where the run may end with ``text``; else what the model is told."""
        ruling = await self._ask("before_finish", {"message": text})
        if not ruling.denied:
            self._denials = 0
            return None
        self._denials += 1
        if self._denials > MOST_DENIALS:
            self._notice(
                "hook_overruled", f"A hook denied the end {MOST_DENIALS} times: ending all the same."
            )
            return None
        return "\n".join((ruling.denied, *ruling.messages))

    async def _ask(self, event: HookEvent, about: dict[str, Any], tool: str = "") -> HookRuling:
        messages: list[str] = []
        for hook in self._hooks:
            if hook.event != event or (hook.tools is not None and tool not in hook.tools):
                continue
            for message in self._messages_for(hook, {"event": event, "session": self._session, **about}):
                ruling = await self._run(hook, message)
                messages += ruling.messages
                if ruling.denied:
                    self._notice("hook_denied", f"A hook of {hook.whose} denied it: {ruling.denied}")
                    return HookRuling(ruling.denied, tuple(messages))
        return HookRuling("", tuple(messages))

    def _messages_for(self, hook: Hook, event: dict[str, Any]) -> Iterable[dict[str, Any]]:
        """What ``hook`` is told of ``event``, in its form."""
        if not hook.claude_form:
            return (event,)
        from seedsmith.agent.calls.claude_hooks import to_claude_events

        workspace = str(self._processes.policy.workspace)
        return to_claude_events(event, workspace, denied_before=self._denials > 0)

    async def _run(self, hook: Hook, event: dict[str, Any]) -> HookRuling:
        if hook.skill is not None:
            from seedsmith.skills.skill_folder import check_unchanged

            try:
                check_unchanged(hook.skill)
            except SkillError as error:
                return self._failed(hook, f"did not run: {str(error).rstrip('.')}")
        stdin = json.dumps(self._redactor.data(event), ensure_ascii=False).encode("utf-8", "replace")
        try:
            result = await self._processes.run(
                hook.argv,
                timeout=hook.timeout,
                stdin=stdin + b"\n",
                env=self._environment or None,
                spill=False,
            )
        except (SandboxError, OSError) as error:
            return self._failed(hook, f"can't be started ({error})")
        output = (result.head + result.tail).decode("utf-8", "replace").strip()
        said = _answer(output)
        if hook.claude_form:
            from seedsmith.agent.calls.claude_hooks import from_claude_ruling

            said = from_claude_ruling(said, output, hook.event)
        if result.exit_code == DENIED:
            return HookRuling(_short(str(said.get("reason") or output or "no reason was given")))
        if not result.ok:
            how = (
                f"took longer than {hook.timeout} s"
                if result.timed_out
                else f"exited with {result.exit_code}"
            )
            return self._failed(hook, f"{how}: {_short(output)}" if output else how)
        messages = (_short(str(said["message"])),) if said.get("message") else ()
        if said.get("decision") == "deny":
            return HookRuling(_short(str(said.get("reason") or "no reason was given")), messages)
        if said.get("decision", "allow") != "allow" or _looks_like_a_ruling(output, said):
            return self._failed(hook, f"gave a ruling that is none: {_short(output)}")
        return HookRuling("", messages)

    def _failed(self, hook: Hook, how: str) -> HookRuling:
        sentence = f"The {hook.event} hook {hook.argv[0]!r} of {hook.whose} {how}."
        self._notice("hook_failed", sentence)
        return HookRuling(sentence) if hook.event in ("before_tool", "before_finish") else HookRuling()

    def _notice(self, code: str, message: str) -> None:
        self._sink.emit(NoticeGiven(code, self._redactor.text(message)))


def _each(specs: HookSpecs) -> Iterator[tuple[HookEvent, HookSpec]]:
    events: tuple[HookEvent, ...] = ("session_start", "before_tool", "after_tool", "before_finish")
    for event in events:
        for spec in specs.of(event):
            yield event, spec


def _hook(event: HookEvent, spec: HookSpec, whose: str, folder: str, skill: Skill | None = None) -> Hook:
    filled = [argument.replace("{skill}", folder) if folder else argument for argument in spec.argv]
    argv = tuple(str(Path(each).expanduser()) if each.startswith("~/") else each for each in filled)
    tools = frozenset(spec.tools) if spec.tools else None
    return Hook(event, argv, tools, spec.timeout, whose, skill, spec.form == "claude")


def _answer(output: str) -> dict[str, Any]:
    """The last JSON object that begins a line of the output."""
    decoder = json.JSONDecoder()
    found: dict[str, Any] = {}
    position = 0
    for match in _OBJECT.finditer(output):
        if match.start() < position:
            continue
        try:
            value, position = decoder.raw_decode(output, match.end())
        except (ValueError, RecursionError):
            continue
        found = value if isinstance(value, dict) else found
    return found


def _looks_like_a_ruling(output: str, said: dict[str, Any]) -> bool:
    """Whether the output looks like a decision in a form that can't be read, which must not count as none."""
    return "decision" not in said and _RULING.search(output) is not None


def _short(text: str) -> str:
    return text if len(text) <= _MOST_WORDS else text[:_MOST_WORDS] + " …"
