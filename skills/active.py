"""Keeps which skill is active, and which tools it allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from seedsmith.skills.built_in import Summary
from seedsmith.skills.loader import Library
from seedsmith.skills.skill import Skill
from seedsmith.tools.base import ToolContext, ToolResult

ALWAYS = frozenset({"skill", "todo", "ask", "finish"})
"""Tools without effects, which every skill allows."""

CHANGING = frozenset({"edit", "write", "patch"})
"""Tools that change files. A shell does too, so what leaves it and not these is a help, and no wall."""
LEAVE = "none"
"""The name by which the model leaves the skill it loaded."""
WORDS = "arguments"
"""The parameter that takes what is asked in words of a skill that a helper carries out."""
HOW_TO_LEAVE = f'skill(name="{LEAVE}") leaves the skill.'


class SkillHelper(Protocol):
    """Has helpers carry skills out, each in a context of its own."""

    def writes(self, skill: Skill) -> bool:
        """Whether the helper for ``skill`` changes files."""

    async def carry_out(
        self, skill: Skill, given: Mapping[str, Any], words: str, context: ToolContext
    ) -> ToolResult:
        """What the helper reports; ``given`` are the parameters, ``words`` what is asked besides."""


class ActiveSkills:
    """The skills a session uses: one the user named for the whole run, and the one the model called last.

    Tools that the user's skill does not allow stay forbidden, whatever skill the model calls. A skill that is
    handed over to a helper forbids nothing here: it holds where it is carried out.
    """

    def __init__(self, library: Library, named: Skill | None = None, *, helpers: bool = False) -> None:
        """``helpers`` says whether there are any; :attr:`helper` is set before the first call then."""
        self.library = library
        self.named = named
        self.called: Skill | None = None
        self.helper: SkillHelper | None = None
        self._helpers = helpers

    def delegates(self, skill: Skill | Summary) -> bool:
        """Whether a helper carries ``skill`` out."""
        return self._helpers and skill.fork

    def activate(self, skill: Skill) -> None:
        """Make ``skill`` the active skill."""
        self.called = skill

    def leave(self) -> Skill | None:
        """Follow no skill but the user's from here on; returns the one that was left, if there was one."""
        left, self.called = self.called, None
        return left

    def refusal(self, tool: str) -> str:
        """Why ``tool`` may not be called now, as a sentence; '' if it may."""
        for skill in (self.named, self.called):
            if skill is not None and not self._allows(skill, tool):
                assert skill.tools is not None
                only = f"The skill {skill.name!r} leaves only these tools: {', '.join(skill.tools)}."
                return f"{only} {HOW_TO_LEAVE}" if skill is self.called is not self.named else only
        return ""

    def command_refusal(self, skill: Skill) -> str:
        """Why a command of ``skill`` may not run now, '' if it may; another skill's is as good as a shell."""
        for holder in (self.named, self.called):
            if holder is not None and holder is not skill and not self._allows(holder, "shell"):
                others = f"none of the commands of {skill.name!r}"
                return f"The skill {holder.name!r} leaves no shell, and so {others}."
        return ""

    def _allows(self, skill: Skill, tool: str) -> bool:
        return skill.tools is None or tool in skill.tools or tool in ALWAYS or self.delegates(skill)
