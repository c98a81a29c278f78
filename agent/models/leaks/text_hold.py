"""Holds back from people what may be markup: the beginning of a leaked call, or thinking among the text.

It stands between an answer's deltas and the front ends. What it holds back in vain is shown later, so
nothing is lost and nothing changes its order; what :mod:`recover` takes out of the text was
never shown. It holds back more than that takes out, never less.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from seedsmith.agent.models.base import ReasoningDelta, TextDelta
from seedsmith.agent.models.leaks.call_forms import OPENERS, TAGS
from seedsmith.agent.models.leaks.call_places import STATEMENT_ENDS
from seedsmith.agent.models.leaks.dialects import CALL_KEYS, FENCE_LANGUAGES
from seedsmith.agent.models.leaks.recover import THINKING_TAGS
from seedsmith.tools.base import ToolSpec

Words = tuple[str, ...]
_MOST_UNDECIDED = 1000
"""Characters of an undecided beginning; a longer one is held back to the end."""
_MOST_AT_ONCE = 4096
"""Characters looked at together, so that a large piece costs no more than small ones."""
_MOST_REFUTED = 256
"""After so many beginnings that were none, the rest is held back to the end."""
_FAR = 200


def _prefixes(words: Iterable[str]) -> str:
    """A pattern for any of ``words``, or for as much of one as stands at the end."""
    rests: dict[str, list[str]] = {}
    for word in words:
        if not word:
            return ""
        rests.setdefault(word[0], []).append(word[1:])
    ways = []
    for first, rest in rests.items():
        more = _prefixes(rest)
        ways.append(re.escape(first) + (f"(?:\\Z|{more})" if more else ""))
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


_THINKING = tuple(f"<{tag}>" for tag in THINKING_TAGS)
_CANDIDATE = re.compile(
    "|".join(["`{3,}", r"`{1,2}\Z", r"\{", *map(_prefixes, (*TAGS, *OPENERS, *_THINKING))])
)


class TextHold:
    """The text of one answer on its way to people; ``tools`` are those whose calls may leak into it."""

    def __init__(self, tools: Iterable[ToolSpec] = ()) -> None:
        names = tuple(f'"{tool.name}"' for tool in tools)
        keys = tuple(f'"{key}"' for key in CALL_KEYS if key != "name")
        call: list[tuple[Words, ...]] = (
            [(("{",), ('"name"',), (":",), names), (("{",), keys)] if names else []
        )
        functions: tuple[Words, ...] = (("<function",),)
        bodies: list[tuple[Words, ...]] = [functions, (("{", "["),)] if names else []
        self._tagged = [*((TAGS, *body) for body in bodies), (_THINKING,)]
        if names:
            plain = tuple(f"{tool[1:-1]}{end}" for tool in names for end in ("<", "\n", " "))
            self._tagged += [(OPENERS,), (("<tool_call>",), plain)]
        self._named = call[:1]
        self._fenced = [(FENCE_LANGUAGES, *body) for body in call]
        self._bare = call
        self._refuted = 0
        self._held = ""
        self._shown: list[str] = []
        self._last = ""
        """The last character shown that is no space; '' at the beginning."""
        self._closing = ""
        """The tag that ends the thinking we are in, if we are."""
        self._after_thinking = False
        self._kept: list[str] | None = None
        """What is held back to the end, once that is decided."""

    def feed(self, text: str) -> list[TextDelta | ReasoningDelta]:
        """Take a piece of text; returns what can be shown by now."""
        shown: list[TextDelta | ReasoningDelta] = []
        for start in range(0, len(text), _MOST_AT_ONCE):
            shown += self._feed(text[start : start + _MOST_AT_ONCE])
        return shown

    def close(self, text: str) -> list[TextDelta]:
        """The end of the answer, whose whole ``text`` is known now: what of it was not shown yet."""
        shown = "".join(self._shown)
        held = bool(self._held or self._kept)
        rest = text[len(shown) :] if held and text.startswith(shown) else ""
        self._held, self._kept = "", None
        return [TextDelta(rest)] if rest else []

    def _feed(self, text: str) -> list[TextDelta | ReasoningDelta]:
        if self._kept is not None:
            self._kept.append(text)
            return []
        self._held += text
        shown: list[TextDelta | ReasoningDelta] = []
        while self._held and self._kept is None:
            before = len(self._held)
            shown += self._think() if self._closing else self._say()
            if len(self._held) == before:
                break
        return shown

    def _think(self) -> list[TextDelta | ReasoningDelta]:
        """Take thinking up to its closing tag, or to what may be the beginning of one."""
        thought, closed, rest = self._held.partition(self._closing)
        if closed:
            self._held, self._closing, self._after_thinking = rest, "", True
        else:
            cut = _undecided_end(thought, self._closing)
            thought, self._held = thought[:cut], thought[cut:]
        return [ReasoningDelta(thought)] if thought else []

    def _say(self) -> list[TextDelta | ReasoningDelta]:
        """Take text up to what may be markup."""
        if not self._last:
            blanks = len(self._held) - len(self._held.lstrip())
            if blanks == len(self._held):  # thinking may follow, and these blanks go with it
                if blanks > _MOST_UNDECIDED:
                    self._kept, self._held = [self._held], ""
                return []
            if opening := self._opening(self._held[blanks:]):
                self._held = self._held[blanks + len(opening) :]
                self._closing = opening.replace("<", "</")
                return []
            if self._after_thinking:
                self._held = self._held[blanks:]
        for candidate in _CANDIDATE.finditer(self._held):
            start = candidate.start()
            decided = self._decide(start, candidate.end()) if self._refuted < _MOST_REFUTED else True
            if decided is False:
                self._refuted += 1
                continue
            text, rest = self._held[:start], self._held[start:]
            if decided or len(rest) > _MOST_UNDECIDED:
                self._kept, self._held = [rest], ""
            else:
                self._held = rest
            return [self._speech(text)] if text.strip() or (text and self._last) else self._again(text)
        text, self._held = self._held, ""
        return [self._speech(text)]

    def _again(self, blanks: str) -> list[TextDelta | ReasoningDelta]:
        """Keep the blanks before what an answer begins with: they may go with it."""
        if self._kept is not None:
            self._kept.insert(0, blanks)
        else:
            self._held = blanks + self._held
        return []

    def _opening(self, text: str) -> str:
        return next((tag for tag in _THINKING if text.startswith(tag)), "")

    def _decide(self, start: int, end: int) -> bool | None:
        """Whether markup begins at ``start`` of what is held; None where that can't be told yet.

        ``end`` is where the fence ends, if it is one.
        """
        before = self._held[max(0, start - _FAR) : start].rstrip(" \t")
        last = before[-1:] or self._last
        match self._held[start]:
            case "<" | "[":
                if last and last not in STATEMENT_ENDS and last != ">":
                    return False
                forms = self._tagged
            case "`":
                if last and last != "\n":
                    return False
                if end == len(self._held):
                    return None
                start, forms = end, self._fenced
            case _:
                if last and last != "\n":
                    return False
                forms = self._named if self._last or before.strip() else self._bare
        answers = [_follows(self._held, start, form) for form in forms]
        return True if True in answers else None if None in answers else False

    def _speech(self, text: str) -> TextDelta:
        self._shown.append(text)
        self._last = text.rstrip(" \t")[-1:] or self._last
        return TextDelta(text)


def _follows(text: str, start: int, form: tuple[Words, ...]) -> bool | None:
    """Whether ``text`` goes on at ``start`` with a word of each step, blanks between; None: it may yet."""
    if not form:
        return True
    while start < len(text) and text[start].isspace():
        start += 1
    undecided = start == len(text)
    for word in form[0]:
        found_word = text[start : start + len(word)].lower()
        if found_word == word.lower():
            found = _follows(text, start + len(word), form[1:])
            if found:
                return True
            undecided = undecided or found is None
        elif word.lower().startswith(found_word) and start + len(word) > len(text):
            undecided = True
    return None if undecided else False


def _undecided_end(text: str, tag: str) -> int:
    """Where the longest end of ``text`` begins that ``tag`` begins with."""
    for length in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:length]):
            return len(text) - length
    return len(text)
