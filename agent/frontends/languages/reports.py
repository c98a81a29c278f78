"""What the program says in English, told in the person's language by the forms of sentences.

The file of a language has under ``reports`` (of what ``--help`` says: under ``help``) the English form of
each, and the other one. In a form ``{name}`` stands for anything, ``{name*}`` for what is told by forms
itself, whole or part by part, ``{name#}`` for a number, and ``(s)`` for a plural's s. Of several forms that
fit, the one is taken that begins with the most letters of its own, else the one that has the most. What no
form fits stays as it is: others' words.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PLACE = re.compile(r"\{(\w+)([*#]?)\}|(\(s\))")
_ANY = {"": ".+?", "*": ".+?", "#": r"-?[\d,.]*\d"}
"""What stands in a place, by its kind."""
_MARK = re.compile(r"(?:(?:[✓✗!?·…→-]|ok:|failed:|seedsmith:) )?")
"""What may stand before a report in its line."""
_PARTS = re.compile(r"([,;] )")
"""What stands between the parts of a list."""
_SENTENCES = re.compile(r"(?<=[.!?]) (?=[A-Z`'(-]|\d[\d,]* tests? )")
"""What stands between sentences."""
_BETWEEN = " · "
"""What stands between the parts of a line."""


class Reports:
    """Tells reports in one language."""

    def __init__(self, language: str, section: str = "reports") -> None:
        """``language`` is one of :data:`language.LANGUAGES`; English reports stay as they are.

        ``section`` names the forms that are gone by.
        """
        self._language = language
        self._section = section

    @property
    def _forms(self) -> tuple[Form, ...]:
        return () if self._language == "en" else _forms(self._language, self._section)

    def make_ready(self) -> None:
        """Load the forms, so that nothing that is shown waits for it later."""
        assert isinstance(self._forms, tuple)

    def __call__(self, text: str) -> str:
        """``text``, each of its lines told by the form that fits it."""
        if not self._forms:
            return text
        return "\n".join(map(self._line, text.split("\n")))

    def _line(self, line: str) -> str:
        mark = _MARK.match(line)
        begins = mark.end() if mark else 0
        return line[:begins] + _BETWEEN.join(
            self._whole(part) or self._sentences(part) for part in line[begins:].split(_BETWEEN)
        )

    def _sentences(self, text: str) -> str:
        """``text`` sentence by sentence; no space follows one that was told anew."""
        sentences = _SENTENCES.split(text)
        if len(sentences) == 1:
            return text
        told = [self._whole(sentence) or f"{sentence} " for sentence in sentences]
        return "".join(told).rstrip(" ")

    def _whole(self, text: str) -> str | None:
        """``text`` by the first form that fits all of it; None where none does."""
        for form in self._forms:
            if (values := form.values(text)) is not None:
                return self._filled(form.retold, values)
        return None

    def _filled(self, retold: str, values: dict[str, str]) -> str:
        def value(place: re.Match[str]) -> str:
            said = values[_group(place)]
            return self._parts(said) if place[2] == "*" else said

        return _PLACE.sub(value, retold)

    def _parts(self, text: str) -> str:
        """``text`` told as a list of which all parts can be, or else whole, part by part, by sentences."""
        listed = [self._whole(part) or "" for part in text.split("; ")]
        if len(listed) > 1 and all(listed):
            return "; ".join(listed)
        if (whole := self._whole(text)) is not None:
            return whole
        parts = _PARTS.split(text)
        told = [self._whole(part) or part for part in parts]
        return "".join(told) if told[::2] != parts[::2] else self._sentences(text)


class Form:
    """A sentence in English with places for what differs, and how it is told."""

    def __init__(self, form: str, retold: str) -> None:
        self.retold = retold
        self.form = form
        self.literals = [text for text in re.split(r"\{\w+[*#]?\}|\(s\)", form) if text]
        self._pattern: re.Pattern[str] | None = None

    @property
    def letters(self) -> tuple[int, int]:
        """How many letters of its own it begins with, and how many it has."""
        begins = _PLACE.search(self.form)
        return begins.start() if begins else len(self.form), sum(map(len, self.literals))

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in the places where ``text`` is of this form; None where it isn't."""
        if not all(literal in text for literal in self.literals):
            return None
        if self._pattern is None:  # most are never needed
            self._pattern = _pattern(self.form)
        match = self._pattern.fullmatch(text)
        return match.groupdict() if match else None


def forms_of(language: str, section: str = "reports") -> dict[str, str]:
    """The English forms with those of ``language``."""
    from seedsmith.agent.frontends.languages import catalogue

    return catalogue.section(language, section)


@lru_cache
def _forms(language: str, section: str) -> tuple[Form, ...]:
    forms = (Form(form, retold) for form, retold in forms_of(language, section).items())
    return tuple(sorted(forms, key=lambda form: form.letters, reverse=True))


def _pattern(form: str) -> re.Pattern[str]:
    """What matches all that ``form`` stands for."""
    pattern, end = "", 0
    for place in _PLACE.finditer(form):
        pattern += re.escape(form[end : place.start()])
        pattern += "s?" if place[3] else f"(?P<{_group(place)}>{_ANY[place[2]]})"
        end = place.end()
    return re.compile(pattern + re.escape(form[end:]))


def _group(place: re.Match[str]) -> str:
    """The name of a place's group, which ends in ``_`` where its value is told by forms itself."""
    return place[1] + ("_" if place[2] == "*" else "")
