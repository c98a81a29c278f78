"""The process that holds a model: starts llama.cpp's server and lives as long as its parent wants it.

Run by its path, so that it imports nothing of this package (a quarter of a second). One line of JSON
on standard input says what to serve; one line on standard output says where it answers, or why it
can't. When standard input ends, so does this process. The key comes by standard input because a
command line is visible to every user.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_PROMPT_CACHE_MEGABYTES = 512
"""The server would keep up to 8 GB of past prompts in memory."""
_LOG_SECONDS = 0.5
"""Its log is written by a thread of its own, which needs a moment to say why the server can't start."""


def main() -> NoReturn:
    """Serve until standard input ends."""
    parent = os.getppid()
    _die_with_parent()
    if os.getppid() != parent:
        os._exit(1)
    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_exit_at_end_of_input, daemon=True).start()
    # llama.cpp writes to the same standard output; the answer below must be alone there.
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        server = _serve(order)
        answer = {"address": server.listening_address}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
        time.sleep(_LOG_SECONDS)
    os.write(answers, json.dumps(answer).encode() + b"\n")
    if "error" in answer:
        os._exit(1)
    while True:
        signal.pause()


def _serve(order: dict[str, Any]) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = order["model"]
    parameters.model_alias = {order["name"]}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [order["key"]]
    parameters.n_ctx = order["context"]
    parameters.n_parallel = 1
    parameters.kv_unified = True
    parameters.cpuparams.n_threads = order["threads"]
    parameters.cpuparams_batch.n_threads = order["threads"]
    parameters.warmup = False
    parameters.cache_ram_mib = _PROMPT_CACHE_MEGABYTES
    parameters.ui = False
    parameters.endpoint_slots = False
    # Its default lets any web page in; this origin is no page's.
    parameters.cors_origins = "https://nobody.invalid"
    parameters.cors_origins_explicit = True
    parameters.cors_credentials = False
    parameters.verbosity = 2  # errors and warnings
    return xllamacpp.Server(parameters)


def _exit_at_end_of_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


def _die_with_parent() -> None:
    """Have the kernel end this process with its parent's thread, even where that is killed (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
