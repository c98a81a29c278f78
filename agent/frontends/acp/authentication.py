"""How a person gives the key of a model's service, as an editor offers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acp.schema import AuthEnvVar, EnvVarAuthMethod, TerminalAuthMethod

from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.errors import NoModelConfigured
from seedsmith.agent.models.open import default_model
from seedsmith.agent.settings.config import load

_BY_VARIABLE, _IN_TERMINAL = "key-", "login"
LOGIN_FLAG = "--login"


def methods(
    environment: Mapping[str, str], *, in_terminal: bool
) -> list[EnvVarAuthMethod | TerminalAuthMethod | Any]:
    """A variable for each service that can be used by its key alone, and the questions in a terminal."""
    found: list[EnvVarAuthMethod | TerminalAuthMethod | Any] = [
        EnvVarAuthMethod(
            id=f"{_BY_VARIABLE}{provider.name}",
            type="env_var",
            name=as_told(f"Key of {provider.name}"),
            description=as_told(f"For {provider.default_model}."),
            vars=[AuthEnvVar(name=provider.key_variables[0])],
        )
        for provider in catalog.load(environment).providers.values()
        if provider.default_model and provider.key_variables
    ]
    if in_terminal:
        found.append(
            TerminalAuthMethod(
                id=_IN_TERMINAL,
                type="terminal",
                name=as_told("Choose in a terminal"),
                description=as_told("Asks which service to use, tries the key and keeps it."),
                args=[LOGIN_FLAG],
            )
        )
    return found


def check(method: str, flags: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Return where a model can be used; ``method`` is the one an editor went by, '' for none.

    Raises :class:`NoModelConfigured`, which says how a key is given, and :class:`UsageError` for a method
    that there is not.
    """
    known = {each.id for each in methods(environment, in_terminal=True)}
    if method and method not in known:
        raise UsageError(f"There is no way to log in called {method!r:.80}.")
    found = catalog.load(environment)
    if load(flags, environment).settings.model or default_model(found, environment):
        return
    providers = [each for each in found.providers.values() if each.default_model]
    variables = dict.fromkeys(name for each in providers for name in each.key_variables[:1])
    raise NoModelConfigured(
        f"No model is set up: run seedsmith acp {LOGIN_FLAG} in a terminal, or set one of "
        f"{', '.join(variables)} in the editor's settings of this agent."
    )
