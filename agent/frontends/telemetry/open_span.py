"""A span that has not ended, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from opentelemetry.trace import Span

from seedsmith.sandbox.lazy_dataclass import dataclass

Attributes = Mapping[str, str | int | float | None]


@dataclass(slots=True)
class OpenSpan:
    """A span that has not ended; the times are seconds since the epoch."""

    span: Span
    start: float
    operation: str
    answered: float | None = None
    """When the last answer to it was whole; None where there is none."""
    attributes: dict[str, str | int | float] = field(default_factory=dict)

    def put(self, attributes: Attributes) -> None:
        """Set ``attributes``, but for those that are None: what is not known is left out."""
        for name, value in attributes.items():
            if value is not None:
                clean = value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
                self.attributes[name] = clean
                self.span.set_attribute(name, clean)

    def add(self, name: str, value: float | None) -> None:
        """Add ``value`` to the number ``name``."""
        if value is not None:
            self.put({name: (self.attributes.get(name) or 0) + value})  # type: ignore[operator]
