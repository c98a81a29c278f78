"""``apply_patch`` as a command of the shell, which many models know from elsewhere: run by the patch tool."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from seedsmith.agent.calls.prepared_call import PreparedCall
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import Access, JsonObject, Tool, ToolContext, ToolError, ToolResult, ToolSpec

_SHELL, _PATCH = "shell", "patch"
_NAME = r"apply_?patch"
_WORD = r"'[^']*'|\"[^\"$`\\\n]*\"|[\w./@+-]+"
_FOLDER = re.compile(rf"\s*cd +(?:-- +)?(?P<folder>{_WORD})\s*?(?:&&|;|\|\| exit\b|\n)\s*")
_TAG = r"<<\s*(?P<quote>['\"]?)(?P<tag>\w+)(?P=quote)"
_HERE = re.compile(
    rf"\s*(?:{_NAME}\s*{_TAG}|cat\s*{_TAG.replace('quote', 'q').replace('tag', 't')}\s*\|\s*{_NAME})"
    r"(?: +2>&1)?(?P<more>[ \t]*(?:&&|;)[^\n]*)?[ \t]*\n(?P<rest>.*)",
    re.DOTALL,
)
_ARGUMENT = re.compile(
    rf"\s*{_NAME}\s+(?P<word>'(?:[^']|'\\''|'\"'\"')*')[ \t]*(?P<rest>(?:\n|&&|;).*|)", re.DOTALL
)
_ESCAPED = re.compile(r"\\([$`\\])")
_HEADER = re.compile(r"^(\*\*\* (?:(?:Add|Delete|Update) File|Move to): )(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PatchCommand:
    """A command line that begins with ``apply_patch``."""

    patch: str
    rest: str
    """What is left to run once the patch was applied; '' where nothing is."""


def read_patch_command(command: str) -> PatchCommand | None:
    """``command`` as a patch and what follows it; None where it does not begin with one that can be read."""
    if "patch" not in command:
        return None
    folder, begin = "", 0
    while (into := _FOLDER.match(command, begin)) is not None:
        folder, begin = str(PurePosixPath(folder, shlex.split(into["folder"])[0])), into.end()
    found = _from_here_document(command[begin:]) or _from_argument(command[begin:])
    if found is None or not folder:
        return found
    patch = _HEADER.sub(lambda line: f"{line[1]}{PurePosixPath(folder, line[2])}", found.patch)
    rest = f"cd -- {shlex.quote(folder)} || exit\n{found.rest}" if found.rest else ""
    return PatchCommand(patch, rest)


def _from_here_document(command: str) -> PatchCommand | None:
    found = _HERE.match(command)
    if found is None:
        return None
    body, end, below = _ended(found["rest"], found["tag"] or found["t"])
    if not end:
        return None
    if not (found["quote"] or found["q"]):  # as the shell reads it; a patch never means its variables
        body = _ESCAPED.sub(r"\1", body)
    beside = re.sub(r"^(?:&&|;)", "", (found["more"] or "").strip())
    return PatchCommand(body, "\n".join(part for part in (beside.strip(), below.strip("\n")) if part.strip()))


def _ended(text: str, tag: str) -> tuple[str, bool, str]:
    """What of ``text`` stands above the line ``tag``, whether there is such a line, and what stands below."""
    lines = text.split("\n")
    if tag not in lines:
        return text, False, ""
    at = lines.index(tag)
    return "\n".join(lines[:at]), True, "\n".join(lines[at + 1 :])


def _from_argument(command: str) -> PatchCommand | None:
    found = _ARGUMENT.match(command)
    if found is None:
        return None
    rest = re.sub(r"^(?:&&|;)", "", found["rest"].strip())
    return PatchCommand(shlex.split(found["word"])[0], rest.strip())


def with_patch(prepared: PreparedCall, tools: Mapping[str, Tool]) -> PreparedCall:
    """``prepared``, a call of the shell whose command begins with ``apply_patch``, as what it comes to.

    That is a call of the patch tool, or one of the shell that patches first. Any other call is returned as
    it is. Raises what parsing the patch does.
    """
    patch_tool = tools.get(_PATCH)
    if prepared.call.name != _SHELL or prepared.tool is None or patch_tool is None:
        return prepared
    found = read_patch_command(getattr(prepared.parsed, "command", ""))
    if found is None:
        return prepared
    arguments = {"patch": found.patch}
    patch = patch_tool.parse(arguments)
    access = patch_tool.access(patch)
    if not found.rest:
        call = replace(prepared.call, name=_PATCH, arguments=json.dumps(arguments, ensure_ascii=False))
        return replace(prepared, call=call, arguments=arguments, access=access, tool=patch_tool, parsed=patch)
    rest = prepared.parsed.model_copy(update={"command": found.rest})
    both = replace(prepared.access, writes=prepared.access.writes | access.writes)  # rules speak of files
    return replace(prepared, access=both, tool=_PatchFirst(patch_tool, patch, prepared.tool, rest))


class _PatchFirst:
    """The shell for one call: a patch is applied, then the rest of the command runs."""

    name = _SHELL

    def __init__(self, patch_tool: Tool, patch: Any, shell: Tool, rest: Any) -> None:
        self._patch_tool = patch_tool
        self._patch = patch
        self._shell = shell
        self._rest = rest

    @property
    def spec(self) -> ToolSpec:
        """The shell's."""
        return self._shell.spec

    def parse(self, arguments: JsonObject) -> Any:
        """As the shell reads them."""
        return self._shell.parse(arguments)

    def access(self, parsed: Any) -> Access:
        """As of the shell."""
        return self._shell.access(parsed)

    async def run(self, parsed: Any, context: ToolContext) -> ToolResult:
        """Apply the patch and, where that went well, run the rest."""
        try:
            patched = await self._patch_tool.run(self._patch, context)
        except (ToolError, SandboxError) as error:
            raise type(error)(f"{error} The rest of the command was not run.") from error
        ran = await self._shell.run(self._rest, context)
        return replace(ran, text=f"{patched.text}\n{ran.text}".rstrip("\n"))
