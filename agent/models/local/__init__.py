"""Models that run on this machine: pulled once, served by a child process, asked like any other."""

from seedsmith.agent.models.errors import LocalModelError
from seedsmith.agent.models.local.local_model import LocalModel, open_local
from seedsmith.agent.models.local.pull import Progress, ensure, pull
from seedsmith.agent.models.local.weights import CachedWeights, list_local

__all__ = [
    "CachedWeights",
    "LocalModel",
    "LocalModelError",
    "Progress",
    "ensure",
    "list_local",
    "open_local",
    "pull",
]
