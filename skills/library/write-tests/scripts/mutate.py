"""Break a Python file in small ways, one at a time, and see whether its tests notice.

    mutate.py [--most=N] [--seconds=N] [--function=NAME|CLASS.NAME] -- FILE TEST-COMMAND…

The file is put back after each try, with its time, also when the program is stopped by SIGINT, SIGTERM or
SIGHUP; after --seconds it stops by itself. Exit code 0 where every break was noticed, 1 where some were
not, 2 where nothing could be tried.
"""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

SLOWEST = 10
"""Tests that take this many times as long as they do now, and some seconds, hang: that is noticed too."""
SOME_SECONDS = 20.0
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.And: ast.Or,
    ast.Or: ast.And,
}  # fmt: skip
Change = Callable[[], None]


class Break(NamedTuple):
    """One small break."""

    line: int
    what: str
    make: Change
    take_back: Change


def breaks(tree: ast.AST) -> Iterator[Break]:
    """Every small break of ``tree``, in the order of its nodes."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        for what, make, take_back in _of(node):
            yield Break(line, what, make, take_back)
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            for index, each in enumerate(statements if isinstance(statements, list) else ()):
                if isinstance(each, ast.Expr) and isinstance(each.value, ast.Call):
                    yield Break(each.lineno, "call left out", *_item(statements, index, ast.Pass()))


def _of(node: ast.AST) -> Iterator[tuple[str, Change, Change]]:
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            if other := SWAPPED.get(type(operator)):
                yield f"{type(operator).__name__} → {other.__name__}", *_item(node.ops, index, other())
    elif isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and (other := SWAPPED.get(type(node.op))):
        yield f"{type(node.op).__name__} → {other.__name__}", *_field(node, "op", other())
    elif isinstance(node, (ast.If, ast.While, ast.IfExp)):
        turned = node.test.operand if _is_not(node.test) else ast.UnaryOp(ast.Not(), node.test)
        yield "condition turned round", *_field(node, "test", turned)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield f"{node.value} → {node.value + 1}", *_field(node, "value", node.value + 1)
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield f"{node.value} → {not node.value}", *_field(node, "value", not node.value)
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "returns None", *_field(node, "value", ast.Constant(None))


def _is_not(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _field(node: ast.AST, name: str, value: object) -> tuple[Change, Change]:
    before = getattr(node, name)
    return (lambda: setattr(node, name, value)), (lambda: setattr(node, name, before))


def _item(items: list, index: int, value: object) -> tuple[Change, Change]:
    before = items[index]
    return (lambda: items.__setitem__(index, value)), (lambda: items.__setitem__(index, before))


def notices(command: list[str], seconds: float) -> bool:
    """Whether the tests fail; those that hang have noticed too.

    No byte code is written: of a file that changes twice in a second, Python could not tell it is old.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        start_new_session=True,
    )
    try:
        return process.wait(seconds) != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            pass
        process.wait()


class Kept:
    """The file as it was, to be put back; where it is a link, the file that it leads to."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._path = os.path.realpath(file)  # a link must stay one
        with open(self._path, "rb") as opened:
            self.data = opened.read()
        self._stat = os.stat(self._path)
        self._tries = 0

    def replace(self, source: str) -> None:
        """Write another source, of another second than any before it."""
        self._tries += 1
        self._write(source.encode())
        moment = self._stat.st_mtime + 2 * self._tries
        os.utime(self._path, (moment, moment))

    def put_back(self) -> None:
        """Write what there was."""
        if self._tries:
            self._write(self.data)
            os.utime(self._path, ns=(self._stat.st_atime_ns, self._stat.st_mtime_ns))

    def _write(self, data: bytes) -> None:
        temporary = f"{self._path}.{os.getpid()}.new"
        with open(temporary, "wb") as opened:
            opened.write(data)
        os.chmod(temporary, self._stat.st_mode)
        os.replace(temporary, self._path)


def named(tree: ast.AST, name: str) -> ast.AST | None:
    """The function or class ``name``; a dot leads into a class or function."""
    for part in name.split("."):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        found = [node for node in ast.walk(tree) if isinstance(node, kinds) and node.name == part]
        if not found:
            return None
        tree = found[0]
    return tree


def tried(kept: Kept, tree: ast.AST, chosen: list[Break], command: list[str], slow: float, end: float) -> int:
    """Try the breaks until ``end``; prints those that are not noticed and returns the exit code."""
    count, missed = 0, 0
    try:
        for each in chosen:
            if time.monotonic() > end:
                break
            each.make()
            try:
                broken = ast.unparse(ast.fix_missing_locations(tree))
            except (ValueError, RecursionError):  # an f-string that older Pythons can't write
                continue
            finally:
                each.take_back()
            kept.replace(broken)
            count += 1
            if not notices(command, slow):
                missed += 1
                print(f"not noticed: {kept.file}:{each.line}: {each.what}", flush=True)
    finally:
        kept.put_back()
    late = f"; {len(chosen) - count} more were not tried" if count < len(chosen) else ""
    print(f"{count - missed} of {count} breaks were noticed{late}.")
    return 1 if missed or not count else 0


def main(arguments: list[str]) -> int:
    end = arguments.index("--")
    options = dict(option.removeprefix("--").split("=", 1) for option in arguments[:end])
    file, command = arguments[end + 1], arguments[end + 2 :]
    try:
        kept = Kept(file)
        tree = ast.parse(kept.data)
    except (OSError, SyntaxError, ValueError) as error:
        print(f"{file} can't be read as Python: {error}")
        return 2
    within = named(tree, options["function"]) if options.get("function") else tree
    if within is None:
        print(f"{file} has no function {options['function']}")
        return 2
    every = list(breaks(within))
    if not every:
        print("There is nothing in it to break.")
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    start = time.monotonic()
    try:
        if notices(command, 600):
            print("The tests fail as they stand: nothing was tried.")
            return 2
    except OSError as error:
        print(f"The test command can't be run: {error}")
        return 2
    slow = SLOWEST * (time.monotonic() - start) + SOME_SECONDS
    step = max(1, -(-len(every) // max(1, int(options.get("most", "20")))))
    deadline = start + float(options.get("seconds", "1500"))
    return tried(kept, tree, every[::step], command, slow, deadline)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
