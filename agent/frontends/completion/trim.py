"""What of an answer is offered: one statement or one block, and nothing that stands there already. Pure."""

from __future__ import annotations

import re

from seedsmith.agent.frontends.completion.code_scanner import State, scan, state_after
from seedsmith.agent.frontends.completion.hole import Hole

MOST_LINES = 12
"""A longer block than this is rarely what was meant."""
_MARKS = re.compile(r"<\|[a-z_]+\|>|</?COMPLETION>")
_FENCE = re.compile(r"\A\s*```[^\n]*\n(?P<code>.*?)(?:\n[ \t]*```.*)?\Z", re.S)
_FENCED = re.compile(r"\A\s*```[^\n]*\n.*\n[ \t]*```", re.S)
_OPENS_BLOCK = re.compile(r"[:{]\s*$|=>\s*$|\b(?:then|do|else)\s*$")
_SHORTEST_OVERLAP = 3
_REPEATS = 3


def wants_block(hole: Hole) -> bool:
    """Whether a whole block is missing: the cursor stands alone where the last line opened one."""
    if hole.line_before.strip():
        return False
    above = hole.prefix[: len(hole.prefix) - len(hole.line_before)].rstrip()
    opener = above[above.rfind("\n") + 1 :]
    if not _OPENS_BLOCK.search(opener) or hole.line_after.strip():
        return False
    following = next((line for line in hole.suffix.split("\n")[1:] if line.strip()), "")
    return _indent(following) <= _indent(opener)  # else the block is there, and a line of it is missing


class Trimmer:
    """Cuts the answers for one hole; what was open at the cursor is read once."""

    def __init__(self, hole: Hole) -> None:
        self._hole = hole
        self._block = wants_block(hole)
        above = hole.prefix[: len(hole.prefix) - len(hole.line_before)]
        self._line = state_after(above, hole.kind)
        self._state = state_after(hole.line_before, hole.kind, self._line)
        self._depth = self._state.depth
        if not self._closed_below():
            self._depth = min(self._depth, self._line.depth)

    def finished(self, answer: str) -> bool:
        """Whether whatever may follow ``answer`` would be cut off, so that nobody needs to wait for it."""
        if _MARKS.search(self._unwrapped(answer)) or _FENCED.match(answer):
            return True
        return self._end(self._code(answer)) is not None

    def trimmed(self, answer: str) -> str:
        """What is offered of ``answer``; '' where nothing is."""
        hole = self._hole
        text = self._code(answer)
        end = self._end(text)
        text = text if end is None else text[:end]
        text = _without_repeats(text)
        text = self._without_following(text).rstrip()
        if hole.line_after.strip():
            text = self._without_rest_of_line(text)
        return text if text.strip() else ""

    def _closed_below(self) -> bool:
        """Whether brackets that are open at the cursor seem to be closed behind it."""
        following = next((line for line in self._hole.suffix.split("\n")[1:] if line.strip()), "")
        deeper = _indent(following) > _indent(self._hole.line_before)
        return bool(self._hole.line_after.strip()) or deeper or following.lstrip()[:1] in tuple(")]}")

    def _code(self, answer: str) -> str:
        """What of ``answer`` is code that is not typed yet."""
        return self._without_typed(_MARKS.split(self._unwrapped(answer))[0])

    def _unwrapped(self, answer: str) -> str:
        """The answer without the fence or the mark that a chat model puts around it."""
        _, begun, inside = answer.rpartition("<COMPLETION>")
        text = (inside if begun else answer).replace("\r\n", "\n")
        match = _FENCE.match(text)
        return match["code"] if match else text

    def _without_typed(self, text: str) -> str:
        """The text without what is typed already on its line, which chat models say again."""
        typed = self._hole.line_before
        if not typed.strip():
            text = text.lstrip("\n") if not text.startswith("\n" * 2) or self._block else text
            stripped = text.lstrip(" \t")
            inset = text[: len(text) - len(stripped)]
            return stripped if inset == typed or (inset and typed) else text
        if text.startswith(typed):
            return text[len(typed) :]
        if len(typed.strip()) >= _SHORTEST_OVERLAP and text.lstrip().startswith(typed.strip()):
            rest = text.lstrip()[len(typed.strip()) :]
            spaces = len(typed) - len(typed.rstrip())
            return rest[spaces:] if rest[:spaces].isspace() else rest
        return text

    def _end(self, text: str) -> int | None:
        """Where the statement or block ends in ``text``; None where it may go on."""
        lines = 0
        own = _indent(self._opener()) if self._block else 0
        for place, state in scan(text, self._hole.kind, self._state):
            if place == len(text):
                return None
            lines += 1
            if lines >= MOST_LINES:
                return place
            if self._goes_on(text[:place], state):
                continue
            if not self._block:
                if text[:place].strip():
                    return place
                continue
            following = re.match(r"[ \t]*\S", text[place:].lstrip("\n"))
            if following and len(following[0]) - 1 <= own:
                return place
        return None

    def _goes_on(self, text: str, state: State) -> bool:
        """Whether the line at whose end ``text`` ends is only part of a statement."""
        open_string = len(state.quote) == 3 and state.quote != self._line.quote
        return open_string or state.depth > self._depth or text.endswith("\\")

    def _opener(self) -> str:
        above = self._hole.prefix[: len(self._hole.prefix) - len(self._hole.line_before)].rstrip()
        return above[above.rfind("\n") + 1 :]

    def _without_following(self, text: str) -> str:
        """The text up to a line that is the next one below the cursor anyway."""
        below = self._hole.suffix.split("\n")[1:]
        following = next((line.strip() for line in below if line.strip()), "")
        if not following:
            return text
        lines = text.split("\n")
        for number, line in enumerate(lines):
            whole = (self._hole.line_before + line if number == 0 else line).strip()
            long_enough = len(following) >= _SHORTEST_OVERLAP or number > 0
            if whole == following and long_enough and (number or not self._hole.line_after.strip()):
                return "\n".join(lines[:number])
        return text

    def _without_rest_of_line(self, text: str) -> str:
        """The text without its end where that is how the cursor's line goes on."""
        rest = self._hole.line_after.strip()
        for size in range(min(len(rest), len(text)), 0, -1):
            if not text.endswith(rest[:size]):
                continue
            surplus = self._surplus(text)
            if size == len(rest) and (size >= _SHORTEST_OVERLAP or surplus or rest in ":;,"):
                return text[:-size].rstrip()
            if size >= _SHORTEST_OVERLAP or (surplus and set(rest[:size]) <= set(")]}\"'`:;,")):
                return text[:-size].rstrip()
        return text

    def _surplus(self, text: str) -> bool:
        """Whether the line with ``text`` closes more than was open, or leaves a string open."""
        hole = self._hole
        after = state_after(text + hole.line_after, hole.kind, self._state)
        without = state_after(hole.line_after, hole.kind, self._state)
        return after.depth < without.depth or after.quote != without.quote


def _without_repeats(text: str) -> str:
    """The text up to where a line begins to come again and again."""
    lines = text.split("\n")
    for number in range(len(lines) - _REPEATS + 1):
        same = {line.strip() for line in lines[number : number + _REPEATS]}
        if len(same) == 1 and len(next(iter(same))) >= _SHORTEST_OVERLAP:
            return "\n".join(lines[: number + 1])
    return text


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
