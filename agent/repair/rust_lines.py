"""Which lines each test of a Rust program ran, each run alone, in a copy of the workspace.

Rust's own coverage takes LLVM's tools of the compiler's version, which few have. So each statement in the
copy notes that it runs (``injected/rust_probe.rs``); cargo is given what runs each test alone in place of a
program of tests (``injected/rust_each.sh``). Where that doesn't compile, nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from seedsmith.agent.repair.copies import PrivateCopy, can_copy
from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.inline_tests import lines_of_tests
from seedsmith.agent.repair.parsers import parser_of
from seedsmith.agent.repair.tests_alone import RanAlone, head_of, told_apart
from seedsmith.agent.repair.watched_run import Injection, reports
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.workspace.workspace import Workspace

if TYPE_CHECKING:
    from tree_sitter import Node

_FOLDER = "seedsmith-rust"
_INJECTED = Path(__file__).parent / "injected"
_EACH, _PROBE = _INJECTED / "rust_each.sh", _INJECTED / "rust_probe.rs"
_SECONDS, _TIMES = 30.0, 5
"""A run that notes lines may take so long, and so many times what it takes else."""
_SOURCE_BYTES, _MOST_FILES = 1 << 20, 400
_TARGETS = tuple(
    f"CARGO_TARGET_{machine}_UNKNOWN_LINUX_{library}_RUNNER"
    for machine in ("X86_64", "AARCH64")
    for library in ("GNU", "MUSL")
)
"""The variables by which cargo is told what to run a program with, by the machine it is built for."""
_NOTHING = frozenset({"line_comment", "block_comment", "attribute_item", "inner_attribute_item"})
_CONSTANT = frozenset({"const_item", "static_item", "const_block", "macro_definition"})
"""What the compiler runs: no probe can."""

Places = list[tuple[str, tuple[int, ...]]]


async def with_rust_lines(
    command: str, processes: ProcessRunner, diagnosis: Diagnosis, known: frozenset[str]
) -> Diagnosis:
    """The diagnosis with the lines that failing and passing tests ran; the same where they are not known.

    ``known`` holds the workspace's files.
    """
    roots = [path for path in known if path.endswith(("src/lib.rs", "src/main.rs"))]
    if not roots or diagnosis.watched or diagnosis.timed_out or not can_copy(processes):
        return diagnosis
    try:
        with PrivateCopy(processes.policy.private_tmp / _FOLDER, processes) as copy:
            places = _probe(copy.root, roots, known)
            tests = await _run(command, copy.processes, min(_SECONDS, 2 + _TIMES * diagnosis.seconds), places)
    except (ImportError, RecursionError, SandboxError, OSError):
        return diagnosis
    return told_apart(diagnosis, tests)


def _probe(folder: Path, roots: Sequence[str], known: Iterable[str]) -> Places:
    """Put probes into the sources below ``folder``; returns the lines that each of them tells of."""
    sources = [path for path in sorted(known) if path.endswith(".rs") and "/bin/" not in path]
    places: Places = []
    with Workspace(folder) as files:
        for path in sources[:_MOST_FILES]:
            if any(path.startswith(str(PurePosixPath(root).parent) + "/") for root in roots):
                data = files.read_bytes(path, cap=_SOURCE_BYTES)
                files.write_bytes(path, probed(path, data, places))
        runtime = _PROBE.read_text("utf-8").replace("COUNT", str(len(places))).encode()
        for root in roots:
            files.write_bytes(root, files.read_bytes(root, cap=2 * _SOURCE_BYTES) + b"\n" + runtime)
    return places


def probed(path: str, data: bytes, places: Places) -> bytes:
    """A source whose statements say that they run, each by its number in ``places``, to which it is added.

    Lines keep their numbers; tests have no probes. Raises ImportError where the parser
    (``tree-sitter-rust``) is missing.
    """
    root = parser_of(".rs").parse(data).root_node
    if root.has_error:
        return data
    tests = lines_of_tests(path, data.decode("utf-8", "replace"))
    new, done = b"", 0
    for node in _statements(root):
        first = node.start_point.row + 1
        if first not in tests:
            new += data[done : node.start_byte] + b"crate::__seedsmith::ran(%d); " % len(places)
            done = node.start_byte
            places.append((path, _lines(node)))
    return new + data[done:]


def _statements(node: Node) -> Iterator[Node]:
    """The statements of all functions, in their order; not those that the compiler itself may run."""
    modifiers = [child.text or b"" for child in node.children if child.type == "function_modifiers"]
    if node.type in _CONSTANT or any(b"const" in each for each in modifiers):
        return
    before = ""
    for child in node.children:
        if node.type == "block" and child.is_named and _runs(child) and before != "attribute_item":
            yield child
        before = child.type
        yield from _statements(child)


def _runs(node: Node) -> bool:
    items = node.type.endswith(("_item", "_declaration", "_definition")) and node.type != "let_declaration"
    return node.type not in _NOTHING and not items and node.type != "label"


def _lines(node: Node) -> tuple[int, ...]:
    """The lines of a statement without what blocks in it hold, which is told by itself."""
    found = set(range(node.start_point.row + 1, node.end_point.row + 2))
    waiting = list(node.children)
    while waiting:
        child = waiting.pop()
        if child.type == "block":
            found.difference_update(range(child.start_point.row + 2, child.end_point.row + 1))
        else:
            waiting += child.children
    return tuple(sorted(found))


async def _run(
    command: str,
    processes: ProcessRunner,
    seconds: float,
    places: Places,
) -> list[RanAlone]:
    injection = Injection(processes, _FOLDER)
    try:
        injection.add(_EACH)
        (injection.folder / "out").mkdir()
        each = f"/tmp/{_FOLDER}/{_EACH.name}"  # noqa: S108 - where the sandbox shows it
        await injection.run(command, timeout=seconds, environment=dict.fromkeys(_TARGETS, each))
        return [_read(text, places) for text in reports(injection.folder / "out", ".cover")]
    finally:
        injection.remove()


def _read(text: bytes, places: Places) -> RanAlone:
    name, passed, noted = head_of(text.decode("utf-8", "replace"))
    lines: dict[str, set[int]] = {}
    for number in noted:
        if number.isdigit() and int(number) < len(places):
            path, ran = places[int(number)]
            lines.setdefault(path, set()).update(ran)
    return RanAlone(name, passed, {path: frozenset(found) for path, found in lines.items()})
