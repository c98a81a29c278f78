"""Writes what is taken over into our own files, never over what is there, and keeps what was done."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.yaml_file import compose, read_small, user_folder
from seedsmith.sandbox.atomic_file import write_atomically
from seedsmith.sandbox.lazy_dataclass import dataclass

MOST_BYTES = 256 << 10
SKILLS = Path(".agents/skills")
KINDS = Path(".agents/agents")
_THERE = "there is one by that name already"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of theirs: ``what`` it is, and where it went, or why it was left out."""

    what: str
    said: str


@dataclass(slots=True)
class Target:
    """Our files in ``home``, and what was taken and left out so far; where ``dry``, nothing is written."""

    home: Path
    environment: Mapping[str, str]
    dry: bool = False
    taken: list[Entry] = field(default_factory=list)
    left_out: list[Entry] = field(default_factory=list)

    def take(self, what: str, where: object) -> None:
        """Say that ``what`` is ours now."""
        self.taken.append(Entry(what, str(where)))

    def leave(self, what: str, why: str) -> None:
        """Say that ``what`` was left out."""
        self.left_out.append(Entry(what, why))

    def instructions(self, source: Path) -> None:
        """Their instructions for every workspace, where there are none of ours."""
        content = _read(source)
        if not content or not content.strip():
            return
        path = user_folder(self.environment) / "AGENTS.md"
        if path.exists():
            if path.read_bytes() != content:
                self.leave(str(source), f"{path} is there already: add to it by hand")
            return
        self._write(path, content)
        self.take(str(source), path)

    def server(self, name: str, given: Any, source: Path) -> None:
        """An MCP server in the form that ``mcp.json`` has."""
        from seedsmith.agent.settings.mcp_servers import mcp_file, user_names, write_user_entry
        from seedsmith.tools.mcp.servers import ServerError, read_entry

        what = f"MCP server {name} ({source})"
        try:
            entry = read_entry(name, given)
        except ServerError as error:
            self.leave(what, str(error))
            return
        if name in user_names(self.environment):
            self.leave(what, _THERE)
            return
        if not self.dry:
            write_user_entry(self.environment, name, entry.plain())
        reach = "" if entry.url else ", without the network: seedsmith mcp add --network on gives it that"
        self.take(what, f"{mcp_file(self.environment)}{reach}")

    def skill_folder(self, source: Path) -> None:
        """A skill of theirs, its whole folder."""
        from seedsmith.skills.skill import BrokenSkill, Origin
        from seedsmith.skills.skill_folder import digest, read_skill

        found, path = read_skill(source, Origin.USER), self.home / SKILLS / source.name
        what = f"skill {source.name} ({source})"
        if isinstance(found, BrokenSkill):
            self.leave(what, f"it is broken: {found.errors[0]}")
        elif path.exists():
            self.leave(what, _THERE)
        else:
            digest(source)  # raises for links that lead out of it, and for more than a skill may hold
            if not self.dry:
                shutil.copytree(source, path, symlinks=True)
            self.take(what, path)

    def command(self, file: Path, root: Path) -> None:
        """A command of theirs, as a skill of one file."""
        import yaml

        from seedsmith.skills.claude_commands import read_command
        from seedsmith.skills.manifest import Manifest
        from seedsmith.skills.skill import BrokenSkill, Origin

        found = read_command(file, root, Origin.USER)
        what = f"command {found.name} ({file})"
        if isinstance(found, BrokenSkill):
            self.leave(what, f"it is broken: {found.errors[0]}")
            return
        path = self.home / SKILLS / found.name / "skill.yaml"
        if path.parent.exists():
            self.leave(what, _THERE)
            return
        manifest: dict[str, Any] = {"name": found.name, "description": found.description}
        if found.parameters:
            manifest["parameters"] = {
                name: {"description": spec.description} for name, spec in found.parameters.items()
            }
        manifest["instructions"] = found.instructions + "\n"
        try:
            Manifest.model_validate(manifest)
        except ValueError:
            self.leave(what, "its name or its text is none that a skill can have")
            return
        self._write(path, yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False).encode())
        note = f"; {found.warnings[0].message}" if found.warnings else ""
        self.take(what, f"{path}{note}")

    def kind(self, file: Path) -> None:
        """A kind of helper of theirs."""
        from seedsmith.skills.skill_md import read_published
        from seedsmith.skills.yaml_document import DocumentError, decode

        path, what = self.home / KINDS / file.name, f"helper {file.stem} ({file})"
        content = _read(file) or b""
        try:
            read_published(decode(content), file.stem)
        except DocumentError as error:
            self.leave(what, f"it {error}")
            return
        if path.exists():
            self.leave(what, _THERE)
            return
        self._write(path, content)
        self.take(what, f"{path}, so that helpers are offered from now on")

    def setting(self, name: str, value: Any, what: str) -> None:
        """A key of ``config.yaml``, where it has none."""
        from seedsmith.agent.settings.user_config import put

        path = user_folder(self.environment) / "config.yaml"
        root = compose(path, read_small(path, MOST_BYTES) or b"")
        keys = {str(key.value).replace("-", "_") for key, _ in root.value} if root is not None else set()
        if name in keys:
            self.leave(what, f"{name} is set in {path} already: add to it by hand")
            return
        if not self.dry:
            put(path, name, value)
        self.take(what, path)

    def _write(self, path: Path, content: bytes) -> None:
        if self.dry:
            return
        try:
            write_atomically(path, content)
        except OSError as error:
            raise ConfigurationError(f"Can't write {path}: {error.strerror}.") from error


def _read(path: Path) -> bytes | None:
    return read_small(path, MOST_BYTES)
