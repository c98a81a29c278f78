"""OpenTelemetry's SDK, sending to a collector over HTTP in threads of its own."""

from __future__ import annotations

import logging
import threading
import time

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer

from seedsmith.agent.version import VERSION
from seedsmith.sandbox.lazy_dataclass import dataclass

LAST_SECONDS = 1.0
"""How long the end of a command waits for a collector to take what is left."""
MOST_LETTERS = 16_384
"""Of one attribute; a file that a model read would fill a request alone."""
_NAME = "seedsmith"


@dataclass(frozen=True, slots=True)
class Providers:
    """What makes spans and metrics, and sends them."""

    traces: TracerProvider
    metrics: MeterProvider

    @property
    def tracer(self) -> Tracer:
        """Makes spans."""
        return self.traces.get_tracer(_NAME, VERSION)

    @property
    def meter(self) -> Meter:
        """Makes metrics."""
        return self.metrics.get_meter(_NAME, VERSION)

    def close(self) -> None:
        """Send what is left, for :data:`LAST_SECONDS` at most; what remains then is lost with the process."""
        ends = [
            threading.Thread(target=each.shutdown, daemon=True, name="telemetry")
            for each in (self.traces, self.metrics)
        ]
        for end in ends:
            end.start()
        until = time.monotonic() + LAST_SECONDS
        for end in ends:
            end.join(max(0.0, until - time.monotonic()))


def open_providers() -> Providers:
    """Providers that send where OpenTelemetry's own variables say; default: this machine's port 4318.

    They are nobody else's: what other libraries of this process trace is not sent. A collector that is
    down is not told of: the SDK's log goes nowhere.
    """
    log = logging.getLogger("opentelemetry")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    own = Resource.create({"service.name": _NAME, "service.version": VERSION})
    resource = own.merge(OTELResourceDetector().detect())
    traces = TracerProvider(
        resource=resource,
        shutdown_on_exit=False,
        span_limits=SpanLimits(max_attribute_length=MOST_LETTERS),
    )
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    return Providers(traces, MeterProvider([reader], resource=resource, shutdown_on_exit=False))
