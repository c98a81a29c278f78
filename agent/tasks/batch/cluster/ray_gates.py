"""The gates of a Ray cluster: one actor for all that make attempts on it, made by whoever needs it first."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from seedsmith.agent.models.tries.request_gate import MOST_AT_ONCE, Ending
from seedsmith.agent.tasks.batch.cluster.gates import Gates
from seedsmith.agent.tasks.batch.cluster.task import Told, make_attempt
from seedsmith.agent.version import VERSION

_MOST_CALLS = 10_000
"""So many may wait in the actor at once: as good as any number."""
_TRIES = 5


def ray_library() -> Any:
    """The library, which few have; it takes a second to import."""
    return importlib.import_module("ray")


def gates_of_cluster(most: int = MOST_AT_ONCE) -> Any:
    """The actor; where there is none it is made, beside whoever asks, and lives as long as that keeps it.

    A new one lets ``most`` requests at once into each service at first.
    """
    ray = ray_library()
    here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
        ray.get_runtime_context().get_node_id(), soft=True
    )
    options = {"name": f"gates-{VERSION}", "namespace": "seedsmith", "get_if_exists": True, "num_cpus": 0}
    more = {"max_concurrency": _MOST_CALLS, "scheduling_strategy": here}
    return ray.remote(Gates).options(**options, **more).remote(most)


class RayGateClient:
    """The cluster's gates as one attempt uses them."""

    def __init__(self, attempt: str) -> None:
        self._attempt = attempt
        self._gates = gates_of_cluster()

    def enter(self, number: int, service: str) -> None:
        """Return when a request may be made to ``service``."""
        self._call("enter", number, service)

    def leave(self, number: int, ending: Ending) -> None:
        """Say what the request ended with."""
        self._call("leave", number, ending)

    def beat(self) -> None:
        """Say that the attempt is still made."""
        self._call("beat")

    def _call(self, method: str, *arguments: object) -> None:
        """Ask the actor; another is made where it is lost, which has forgotten who was let in."""
        ray = ray_library()
        for _ in range(_TRIES):
            try:
                ray.get(getattr(self._gates, method).remote(self._attempt, *arguments))
                return
            except ray.exceptions.RayActorError:
                self._gates = gates_of_cluster()


def make_attempt_with_ray(order: bytes, archive: bytes, attempt: str) -> Iterator[Told]:
    """As :func:`.task.make_attempt`, with the gates of the cluster that this task is part of."""
    yield from make_attempt(order, archive, RayGateClient(attempt))
