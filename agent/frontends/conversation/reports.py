"""What runs and commands report in English, told in the person's language by the forms of sentences.

A catalogue, ``words/reports.LANGUAGE.yaml``, has the English form of each and the other one. In a form
``{name}`` stands for anything, ``{name*}`` for what is told by forms itself, whole or part by part, and
``(s)`` for a plural's s. What no form fits stays as it is: others' words, and what is rarely seen.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

_PLACE = re.compile(r"\{(\w+)(\*?)\}|(\(s\))")
_MARK = re.compile(r"(?:(?:[✓✗!?·…-]|ok:|failed:|seedsmith:) )?")
"""What may stand before a report in its line."""
_PARTS = re.compile(r"([,;] )")
"""What stands between the parts of a list."""
_BETWEEN = " · "
"""What stands between the parts of a line."""


class Reports:
    """Tells reports in one language."""

    def __init__(self, language: str) -> None:
        """``language`` is one of :data:`language.LANGUAGES`; English reports stay as they are."""
        self._language = language

    @property
    def _forms(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        return () if self._language == "en" else _forms(self._language)

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
            self._whole(part) or part for part in line[begins:].split(_BETWEEN)
        )

    def _whole(self, text: str) -> str | None:
        """``text`` by the first form that fits all of it; None where none does."""
        for form, retold in self._forms:
            if match := form.fullmatch(text):
                return self._filled(retold, match.groupdict())
        return None

    def _filled(self, retold: str, values: dict[str, str]) -> str:
        def value(place: re.Match[str]) -> str:
            said = values[_group(place)]
            return self._parts(said) if place[2] else said

        return _PLACE.sub(value, retold)

    def _parts(self, text: str) -> str:
        """``text`` told part by part, or else whole."""
        parts = _PARTS.split(text)
        told = [self._whole(part) or part for part in parts]
        return "".join(told) if told != parts else self._whole(text) or text


def forms_of(language: str) -> dict[str, str]:
    """The English forms with those of ``language``."""
    import yaml

    text = (files(__package__) / "words" / f"reports.{language}.yaml").read_text(encoding="utf-8")
    forms: dict[str, str] = yaml.safe_load(text)
    return forms


@lru_cache
def _forms(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_pattern(form), retold) for form, retold in forms_of(language).items())


def _pattern(form: str) -> re.Pattern[str]:
    """What matches all that ``form`` stands for."""
    pattern, end = "", 0
    for place in _PLACE.finditer(form):
        pattern += re.escape(form[end : place.start()])
        pattern += "s?" if place[3] else f"(?P<{_group(place)}>.+?)"
        end = place.end()
    return re.compile(pattern + re.escape(form[end:]))


def _group(place: re.Match[str]) -> str:
    """The name of a place's group, which ends in ``_`` where its value is told by forms itself."""
    return place[1] + ("_" if place[2] else "")
