"""The command line: one file a command family (docs/command-line.md)."""

import os
import sys

import seedsmith
from seedsmith.agent.cli.garbage import collect_seldom
from seedsmith.agent.errors import INTERRUPTED


def drop_current_folder() -> None:
    """Take the current folder off the module path: a repository must not shadow our modules.

    The folder this package itself was loaded from stays, so that a source checkout can be worked on.
    """
    try:
        here = os.getcwd()  # noqa: PTH109
    except FileNotFoundError:  # it is gone: nothing can be taken from it
        return
    home = os.path.realpath(os.path.join(os.path.dirname(seedsmith.__file__ or ""), os.pardir))  # noqa: PTH118, PTH120
    if here != home:
        sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry or os.curdir) != here]


def entry() -> None:
    """The ``seedsmith`` command; never returns. Ctrl-C ends it with 130 at any moment, imports included."""
    try:
        code = _run_command_line()
    except KeyboardInterrupt:
        if sys.stderr is not None:
            print("seedsmith: Interrupted.", file=sys.stderr, flush=True)
        code = INTERRUPTED
    _leave(code)


def _leave(code: int) -> None:
    """End the process without taking its 800 modules apart, which takes longer than the end of a run.

    Threads are waited for and what was registered for the end is done, as Python itself would.
    """
    import atexit  # only here, where no repository's module takes its name any more
    import threading
    from contextlib import suppress

    with suppress(KeyboardInterrupt):
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError, KeyboardInterrupt):
            stream.flush()
    os._exit(code)


def _fill_closed_streams() -> None:
    """Put nothing in place of the standard streams that whoever called closed: the exit code still counts.

    Else the next file that is opened takes the place, and what is meant for people is written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free: ``number``
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115


def _run_command_line() -> int:
    collect_seldom()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # or it reads all packages' records for them
    drop_current_folder()
    _fill_closed_streams()
    from seedsmith.agent.cli.main import main
    from seedsmith.sandbox.isolation.hardening import harden_agent

    harden_agent()
    return main(sys.argv[1:])
