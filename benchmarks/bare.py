"""The model without an agent: it is shown the wrong file and its tests, and writes the whole file anew.

    python benchmarks/bare.py [--only GLOB] [--model local/qwen2.5-coder-1.5b] [--tries 4]

The yardstick of the fix benchmark, and a generous one: it is told which file is wrong, which the agent has
to find out, and its answer is tried against the tests as often as the tries allow. It sees no test output.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus import Bug, judge, materialise
from outcomes import Result, labels, print_tables, select

PROMPT = """\
The file `{file}` has a bug; its tests fail.

{file}:
```{fence}
{program}```

{tests}
Find the bug and write the whole corrected `{file}` in one fenced code block. Change nothing else.
"""
TEMPERATURE = 0.7
"""Of every try but the first, which is greedy."""
ANSWER_SECONDS = 1800.0
"""A whole file takes a small model half a minute, and a busy machine many times that."""
CHARACTERS_PER_TOKEN = 2.5
"""Low for code, so that the output limit never cuts a whole file."""
_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Service:
    """An OpenAI-compatible chat completions service and the model asked there."""

    base_url: str
    """Up to and including ``/v1``."""
    key: str
    model: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and what it took."""

    text: str
    input_tokens: int
    output_tokens: int


def ask(service: Service, prompt: str, max_tokens: int, attempt: int) -> Answer:
    """Ask once; ``attempt`` 0 is greedy, each later one a sample with a seed of its own."""
    sampling = {"temperature": TEMPERATURE, "seed": attempt} if attempt else {"temperature": 0}
    body = {
        "model": service.model,
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": max_tokens,
        **sampling,
    }
    request = urllib.request.Request(
        f"{service.base_url.rstrip('/')}/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {service.key}"},
    )
    local = urllib.parse.urlsplit(service.base_url).hostname in {"127.0.0.1", "localhost", "::1"}
    handlers = [urllib.request.ProxyHandler({})] if local else []
    with urllib.request.build_opener(*handlers).open(request, timeout=ANSWER_SECONDS) as response:
        answer: dict[str, Any] = json.load(response)
    usage = answer.get("usage") or {}
    text = answer["choices"][0]["message"]["content"] or ""
    return Answer(text, usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))


def prompt_for(bug: Bug) -> str:
    """The wrong file and the source of its tests."""
    sources = (name for name in bug.test_files if Path(name).name.startswith("test") or ".test." in name)
    tests = "\n".join(
        f"{name}:\n```{bug.language}\n{(bug.folder / name).read_text(encoding='utf-8')}```\n"
        for name in sources
    )
    return PROMPT.format(file=bug.file, fence=bug.language, program=bug.wrong_text, tests=tests)


def whole_file(answer: str) -> str | None:
    """The longest fenced block of an answer, or None where there is none."""
    blocks = _FENCED.findall(answer)
    return max(blocks, key=len) if blocks else None


def solve(service: Service, bug: Bug, tries: int) -> Result:
    """Let the bare model try, up to ``tries`` times, until the tests pass."""
    started = time.monotonic()
    prompt = prompt_for(bug)
    max_tokens = int(len(bug.wrong_text) / CHARACTERS_PER_TOKEN) + 400
    taken: list[Answer] = []
    fixed = False
    failure = ""
    with tempfile.TemporaryDirectory(prefix="bare-") as folder:
        workspace = materialise(bug, Path(folder) / "workspace")
        while not fixed and len(taken) < tries:
            try:
                taken.append(ask(service, prompt, max_tokens, len(taken)))
            except OSError as error:
                failure = str(error)
                break
            text = whole_file(taken[-1].text)
            if text is not None and text != bug.wrong_text:
                (workspace / bug.file).write_text(text, encoding="utf-8")
                fixed = judge(bug, workspace).fixed
    return Result(
        solver="bare",
        **labels(bug),
        fixed=fixed,
        claimed=fixed,
        seconds=time.monotonic() - started,
        input_tokens=sum(answer.input_tokens for answer in taken),
        output_tokens=sum(answer.output_tokens for answer in taken),
        tries=len(taken),
        status="done" if fixed else "provider_error" if failure else "gave_up",
        note=failure,
    )


@contextmanager
def serve(model: str, base_url: str | None = None) -> Iterator[Service]:
    """The service that answers for ``model`` (``provider/name``): at ``base_url``, or a local server.

    The key for ``base_url`` comes from ``SEEDSMITH_API_KEY`` or ``OPENAI_API_KEY``.
    """
    provider, _, name = model.partition("/")
    if base_url:
        key = os.environ.get("SEEDSMITH_API_KEY") or os.environ.get("OPENAI_API_KEY") or "none"
        yield Service(base_url, key, name)
        return
    if provider != "local":
        raise SystemExit(f"The bare model {model} needs --base-url.")
    with _loop_in_a_thread() as run:
        server = run(_local_server(name))
        endpoint = run(server.start())
        try:
            yield Service(f"{endpoint.address}/v1", endpoint.key, name)
        finally:
            run(server.stop())


async def _local_server(name: str) -> Any:
    """The agent's own server of local weights, fetched where they are missing; not started yet."""
    from seedsmith.agent.models.local.machine import available_memory, fitting_context, physical_cores
    from seedsmith.agent.models.local.pull import ensure
    from seedsmith.agent.models.local.server import LocalServer, ServerOptions
    from seedsmith.agent.models.local.weights import find_weights

    path = await ensure(name, environment=os.environ)
    context = fitting_context(find_weights(name), available_memory())
    log = Path(tempfile.gettempdir()) / f"bare-{os.getpid()}.log"
    return LocalServer(ServerOptions(name, path, context, physical_cores(), log), os.environ)


@contextmanager
def _loop_in_a_thread() -> Iterator[Any]:
    """A function that runs a coroutine on an event loop that goes on between two calls."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def main() -> None:
    """Run the bare model alone."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="*", metavar="GLOB")
    parser.add_argument("--split", choices=("dev", "held", "all"), default="dev")
    parser.add_argument("--model", default="local/qwen2.5-coder-1.5b", metavar="PROVIDER/MODEL")
    parser.add_argument("--base-url", metavar="URL")
    parser.add_argument("--tries", type=int, default=4)
    options = parser.parse_args()
    with serve(options.model, options.base_url) as service:
        results = []
        for bug in select(options.split, options.only):
            results.append(solve(service, bug, options.tries))
            print(results[-1].line(), flush=True)
    print_tables(results)


if __name__ == "__main__":
    main()
