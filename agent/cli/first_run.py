"""The first conversation without a key: which service, where its key comes from, and whether it works."""

from __future__ import annotations

import asyncio
import getpass
import shutil
import textwrap
from collections.abc import Callable, MutableMapping

from seedsmith.agent.errors import AgentError
from seedsmith.agent.models.catalog.entries import Catalog, Provider
from seedsmith.agent.models.errors import ModelError
from seedsmith.agent.models.open import LOCAL_MODEL
from seedsmith.agent.settings.kept_keys import keep_key
from seedsmith.agent.settings.settings import Settings

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
    read: Read = input,
    read_key: Read = getpass.getpass,
) -> Settings | None:
    """Ask the person which model to use and for its key, until one answers; None where they leave.

    The key is kept for runs to come and set in ``environment``.
    """
    providers = [each for each in known.providers.values() if each.default_model and each.key_variables]
    _print("No model is set up yet. Which is to be used?")
    for number, each in enumerate(providers, 1):
        _print(f"  {number}. {each.name}: {each.default_model} at {each.base_url}")
    _print(f"  {len(providers) + 1}. {LOCAL_MODEL}: {_LOCAL}")
    _print("Another service: seedsmith talk -m openai/NAME --base-url URL.")
    while True:
        try:
            answer = read("Number, nothing to leave> ").strip()
        except EOFError:
            return None
        if not answer:
            return None
        if answer == str(len(providers) + 1):
            return settings.model_copy(update={"model": LOCAL_MODEL})
        if not (answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(providers)):
            continue
        provider = providers[int(answer) - 1]
        chosen = settings.model_copy(update={"model": f"{provider.name}/{provider.default_model}"})
        if _take_key(provider, chosen, environment, read_key):
            return chosen


def _print(line: str) -> None:
    """Print ``line`` broken between words to the terminal's width."""
    width, indent = shutil.get_terminal_size().columns, "     " if line.startswith(" ") else ""
    for each in textwrap.wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ):
        print(each)


def _take_key(
    provider: Provider, settings: Settings, environment: MutableMapping[str, str], read_key: Read
) -> bool:
    """Read a key, see it work, keep it; False where it doesn't work."""
    variable = provider.key_variables[0]
    key = read_key(f"Paste the key of {provider.name} (it is not shown)> ").strip()
    if not key:
        return False
    try:
        answered = asyncio.run(_asked(settings, {**environment, variable: key}))
    except (AgentError, ModelError) as error:
        print(error)
        return False
    print(f"It answers: {answered}")
    print(f"The key is kept in {keep_key(variable, key, environment)}.")
    environment[variable] = key
    return True


async def _asked(settings: Settings, environment: MutableMapping[str, str]) -> str:
    """What the model answers to a first question."""
    from seedsmith.agent.conversation import UserMessage
    from seedsmith.agent.frontends.terminal import one_line
    from seedsmith.agent.models.base import Answer, Request
    from seedsmith.agent.models.open import open_model

    model = open_model(settings, environment)
    try:
        question = Request((UserMessage("Answer with one word: ready"),), max_output_tokens=512)
        async for part in model.stream(question):
            if isinstance(part, Answer):
                return one_line(part.text, 60)
    finally:
        await model.aclose()
    return ""
