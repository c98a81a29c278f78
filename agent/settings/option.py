"""How a setting is reached from outside a program."""

from __future__ import annotations

from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """How a setting is reached from outside a program."""

    metavar: str = ""
    short: str = ""
    """Short flag, e.g. ``-m``."""
    long: str = ""
    """Long flag where it is not the field's name, e.g. ``--with``."""
    several: bool = False
    """Whether the flag of a mapping may be given several times."""
    flag: bool = True
    """Whether the command line takes it; a key typed there would show in the process list."""
    ambient: bool = True
    """Whether the environment and the user's configuration file may set it."""
    repository: bool = False
    """Whether the repository's own configuration may set it: harmless keys only."""
    adds: bool = False
    """Whether what the repository says is put after what the user says, instead of giving way to it."""
    typed_only: frozenset[str] = frozenset()
    """Values, or what they begin with up to ``=``, that weaken the sandbox: taken from the command line or
    an ``Agent`` argument alone."""
    recorded: bool = True
    """Whether it belongs to the run, so that a recording holds it and a replay takes it from there."""
    kept: bool | None = None
    """Whether a session that is gone on with keeps it; None: where a recording holds it."""
    alone: str = ""
    """What the flag means where no value follows; '': one must."""
    sampling: bool = False
    """A sampling parameter: sent under its own name, and only when it was set."""

    def must_be_typed(self, value: str) -> bool:
        """Whether ``value`` weakens the sandbox."""
        beginnings = (each.partition("=")[0] for each in self.typed_only if "=" in each)
        return value in self.typed_only or value.partition("=")[0] in beginnings
