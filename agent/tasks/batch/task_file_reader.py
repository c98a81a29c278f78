"""Reading task files: YAML, includes, and complaints of one sentence that name file and line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.yaml_file import compose, read_small
from seedsmith.agent.tasks.batch.task_file import PLACEHOLDER, Deliver, TaskFile
from seedsmith.tools.suggestions import suggestion, suggestion_or_list
from seedsmith.tools.wrong_values import IN_WORDS, what_is_wrong

if TYPE_CHECKING:
    from yaml import MappingNode, Node

MOST_BYTES = 1 << 20
_MOST_INCLUDES = 100
_PATHS = ("patch", "bundle")


def read_tasks(path: Path) -> TaskFile:
    """The task file at ``path`` with what it includes; raises :class:`ConfigurationError`.

    Relative paths in it are absolute afterwards, each by the file it stands in.
    """
    tasks = _read(path, ())
    if not tasks.name:
        tasks = tasks.model_copy(update={"name": _plain_name(path.stem)})
    if not tasks.repositories:
        raise ConfigurationError(f"{path} names no repositories.")
    if not tasks.steps:
        raise ConfigurationError(f"{path} has no steps.")
    for name in tasks.unknown_placeholders():
        known = ("batch", "item", "repository", "branch", *tasks.matrix)
        raise ConfigurationError(f"{path}: {{{{{name}}}}} stands for nothing{suggestion(name, known)}.")
    for step in tasks.steps:
        codemod = step.libcst.codemod.partition(":")[0] if step.libcst is not None else ""
        file = step.patch or (codemod if codemod.endswith(".py") else "")
        if file and not PLACEHOLDER.search(file) and not Path(file).is_file():
            raise ConfigurationError(f"{path}: the step {step.title!r} names {file}, which is no file.")
    return tasks


def _read(path: Path, above: tuple[Path, ...]) -> TaskFile:
    real = path.resolve()
    if real in above:
        circle = " includes ".join(str(each) for each in (*above[above.index(real) :], real))
        raise ConfigurationError(f"Task files include each other in a circle: {circle}.")
    if len(above) >= _MOST_INCLUDES:
        raise ConfigurationError(f"{path} is included too deeply.")
    content = read_small(path, MOST_BYTES)
    if content is None:
        who = f"{above[-1]} includes {path}, which" if above else str(path)
        raise ConfigurationError(f"{who} is not there.")
    root = compose(path, content)
    if root is None:
        raise ConfigurationError(f"{path} is empty.")
    try:
        tasks = TaskFile.model_validate(_value(root, path))
    except ValidationError as error:
        raise ConfigurationError(_located(path, root, error)) from None
    folder = real.parent
    tasks = _with_absolute_paths(tasks, folder)
    included = [_read(_absolute(folder, each), (*above, real)) for each in tasks.include or ()]
    return _merged(included, tasks, path) if included else tasks


def _merged(included: Sequence[TaskFile], own: TaskFile, path: Path) -> TaskFile:
    """``own`` after what it includes: lists are put together, of all else the own goes before."""
    parts = [*included, own]
    values: dict[str, Any] = {}
    for part in parts:
        given = {name: getattr(part, name) for name in part.model_fields_set}
        for name in ("steps", "setup", "repositories", "exclude"):
            if name in given:
                given[name] = [*values.get(name, []), *given[name]]
        if "matrix" in given:
            given["matrix"] = {**values.get("matrix", {}), **given["matrix"]}
        values |= given
    try:
        return TaskFile(**values)
    except ValidationError as error:
        wrong = what_is_wrong(error.errors(include_url=False)[0], IN_WORDS)
        raise ConfigurationError(f"{path} with what it includes {wrong}.") from None


def _with_absolute_paths(tasks: TaskFile, folder: Path) -> TaskFile:
    """``tasks`` with what it names beside itself by absolute paths."""
    steps = []
    for step in tasks.steps:
        if step.patch is not None:
            step = step.model_copy(update={"patch": str(_absolute(folder, step.patch))})
        if step.libcst is not None and step.libcst.codemod.partition(":")[0].endswith(".py"):
            file, _, name = step.libcst.codemod.partition(":")
            moved = step.libcst.model_copy(update={"codemod": f"{_absolute(folder, file)}:{name}"})
            step = step.model_copy(update={"libcst": moved})
        steps.append(step)
    places: list[Any] = []
    for place in tasks.repositories:
        if isinstance(place, str):
            places.append(str(_absolute(folder, place)))
        else:
            moved_to = {key: str(_absolute(folder, value)) for key, value in place if value is not None}
            places.append(place.model_copy(update=moved_to))
    named = {name: getattr(tasks.deliver, name) for name in _PATHS}
    deliver: Deliver = tasks.deliver.model_copy(
        update={name: str(_absolute(folder, value)) for name, value in named.items() if value}
    )
    given: dict[str, Any] = {"steps": steps, "repositories": places}
    given["exclude"] = [str(_absolute(folder, each)) for each in tasks.exclude]
    kept = {name: value for name, value in given.items() if name in tasks.model_fields_set}
    if "deliver" in tasks.model_fields_set:
        kept["deliver"] = deliver
    return tasks.model_copy(update=kept)


def _absolute(folder: Path, path: str) -> Path:
    return folder / Path(path).expanduser()


def _plain_name(stem: str) -> str:
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in stem).strip("-")
    return kept[:60] or "batch"


def _value(node: Node, path: Path) -> Any:
    """The node as Python has it; a repeated key is an error."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        return [_value(each, path) for each in node.value]
    if not isinstance(node, yaml.MappingNode):
        built = yaml.SafeLoader("")
        try:
            return built.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise ConfigurationError(f"{path} line {node.start_mark.line + 1}: {error}.") from None
        finally:
            built.dispose()
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigurationError(f"{path} line {line}: a key must be text.")
        if key.value in found:
            raise ConfigurationError(f"{path} line {line}: {key.value!r} is there twice.")
        found[key.value] = _value(value, path)
    return found


def _located(path: Path, root: MappingNode, error: ValidationError) -> str:
    """The first thing that is wrong, with its place in the file."""
    faults = error.errors(include_url=False)
    first = max(faults, key=lambda each: len(each["loc"])) if len(faults) > 1 else faults[0]
    node, names = _find(root, [str(part) if isinstance(part, str) else part for part in first["loc"]])
    where = f"{path} line {node.start_mark.line + 1}"
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        return f"{where}: there is no key {key!r}{suggestion_or_list(key, _known(names[:-1]))}."
    said = ".".join(names) or "the file"
    return f"{where}: {said} {what_is_wrong(first, IN_WORDS)}."


def _find(root: Node, location: Sequence[str | int]) -> tuple[Node, list[str]]:
    """The node nearest to ``location``, and the names on the way to it."""
    import yaml

    node, names = root, list[str]()
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == part), None)
            if found is None:
                names.append(str(part))
                continue
            node = found[1] if not isinstance(found[1], yaml.ScalarNode) else found[0]
            names.append(str(part))
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            names[-1:] = [f"{names[-1] if names else ''}[{part + 1}]"]
    return node, [name for name in names if name not in ("str", "Place") and not name.startswith("function-")]


def _known(names: Sequence[str]) -> list[str]:
    """The keys that may stand at a place, for a suggestion."""
    from seedsmith.agent.tasks.batch import task_file

    parts = {
        "repositories": task_file.Place,
        "steps": task_file.Step,
        "deliver": task_file.Deliver,
        "budget": task_file.Budget,
        "when": task_file.Condition,
        "unless": task_file.Condition,
        "ast-grep": task_file.AstGrep,
        "libcst": task_file.LibCst,
        "ruff": task_file.Ruff,
        "each": task_file.Limits,
        "grep": task_file.Grep,
    }
    last = names[-1].partition("[")[0] if names else ""
    part: Any = parts.get(last, task_file.TaskFile)
    return [field.alias or name for name, field in part.model_fields.items()]
