"""Globs as ``.gitignore`` writes them: ``*.py`` at any depth, ``src/**/*.ts`` from the folder searched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from tools.base import ToolError


@dataclass(frozen=True)
class FilePattern:
    """One glob, relative to the folder searched; raises :class:`ToolError` if it is malformed.

    Without a slash it is compared with the file's name, with one with its whole path; ``*`` and ``?`` stop
    at slashes, ``**`` does not; ``[a-z]``, ``[!a-z]``, ``{one,two}`` and ``\\`` before a character work.
    """

    glob: str

    def __post_init__(self) -> None:
        if any(letter in self.glob for letter in "\0\r\n"):
            raise ToolError("A glob is one line of text, without line ends or NUL.")
        if ".." in self.glob.split("/"):
            raise ToolError(f"The glob {self.glob!r} leads upwards; give the folder as 'path' instead.")
        self.matches("")  # a malformed glob is to be refused at once

    @property
    def ignore_file(self) -> bytes:
        """The same as an ignore file for ripgrep that leaves nothing but the files wanted.

        Ignore files rank lowest there, so ``.gitignore`` still holds, which it would not against ``--glob``.
        """
        trailing = re.sub(r" +\Z", lambda spaces: "[ ]" * len(spaces.group()), self._normal)
        return f"*\n!*/\n!{trailing}\n".encode()

    def matches(self, path: str) -> bool:
        """Whether ``path``, relative to the folder searched, is meant."""
        return self._regex.fullmatch(path if "/" in self._normal else path.rpartition("/")[2]) is not None

    @property
    def _normal(self) -> str:
        glob = self.glob
        while glob.startswith("./"):
            glob = glob[2:]
        return glob + "**" if glob.endswith("/") else glob

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        try:
            return re.compile(_translate(self._normal.removeprefix("/")), re.DOTALL)
        except (re.error, ValueError) as error:
            raise ToolError(f"The glob {self.glob!r} is malformed: {error}.") from None


_PIECE = re.compile(r"(?:(?<=/)|^)\*\*/|(?<=/)\*\*$|\\.|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)


def _translate(glob: str) -> str:
    """Return the regular expression for ``glob``; raises ValueError where brackets don't pair."""
    parts: list[str] = []
    depth = 0
    for piece in _PIECE.findall(glob):
        if piece == "**/":
            parts.append("(?:.*/)?")
        elif piece == "**":
            parts.append(".*")
        elif piece == "*":
            # Two in a row mean the same as one, and would only cost time.
            parts.append("" if parts[-1:] == ["[^/]*"] else "[^/]*")
        elif piece == "?":
            parts.append("[^/]")
        elif piece == "{":
            depth += 1
            parts.append("(?:")
        elif piece == "}" and depth:
            depth -= 1
            parts.append(")")
        elif piece == "," and depth:
            parts.append("|")
        elif piece == "[":
            raise ValueError("'[' has no ']'")
        elif len(piece) > 1 and piece[0] == "[":
            inside = piece[1:-1].replace("\\", r"\\").replace("[", r"\[")
            parts.append(f"[^{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]")
        else:
            parts.append(re.escape(piece[-1]))
    if depth:
        raise ValueError("'{' has no '}'")
    return "".join(parts)
