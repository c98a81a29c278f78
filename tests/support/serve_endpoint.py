"""The scripted model service as a process, for programs that can't load it.

    python tests/support/serve_endpoint.py --script script.json [--log requests.jsonl]

It prints its base URL as one JSON line and serves until its stdin closes. ``script.json`` is a list of
steps, each the keyword arguments of ``scripted_endpoint.Answer`` (``calls`` as a list of
``[name, arguments]``) or ``{"error": [status, code, message]}``, with an optional ``"repeat": N``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from scripted_endpoint import (  # a script's folder is on the path
    Answer,
    Endpoint,
    RecordedRequest,
    Step,
    error,
)


def load_script(path: Path) -> list[Step]:
    """Read the steps of a script file (see the module's docstring)."""
    steps: list[Step] = []
    for entry in json.loads(path.read_text(encoding="utf-8")):
        repeat = entry.pop("repeat", 1)
        entry["calls"] = tuple((name, arguments) for name, arguments in entry.get("calls", ()))
        step = error(*entry["error"]) if "error" in entry else Answer(**entry)
        steps += [step] * repeat
    return steps


def main() -> None:
    """Serve a script file until stdin closes."""
    parser = argparse.ArgumentParser(description="Serve scripted answers on loopback, over either wire.")
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument(
        "--log", type=Path, help="append one JSON line a request: number, arrived, size, body"
    )
    options = parser.parse_args()
    with Endpoint(*load_script(options.script)) as endpoint:
        if options.log:
            endpoint.on_request = lambda request: _log(options.log, request)
        print(json.dumps({"base_url": endpoint.base_url}), flush=True)
        sys.stdin.read()


def _log(path: Path, request: RecordedRequest) -> None:
    line = {
        "number": request.number,
        "arrived": request.arrived,
        "size": len(request.raw),
        "body": request.body,
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
