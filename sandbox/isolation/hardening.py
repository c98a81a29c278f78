"""Keeps the agent's own environment and memory from what it starts; the first thing the program does."""

from __future__ import annotations

import re

from seedsmith.sandbox.isolation.syscalls import forbid_dumping, overwrite_variables

_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|_KEY$|_KEYS$|API_?KEY|AUTH", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"://[^/\s@]+@")


def harden_agent() -> None:
    """Hide this process's own environment and memory from everything it starts (``/proc/PID/environ``).

    Ordinary debugging of the agent stops working too, core dumps included. What looks like a key is taken
    out of the first environment besides, which root can read all the same; ``os.environ`` keeps it. Call it
    once, at start.
    """
    forbid_dumping()
    overwrite_variables(lambda name, value: is_secret(name, value) and not value.startswith("/"))


def is_secret(name: str, value: str = "") -> bool:
    """Whether a variable looks like a key, by its name or by a password within an address."""
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))
