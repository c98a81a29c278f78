"""What a rule is: what it says, and of which calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from seedsmith.agent.settings.permissions.patterns import command_patterns, name_patterns, path_patterns
from seedsmith.sandbox.lazy_dataclass import dataclass


class Ruled(Enum):
    """What a rule says of the calls it covers, the strongest first."""

    DENY = "deny"
    ASK = "ask"
    ALLOW = "allow"


KINDS: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    "shell": command_patterns,
    "write": path_patterns,
    "mcp": name_patterns,
}
"""What a pattern in parentheses is of, by the name before it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    says: Ruled
    tool: str
    """The tool's name; ``write`` is every tool that changes files, and what the shell redirects to files."""
    pattern: str = ""
    """What stands in the parentheses; '' where the rule is of the whole tool."""
    because: str = ""
    """Why, in the user's words, for the model."""
    of: str = ""
    """Whose it is where it is not the user's."""

    @property
    def written(self) -> str:
        """As one writes it."""
        return f"{self.says.value} {self.tool}" + (f"({self.pattern})" if self.pattern else "")

    @property
    def patterns(self) -> tuple[str, ...]:
        """What its pattern is matched by."""
        return KINDS[self.tool](self.pattern) if self.pattern else ()
