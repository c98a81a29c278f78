"""The metrics of runs, with the names and the steps of the conventions."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.metrics import Histogram, Meter

from seedsmith.agent.frontends.telemetry.open_span import OpenSpan
from seedsmith.sandbox.lazy_dataclass import dataclass

_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(4**power for power in range(14))
_DURATIONS = {
    "chat": "gen_ai.client.operation.duration",
    "invoke_agent": "gen_ai.invoke_agent.duration",
    "execute_tool": "gen_ai.execute_tool.duration",
}
_SERIES = frozenset(
    {
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.response.model",
        "gen_ai.agent.name",
        "gen_ai.tool.name",
        "error.type",
    }
)


@dataclass(frozen=True, slots=True)
class Instruments:
    """What tokens and durations are recorded with."""

    tokens: Histogram
    durations: Mapping[str, Histogram]
    """By operation, in seconds."""

    @classmethod
    def of(cls, meter: Meter) -> Instruments:
        """The instruments of ``meter``."""
        return cls(
            meter.create_histogram(
                "gen_ai.client.token.usage",
                "{token}",
                "Tokens that were used.",
                explicit_bucket_boundaries_advisory=_TOKENS,
            ),
            {
                operation: meter.create_histogram(
                    name, "s", "How long it took.", explicit_bucket_boundaries_advisory=_SECONDS
                )
                for operation, name in _DURATIONS.items()
            },
        )


def series(opened: OpenSpan) -> dict[str, str | int | float]:
    """What of a span's attributes tells the series of a metric apart: nothing that is another each time."""
    return {name: value for name, value in opened.attributes.items() if name in _SERIES}
