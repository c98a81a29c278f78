"""The first conversation without a key: which service, where its key comes from, and whether it works."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Callable, MutableMapping
from urllib.parse import urlsplit

from seedsmith.agent.errors import AgentError
from seedsmith.agent.frontends.line_wrapping import as_told, tell
from seedsmith.agent.frontends.typed_ahead import Asking
from seedsmith.agent.models.catalog.entries import Catalog, Provider
from seedsmith.agent.models.errors import ModelError
from seedsmith.agent.models.open import LOCAL_MODEL, default_model
from seedsmith.agent.settings.config import user_file
from seedsmith.agent.settings.kept_keys import keep_key
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.settings.user_config import put

_LOCAL = (
    "a model on this machine, no key: 1.1 GB fetched once; mends small bugs that a test shows, "
    "no partner for a conversation"
)
Read = Callable[[str], str]


def choose_model(
    settings: Settings,
    known: Catalog,
    environment: MutableMapping[str, str],
    *,
    read: Read | None = None,
    read_key: Read = getpass.getpass,
) -> Settings | None:
    """Ask the person which model to use and for its key, until one answers; None where they leave.

    The key is kept for runs to come and set in ``environment``; so is the model, where its key alone would
    choose another.
    """
    read = read or Asking(sys.stdin.fileno())
    providers = [each for each in known.providers.values() if each.default_model and each.key_variables]
    tell("No model is set up yet. Which is to be used?")
    for number, each in enumerate(providers, 1):
        tell(f"  {number}. {each.name}: {each.default_model} at {urlsplit(each.base_url).netloc}", hang=5)
    tell(f"  {len(providers) + 1}. {LOCAL_MODEL}: {_LOCAL}", hang=5)
    tell("Another service: seedsmith talk -m openai/NAME --base-url URL.")
    while True:
        try:
            answer = read(as_told("Number, nothing to leave> ")).strip()
        except EOFError:
            return None
        if not answer:
            return None
        if answer == str(len(providers) + 1):
            return settings.model_copy(update={"model": LOCAL_MODEL})
        if not (answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(providers)):
            tell(f"Type a number from 1 to {len(providers) + 1}, or nothing.")
            continue
        provider = providers[int(answer) - 1]
        chosen = settings.model_copy(update={"model": f"{provider.name}/{provider.default_model}"})
        if _take_key(provider, chosen, environment, read_key):
            if chosen.model != default_model(known, environment):
                put(user_file(environment), "model", chosen.model)
                tell(f"The model is kept in {user_file(environment)}.")
            return chosen


def _take_key(
    provider: Provider, settings: Settings, environment: MutableMapping[str, str], read_key: Read
) -> bool:
    """Read a key, see it work, keep it; False where there is none, or it doesn't work."""
    variable = provider.key_variables[0]
    if provider.keys_at:
        tell(f"A key of {provider.name} is had at {provider.keys_at}")
    tell("Paste it here; it is not shown. Nothing to choose again.")
    try:
        key = read_key(as_told("Key> ")).strip()
    except EOFError:
        return False
    if not key:
        return False
    tell(f"Asking {provider.name} …")
    try:
        answered = asyncio.run(_asked(settings, {**environment, variable: key}))
        kept = keep_key(variable, key, environment)
    except (AgentError, ModelError) as error:
        tell(str(error))
        return False
    except KeyboardInterrupt:
        tell("Stopped.")
        return False
    tell(f"It answers: {answered}")
    tell(f"The key is kept in {kept}.")
    environment[variable] = key
    return True


async def _asked(settings: Settings, environment: MutableMapping[str, str]) -> str:
    """What the model answers to a first question; tells of each try that fails."""
    from seedsmith.agent.conversation import UserMessage
    from seedsmith.agent.frontends.terminal import one_line
    from seedsmith.agent.models.base import Answer, Request, Retrying
    from seedsmith.agent.models.open import open_model

    model = open_model(settings, environment)
    try:
        question = Request((UserMessage("Answer with one word: ready"),), max_output_tokens=512)
        async for part in model.stream(question):
            if isinstance(part, Retrying):
                tell(part.message)
            if isinstance(part, Answer):
                return one_line(part.text, 60)
    finally:
        await model.aclose()
    return ""
