"""Where a run happens: the workspace and the state folder, opened before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seedsmith.agent.errors import UsageError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.settings.state_folder import prepare_state, state_folder
from seedsmith.sandbox.commands.credentials import Credential
from seedsmith.sandbox.isolation.hidden_folders import hidden_within
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run happens: known before anything is started."""

    workspace: Workspace
    home: Path
    """The state folder."""
    redactor: Redactor


def open_place(settings: Settings, environment: Mapping[str, str]) -> Place:
    """Open the workspace and the state folder; raises WorkspaceError or UsageError."""
    home = state_folder(settings.home, environment)
    real = settings.workspace.resolve()
    hidden = hidden_within(real, environment)
    workspace = Workspace(settings.workspace, state=home, hidden=hidden)
    try:
        if hidden and not settings.workspace_is_home:
            raise UsageError(
                f"The workspace {real} is your home folder, or holds it, with the keys and settings of other "
                "programs: name a project's folder with -C, or say --workspace-is-home."
            )
        home = prepare_state(home, workspace.root)
    except BaseException:
        workspace.close()
        raise
    given = [value for entry in credentials_of(settings) for value in entry.values(environment)]
    return Place(workspace, home, Redactor.from_environment(environment, settings.api_key, *given))


def credentials_of(settings: Settings) -> tuple[Credential, ...]:
    """What the settings give to named commands."""
    entries = settings.credentials or ()
    return tuple(Credential(**{key: tuple(value) for key, value in entry.items()}) for entry in entries)
