"""A completer as the settings want it: its model, the workspace it reads and its budget."""

from __future__ import annotations

from collections.abc import Mapping

from seedsmith.agent.frontends.completion.completer import Completer
from seedsmith.agent.frontends.completion.hourly_budget import TOKENS, HourBudget
from seedsmith.agent.models.base import Model
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.open import open_model
from seedsmith.agent.sessions.run_place import open_place
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.errors import PathError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.workspace import Workspace

_MOST_READ_BYTES = 256 << 10
"""Of a larger file nothing is told elsewhere."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A completer and what it holds, for the caller to close."""

    completer: Completer
    model: Model
    workspace: Workspace

    async def aclose(self) -> None:
        """End what is under way, the model and the workspace."""
        await self.completer.aclose()
        await self.model.aclose()
        self.workspace.close()


def open_completer(settings: Settings, environment: Mapping[str, str]) -> Opened:
    """A completer over the model and in the workspace of ``settings``.

    ``max_tokens`` and ``max_cost`` bound an hour, where they were given for this command; a model that is not
    free has a bound anyway. Raises :class:`UsageError`, :class:`ModelError` and :class:`WorkspaceError`.
    """
    known = catalog.load(environment)
    model = open_model(settings, environment, known=known)
    price = known.resolve(f"{model.provider}/{model.name}")[1].price
    tokens = settings.max_tokens if "max_tokens" in settings.given else None
    yuan = settings.max_cost if "max_cost" in settings.given else None
    if tokens is None and yuan is None and (price is None or not price.free):
        tokens = TOKENS
    workspace = open_place(settings, environment).workspace

    def read(path: str) -> str | None:
        try:
            return workspace.read_bytes(path, cap=_MOST_READ_BYTES).decode()
        except (PathError, UnicodeDecodeError):
            return None

    return Opened(Completer(model, read, HourBudget(tokens, yuan, price)), model, workspace)
