"""Try what changes a failing test's end: one value, condition or statement of the program at a time.

The sources named in ``experiments.json`` beside this file are compiled with a probe around every expression
and statement of their functions. Once the tests have been collected, each experiment runs in a forked child
of its own: the failing tests first, and where they end otherwise than before the passing ones as well. What
came of them is written to ``out`` and nothing else runs. Like its neighbours this file is copied into the
sandbox, so it uses the standard library only.
"""

import ast
import builtins
import gc
import json
import os
import re
import select
import signal
import sys
import time

import seedsmith_start

PROBE = "__seedsmith_probe__"
WORKERS = 2
MOST_NAMES = 4
MOST_INSTANCES = 3
FIRST = 6  # experiments on a line before those on the next
LEAST_SECONDS, MOST_TIMES, ONCE_SECONDS = 0.5, 8, 20.0
PLAIN = (bool, int, float, str, bytes, list, dict, tuple, set)
NUMBERS = (int, float)
DELETED = ("Assign", "AugAssign", "Expr", "Return", "Raise", "Break", "Continue", "Delete")


class Site:
    """One place of the program that can be experimented on."""

    def __init__(self, path, line, kind):
        self.path = path
        self.line = line
        self.kind = kind


class Seen:
    """What a site was seen to do while the failing tests ran."""

    def __init__(self):
        self.count = 0
        self.types = set()
        self.names = {}


sites = []
wanted = {}  # the plan, its files by absolute path
state = {"asked": False}


class Probes(ast.NodeTransformer):
    """Puts a probe around the expressions and statements of a file's functions."""

    def __init__(self, path, lines):
        self.path = path
        self.lines = lines
        self.depth = 0

    def site(self, node, kind):
        sites.append(Site(self.path, node.lineno, kind))
        return ast.copy_location(ast.Constant(value=len(sites) - 1), node)

    def probed(self, node, kind):
        number = self.site(node, kind)
        name = ast.copy_location(ast.Name(id=PROBE, ctx=ast.Load()), node)
        return ast.copy_location(ast.Call(func=name, args=[number, node], keywords=[]), node)

    def visit(self, node):
        if isinstance(node, ast.expr):
            return self.expression(node)
        if isinstance(node, ast.stmt):
            return self.statement(node)
        return self.generic_visit(node)

    def expression(self, node):
        if isinstance(node, ast.JoinedStr):
            for value in node.values:
                if isinstance(value, ast.FormattedValue):
                    value.value = self.visit(value.value)
            return node
        if not isinstance(getattr(node, "ctx", None), (ast.Load, type(None))):
            return self.generic_visit(node)
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                node.func.value = self.visit(node.func.value)
            node.args = [self.visit(each) for each in node.args]
            for keyword in node.keywords:
                keyword.value = self.visit(keyword.value)
        elif isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
        else:
            self.generic_visit(node)
        known = self.depth and node.lineno in self.lines and not isinstance(node, (ast.Slice, ast.Starred))
        if not known or isinstance(node, (ast.Lambda, ast.Yield, ast.YieldFrom, ast.Await)):
            return node
        if type(node).__name__ in ("Index", "ExtSlice"):
            return node
        predicate = isinstance(node, (ast.Compare, ast.BoolOp)) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        )
        return self.probed(node, "predicate" if predicate else "value")

    def statement(self, node):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.depth += 1
            node.body = self.body(node.body)
            self.depth -= 1
            return node
        if isinstance(node, ast.ClassDef):
            node.body = self.body(node.body)
            return node
        if isinstance(node, ast.AnnAssign):
            node.value = node.value and self.visit(node.value)
            return node
        if type(node).__name__ == "Match":
            node.subject = self.visit(node.subject)
            for case in node.cases:
                case.guard = case.guard and self.visit(case.guard)
                case.body = self.body(case.body)
            return node
        line = node.lineno
        self.generic_visit(node)
        if isinstance(node, (ast.If, ast.While)) and self.depth and line in self.lines:
            node.test = self.probed(node.test, "predicate")
        if self.depth and line in self.lines and type(node).__name__ in DELETED:
            kept = ast.copy_location(ast.Constant(value=True), node)
            return ast.copy_location(
                ast.If(test=self.probed(kept, "statement"), body=[node], orelse=[]), node
            )
        return node

    def body(self, statements):
        first = statements[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        return [each if documented and each is first else self.visit(each) for each in statements]


def compiled(data, path, lines, shown):
    tree = Probes(shown, frozenset(lines)).visit(ast.parse(data))
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


def watch_loading():
    from importlib.machinery import SourceFileLoader

    get_code = SourceFileLoader.get_code

    def probed(self, name):
        path = os.path.realpath(self.path)
        if path not in wanted:
            return get_code(self, name)
        shown, lines = wanted[path]
        try:
            return compiled(self.get_data(self.path), self.path, lines, shown)
        except Exception:
            return get_code(self, name)

    SourceFileLoader.get_code = probed


def unprobed(number, value):
    return value


def recorder(seen):
    def probe(number, value):
        kind = type(value)
        if state["asked"]:
            return value
        state["asked"] = True
        try:
            known = seen.setdefault(number, Seen())
            known.count += 1
            known.types.add(kind)
            if sites[number].kind == "value" and kind in PLAIN and len(known.names) < MOST_NAMES:
                for name, other in sys._getframe(1).f_locals.items():
                    if type(other) is kind and other != value and name.isidentifier():
                        known.names[name] = None
        finally:
            state["asked"] = False
        return value

    return probe


def changer(chosen, change, instance):
    """A probe that changes what site ``chosen`` gives: always, or the ``instance``-th time only."""
    count = [0]

    def probe(number, value):
        if number != chosen or state["asked"]:
            return value
        count[0] += 1
        if instance and count[0] != instance:
            return value
        state["asked"] = True
        try:
            return changed(change, value, sys._getframe(1).f_locals)
        finally:
            state["asked"] = False

    return probe


def changed(change, value, names):
    if change == "not":
        return not value
    if change == "empty":
        return type(value)()
    if change == "copy":
        import copy

        return copy.deepcopy(value)
    if change in ("+1", "-1"):
        return value + int(change) if isinstance(value, NUMBERS) else value
    return names.get(change[1:], value)


def experiments(seen, scores):
    """(site, change, instance) for what the failing tests ran, the most suspicious lines' first."""
    lines = {}
    for number, known in seen.items():
        site = sites[number]
        lines.setdefault((site.path, site.line), []).extend(
            (number, change, instance) for change, instance in changes(site, known)
        )
    found = []
    for place, tries in lines.items():
        score = scores.get(place, 0.0)
        tries.sort(key=lambda each: each[2])
        found.extend((index // FIRST, -score, each) for index, each in enumerate(tries))
    found.sort(key=lambda each: each[:2])
    return [each[2] for each in found]


def changes(site, known):
    if site.kind == "statement" or site.kind == "predicate" or known.types == {bool}:
        yield "not", 0
        for instance in range(1, min(known.count, MOST_INSTANCES) + 1) if known.count > 1 else ():
            yield "not", instance
        if site.kind != "value":
            return
    for kind in known.types:
        if kind in NUMBERS:
            yield "+1", 0
            yield "-1", 0
        elif kind in (list, dict, set):
            yield "copy", 0
        if kind in (str, list, dict, tuple):
            yield "empty", 0
    for name in known.names:
        yield "=" + name, 0


class Child:
    """One experiment that runs in a child process."""

    def __init__(self, work, deadline):
        self.reader, writer = os.pipe()
        self.deadline = deadline
        self.said = b""
        self.process = os.fork()
        if self.process:
            os.close(writer)
            return
        try:
            quiet = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(quiet, stream)
            os.write(writer, json.dumps(work()).encode())
        finally:
            os._exit(0)

    def read(self):
        """Whether it has ended."""
        data = os.read(self.reader, 65536)
        self.said += data
        return not data

    def close(self):
        """What it said; None where it ended otherwise or had to be stopped."""
        try:
            os.kill(self.process, signal.SIGKILL)
        except OSError:
            pass
        os.close(self.reader)
        os.waitpid(self.process, 0)
        try:
            return json.loads(self.said.decode())
        except ValueError:
            return None


def in_children(jobs, seconds, most):
    """Run (key, work) pairs, some at once; yields (key, result). ``seconds`` for each, ``most`` for all."""
    jobs = iter(jobs)
    running = {}
    end = time.time() + most
    more = True
    while more or running:
        while more and len(running) < WORKERS:
            job = next(jobs, None) if time.time() < end else None
            if job is None:
                more = False
                break
            child = Child(job[1], time.time() + seconds)
            running[child.reader] = (job[0], child)
        if not running:
            break
        soonest = min(child.deadline for _, child in running.values())
        ready = select.select(list(running), [], [], max(0.0, soonest - time.time()))[0]
        now = time.time()
        for reader, (key, child) in list(running.items()):
            if child.read() if reader in ready else now >= child.deadline:
                del running[reader]
                yield key, child.close()


def in_child(work):
    """What ``work`` gives, done in a child; None where it can't be had."""
    for _, found in in_children([("", work)], ONCE_SECONDS, ONCE_SECONDS):
        return found


def told(message):
    return re.sub(r"0x[0-9a-fA-F]+", "0x", str(message))[:2000]


class Tests:
    """The tests that failed and some that passed, as functions that give '' for passed or how they failed."""

    def __init__(self, all_tests):
        """``all_tests`` are (name, function) in their order."""
        known = state["failing"] | state["passing"]
        self.chosen = [(name in state["failing"], test) for name, test in all_tests if name in known]
        self.in_order = False
        """Whether the failing ones fail only after the others."""

    def run(self, probe, always=False):
        """How the failing ones end with ``probe``, and where one passes, or ``always``, the others."""
        builtins.__dict__[PROBE] = probe
        if self.in_order:
            ended = [(fails, test()) for fails, test in self.chosen]
        else:
            ended = [(True, test()) for fails, test in self.chosen if fails]
            if always or not all(end for _, end in ended):
                ended += [(False, test()) for fails, test in self.chosen if not fails]
        return [[end for fails, end in ended if fails == kind] for kind in (True, False)]


def run_all(tests):
    """All experiments there is time for."""
    seen = {}
    began = time.time()

    def record():
        tests.run(recorder(seen))
        return [
            [n, k.count, [PLAIN.index(t) for t in k.types if t in PLAIN], list(k.names)]
            for n, k in seen.items()
        ]

    gc.collect()
    gc.freeze()
    gc.disable()
    before = in_child(lambda: tests.run(unprobed, True))
    if before and not all(before[0]):
        tests.in_order = True
        before = in_child(lambda: tests.run(unprobed))
    took = time.time() - began
    recorded = before and before[0] and all(before[0]) and in_child(record)
    for number, count, kinds, names in recorded or ():
        known = seen[number] = Seen()
        known.count = count
        known.types = {PLAIN[each] for each in kinds}
        known.names = dict.fromkeys(names[:MOST_NAMES])
    scores = {(path, line): score for path, lines in wanted.values() for line, score in lines.items()}
    jobs = ((each, lambda each=each: tests.run(changer(*each))) for each in experiments(seen, scores))
    patience = max(LEAST_SECONDS, MOST_TIMES * took)
    return [outcome(each, ended, before) for each, ended in in_children(jobs, patience, state["seconds"])]


def outcome(experiment, ended, before):
    """Of an experiment: the share of failing tests that passed or changed, of passing tests that broke."""
    number, change, instance = experiment
    site = sites[number]
    found = {"path": site.path, "line": site.line, "kind": site.kind, "change": change, "instance": instance}
    if ended is None:
        return dict(found, cured=0.0, changed=0.0, broken=1.0)
    failing, passing = ended
    return dict(
        found,
        cured=failing.count("") / float(len(failing)),
        changed=share_changed(before[0], failing),
        broken=share_changed(before[1], passing) if passing else 0.0,
    )


def share_changed(before, after):
    return sum(1 for one, other in zip(before, after) if one != other) / float(len(before) or 1)


def write(found):
    path = os.path.join(seedsmith_start.HERE, "out", "experiments-%d.json" % os.getpid())
    with open(path, "w") as file:
        json.dump(found, file)


def pytest_plugin(hookimpl):
    class Plugin:
        @hookimpl(tryfirst=True)
        def pytest_runtestloop(self, session):
            write(run_all(Tests([(item.nodeid, pytest_test(item)) for item in session.items])))
            return True

    return Plugin()


def pytest_test(item):
    """A test without its report, which takes longer than most tests."""

    def run():
        hooks = item.ihook
        if hasattr(item, "_request") and not item._request:
            item._initrequest()
        ended = ""
        try:
            hooks.pytest_runtest_setup(item=item)
            hooks.pytest_runtest_call(item=item)
            for noted in getattr(item, "_excinfo", None) or ():  # of a unittest.TestCase
                ended = "%s: %s" % (noted.typename, told(noted.value))
        except BaseException as error:
            ended = "%s: %s" % (type(error).__name__, told(error))
        try:
            hooks.pytest_runtest_teardown(item=item, nextitem=None)
        except BaseException as error:
            ended = ended or "%s: %s" % (type(error).__name__, told(error))
        return ended

    return run


def watch_runner(module):
    def run(self, suite):
        write(run_all(Tests([(case.id(), unittest_test(case)) for case in flattened(suite)])))
        os._exit(1)

    module.TextTestRunner.run = run


def flattened(suite):
    for each in suite:
        if hasattr(each, "__iter__"):
            for case in flattened(each):
                yield case
        else:
            yield each


def unittest_test(case):
    def run():
        from unittest import TestResult, TestSuite

        result = TestResult()
        TestSuite([case]).run(result)
        errors = result.errors + result.failures
        return told(errors[0][1].rstrip().rpartition("\n")[2]) or "failed" if errors else ""

    return run


def start():
    if not hasattr(os, "fork"):
        return
    with open(os.path.join(seedsmith_start.HERE, "root")) as file:
        root = os.path.realpath(file.read().rstrip("\n"))
    with open(os.path.join(seedsmith_start.HERE, "experiments.json")) as file:
        plan = json.load(file)
    for path, lines in plan["files"].items():
        wanted[os.path.join(root, path)] = (path, {int(line): score for line, score in lines.items()})
    state.update(seconds=plan["seconds"], failing=set(plan["failing"]), passing=set(plan["passing"]))
    builtins.__dict__[PROBE] = unprobed
    watch_loading()
    seedsmith_start.add_pytest_plugin(pytest_plugin, "seedsmith_experiments")
    seedsmith_start.after_import("unittest.runner", watch_runner)
