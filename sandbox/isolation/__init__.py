"""Ways to confine commands, strongest first."""

from sandbox.isolation.base import Isolation, Launch, Limits, Policy, ProbeResult

__all__ = ["Isolation", "Launch", "Limits", "Policy", "ProbeResult"]
