"""``--help``, the manual and a shell's descriptions in the person's language.

The commands hold them in English; what they are in another language is looked up when they are shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from shutil import get_terminal_size

import click

from seedsmith.agent.errors import AgentError
from seedsmith.agent.frontends.languages.language import language_of
from seedsmith.agent.frontends.languages.reports import Reports
from seedsmith.agent.frontends.line_wrapping import LEAST_WIDTH, fitted, padded
from seedsmith.agent.frontends.terminal import cells

Told = Callable[[str], str]
_MARGIN, _WIDEST, _FIRST_COLUMN, _LEAST_ROOM = 2, 80, 30, 20
_ENDLESS = 1 << 16
"""The width that click is told: it cuts no description short."""
_EXTRA = re.compile(r"(?:^|  )\[([^\[\]]+)\]$")
"""What click says of a flag's value behind its description."""


def language_here(chosen: str | None) -> str:
    """The language that help is shown in: the one ``chosen`` by a flag, what is set, or the locale's."""
    if chosen is None:
        from seedsmith.agent.settings.config import load

        try:
            chosen = load({}, os.environ).settings.lang
        except AgentError:  # what is wrong with the settings is told by what goes by them
            chosen = None
    return language_of(chosen, os.environ)


def help_told(language: str) -> Told:
    """What puts a text of the help into ``language``: paragraphs, descriptions of flags, headings."""
    if language == "en":
        return str
    reports = Reports(language, "help")

    def told(text: str) -> str:
        described, extra = text, ""
        if found := _EXTRA.search(text):
            described = text[: found.start()]
            extra = f"[{'; '.join(map(reports, found[1].split('; ')))}]"
        said = _sentence(reports, " ".join(described.split())) if described else ""
        return "  ".join(filter(None, (said, extra)))

    return told


def usage_told(usage: str, told: Told) -> str:
    """What follows a command's name in the line that says how it is called."""
    for known in ("[OPTIONS]", "[COMMAND] [ARGS]...", "COMMAND [ARGS]..."):
        usage = usage.replace(known, told(known))
    return usage


def _sentence(reports: Told, text: str) -> str:
    """``text``, which may have lost its stop: the first sentence of a command's help is its short one."""
    if (said := reports(text)) != text or text.endswith("."):
        return said
    whole = reports(f"{text}.")
    return text if whole == f"{text}." else whole.rstrip("\u3002.")


class ToldFormatter(click.HelpFormatter):
    """Lays help out in another language than English, as wide as its letters are."""

    def __init__(self, told: Told) -> None:
        super().__init__(width=_ENDLESS)
        self._told = told
        self._screen = max(min(get_terminal_size().columns, _WIDEST) - _MARGIN, LEAST_WIDTH)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The line that says how a command is called."""
        called = f"{prefix or self._told('Usage:')}{prog} {usage_told(args, self._told)}"
        self._write_lines(called.rstrip(), 4)

    def write_heading(self, heading: str) -> None:
        """What stands over a list."""
        self.write(f"{'':{self.current_indent}}{self._told(heading)}\uff1a\n")

    def write_text(self, text: str) -> None:
        """Paragraphs of prose."""
        told = (self._told(paragraph) for paragraph in text.split("\n\n"))
        self.write("\n".join(self._lines(each, self.current_indent) for each in told))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = _FIRST_COLUMN, col_spacing: int = 2
    ) -> None:
        """Names and what they mean, beside them or, where there is no room, below."""
        named = [(name, self._told(said)) for name, said in rows]
        widest = max((cells(name) for name, _ in named), default=0)
        column = self.current_indent + min(widest, col_max) + col_spacing
        below = self._screen - column < _LEAST_ROOM
        begins = self.current_indent + 4 if below else column
        for name, said in named:
            first = f"{'':{self.current_indent}}{name}"
            if said and not below and cells(first) + col_spacing <= column:
                self._write_lines(padded(first, column) + said, begins)
                continue
            self._write_lines(first, self.current_indent + 2)
            if said:
                self._write_lines(f"{'':{begins}}{said}", begins)

    def _write_lines(self, text: str, hang: int) -> None:
        self.write(f"{fitted(text, hang, self._screen)}\n")

    def _lines(self, text: str, indent: int) -> str:
        return f"{fitted(f'{chr(32) * indent}{text}', indent, self._screen)}\n"
