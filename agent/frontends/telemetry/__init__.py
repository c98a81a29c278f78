"""Runs as OpenTelemetry's spans and metrics, by its conventions for generative AI (docs/observability.md).

The libraries are the extra ``otel``'s, which only this room imports, and only where the settings ask for it.
It takes events as any front end does; nothing it does, and no collector that is down, touches a run. Begin
with ``observing``.
"""
