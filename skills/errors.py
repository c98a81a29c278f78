"""Errors in skills; every message is a sentence that begins with the place of the error."""

from __future__ import annotations

from pathlib import Path


class SkillError(Exception):
    """Base of all errors in a skill or in how it was called."""


class ManifestError(SkillError):
    """A manifest that can't be used, with the line and column of its first error."""

    def __init__(self, file: Path | str, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{file}:{line}:{column}: {message}")
        self.file = str(file)
        self.message = message
        self.line = line
        """From 1."""
        self.column = column
        """From 1."""


class Misplaced(ValueError):
    """An error in one part of a manifest that is found only by looking at other parts."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.path = path
        """The keys and indexes that lead to the part."""


class UnknownSkill(SkillError):
    """No skill of this name can be used here."""


class BadParameters(SkillError):
    """The values for a skill's or a command's parameters don't fit."""
