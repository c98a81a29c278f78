"""Where telemetry begins and ends: asked for by the settings, else nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import FrontEnd
from seedsmith.agent.settings.settings import Settings

_MISSING = "Telemetry needs more packages: run pip install 'seedsmith[otel]', or leave --otel out."
_NEEDED = ("opentelemetry", "opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.exporter.otlp")


@contextmanager
def observing(settings: Settings) -> Iterator[tuple[FrontEnd, ...]]:
    """The front ends that send what happens to a collector; none where the settings ask for none.

    What was not sent is sent at the end, for as long as :data:`providers.LAST_SECONDS`. A replay asks no
    model, so nothing of it is sent. Raises :class:`UsageError` where the packages are not there.
    """
    if not settings.otel or settings.replay is not None:
        yield ()
        return
    if not all(find_spec(each) for each in _NEEDED):
        raise UsageError(_MISSING)
    from seedsmith.agent.frontends.telemetry.otel_providers import open_providers
    from seedsmith.agent.frontends.telemetry.run_telemetry import RunTelemetry

    providers = open_providers()
    telemetry = RunTelemetry(providers.tracer, providers.meter, content=settings.otel_content)
    try:
        yield (telemetry,)
    finally:
        telemetry.close()
        providers.close()
