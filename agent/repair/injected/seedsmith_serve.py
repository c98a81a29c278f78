"""Run a test command's tests again and again from one process: each run is a fork of the runner at its start.

Where ``SEEDSMITH_SERVE`` is set, the first Python process that starts pytest or unittest becomes the server:
at its first step, or where the variable says ``collect``, pytest once it is ready to collect. It reads one
JSON line a run from descriptor 8 and answers with one on descriptor 9. What a run imports, changes or leaves
running ends with it. Of the workspace nothing is imported before a fork, so each run sees its files as they
are then; where something was, the process does not serve. What one run had to import from elsewhere is
imported once for all that follow.

Like its neighbours this file is copied into the sandbox, so it uses the standard library only.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import sys
import threading
import time

import seedsmith_start

REQUESTS, ANSWERS = 8, 9
STEP_SECONDS = 0.005
MODULES = os.path.join(seedsmith_start.HERE, "modules")
_state = {"serves": os.environ.pop("SEEDSMITH_SERVE", "")}


def failed_before():
    path = os.path.join(seedsmith_start.HERE, "first")
    with open(path, encoding="utf-8", errors="surrogatepass") as file:
        return frozenset(file.read().split("\n"))


def belongs_to_workspace(module, root):
    path = getattr(module, "__file__", None)
    return bool(path) and (os.path.realpath(path) + os.sep).startswith(root)


def installed_there(path):
    return any(part in ("site-packages", "dist-packages", ".venv") for part in path.split(os.sep))


def workspace_modules(root):
    """The names of loaded modules that are the workspace's own, but for the program itself."""
    return [
        name
        for name, module in list(sys.modules.items())
        if name != "__main__" and belongs_to_workspace(module, root) and not installed_there(module.__file__)
    ]


def answer(**values):
    os.write(ANSWERS, (json.dumps(values) + "\n").encode())


def serve():
    """Return in each forked child, to run the tests once; the first process never returns.

    Where there is nothing to serve it returns False at once.
    """
    if not _state["serves"]:
        return False
    _state["serves"] = ""
    with open(os.path.join(seedsmith_start.HERE, "root")) as file:
        root = os.path.join(os.path.realpath(file.read().rstrip("\n")), "")
    mine = workspace_modules(root)
    answer(ready=not mine and threading.active_count() == 1)
    waiting = b""
    while True:
        while b"\n" not in waiting:
            data = os.read(REQUESTS, 65536)
            if not data:
                os._exit(0)
            waiting += data
        line, waiting = waiting.split(b"\n", 1)
        request = json.loads(line.decode())
        if request.get("preload"):
            preload()
            answer(ready=threading.active_count() == 1)
            continue
        started = time.monotonic()
        gc.freeze()
        child = os.fork()
        if not child:
            begin(request, root)
            return True
        status = wait(child, started + request["seconds"])
        answer(status=status, seconds=time.monotonic() - started)


def begin(request, root):
    """Make a forked child a process group of its own, and note what it is to run."""
    os.setsid()
    os.close(REQUESTS)
    os.close(ANSWERS)
    os.environ["SEEDSMITH_TESTS"] = request["tests"]
    importlib.invalidate_caches()
    _state["told"] = root if request.get("tell") else None
    if request.get("tell"):  # the workspace's files are what they were: their bytecode serves later runs
        sys.dont_write_bytecode = False


def wait(child, deadline):
    """The exit code of a child, None where it took too long; nothing that it started lives on."""
    status = None
    handle = os.pidfd_open(child) if hasattr(os, "pidfd_open") else None
    try:
        while True:
            ended, code = os.waitpid(child, os.WNOHANG)
            if ended:
                status = os.WEXITSTATUS(code) if os.WIFEXITED(code) else -os.WTERMSIG(code)
                break
            left = deadline - time.monotonic()
            if left <= 0:
                break
            if handle is None:
                time.sleep(min(STEP_SECONDS, left))
            else:
                select.select([handle], [], [], left)
    finally:
        if handle is not None:
            os.close(handle)
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    if status is None:
        os.waitpid(child, 0)
    return status


def finish(code):
    """End a forked child with an exit code, at once."""
    if _state.get("told"):
        tell(_state["told"])
    os._exit(code if isinstance(code, int) else 1)


def tell(root):
    """Write down which modules from outside the workspace this run had loaded, in the order of loading."""
    names = [
        name
        for name, module in list(sys.modules.items())
        if getattr(module, "__file__", None)
        and getattr(module, "__spec__", None)
        and not name.startswith(("__main__", "conftest", "pytest_", "sitecustomize", "usercustomize"))
        and (not belongs_to_workspace(module, root) or installed_there(module.__file__))
    ]
    with open(MODULES, "w") as file:
        file.write("\n".join(names))


def preload():
    """Import what the run that was told of had imported; what fails is left to the runs."""
    with open(MODULES) as file:
        names = file.read().split("\n")
    for name in names:
        if name not in sys.modules:
            with contextlib.suppress(BaseException):
                importlib.import_module(name)


def served(main):
    """``main`` of a runner, which returns its exit code, run in forked children alone."""

    def serving(*arguments, **keywords):
        if not serve():
            return main(*arguments, **keywords)
        try:
            finish(int(main(*arguments, **keywords) or 0))
        except SystemExit as ended:
            finish(ended.code or 0)
        except BaseException:
            finish(1)

    return serving


def serve_pytest(module):
    if _state["serves"] == "collect":
        return
    for name in ("main", "_main"):  # the program calls one or the other, by pytest's version
        if hasattr(module, name):
            setattr(module, name, served(getattr(module, name)))


def flat(suite):
    for each in suite:
        if hasattr(each, "__iter__"):
            yield from flat(each)
        else:
            yield each


def serve_unittest(module):
    program = module.TestProgram
    run_tests = program.runTests

    def chosen(self):
        wanted = os.environ.get("SEEDSMITH_TESTS")
        if wanted:
            self.failfast = True
            first = failed_before()
            if wanted != "all":
                tests = [test for test in flat(self.test) if (test.id() in first) == (wanted == "only")]
                self.test = type(self.test)(tests)
        return run_tests(self)

    program.__init__, program.runTests = served(program.__init__), chosen


def pytest_plugin(hookimpl):
    class Plugin:
        @hookimpl(tryfirst=True)
        def pytest_collection(self, session):
            if _state["serves"] == "collect":
                serve()
            if os.environ.get("SEEDSMITH_TESTS") == "only":
                root = str(session.config.rootpath)
                session.config.args = [os.path.join(root, node) for node in sorted(failed_before())]

        def pytest_collection_modifyitems(self, items):
            if os.environ.get("SEEDSMITH_TESTS") == "others":
                first = failed_before()
                items[:] = [item for item in items if item.nodeid not in first]

        @hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_sessionfinish(self, session):
            yield
            if os.environ.get("SEEDSMITH_TESTS"):
                finish(int(session.exitstatus))

    return Plugin()


def start():
    if _state["serves"]:
        seedsmith_start.add_pytest_plugin(pytest_plugin, "seedsmith_serve")
        seedsmith_start.after_import("_pytest.config", serve_pytest)
        seedsmith_start.after_import("unittest.main", serve_unittest)
