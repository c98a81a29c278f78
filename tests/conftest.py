"""Fixtures every floor shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted_endpoint import Endpoint


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A scripted model service on loopback, started."""
    with Endpoint() as running:
        yield running
