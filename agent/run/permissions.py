"""The rules and grants that hold in a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from seedsmith.agent.calls.session_permissions import Permissions
from seedsmith.agent.settings.permissions.grants import FILE_NAME

if TYPE_CHECKING:
    from seedsmith.agent.settings.settings import Settings
    from seedsmith.sandbox.workspace.workspace import Workspace


def open_permissions(settings: Settings, workspace: Workspace, environment: Mapping[str, str]) -> Permissions:
    """What the calls of a run in ``workspace`` are held against."""
    from seedsmith.agent.settings.yaml_file import user_folder

    root = str(workspace.root)
    rules = None
    if settings.permissions:
        from seedsmith.agent.settings.permissions.decision import Rulebook
        from seedsmith.agent.settings.permissions.rule_reader import read_rules

        rules = Rulebook(read_rules(settings.permissions), root)
    return Permissions(rules, user_folder(environment) / FILE_NAME, root)
