"""What the tests of a Python file work with: values written out, and names that something else is put for."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_LEFT_OUT = (ast.Import, ast.ImportFrom, ast.arguments)
_REPLACES = frozenset({"setattr", "patch", "setitem"})
Stops = Callable[[ast.AST], bool]


def values_of(node: ast.AST, stops: Stops) -> Counter[str]:
    """The values in ``node``, but for its docstrings, its decorators and what ``stops`` is true of."""
    return Counter(_values(node, stops))


def shared_values(tree: ast.Module, stops: Stops) -> Counter[str]:
    """The values outside of tests: of the module, its classes, fixtures and helpers."""
    return values_of(tree, lambda node: stops(node) or _is_test(node))


def replaced_names(old: ast.Module, new: ast.Module) -> set[str]:
    """What is replaced for the tests of ``new`` and was not in ``old``.

    Parts of other modules, imported names and ways to assert, as they are written there; fixtures that
    replace anything for every test, by their names.
    """
    imported = _imported(old) | _imported(new)
    found = _replaced(new, imported) - _replaced(old, imported)
    called = {_called(node) for node in ast.walk(old) if isinstance(node, ast.Call)}
    for name in _defined(new) - _defined(old):
        found |= {name} & called if name.startswith(("assert", "fail")) else set()
    return found


def _imported(tree: ast.Module) -> set[str]:
    imports = (node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    return {(each.asname or each.name).partition(".")[0] for node in imports for each in node.names}


def _defined(tree: ast.Module) -> set[str]:
    return {node.name for node in ast.walk(tree) if isinstance(node, _Function)}


def _replaced(tree: ast.Module, imported: set[str]) -> set[str]:
    """What is set of ``imported`` names as the module is loaded, and fixtures of every test that set such."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, _Function) and (node.name in imported or _replaces_for_every_test(node)):
            found.add(node.name)
        for target in node.targets if isinstance(node, ast.Assign) else ():
            root: ast.AST = target
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            is_item = isinstance(target, ast.Subscript) and not ast.unparse(target).startswith("sys.modules")
            if isinstance(root, ast.Name) and root.id in imported and not is_item:
                found.add(ast.unparse(target))
    return found


def _replaces_for_every_test(node: _Function) -> bool:
    given = (each for above in node.decorator_list if isinstance(above, ast.Call) for each in above.keywords)
    if not any(each.arg == "autouse" for each in given):
        return False
    return any(isinstance(each, ast.Call) and _called(each) in _REPLACES for each in ast.walk(node))


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _values(node: ast.AST, stops: Stops) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if stops(child) or isinstance(child, _LEFT_OUT) or _is_docstring(child):
            continue
        if isinstance(node, _Function) and child in node.decorator_list:
            continue
        if isinstance(child, ast.Constant):
            yield repr(child.value)
        yield from _values(child, stops)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_test(node: ast.AST) -> bool:
    return isinstance(node, _Function) and node.name.startswith("test")
