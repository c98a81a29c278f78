"""Batches for programs: docs/batch.md, "As a library"."""

from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.batch.batch import Batch, Options, Progress, Summary
from seedsmith.agent.tasks.batch.cluster.engine import RayEngine
from seedsmith.agent.tasks.batch.engines import Engine, LocalEngine
from seedsmith.agent.tasks.batch.store import BatchError, Row

__all__ = [
    "Batch",
    "BatchError",
    "Engine",
    "LocalEngine",
    "Options",
    "Progress",
    "RayEngine",
    "Row",
    "Settings",
    "Summary",
]
