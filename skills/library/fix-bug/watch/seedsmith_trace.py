"""Watch a Python test command from inside: which workspace lines each test ran, and how it failed.

This file is copied into the sandbox and imported by the *project's* interpreter, so it uses the
standard library only and nothing of Seedsmith. It is told where to look by three variables:
``SEEDSMITH_TRACE_ROOT`` (the workspace), ``SEEDSMITH_TRACE_OUT`` (folder for the reports) and
``SEEDSMITH_TRACE_EVENTS`` (line events to watch per test before it stops watching).
Each process writes one JSON report; a daemon thread renews it, so that a killed run leaves one too.
"""

import json
import os
import sys
import threading
import time

ROOT = os.path.join(os.path.realpath(os.environ["SEEDSMITH_TRACE_ROOT"]), "")
OUT = os.environ["SEEDSMITH_TRACE_OUT"]
EVENTS = int(os.environ.get("SEEDSMITH_TRACE_EVENTS", "2000000"))
SKIPPED = ("site-packages", "dist-packages", "node_modules", ".venv", ".tox", ".nox")
MAIN_THREAD = threading.main_thread().ident


class Test:
    """What is known of one test, or of the code that runs outside any."""

    def __init__(self, name):
        self.name = name
        self.outcome = "unfinished"
        self.lines = {}
        self.frames = []
        self.message = ""
        self.events = 0
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
known = {}


def relative(filename):
    """Path below the workspace, or None where the file is not the user's own."""
    if filename not in known:
        path = os.path.realpath(filename)
        inside = path.startswith(ROOT) and not any(part in SKIPPED for part in path.split(os.sep))
        known[filename] = path[len(ROOT) :] if inside and os.path.isfile(path) else None
    return known[filename]


def watch_call(frame, event, argument):
    path = relative(frame.f_code.co_filename)
    if path is None or current.events > EVENTS:
        return None
    test = current
    lines = test.lines.setdefault(path, set())

    def watch_line(frame, event, argument):
        if event == "line":
            lines.add(frame.f_lineno)
            test.events += 1
            if test.events > EVENTS:
                return None
        return watch_line

    return watch_line


def begin(name):
    global current
    current = Test(name)
    tests.append(current)


def end(outcome):
    global current
    if current.outcome == "unfinished":
        current.outcome = outcome
    current.seconds = time.monotonic() - current.started
    current = outside


def failed(error, message=None):
    """Note how the current test failed; the first failure of a test is the one that counts."""
    if current.outcome == "failed":
        return
    current.outcome = "failed"
    current.message = message or "%s: %s" % (type(error).__name__, error)
    current.frames = frames_of(error.__traceback__)


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


def pytest_runtest_logstart(nodeid, location):
    begin(nodeid)


def pytest_runtest_makereport(item, call):
    if call.excinfo is not None and not call.excinfo.errisinstance(_outcomes()):
        failed(call.excinfo.value)


def pytest_runtest_logreport(report):
    if report.failed and current.name == report.nodeid:
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None and getattr(crash, "message", ""):
            current.message = crash.message


def pytest_runtest_logfinish(nodeid, location):
    end("passed")


def _outcomes():
    import pytest

    return (pytest.skip.Exception,)


def watch_unittest():
    from unittest import case, result

    run = case.TestCase.run
    add_error, add_failure = result.TestResult.addError, result.TestResult.addFailure

    def watched_run(self, *arguments, **keywords):
        if current is not outside:
            return run(self, *arguments, **keywords)
        begin(self.id())
        try:
            return run(self, *arguments, **keywords)
        finally:
            end("passed")

    def watched_add(original):
        def add(self, test, error):
            if error[1] is not None:
                failed(error[1])
            return original(self, test, error)

        return add

    case.TestCase.run = watched_run
    result.TestResult.addError = watched_add(add_error)
    result.TestResult.addFailure = watched_add(add_failure)


def watch_uncaught():
    hook = sys.excepthook

    def uncaught(kind, error, traceback):
        if current is outside and not issubclass(kind, KeyboardInterrupt):
            failed(error)
        hook(kind, error, traceback)

    sys.excepthook = uncaught


def start():
    import atexit

    watch_unittest()
    watch_uncaught()
    atexit.register(write)
    threading.Thread(target=renew, daemon=True).start()
    threading.settrace(watch_call)
    sys.settrace(watch_call)
