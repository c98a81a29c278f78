"""Ways to confine commands, strongest first."""

from seedsmith.sandbox.isolation.base import Isolation, Launch, Limits, Policy, ProbeResult

__all__ = ["Isolation", "Launch", "Limits", "Policy", "ProbeResult"]
