"""What a person names as a skill: skills, and as SERVER:PROMPT the prompts of MCP servers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from seedsmith.agent.context.prompts import prompt as wording
from seedsmith.agent.errors import ConfigurationError, UsageError
from seedsmith.agent.run.named_skill import open_library
from seedsmith.agent.settings.mcp_servers import MEMORY_FOLDER, REPOSITORY_FILE, find_servers, mcp_file
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.settings.state_folder import state_folder
from seedsmith.tools.suggestions import suggestion_or_list

if TYPE_CHECKING:
    from seedsmith.tools.mcp.known_offers import Offer, Offered
    from seedsmith.tools.mcp.servers import Server


def what_skills_do(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """What a person may name here as a skill, prompts of MCP servers too, with what each is for."""
    skills = open_library(settings, environment).summaries()
    own = {skill.name: skill.description.partition(". ")[0] for skill in skills}
    return own | server_prompts(settings, environment)


def server_prompts(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The prompts that are known, by the name to call them, with what each is for; starts no server."""
    if not mcp_file(environment).is_file() and not (settings.workspace / REPOSITORY_FILE).exists():
        return {}
    try:
        known = list(_known(settings, environment))
    except ConfigurationError:  # a run says so
        return {}
    return {
        f"{server.name}:{each.name}": each.description.partition(". ")[0]
        for server, offer in known
        if offer is not None
        for each in offer.prompts
    }


async def with_server_prompt(request: RunRequest) -> RunRequest:
    """``request`` with the words of the prompt that its skill names in the skill's place.

    Of a skill that needs parameters, and was given none, words that were typed behind its name are values.
    Its server is asked for them. Values come from ``skill_with``, those left open from the words of the
    request's own prompt in their order. Raises :class:`UsageError` for what can't be had.
    """
    settings = request.settings
    named = settings.skill or ""
    name, colon, wanted = named.partition(":")  # no skill's name holds one
    if settings.replay is not None:
        return request
    if not colon:
        return _with_words(request)
    if settings.approve == "plan":
        raise UsageError(f"{named} is not read: a plan starts no MCP server.")
    server, offer = await _offer(request, name)
    offered = next((each for each in offer.prompts if each.name == wanted), None)
    if offered is None:
        known = [each.name for each in offer.prompts]
        raise UsageError(
            f"The MCP server {name} has no prompt {wanted!r:.80}{suggestion_or_list(wanted, known, 10)}."
        )
    typed = request.prompt.removesuffix(request.piped)
    values, rest = values_of(offered, settings.skill_with or {}, typed)
    text = await _asked(request, {"action": "prompt", "server": name, "name": wanted, "arguments": values})
    said = wording("server-prompt.md", name=wanted, server=server.name, text=text).strip()
    more = f"{rest}{request.piped}"
    return replace(
        request,
        settings=settings.model_copy(update={"skill": None, "skill_with": None}),
        prompt=f"{said}\n\n{more}" if more.strip() else said,
    )


def _with_words(request: RunRequest) -> RunRequest:
    """``request`` with what was typed behind the skill's name as its values: NAME=VALUE, and for the only one
    that it needs all the rest."""
    settings, typed = request.settings, request.prompt.removesuffix(request.piped)
    if not request.behind_name or not settings.skill or settings.skill_with or not typed.strip():
        return request
    skill = open_library(settings, request.environment).skills.get(settings.skill)
    needed = [name for name, spec in skill.parameters.items() if spec.required] if skill else []
    if skill is None or not needed:
        return request
    pairs = [word.partition("=") for word in _words(typed)]
    values = {name: value for name, sign, value in pairs if sign and name in skill.parameters}
    if values:
        typed = " ".join(word for word in _words(typed) if word.partition("=")[0] not in values)
    left = [name for name in needed if name not in values]
    if len(left) == 1 and typed.strip():
        values[left[0]], typed = typed.strip(), ""
    settings = settings.model_copy(update={"skill_with": values or None})
    return replace(request, settings=settings, prompt=f"{typed}{request.piped}")


async def _offer(request: RunRequest, name: str) -> tuple[Server, Offer]:
    for _ in range(2):
        known = _known(request.settings, request.environment)
        every = {server.name: (server, offer) for server, offer in known}
        if name not in every:
            raise UsageError(
                f"There is no MCP server {name!r:.80} to use{suggestion_or_list(name, every, 10)}."
            )
        server, offer = every[name]
        if offer is not None:
            return server, offer
        await _asked(request, {"action": "list", "server": name})
    raise UsageError(f"What the MCP server {name} offers can't be kept in the state folder.")


async def _asked(request: RunRequest, arguments: Mapping[str, object]) -> str:
    """What the tool for servers says, without its label."""
    from seedsmith.agent.run.one_tool import run_tool

    left = {"skill": None, "skill_with": None, "record": None, "resume": None, "fork": None}
    settings = request.settings.model_copy(update=left)
    result = await run_tool(settings, "mcp", json.dumps(arguments), request.environment)
    if not result.ok:
        raise UsageError(result.text)
    return result.text.partition("\n")[2]


def _known(settings: Settings, environment: Mapping[str, str]) -> Iterator[tuple[Server, Offer | None]]:
    from seedsmith.tools.mcp.known_offers import KnownOffers

    state = state_folder(settings.home, environment)
    offers = KnownOffers(state / MEMORY_FOLDER)
    for found in find_servers(settings.workspace.absolute(), state, environment):
        if found.server is not None:
            yield found.server, offers.of(found.server)


def values_of(offered: Offered, given: Mapping[str, object], typed: str) -> tuple[dict[str, str], str]:
    """The prompt's values, and what is left of ``typed``: its words fill what ``given`` leaves open.

    A word each, in the prompt's order, and NAME=VALUE anywhere; the last takes all that remain.
    """
    values = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    left = [name for name in offered.schema if name not in values]
    if not left or not typed.strip():
        return values, typed
    words = _words(typed)
    for word in words[:]:
        name, equals, value = word.partition("=")
        if equals and name in left:
            values[name] = value
            left.remove(name)
            words.remove(word)
    while left and words:
        name = left.pop(0)
        values[name] = words.pop(0) if left else " ".join(words)
        words = words if left else []
    return values, " ".join(words)


def _words(typed: str) -> list[str]:
    try:
        return shlex.split(typed)
    except ValueError:  # a quote that stands alone, as in "don't"
        return typed.split()
