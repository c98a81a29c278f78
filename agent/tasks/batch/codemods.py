"""Deterministic changes of code: ast-grep and libcst, applied to the files of a workspace.

Both are the extra ``codemods``, imported when used. They read and write; nothing of the workspace is run.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.tasks.batch.file_search import matching, small
from seedsmith.agent.tasks.batch.task_file import AstGrep, LibCst, Step, TaskFile

_VARIABLE = re.compile(r"\$\$\$([A-Z_][A-Z0-9_]*)|\$([A-Z_][A-Z0-9_]*)")
_NEEDED = {"ast_grep": "ast_grep_py", "libcst": "libcst"}
Rewrite = Callable[[Path, bytes], bytes]


def check_installed(tasks: TaskFile) -> None:
    """Raise :class:`ConfigurationError` where a step needs a library that is not installed."""
    for step in tasks.steps:
        module = _NEEDED.get(step.kind)
        if module is not None and importlib.util.find_spec(module) is None:
            raise ConfigurationError(
                f"The step {step.title!r} needs {module}: pip install 'seedsmith[codemods]'."
            )


def apply(root: Path, step: Step) -> str:
    """Carry out a step of ast-grep or libcst in ``root``; what was done, in a few words.

    Raises :class:`ConfigurationError` where the codemod can't be used, or fails on a file.
    """
    if step.ast_grep is not None:
        return _rewrite(root, step.ast_grep.files, _ast_grep(step.ast_grep))
    assert step.libcst is not None
    return _rewrite(root, step.libcst.files, _libcst(step.libcst))


def _rewrite(root: Path, globs: Sequence[str], rewrite: Rewrite) -> str:
    changed = seen = 0
    for path in matching(root, globs):
        content = small(path)
        if content is None:
            continue
        seen += 1
        try:
            new = rewrite(path, content)
        except UnicodeDecodeError:
            continue
        except Exception as error:  # a codemod is somebody's program
            said = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise ConfigurationError(f"The codemod failed on {path.relative_to(root)}: {said}.") from error
        if new != content:
            path.write_bytes(new)
            changed += 1
    return f"{changed} of {seen} files changed"


def _ast_grep(spec: AstGrep) -> Rewrite:
    from ast_grep_py import SgRoot

    rule: Any = {"rule": spec.rule or {"pattern": spec.pattern}}
    template = spec.rewrite or ""

    def rewrite(_: Path, content: bytes) -> bytes:
        text = content.decode("utf-8")
        found = SgRoot(text, spec.language).root().find_all(rule)
        matches = [(*_span(node), node) for node in found]
        matches.sort(key=lambda each: (each[0], -each[1]))
        return _replaced(text, (0, len(text)), matches, template).encode("utf-8")

    try:
        rewrite(Path(), b"")
    except Exception as error:
        said = str(error).partition("\n")[0]
        raise ConfigurationError(f"ast-grep takes no such rule for {spec.language!r}: {said}.") from None
    return rewrite


def _span(node: Any) -> tuple[int, int]:
    span = node.range()
    return span.start.index, span.end.index


def _replaced(text: str, where: tuple[int, int], matches: list[tuple[int, int, Any]], template: str) -> str:
    """That part of ``text`` with the outermost matches replaced, and those within what they captured."""
    parts, at = [], where[0]
    for number, (start, end, node) in enumerate(matches):
        if start < at or end > where[1]:
            continue
        inner = [each for each in matches[number + 1 :] if each[0] >= start and each[1] <= end]
        parts += [text[at:start], _expanded(text, node, inner, template)]
        at = end
    return "".join((*parts, text[at : where[1]]))


def _expanded(text: str, node: Any, inner: list[tuple[int, int, Any]], template: str) -> str:
    def captured(match: re.Match[str]) -> str:
        several, one = match[1], match[2]
        nodes = node.get_multiple_matches(several) if several else [node.get_match(one)]
        spans = [_span(each) for each in nodes if each is not None]
        if not spans:
            return ""
        return _replaced(text, (spans[0][0], spans[-1][1]), inner, template)

    return _VARIABLE.sub(captured, template)


def _libcst(spec: LibCst) -> Rewrite:
    import libcst
    from libcst.codemod import Codemod, CodemodContext

    kind = _class(spec.codemod)
    is_codemod = issubclass(kind, Codemod)
    if not is_codemod and not issubclass(kind, libcst.CSTTransformer):
        raise ConfigurationError(f"{spec.codemod} is neither a libcst codemod nor a CSTTransformer.")

    def rewrite(path: Path, content: bytes) -> bytes:
        tree = libcst.parse_module(content)
        if is_codemod:
            context = CodemodContext(filename=str(path))
            return bytes(kind(context, **spec.arguments).transform_module(tree).bytes)
        return bytes(tree.visit(kind(**spec.arguments)).bytes)

    return rewrite


def _class(name: str) -> Any:
    """The class ``FILE.py:Class`` or ``package.module:Class``."""
    where, _, called = name.partition(":")
    try:
        if where.endswith(".py"):
            spec = importlib.util.spec_from_file_location(f"_codemod_{Path(where).stem}", where)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(where)
        found = getattr(module, called)
    except Exception as error:  # the user's own file may fail in any way
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise ConfigurationError(f"The codemod {name} can't be loaded: {said}.") from error
    if not isinstance(found, type):
        raise ConfigurationError(f"{name} is no class.")
    return found
