"""Whether a command tried to leave its network, though nothing it wrote may tell."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from seedsmith.sandbox.network.session_network import SessionNetwork

_FETCHES = re.compile(r"\b(?:curl|wget)\b")


class NetworkTries:
    """What came to nothing from a command's start to its end; made right before it is started."""

    def __init__(self, network: SessionNetwork) -> None:
        self._network = network
        self._before = network.turned_away
        self._turned_away = False
        self.made = time.monotonic()
        """When, in seconds."""

    def stop(self) -> None:
        """The command has ended: what comes now is the doing of others."""
        now = self._network.turned_away
        self._turned_away = None not in (now, self._before) and (now or 0) > (self._before or 0)

    def came_to_nothing(self, command: str | Sequence[str], output: bytes) -> bool:
        """Whether something was turned away of ``command``, which wrote ``output``.

        Where nobody counts that: whether a program that loads something said nothing at all.
        """
        if self._before is not None:
            return self._turned_away
        silent = self._network.is_cut_off and not output.strip()
        return silent and isinstance(command, str) and bool(_FETCHES.search(command))
