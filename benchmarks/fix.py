"""The fix benchmark: small bugs in git repositories with a failing test, for the agent and the bare model.

    python benchmarks/fix.py [--agent | --bare] [--split dev|held|all] [--only GLOB] [--model PROVIDER/MODEL]

For every bug the agent is run as a user would run it, ``seedsmith fix --test CMD --json``, and then its
workspace is judged without it: the original tests run on the program it left. The bare model (``bare.py``)
has as many tries as ``--tries`` says. Seconds and tokens are a bug's whole cost, failures included.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

from bare import serve, solve
from corpus import TIMED_OUT, Bug, judge, materialise, run
from outcomes import Result, labels, load, print_tables, save, select

MODEL = "local/qwen2.5-coder-1.5b"
COMMAND = "seedsmith fix --test {test} --model {model} --json --workspace {folder}"
NOTE_LENGTH = 160


def run_agent(bug: Bug, command: str, model: str, timeout: float) -> Result:
    """Run the agent on one bug, read what it says of itself, and judge what it left."""
    with tempfile.TemporaryDirectory(prefix="fix-") as place:
        folder = materialise(bug, Path(place) / bug.name)
        values = {"test": bug.test, "model": model, "folder": str(folder)}
        words = [word.format(**values) for word in shlex.split(command)]
        started = time.monotonic()
        process = run(words, folder, _environment(Path(place) / "state"), timeout)
        seconds = time.monotonic() - started
        verdict = judge(bug, folder)
    finished = _last_event(process.stdout, "session.finished")
    usage: dict[str, int] = finished.get("usage") or {}
    if process.returncode == TIMED_OUT:
        status, note = "timeout", ""
    elif not finished:
        status, note = f"exit {process.returncode}", _last_line(process.stderr)
    else:
        status, note = finished["status"], ""
    if verdict.tests_changed:
        note = f"tests changed: {', '.join(verdict.tests_changed)}"
    return Result(
        solver="agent",
        **labels(bug),
        fixed=verdict.fixed,
        claimed=finished.get("status") == "done",
        seconds=seconds,
        input_tokens=usage.get("input_tokens", 0),
        output_tokens=usage.get("output_tokens", 0),
        tries=finished.get("turns", 0),
        status=status,
        note=note,
    )


def _environment(state: Path) -> dict[str, str]:
    """This process's environment, the interpreter's own folder first, and a state folder for this run."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "SEEDSMITH_HOME": str(state),
    }


def _last_event(output: str, kind: str) -> dict[str, Any]:
    """The last JSON line of ``output`` whose type is ``kind``; empty where there is none."""
    for line in reversed(output.splitlines()):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("type") == kind:
            return event
    return {}


def _last_line(text: str) -> str:
    return next((line.strip()[:NOTE_LENGTH] for line in reversed(text.splitlines()) if line.strip()), "")


def measure(options: argparse.Namespace, known: Sequence[Result] = ()) -> Iterator[Result]:
    """Yield results as they come, bug by bug, the agent's before the bare model's; not the ``known`` ones."""
    done = {(result.solver, result.bug) for result in known}
    bugs = sorted(
        select(options.split, options.only)[:: options.every], key=lambda bug: crc32(bug.name.encode())
    )  # without a pattern, so that a run that is stopped was a fair sample
    missing = [
        (solver, bug)
        for bug in bugs
        for solver in ("agent", "bare")
        if options.solver in (solver, "both") and (solver, bug.name) not in done
    ]
    solvers: dict[str, Callable[[Bug], Result]] = {}
    with ExitStack() as stack:
        solvers["agent"] = partial(
            run_agent, command=options.command, model=options.model, timeout=options.timeout
        )
        if any(solver == "bare" for solver, _ in missing):
            service = stack.enter_context(serve(options.model, options.base_url))
            solvers["bare"] = partial(solve, service, tries=options.tries)
        pool = stack.enter_context(ThreadPoolExecutor(options.jobs))
        yield from pool.map(lambda job: solvers[job[0]](job[1]), missing)


def parse_options(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group()
    for solver, told in (("agent", "the agent alone"), ("bare", "the bare model alone"), ("both", "default")):
        which.add_argument(f"--{solver}", dest="solver", action="store_const", const=solver, help=told)
    parser.set_defaults(solver="both")
    parser.add_argument("--split", choices=("dev", "held", "all"), default="dev")
    parser.add_argument("--only", default="*", metavar="GLOB", help="bugs by name")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth bug: a sample")
    parser.add_argument("--model", default=MODEL, metavar="PROVIDER/MODEL")
    parser.add_argument("--base-url", metavar="URL", help="the bare model's service; default: a local server")
    parser.add_argument(
        "--command", default=COMMAND, help="how the agent is called, with {test}, {model} and {folder}"
    )
    parser.add_argument("--tries", type=int, default=4, help="of the bare model")
    parser.add_argument("--timeout", type=float, default=900.0, metavar="SECONDS", help="of one agent run")
    parser.add_argument("--jobs", type=int, default=1, help="bugs at the same time; spoils the seconds")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="keep the results; what FILE already holds is not run again"
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables for the documentation")
    return parser.parse_args(words)


def main() -> None:
    """Run the benchmark."""
    options = parse_options()
    results = load(options.json) if options.json and options.json.exists() else []
    for result in measure(options, results):
        results.append(result)
        print(result.line(), file=sys.stderr, flush=True)
        if options.json:
            save(results, options.json)
    chosen = {bug.name for bug in select(options.split, options.only)[:: options.every]}
    print_tables([result for result in results if result.bug in chosen], markdown=options.markdown)


if __name__ == "__main__":
    main()
