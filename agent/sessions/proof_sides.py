"""What tests say of the code as it was and as it is: a fix is proven where they fail on the one and pass on
the other."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from seedsmith.sandbox.lazy_dataclass import dataclass

_NAMED = 5
_OLD = 20
OTHERWISE = "something else"
"""How a phrase about a test ends that tells of a changed expectation, not of one less."""


@dataclass(frozen=True, slots=True)
class Side:
    """What was said of one side."""

    command: str
    exit_code: int | None
    tests: tuple[str, ...] = ()
    """The tests that prove the fix: all fail on the old side and pass on the new one."""
    why: str = ""
    """How the first of them failed, in the runner's words; of the new side one that should pass."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a fix; ``fault`` says why they prove nothing, '' where they do."""

    old: Side | None = None
    new: Side | None = None
    fault: str = ""
    broken: tuple[str, ...] = ()
    """Tests that passed on the code as it was and don't now."""
    kept: int = 0
    """How many passed on both sides."""
    flaky: tuple[str, ...] = ()
    """Tests that did not say the same twice of the same code."""
    unrun: tuple[str, ...] = ()
    """Tests of changed files that were skipped."""
    unavailable: bool = False
    """Whether the code as it was can't be run here, whatever is changed."""
    contrary: tuple[str, ...] = ()
    """Old tests that fail on the code as it is, as they were, though others show what was reported."""
    failing: tuple[str, ...] = ()
    """Old failures: tests that failed before anything was changed, fail still, and are not what was
    reported."""
    otherwise: tuple[str, ...] = ()
    """Those of them that end with another error than before."""
    report: str = ""
    """What was reported, for the pull request."""

    @property
    def proven(self) -> bool:
        """Whether the fix is proven."""
        return not self.fault

    def sentence(self) -> str:
        """Both sides in words."""
        said = [f"Not proven: {self.fault}"] if self.fault else []
        if self.old is not None and self.new is not None and not self.fault:
            by = f"{_names(self.old.tests)} of `{self.old.command}`" if self.old.tests else self.old.command
            verbs = ("fail", "pass") if len(self.old.tests) > 1 else ("fails", "passes")
            said.append("Proven on both sides: {} {} on the code as it was and {} now.".format(by, *verbs))
            if self.kept == 1:
                said.append("1 test that passed before passes still.")
            elif self.kept:
                said.append(f"{self.kept:,} tests that passed before pass still.")
        if self.fault and self.contrary:
            said.append(
                f"If the report is right and {_names(self.contrary)} wrong, have it changed and go on with "
                "--allow-test-changes."
            )
        if self.failing:
            said.append(f"Failed before anything was changed and fails still: {_names(self.failing, _OLD)}.")
        if self.otherwise:
            said.append(f"With another error than before: {_names(self.otherwise)}.")
        if self.flaky:
            said.append(f"Not the same twice: {_names(self.flaky)}.")
        if self.unrun:
            said.append(f"Not run: {_names(self.unrun)}.")
        return " ".join(said)

    def contradiction(self) -> str:
        """Which old tests, as they were, say the opposite of the report; '' where none is known to."""
        if self.fault or not self.contrary:
            return ""
        verb = "fail" if len(self.contrary) > 1 else "fails"
        return f"{_names(self.contrary)}, as it was, {verb} on the code as it is"

    def to_json(self) -> dict[str, Any]:
        """As ``session.finished`` carries it."""
        document = asdict(self) | {"proven": self.proven}
        del document["report"]
        return document


def _names(names: tuple[str, ...], most: int = _NAMED) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
