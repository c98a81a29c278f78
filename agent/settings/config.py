"""Where settings come from: flags, the environment, the user's file, the repository's file.

Their order stands in docs/command-line.md, "Where settings come from".
The repository's ``.seedsmith/config.yaml`` belongs to whoever wrote the repository: it may set harmless
keys only, and nothing in it ever stops a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.option import Option
from seedsmith.agent.settings.repository_root import root_above, standing_in, typed_in
from seedsmith.agent.settings.settings import OPTIONS, Settings
from seedsmith.agent.settings.yaml_file import compose, read_small, user_folder
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.protected import CONFIGURATION_FILE
from seedsmith.tools.suggestions import suggestion
from seedsmith.tools.wrong_values import IN_WORDS, what_is_wrong

if TYPE_CHECKING:
    from yaml import Node

MAX_FILE_BYTES = 64 << 10
MAX_DEPTH = 4
PREFIX = "SEEDSMITH_"
REPOSITORY_FILE = CONFIGURATION_FILE
MOST_NOTICES = 10
"""A repository's file may hold any number of bad keys; so many are named."""
LONGEST_NAME = 60
LONGEST_VALUE = 200
OTHER_VARIABLES = frozenset({"SEEDSMITH_LOCAL_MODEL"})
"""Variables with our prefix that are no settings."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings of a run, and what a person should know about where they came from."""

    settings: Settings
    notices: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where each setting that was given came from, e.g. ``{"model": "SEEDSMITH_MODEL"}``."""


@dataclass(slots=True)
class _Layers:
    """What was given so far; the first source to name a setting wins."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def offer(self, name: str, value: Any, origin: str) -> None:
        if name not in self.values:
            self.values[name] = value
            self.origins[name] = origin

    def add_to(self, name: str, values: list[Any], origin: str) -> None:
        """Put ``values`` after those that were given."""
        given = self.values.get(name) or []
        if isinstance(given, list):
            self.values[name] = [*given, *values]
            self.origins.setdefault(name, origin)

    def keep_typed(self) -> None:
        """Leave to a recording what it holds, unless it was typed."""
        for name in list(self.values):
            if OPTIONS[name].recorded and self.origins[name] != flag_name(name):
                del self.values[name], self.origins[name]


def flag_name(name: str) -> str:
    """The long flag of the setting ``name``, e.g. ``--max-turns``."""
    return (OPTIONS[name].long if name in OPTIONS else "") or "--" + name.replace("_", "-")


def user_file(environment: Mapping[str, str]) -> Path:
    """The user's configuration file: ``$XDG_CONFIG_HOME`` or the platform's folder for it."""
    return user_folder(environment) / "config.yaml"


def load(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Loaded:
    """Put the settings together from ``flags`` (by field name), ``environment`` and the two files.

    Where no workspace is given it is the root of the repository that the current folder lies in, and a
    verification command means what it means in the current folder.
    Raises :class:`ConfigurationError` for what the user gave wrongly; what a repository gives wrongly
    is ignored with a notice.
    """
    layers = _Layers()
    for name, value in flags.items():
        layers.offer(name, value, flag_name(name))
    _add_workspace(layers, environment)
    _add_environment(layers, environment)
    _add_user_file(layers, user_file(environment))
    _add_repository_file(layers, Path(str(layers.values.get("workspace", "."))))
    if "replay" in layers.values:
        layers.keep_typed()
    try:
        settings = Settings(**layers.values)
        if settings.verify and REPOSITORY_FILE not in layers.origins.get("verify", REPOSITORY_FILE):
            settings = settings.in_own_words(settings.verify)
        settings = settings.typed(flags)
    except ValidationError as error:
        raise ConfigurationError(explain(error, layers.values, layers.origins)) from None
    return Loaded(settings, tuple(layers.notices), layers.origins)


def check_user_file(path: Path) -> None:
    """Raise :class:`ConfigurationError` where the user's own file ``path`` could not be used."""
    layers = _Layers()
    _add_user_file(layers, path)
    try:
        Settings(**layers.values)
    except ValidationError as error:
        raise ConfigurationError(explain(error, layers.values, layers.origins)) from None


def _add_workspace(layers: _Layers, environment: Mapping[str, str]) -> None:
    root = None if "workspace" in layers.values else root_above(Path.cwd(), environment)
    if root is None:
        return
    layers.offer("workspace", root, "the repository of the current folder")
    folder = standing_in(root)
    if layers.values.get("verify"):
        layers.values["verify"] = typed_in(folder, layers.values["verify"])
    layers.notices.append(f"Working in {root}, the root of the repository; -C . works in {folder} alone.")


def _add_environment(layers: _Layers, environment: Mapping[str, str]) -> None:
    known = {PREFIX + name.upper() for name in OPTIONS}
    for variable in sorted(environment):
        if not variable.startswith(PREFIX) or not environment[variable] or variable in OTHER_VARIABLES:
            continue
        name = variable.removeprefix(PREFIX).lower()
        option = OPTIONS.get(name)
        if option is None:
            layers.notices.append(f"{variable} is set but is no setting{suggestion(variable, known)}.")
        elif refusal := _refusal(name, option, environment[variable]):
            layers.notices.append(f"{variable} is ignored: {refusal}.")
        else:
            layers.offer(name, environment[variable], variable)


def _add_user_file(layers: _Layers, path: Path) -> None:
    for name, value, line in _entries(path):
        where = f"{path} line {line}"
        option = OPTIONS.get(name)
        if option is None:
            raise ConfigurationError(f"{where}: unknown key {name!r}{suggestion(name, OPTIONS)}.")
        if refusal := _refusal(name, option, value):
            raise ConfigurationError(f"{where}: {name} can't be set here: {refusal}.")
        layers.offer(name, value, f"{name} ({where})")


def _add_repository_file(layers: _Layers, workspace: Path) -> None:
    try:
        entries = _repository_entries(workspace)
    except ConfigurationError as error:
        layers.notices.append(f"The repository's configuration is ignored: {error}")
        return
    notices = []
    for name, value, line in entries:
        where = f"{REPOSITORY_FILE} line {line}"
        if fault := _repository_fault(name, value):
            notices.append(f"{where}: {fault}")
        elif OPTIONS[name].adds:
            layers.add_to(name, _of_repository(value), f"{name} ({where})")
        else:
            layers.offer(name, value, f"{name} ({where})")
    layers.notices += notices[:MOST_NOTICES]
    if len(notices) > MOST_NOTICES:
        layers.notices.append(f"{REPOSITORY_FILE}: {len(notices) - MOST_NOTICES} more keys are ignored.")


def _repository_entries(workspace: Path) -> list[tuple[str, Any, int]]:
    """The repository file's entries; it is read as tools read, so no link leads out of the workspace."""
    from seedsmith.sandbox.errors import PathError, PathNotFound, WorkspaceError
    from seedsmith.sandbox.workspace.workspace import Workspace

    try:
        with Workspace(workspace) as opened:
            content = opened.read_bytes(REPOSITORY_FILE, cap=MAX_FILE_BYTES)
    except (WorkspaceError, PathNotFound):
        return []
    except PathError as error:
        raise ConfigurationError(str(error)) from None
    return _parse(Path(REPOSITORY_FILE), content)


def _repository_fault(name: str, value: Any) -> str:
    """Why a repository may not set ``name`` to ``value``, as one sentence; empty where it may."""
    harmless = {name for name, option in OPTIONS.items() if option.repository}
    shown = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
    if name not in OPTIONS:
        return f"unknown key {shown!r} is ignored{suggestion(name, harmless)}."
    if name not in harmless:
        return f"{name!r} is ignored: a repository may not set it."
    try:
        Settings(**{name: _of_repository(value) if OPTIONS[name].adds else value})
    except ValidationError as error:
        return f"{name!r} is ignored: it {_fault(error)}."
    return ""


def _of_repository(value: Any) -> Any:
    """The entries of a list, marked as the repository's, which can only narrow what the user says."""
    entries = value if isinstance(value, list) else [value]
    return [{**each, "of": "repository"} if isinstance(each, dict) else each for each in entries]


def _refusal(name: str, option: Option, value: Any) -> str:
    """Why this value may not come from the environment or a file; empty where it may."""
    if not option.ambient:
        return f"give {flag_name(name)} on the command line"
    if isinstance(value, str) and option.must_be_typed(value):
        return f"{flag_name(name)} {value} weakens the sandbox and must be typed on the command line"
    if name == "output_schema" and isinstance(value, dict):  # its numbers are text here
        return "name the schema's file"
    return ""


def checked(values: Mapping[str, Any]) -> Settings:
    """The settings a program gave by field name; raises :class:`ConfigurationError`, as the flags do."""
    for name in values:
        if name not in OPTIONS:
            raise ConfigurationError(f"There is no setting {name!r}{suggestion(name, OPTIONS)}.")
    try:
        return Settings(**values).in_own_words(str(values.get("verify") or ""))
    except ValidationError as error:
        raise ConfigurationError(explain(error, values)) from None


def explain(
    error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, str] | None = None
) -> str:
    """The first thing pydantic found wrong with ``values``, as one sentence that names where it was given."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    origin = (origins or {}).get(name, name)
    if first["type"] == "string_pattern_mismatch":
        return f"{origin} is empty."
    shown = "that" if name in ("api_key", "hooks", "permissions") else _shown(values.get(name))
    if len(shown) > LONGEST_VALUE:
        shown = f"{shown[:LONGEST_VALUE]}…"
    return f"{origin} can't be {shown}: it {_fault(error)}."


def _shown(value: Any) -> str:
    """A value as it was given; the click library gathers what may be given several times in a tuple."""
    return ", ".join(map(repr, value)) if isinstance(value, tuple) else repr(value)


def _fault(error: ValidationError) -> str:
    """What is wrong with a value, as the rest of a sentence that begins with "it"."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "string_pattern_mismatch":
        return "is empty"
    return what_is_wrong(first, IN_WORDS)


def _entries(path: Path) -> list[tuple[str, Any, int]]:
    """The file's keys with their values (text, lists and mappings of text) and line numbers."""
    content = read_small(path, MAX_FILE_BYTES)
    return [] if content is None else _parse(path, content)


def _parse(path: Path, content: bytes) -> list[tuple[str, Any, int]]:
    root = compose(path, content)
    entries: dict[str, tuple[str, Any, int]] = {}
    for key, value in root.value if root is not None else ():
        line = key.start_mark.line + 1
        name = str(key.value).replace("-", "_") if key.id == "scalar" else ""
        if not name or name in entries:
            raise ConfigurationError(f"{path} line {line}: {'repeated' if name else 'unusable'} key.")
        plain = _plain(value, f"{path} line {line}", 0)
        if plain is not None:
            entries[name] = (name, plain, line)
    return list(entries.values())


def _plain(node: Node, where: str, depth: int) -> Any:
    """The node as text, list or mapping; scalars stay text, so that ``off`` is not read as false."""
    from yaml import ScalarNode, SequenceNode

    if depth > MAX_DEPTH:
        raise ConfigurationError(f"{where}: nested too deeply.")
    if isinstance(node, ScalarNode):
        return None if node.tag == "tag:yaml.org,2002:null" else node.value
    if isinstance(node, SequenceNode):
        return [_plain(item, where, depth + 1) for item in node.value]
    return {str(key.value): _plain(value, where, depth + 1) for key, value in node.value}
