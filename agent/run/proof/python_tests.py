"""What was done to the tests of a Python file: pytest's and unittest's."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import field

from seedsmith.agent.run.proof.python_values import replaced_names, shared_values, values_of
from seedsmith.agent.sessions.proof_sides import OTHERWISE
from seedsmith.sandbox.lazy_dataclass import dataclass

_SKIPS = frozenset({"skip", "skipif", "skipIf", "skipUnless", "skipTest", "xfail", "expectedFailure"})
_SKIPS_ALONE = frozenset({"importorskip", "SkipTest", "exit"})
_CONTEXTS = frozenset({"raises", "warns", "assertRaises", "assertRaisesRegex", "assertWarns", "assertLogs"})
_SWALLOWED = frozenset({"AssertionError", "Exception", "BaseException", ""})
_HOOKS = frozenset(
    {
        "pytest_collection_modifyitems",
        "pytest_runtest_makereport",
        "pytest_ignore_collect",
        "pytest_pyfunc_call",
        "pytest_runtest_call",
        "pytest_sessionfinish",
        "collect_ignore",
        "collect_ignore_glob",
    }
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class _Test:
    """One test: how often it asserts what and with what, and how often it skips or swallows."""

    is_test: bool
    """False: it may help tests."""
    asserts: Counter[str] = field(default_factory=Counter)
    surely: int = 0
    """How many assertions stand under no condition."""
    values: Counter[str] = field(default_factory=Counter)
    """What is written out beside the assertions."""
    skips: int = 0
    swallows: int = 0
    ends_early: bool = False


def weakened_python(old: str, new: str) -> list[str]:
    """How the tests of ``new`` are weaker than those of ``old``, a phrase each; none where one can't be read.

    Names may be changed (a function that is called otherwise now), values and forms of assertions not.
    """
    try:
        before, after = ast.parse(old), ast.parse(new)
    except (SyntaxError, ValueError, RecursionError):
        return []
    tests, now = _tests(before), _tests(after)
    found: list[str] = []
    gone = tests.keys() - now.keys()
    shared, shared_now = shared_values(before, _is_assertion), shared_values(after, _is_assertion)
    elsewhere = shared_now - shared
    new_ones = [now[name] for name in now.keys() - tests.keys()]
    for name in sorted(gone):
        others = (each.asserts for each in new_ones if each.is_test and each.asserts)
        if tests[name].is_test and tests[name].asserts not in others:
            found.append(f"{name} is gone")
    for name in sorted(tests.keys() & now.keys()):
        found += [f"{name} {how}" for how in _weaker(tests[name], now[name], elsewhere)]
    if shared - shared_now - sum((each.values for each in new_ones), Counter()):
        found.append(f"what its tests share is {OTHERWISE}")
    found += [f"{name} is {OTHERWISE}" for name in sorted(replaced_names(before, after))]
    if _marks(after) > _marks(before):
        found.append("all its tests are skipped")
    hooks = _hooks(after) - _hooks(before)
    return found + [f"{name} is new, which decides which tests count" for name in sorted(hooks)]


def replacing_python(new: str) -> list[str]:
    """What a new file of tests puts something else for as it is loaded, a phrase each."""
    try:
        return [f"{name} is {OTHERWISE}" for name in sorted(replaced_names(ast.parse(""), ast.parse(new)))]
    except (SyntaxError, ValueError, RecursionError):
        return []


def _weaker(old: _Test, new: _Test, elsewhere: Counter[str]) -> Iterator[str]:
    """``elsewhere`` are values that stand outside of tests now."""
    if new.skips > old.skips:
        yield "is skipped or expected to fail"
    if new.swallows > old.swallows:
        yield "swallows what fails"
    if new.ends_early and not old.ends_early:
        yield "ends before it asserts"
    if lost := old.asserts - new.asserts:
        more = (new.asserts - old.asserts).total()
        yield f"asserts {OTHERWISE}" if more >= lost.total() else "asserts less"
    elif new.surely < old.surely:
        yield "asserts under a condition alone"
    elif old.values - new.values - elsewhere:
        yield f"works with {OTHERWISE}"


def _tests(tree: ast.Module) -> dict[str, _Test]:
    """The tests by name, and what helps them."""
    found: dict[str, _Test] = {}
    for owner, node, decorators in _functions(tree):
        found[owner + node.name] = _test(node, decorators)
    return found


def _functions(tree: ast.Module) -> Iterator[tuple[str, _Function, list[ast.expr]]]:
    """Every function at the top or in a class, with the class's decorators beside its own."""
    waiting: list[tuple[str, ast.AST, list[ast.expr]]] = [("", tree, [])]
    while waiting:
        owner, parent, above = waiting.pop()
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, _Function):
                yield owner, node, [*above, *node.decorator_list]
            elif isinstance(node, ast.ClassDef):
                marks = [each.value for each in node.body if isinstance(each, ast.Assign) and _is_mark(each)]
                waiting.append((f"{owner}{node.name}.", node, [*above, *node.decorator_list, *marks]))
            elif isinstance(node, ast.If | ast.Try | ast.With):
                waiting.append((owner, node, above))


def _test(node: _Function, decorators: list[ast.expr]) -> _Test:
    test = _Test(node.name.startswith("test"), skips=sum(_skips(each) for each in decorators))
    test.asserts.update(case for each in decorators for case in _cases(each))
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            test.asserts[_skeleton(inner.test)] += 1
        elif isinstance(inner, ast.Call):
            name = _called(inner)
            if name in _SKIPS or name in _SKIPS_ALONE:
                test.skips += inner not in decorators and not _within(inner, node.decorator_list)
            elif _is_assertion(inner):
                test.asserts[_skeleton(inner)] += 1
            test.swallows += name == "suppress"
        elif isinstance(inner, ast.ExceptHandler) and _swallows(inner):
            test.swallows += 1
    asserted = next((n for n, each in enumerate(node.body) if _asserts(each)), len(node.body))
    test.surely = _surely(node)
    test.values = values_of(node, _is_assertion) if test.is_test else Counter()
    test.ends_early = any(isinstance(each, ast.Return) for each in node.body[:asserted])
    return test


def _cases(decorator: ast.expr) -> Iterator[str]:
    """The cases that a test is run with, as far as they are written out; each asserts something."""
    if isinstance(decorator, ast.Call) and _called(decorator) == "parametrize" and len(decorator.args) > 1:
        cases = decorator.args[1]
        if isinstance(cases, ast.List | ast.Tuple):
            yield from map(_skeleton, cases.elts)


def _asserts(node: ast.stmt) -> bool:
    return any(map(_is_assertion, ast.walk(node)))


def _is_assertion(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = _called(node)
        return name.startswith(("assert", "fail")) or name in _CONTEXTS
    return isinstance(node, ast.Assert)


def _surely(node: ast.AST) -> int:
    """How many assertions stand under no condition."""
    below = [each for each in ast.iter_child_nodes(node) if not isinstance(each, ast.If | ast.Match)]
    return sum(1 if _is_assertion(each) else _surely(each) for each in below)


def _swallows(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {_last(kind) if kind is not None else "" for kind in kinds}
    return bool(names & _SWALLOWED) and not any(isinstance(inner, ast.Raise) for inner in ast.walk(handler))


def _skeleton(node: ast.expr) -> str:
    """An assertion without the names it uses: its form and its values; names of assertions stay."""
    return ast.dump(_Nameless().visit(ast.parse(ast.unparse(node), mode="eval")))


class _Nameless(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name("_")

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if node.attr.startswith(("assert", "fail")) or node.attr in _CONTEXTS:
            return self.generic_visit(node)
        owner = self.visit(node.value)
        return owner if isinstance(owner, ast.Name) else ast.Attribute(owner, "_")


def _within(node: ast.AST, outer: list[ast.expr]) -> bool:
    return any(node is inner for each in outer for inner in ast.walk(each))


def _skips(decorator: ast.expr) -> bool:
    return any(
        isinstance(each, ast.Attribute | ast.Name) and _last(each) in _SKIPS for each in ast.walk(decorator)
    )


def _is_mark(node: ast.Assign) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "pytestmark" for each in node.targets)


def _marks(tree: ast.Module) -> int:
    """How often the whole module is skipped."""
    found = 0
    for node in tree.body:
        if isinstance(node, ast.Assign) and _is_mark(node):
            found += _skips(node.value)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            found += _called(node.value) in _SKIPS | _SKIPS_ALONE
        elif isinstance(node, ast.Raise) and node.exc is not None:
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            found += _last(called) == "SkipTest"
    return found


def _hooks(tree: ast.Module) -> set[str]:
    names = {node.name for node in tree.body if isinstance(node, _Function)}
    assigned = [each for node in tree.body if isinstance(node, ast.Assign) for each in node.targets]
    return (names | {each.id for each in assigned if isinstance(each, ast.Name)}) & _HOOKS


def _called(node: ast.Call) -> str:
    return _last(node.func)


def _last(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
