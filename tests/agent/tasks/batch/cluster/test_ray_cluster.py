"""A batch on a real Ray cluster of two nodes, one of which is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from scripted_endpoint import calls, text

from seedsmith.agent.tasks.batch.cluster import ray_gates
from seedsmith.agent.tasks.batch.cluster.gates import Gates

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("machine")]
NAMES = ["one", "two", "three", "four"]


@pytest.fixture
def cluster(ground, monkeypatch):
    """A head without work, and two nodes for one attempt each, by the key that each has of its own."""
    pytest.importorskip("ray", reason="needs ray")
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as short:  # for the paths of its sockets
        own = {"RAY_TMPDIR": short, "RAY_USAGE_STATS_ENABLED": "0"}
        for name, value in (own | {"SEEDSMITH_HOME": str(ground.folder / "node")}).items():
            monkeypatch.setenv(name, value)
        from ray.cluster_utils import Cluster

        store = {"object_store_memory": 80 << 20}
        running = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **store}
        )
        try:
            nodes = {}
            for key in ("key-1", "key-2"):
                monkeypatch.setenv("SEEDSMITH_API_KEY", key)
                nodes[key] = running.add_node(num_cpus=1, **store)
            yield running, nodes
        finally:
            running.shutdown()


def edits(request):
    said = json.dumps(request.body)
    if '"role": "tool"' in said:
        return text("Done.")
    return calls(("shell", {"command": "sed -i s/old/new/ a.txt"}))


class Closed(Gates):
    """Lets nobody in before it is opened, and knows who asked."""

    def __init__(self, most):
        super().__init__(most)
        self.asking, self.two, self.opened = set(), asyncio.Event(), asyncio.Event()

    async def enter(self, attempt, *what):
        self.asking.add(attempt)
        if len(self.asking) == 2:
            self.two.set()
        await self.opened.wait()
        await super().enter(attempt, *what)

    async def two_ask(self):
        await self.two.wait()

    async def open(self):
        self.opened.set()


@pytest.fixture
def closed(cluster, monkeypatch):
    """The gates of the cluster, which are there before the batch and serve it."""
    import ray

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setattr(ray_gates, "Gates", Closed)
    ray.init(address=cluster[0].address, log_to_driver=False)
    yield ray_gates.gates_of_cluster(most=1)
    ray.shutdown()


def batch(ground, cluster, *flags):
    environment = ground.environment | {
        "RAY_ADDRESS": cluster.address,
        "SEEDSMITH_HOME": str(ground.folder / "state"),
        "SEEDSMITH_API_KEY": "a-key-of-here",
        "SEEDSMITH_MODEL": "openai/scripted",
        "SEEDSMITH_BASE_URL": ground.endpoint.base_url,
    }
    return subprocess.run(
        (sys.executable, "-P", "-m", "seedsmith", "batch", ground.folder / "tasks.yaml", "--json", *flags),
        env=environment,
        capture_output=True,
        text=True,
    )


def test_a_node_that_is_killed_loses_no_item_and_none_is_done_twice(ground, cluster, closed):
    running, nodes = cluster
    for name in NAMES:
        ground.repository(name)
    ground.tasks(
        repositories=NAMES,
        steps=[{"prompt": "Say new in {{item}}"}],
        verify="grep -q new a.txt",
        deliver={"branch": "changed", "message": "Change"},
        workers=2,
    )
    ground.endpoint.script(edits)

    def kill(request):
        if request.headers["authorization"] == "Bearer key-2":  # it is at work
            ground.endpoint.on_request = None
            raylet = nodes["key-2"].all_processes["raylet"][0].process.pid
            told = [each.read_text() for each in Path(f"/proc/{raylet}/task").glob("*/children")]
            workers = " ".join(told).split()
            running.remove_node(nodes["key-2"], allow_graceful=False)
            for worker in workers:  # left alone, it ends an attempt before it sees that its raylet is gone
                with suppress(ProcessLookupError):
                    os.kill(int(worker), signal.SIGKILL)

    ground.endpoint.on_request = kill
    with ThreadPoolExecutor() as pool:
        ending = pool.submit(batch, ground, running, "--engine", "ray")
        ray_gates.ray_library().get(closed.two_ask.remote())
        assert not ground.endpoint.requests, "one gate serves both nodes"
        ray_gates.ray_library().get(closed.open.remote())
        done = ending.result()
    assert done.returncode == 0, done.stdout + done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(each["item"] for each in told[:-1]) == sorted(NAMES)
    assert sorted(each["tries"] for each in told[:-1]) == [1, 1, 1, 2], "one attempt was lost"
    for name in NAMES:
        log = ground.folder / name / ".git/logs/refs/heads/changed"
        assert len(log.read_text().splitlines()) == 1, "the branch was written once"
        assert ground.git(name, "rev-list", "--count", "changed") == "2\n"
        assert ground.show(name, "changed:a.txt") == "new\n"
        ground.git(name, "fsck", "--strict")
    keys = {request.headers["authorization"] for request in ground.endpoint.requests}
    assert keys == {"Bearer key-1", "Bearer key-2"}
    sessions = {each["steps"][0]["session"] for each in told[:-1]}
    assert sessions <= {path.name for path in (ground.folder / "state/sessions").iterdir()}
