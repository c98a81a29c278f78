"""Watch a Python test command from inside: which workspace lines each test ran, and how it failed.

This file is copied into the sandbox and imported by the *project's* interpreter, so it uses the
standard library only and nothing of Seedsmith. Next to it lie ``root`` (a file that names the workspace)
and ``out`` (the folder for the reports). Each process writes one JSON report; a daemon thread renews it,
so that a killed run leaves one too.

A test is watched until its call phase ends, and not while its values are shown: what only ``__repr__`` of
a failing test's values ran has nothing to do with the failure.
"""

import json
import os
import sys
import threading
import time

import seedsmith_start

with open(os.path.join(seedsmith_start.HERE, "root")) as file:
    ROOT = os.path.join(os.path.realpath(file.read().rstrip("\n")), "")
OUT = os.path.join(seedsmith_start.HERE, "out")
EVENTS = 2000000  # lines that are watched for each test
INSTALLED = ("site-packages", "dist-packages")
SKIPPED = (*INSTALLED, "node_modules", ".venv", ".tox", ".nox")
MAIN_THREAD = threading.main_thread().ident
KEPT = object()  # in place of a tracer: the one that was there stayed


class Test:
    """What is known of one test, or of the code that runs outside any."""

    def __init__(self, name):
        self.name = name
        self.outcome = "unfinished"
        self.lines = {}
        self.frames = []
        self.message = ""
        self.events = 0
        self.tracer = KEPT
        self.started = time.monotonic()
        self.seconds = 0.0

    def report(self):
        return {
            "name": self.name,
            "outcome": self.outcome,
            "lines": {path: sorted(lines) for path, lines in self.lines.copy().items() if lines},
            "frames": self.frames,
            "message": self.message,
            "seconds": self.seconds or time.monotonic() - self.started,
        }


outside = Test("")
tests = [outside]
current = outside
paused = 0  # greater while what runs is not to be noted
known = {}


def relative(filename):
    """Path below the workspace, or None where the file is not the user's own."""
    if filename not in known:
        known[filename] = find(os.path.realpath(filename))
    return known[filename]


def find(path):
    parts = (path[len(ROOT) :] if path.startswith(ROOT) else path).split(os.sep)
    if any(part in INSTALLED for part in parts):
        return source_of(path, parts)
    inside = path.startswith(ROOT) and not any(part in SKIPPED for part in parts)
    return path[len(ROOT) :] if inside and os.path.isfile(path) else None


def source_of(path, parts):
    """The workspace's file that was installed as this one, as tox does before it tests, or None."""
    start = max(index for index, part in enumerate(parts) if part in INSTALLED) + 1
    tail = os.path.join("", *parts[start:])
    folders = [""] + [entry for entry in sorted(os.listdir(ROOT)) if entry[0] != "." and entry not in SKIPPED]
    for folder in folders:
        candidate = os.path.join(folder, tail)
        if os.path.isfile(ROOT + candidate) and same(ROOT + candidate, path):
            return candidate
    return None


def same(first, second):
    try:
        with open(first, "rb") as one, open(second, "rb") as other:
            return one.read() == other.read()
    except (IOError, OSError):
        return False


def unnoted(function):
    """``function``, run without noting what it runs."""

    def run(*arguments, **keywords):
        global paused
        paused += 1
        try:
            return function(*arguments, **keywords)
        finally:
            paused -= 1

    return run


def watch_call(frame, event, argument):
    path = relative(frame.f_code.co_filename)
    if path is None or paused or current.events > EVENTS:
        return None
    test = current
    lines = test.lines.setdefault(path, set())

    def watch_line(frame, event, argument):
        if event == "line" and not paused:
            lines.add(frame.f_lineno)
            test.events += 1
            if test.events > EVENTS:
                return None
        return watch_line

    return watch_line


def begin(name):
    global current, paused
    current = Test(name)
    paused = 0
    tests.append(current)
    if sys.gettrace() is not watch_call:  # something that measures coverage took its place
        current.tracer = sys.gettrace()
        sys.settrace(watch_call)


def pause():
    """Note nothing more of the current test: what it calls has ended."""
    global paused
    paused = max(paused, 1)


def resume():
    global paused
    paused = 0


def end(outcome):
    global current
    if current.outcome == "unfinished":
        current.outcome = outcome
    current.seconds = time.monotonic() - current.started
    if current.tracer is not KEPT:
        sys.settrace(current.tracer)
    current = outside
    resume()


def failed(error, message=None):
    """Note how the current test failed; the first failure of a test is the one that counts."""
    if current.outcome == "failed":
        return
    current.outcome = "failed"
    current.message = message or "%s: %s" % (type(error).__name__, error)
    current.frames = frames_of(getattr(error, "__traceback__", None))


def frames_of(traceback):
    frames = []
    while traceback is not None:
        path = relative(traceback.tb_frame.f_code.co_filename)
        entry = [path, traceback.tb_lineno, traceback.tb_frame.f_code.co_name]
        if path is not None and entry not in frames[-3:]:  # a recursion is one entry, not a thousand
            frames.append(entry)
        traceback = traceback.tb_next
    return frames[:3] + frames[3:][-40:]


def stack_now():
    frames = []
    frame = sys._current_frames().get(MAIN_THREAD)
    while frame is not None and len(frames) < 40:
        path = relative(frame.f_code.co_filename)
        if path is not None:
            frames.append([path, frame.f_lineno, frame.f_code.co_name])
        frame = frame.f_back
    return frames[::-1]


def write():
    running = current
    if running.outcome == "unfinished":
        running.frames = stack_now()
    report = json.dumps({"tests": [test.report() for test in tests if test.lines or test.name]})
    path = os.path.join(OUT, "%d.json" % os.getpid())
    with open(path + ".part", "w") as file:
        file.write(report)
    os.replace(path + ".part", path)


def renew():
    pause = 1.0
    while True:
        time.sleep(pause)
        pause = min(pause * 1.5, 10.0)
        try:
            write()
        except Exception:
            pass


def pytest_plugin(hookimpl):
    if sys.gettrace() is watch_call:
        sys.settrace(None)  # pytest's own start is long; each test turns it on again

    class Plugin:
        distributes = False  # whether the tests run in other processes

        def pytest_configure(self, config):
            self.distributes = config.pluginmanager.hasplugin("dsession")

        def pytest_runtest_logstart(self, nodeid):
            if current is outside and not self.distributes:
                begin(nodeid)

        @hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_setup(self):
            resume()
            yield
            pause()

        @hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_call(self):
            resume()
            yield
            pause()

        @hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_makereport(self, item, call):
            report = (yield).get_result()
            if report.failed and current.name == item.nodeid:
                crash = getattr(report.longrepr, "reprcrash", None)
                message = getattr(crash, "message", "") or ("" if call.excinfo else str(report.longrepr))
                failed(call.excinfo and call.excinfo.value, message)

        def pytest_runtest_logfinish(self, nodeid):
            if current.name == nodeid:
                end("passed")

    return Plugin()


def watch_assertions(module):
    """Pytest shows the values of a failing assertion before the test's call ends."""
    for name in ("_saferepr", "_format_explanation", "_call_reprcompare", "_format_assertmsg"):
        if hasattr(module, name):
            setattr(module, name, unnoted(getattr(module, name)))


class Shown:
    """``pprint`` as unittest uses it, for what it shows of a failing assertion."""

    def __init__(self, module):
        self.pformat = unnoted(module.pformat)


def watch_test_cases(case):
    run = case.TestCase.run
    for name in ("safe_repr", "_common_shorten_repr"):
        if hasattr(case, name):
            setattr(case, name, unnoted(getattr(case, name)))
    if hasattr(case, "pprint"):
        case.pprint = Shown(case.pprint)

    def watched_run(self, *arguments, **keywords):
        method = self._callTestMethod

        def call(*given):
            try:
                return method(*given)
            finally:
                pause()

        self._callTestMethod = call
        seedsmith_start.leave_children()
        begun = current is outside
        if begun:
            begin(self.id())
        try:
            return run(self, *arguments, **keywords)
        finally:
            self.__dict__.pop("_callTestMethod", None)
            if begun:
                end("passed")

    case.TestCase.run = watched_run


def watch_results(module):
    def watched(original):
        def add(self, test, *error):
            if error[-1] is not None and error[-1][1] is not None:
                failed(error[-1][1])
            return original(self, test, *error)

        return add

    for name in ("addError", "addFailure", "addSubTest"):
        if hasattr(module.TestResult, name):
            setattr(module.TestResult, name, watched(getattr(module.TestResult, name)))


def watch_uncaught():
    hook = sys.excepthook

    def uncaught(kind, error, traceback):
        if current is outside and not issubclass(kind, KeyboardInterrupt):
            failed(error)
        hook(kind, error, traceback)

    sys.excepthook = uncaught


def start():
    import atexit

    seedsmith_start.add_pytest_plugin(pytest_plugin, "seedsmith_trace")
    seedsmith_start.after_import("_pytest.assertion.rewrite", watch_assertions)
    seedsmith_start.after_import("unittest.case", watch_test_cases)
    seedsmith_start.after_import("unittest.result", watch_results)
    watch_uncaught()
    atexit.register(write)
    threading.Thread(target=renew, daemon=True).start()
    threading.settrace(watch_call)
    sys.settrace(watch_call)
