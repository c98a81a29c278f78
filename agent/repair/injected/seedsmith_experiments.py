"""Try what changes a failing test's end: one value, condition or statement of the program at a time.

The sources named in ``experiments.json`` beside this file are compiled with a probe around every expression
and statement of their functions. Once the tests have been collected, each experiment runs in a forked child
of its own: the failing tests first, and where they end otherwise than before the passing ones as well. What
came of them is written to ``out`` and nothing else runs. Like its neighbours this file is copied into the
sandbox, so it uses the standard library only.
"""

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
from experiment_sites import (
    MOST_NAMES,
    PLAIN,
    PROBE,
    Seen,
    changer,
    compiled,
    experiments,
    recorder,
    sites,
    unprobed,
)

WORKERS = 2
ATOMS = (int, float, str, bytes, bool, type(None))
LEAST_SECONDS, MOST_TIMES, ONCE_SECONDS = 0.5, 8, 20.0


wanted = {}  # the plan, its files by absolute path
modules = {}  # name and probed code of those that were loaded, by path
state = {}


def watch_loading():
    from importlib.machinery import SourceFileLoader

    get_code = SourceFileLoader.get_code

    def probed(self, name):
        path = os.path.realpath(self.path)
        if path not in wanted:
            return get_code(self, name)
        shown, lines = wanted[path]
        try:
            code = compiled(self.get_data(self.path), self.path, lines, shown)
        except Exception:
            return get_code(self, name)
        modules[shown] = (name, code)
        return code

    SourceFileLoader.get_code = probed


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
        self.can_load_again = False
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

    def loaded_again(self, probe, paths):
        """How they end with the modules at ``paths`` run again with ``probe``."""
        builtins.__dict__[PROBE] = probe
        load_again(paths)
        return self.run(probe, True)

    def tried(self, number, change):
        """How they end with one experiment."""
        probe = changer(number, change)
        if sites[number].outer:
            return self.loaded_again(probe, [sites[number].path])
        return self.run(probe)


def load_again(paths):
    """Run modules again in their own namespaces, and give what they define to whoever has it of them."""
    for path in paths:
        name, code = modules[path]
        space = sys.modules[name].__dict__
        before = dict(space)
        exec(code, space)  # noqa: S102
        new = {
            id(old): (key, space[key])
            for key, old in before.items()
            if space.get(key) is not old and key[:2] != "__"
        }
        for module in list(sys.modules.values()):
            for key, value in list(getattr(module, "__dict__", {}).items() if is_ours(module) else ()):
                if id(value) in new and (key == new[id(value)][0] or not isinstance(value, ATOMS)):
                    module.__dict__[key] = new[id(value)][1]


def is_ours(module):
    return str(getattr(module, "__file__", None) or "").startswith(state["root"])


def run_all(tests):
    """All experiments there is time for."""
    seen = {}
    began = time.time()

    def record():
        builtins.__dict__[PROBE] = recorder(seen)
        if tests.can_load_again:
            load_again(modules)
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
    if before and before[1].count("") * 2 < len(before[1]):
        return []  # they need something that is missing here
    tests.can_load_again = bool(before) and in_child(lambda: tests.loaded_again(unprobed, modules)) == before
    recorded = before and before[0] and all(before[0]) and in_child(record)
    for number, count, kinds, names in recorded or ():
        known = seen[number] = Seen()
        known.count = count
        known.types = {PLAIN[each] for each in kinds}
        known.names = dict.fromkeys(names[:MOST_NAMES])
    scores = {(path, line): score for path, lines in wanted.values() for line, score in lines.items()}
    jobs = ((each, lambda each=each: tests.tried(*each)) for each in experiments(seen, scores))
    patience = max(LEAST_SECONDS, MOST_TIMES * took)
    return [outcome(each, ended, before) for each, ended in in_children(jobs, patience, state["seconds"])]


def outcome(experiment, ended, before):
    """Of an experiment: the share of failing tests that passed or changed, of passing tests that broke."""
    number, change = experiment
    site = sites[number]
    found = {"path": site.path, "line": site.line, "kind": site.kind, "change": change}
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
    state["root"] = root
    state.update(seconds=plan["seconds"], failing=set(plan["failing"]), passing=set(plan["passing"]))
    builtins.__dict__[PROBE] = unprobed
    watch_loading()
    seedsmith_start.add_pytest_plugin(pytest_plugin, "seedsmith_experiments")
    seedsmith_start.after_import("unittest.runner", watch_runner)
