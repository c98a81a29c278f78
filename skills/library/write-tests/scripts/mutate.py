"""Break a Python file in small ways, one at a time, and see whether its tests notice.

    mutate.py [--most=N] [--function=NAME] -- FILE TEST-COMMAND…

The file is put back after each try, also when the program is stopped. Exit code 0 where every break was
noticed, 1 where some were not, 2 where the tests fail as they stand.
"""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

SECONDS = 120
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.And: ast.Or,
    ast.Or: ast.And,
}  # fmt: skip


def breaks(tree: ast.AST) -> Iterator[tuple[ast.AST, str, Callable[[], None], Callable[[], None]]]:
    """Every small break: where, what, how to make it, how to take it back."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for index, operator in enumerate(node.ops):
                if other := SWAPPED.get(type(operator)):
                    yield (
                        node,
                        f"{type(operator).__name__} → {other.__name__}",
                        *_item(node.ops, index, other()),
                    )
        elif isinstance(node, ast.BinOp | ast.BoolOp) and (other := SWAPPED.get(type(node.op))):
            yield node, f"{type(node.op).__name__} → {other.__name__}", *_field(node, "op", other())
        elif isinstance(node, ast.If | ast.While | ast.IfExp):
            yield node, "condition turned round", *_field(node, "test", ast.UnaryOp(ast.Not(), node.test))
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            yield node, f"{node.value} → {node.value + 1}", *_field(node, "value", node.value + 1)
        elif isinstance(node, ast.Constant) and type(node.value) is bool:
            yield node, f"{node.value} → {not node.value}", *_field(node, "value", not node.value)
        elif isinstance(node, ast.Return) and node.value is not None:
            yield node, "returns None", *_field(node, "value", ast.Constant(None))
        elif isinstance(node, ast.Raise | ast.AugAssign):
            pass


def _field(node: ast.AST, name: str, value: object) -> tuple[Callable[[], None], Callable[[], None]]:
    before = getattr(node, name)
    return (lambda: setattr(node, name, value)), (lambda: setattr(node, name, before))


def _item(
    items: list[ast.cmpop], index: int, value: ast.cmpop
) -> tuple[Callable[[], None], Callable[[], None]]:
    before = items[index]
    return (lambda: items.__setitem__(index, value)), (lambda: items.__setitem__(index, before))


def notices(command: list[str]) -> bool:
    """Whether the tests fail; one that hangs has noticed too."""
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main(arguments: list[str]) -> int:
    end = arguments.index("--")
    options = dict(option.removeprefix("--").split("=", 1) for option in arguments[:end])
    file, command = arguments[end + 1], arguments[end + 2 :]
    with open(file, encoding="utf-8", newline="") as opened:
        original = opened.read()
    tree = ast.parse(original)
    within: ast.AST = tree
    if options.get("function"):
        found = [
            node for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == options["function"]
        ]  # fmt: skip
        if not found:
            print(f"{file} has no function {options['function']}")
            return 2
        within = found[0]
    if notices(command):
        print("The tests fail as they stand: nothing was tried.")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    every = list(breaks(within))
    most = int(options.get("most", "20"))
    step = max(1, -(-len(every) // most))
    tried, missed = 0, []
    try:
        for node, what, make, take_back in every[::step]:
            make()
            broken = ast.unparse(ast.fix_missing_locations(tree))
            take_back()
            with open(file, "w", encoding="utf-8", newline="") as opened:
                opened.write(broken)
            tried += 1
            if not notices(command):
                missed.append(f"{file}:{getattr(node, 'lineno', 0)}: {what}")
    finally:
        with open(file, "w", encoding="utf-8", newline="") as opened:
            opened.write(original)
    for each in missed:
        print(f"not noticed: {each}")
    print(f"{tried - len(missed)} of {tried} breaks were noticed ({len(every)} possible).")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
