"""An attempt made by a process of its own, with a home and an environment of its own, as on a node."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_endpoint import calls, text

from seedsmith.agent.errors import UsageError
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.batch.attempt import How, Variation
from seedsmith.agent.tasks.batch.batch import Options
from seedsmith.agent.tasks.batch.cluster import engine
from seedsmith.agent.tasks.batch.cluster.engine import RayEngine, Remote
from seedsmith.agent.tasks.batch.cluster.gates import Gates
from seedsmith.agent.tasks.batch.cluster.task import make_attempt
from seedsmith.agent.tasks.batch.cluster.transfer import Order, pack_order
from seedsmith.agent.tasks.batch.plan import plan
from seedsmith.agent.tasks.batch.steps import CannotWork
from seedsmith.agent.tasks.batch.store import BatchError, Taken
from seedsmith.agent.tasks.batch.worker import work
from seedsmith.sandbox.git.private_clone import make_clone
from seedsmith.sandbox.git.source import open_source

EDIT = {"run": "sed -i s/old/new/ a.txt"}
PROVEN = {"verify": "grep -q new a.txt", "deliver": {"branch": "changed", "message": "Change"}}


class GateClient:
    """The gates of a cluster, called from threads as Ray's actor is from nodes."""

    def __init__(self, gates, attempt):
        self.loop, self.gates, self.attempt = asyncio.get_running_loop(), gates, attempt

    def enter(self, number, service):
        self.call(self.gates.enter(self.attempt, number, service))

    def leave(self, number, ending):
        self.call(self.gates.leave(self.attempt, number, ending))

    def beat(self):
        self.call(self.gates.beat(self.attempt))

    def call(self, called):
        asyncio.run_coroutine_threadsafe(called, self.loop).result()


async def submit(order, archive, gates=None, attempt="one"):
    with closing(make_attempt(order, archive, GateClient(gates or Gates(), attempt))) as said:
        while (told := await asyncio.to_thread(next, said, None)) is not None:
            yield told


class Elsewhere:
    """An engine as that of Ray, without Ray."""

    def __init__(self, submit=submit):
        self.submit = submit

    async def run(self, crew):
        await work(replace(crew.job, owner="one"), crew.environment, Remote(self.submit))


@pytest.fixture
def node(ground, monkeypatch):
    """The environment of a node: the state folder there, and its own key."""
    monkeypatch.setenv("SEEDSMITH_HOME", str(ground.folder / "node"))
    monkeypatch.setenv("SEEDSMITH_API_KEY", "the-nodes-key")
    return ground


async def run(ground, options=None, engine=None, **said):
    batch = ground.open(**{**PROVEN, **said})
    return await batch.run(options or Options(), engine=engine or Elsewhere())


def row(summary):
    (only,) = summary.rows()
    return only


def edits(request):
    said = json.dumps(request.body)
    if '"role": "tool"' in said:
        return text("Done.")
    return calls(("shell", {"command": "sed -i s/old/new/ a.txt"}))


@pytest.mark.slow
async def test_a_repository_travels_and_what_was_made_comes_back(node):
    node.repository("one", a__txt="old\n", b__txt="kept\n")
    node.git("one", "tag", "v1")
    (node.folder / "more.patch").write_text(
        "--- a/b.txt\n+++ b/b.txt\n@@ -1 +1,2 @@\n kept\n+\xe9\n", "latin-1"
    )
    steps = [EDIT, {"patch": "more.patch"}, {"run": "git log --format=%s > log.txt"}]
    summary = await run(node, repositories=["one"], steps=steps)
    assert summary.exit_code == 0, row(summary).result
    assert node.show("one", "changed:a.txt") == "new\n"
    assert node.show("one", "changed:log.txt") == "Start\n"
    assert b"\xe9" in subprocess.check_output(("git", "show", "changed:b.txt"), cwd=node.folder / "one")
    assert node.git("one", "rev-list", "--count", "changed") == "2\n"
    assert [path.name for path in (node.folder / "node/nodes").iterdir()] == ["lock"]
    assert row(summary).result["steps"][1]["title"].startswith(f"patch: {node.folder}"[:60])


@pytest.mark.slow
async def test_a_folder_without_git_travels_and_delivers_a_patch(node):
    (node.folder / "plain").mkdir()
    (node.folder / "plain/a.txt").write_text("old\n")
    (node.folder / "plain/link").symlink_to("/nowhere")
    summary = await run(node, repositories=["plain"], steps=[EDIT], deliver={"patch": "{{item}}.patch"})
    assert summary.exit_code == 0, row(summary).result
    assert "+new" in (node.folder / "plain.patch").read_text()
    assert (node.folder / "plain/a.txt").read_text() == "old\n"


@pytest.mark.slow
async def test_a_model_is_asked_with_the_nodes_key_and_its_session_comes_back(node):
    node.repository("one")
    node.endpoint.script(edits)
    summary = await run(node, repositories=["one"], steps=[{"prompt": "Say new"}])
    assert summary.exit_code == 0, row(summary).result
    assert {request.headers["authorization"] for request in node.endpoint.requests} == {
        "Bearer the-nodes-key"
    }
    session = row(summary).result["steps"][0]["session"]
    assert (node.folder / "state/sessions" / session / "records.jsonl").is_file()


class Closed(Gates):
    """Lets nobody in before it is opened."""

    def __init__(self):
        super().__init__()
        self.asked, self.opened, self.endings = asyncio.Event(), asyncio.Event(), []

    async def enter(self, *what):
        self.asked.set()
        await self.opened.wait()
        await super().enter(*what)

    async def leave(self, *what):
        self.endings.append(what[-1])
        await super().leave(*what)


@pytest.mark.slow
async def test_nothing_is_asked_before_the_gates_of_the_cluster_let_it_in(node):
    node.repository("one")
    node.endpoint.script(edits)
    gates = Closed()
    engine = Elsewhere(lambda *what: submit(*what, gates))
    running = asyncio.ensure_future(
        run(node, engine=engine, repositories=["one"], steps=[{"prompt": "Say new"}])
    )
    await gates.asked.wait()
    assert not node.endpoint.requests
    gates.opened.set()
    assert (await running).exit_code == 0
    assert gates.endings == ["answered"] * 2


@pytest.mark.slow
async def test_attempts_are_told_of_each_other(node):
    node.repository("one")
    node.endpoint.script(edits)
    summary = await run(node, repositories=["one"], steps=[{"prompt": "Say new"}], attempts=2)
    assert summary.exit_code == 0, row(summary).result
    assert [each["number"] for each in row(summary).result["attempts"]] == [1, 2]


@pytest.mark.slow
async def test_what_failed_is_kept_as_it_was_left(node):
    node.repository("one")
    summary = await run(node, repositories=["one"], steps=[EDIT], verify="grep -q newer a.txt")
    only = row(summary)
    assert (only.state, only.result["cause"]) == ("failed", "verify")
    (left,) = summary.folder.glob("items/*/1")
    assert (left / "work" / "a.txt").read_text() == "new\n"


@pytest.mark.slow
async def test_a_node_that_dies_costs_a_try_and_another_goes_on(node):
    node.repository("one")
    killed = []

    async def dying(order, archive):
        said = submit(order, archive)
        if not killed:
            first = asyncio.ensure_future(anext(said))
            killed.append(await asyncio.to_thread(kill_process_of_attempt))
            with pytest.raises(StopAsyncIteration):
                await first
        async for told in said:
            yield told

    summary = await run(node, engine=Elsewhere(dying), repositories=["one"], steps=[EDIT])
    assert (summary.exit_code, row(summary).tries) == (0, 2)
    assert len((node.folder / "one/.git/logs/refs/heads/changed").read_text().splitlines()) == 1
    assert [path.name for path in (node.folder / "node/nodes").iterdir()] == ["lock"]


def kill_process_of_attempt():
    """Kill it as soon as it is there."""
    while True:
        for children in Path("/proc/self/task").glob("*/children"):
            for child in children.read_text().split():
                if b"cluster.node" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGKILL)
                    return child


@pytest.mark.slow
async def test_a_node_with_another_version_pauses_the_batch(node):
    node.repository("one")

    async def older(order, archive):
        told = json.loads(order)
        async for said in submit(json.dumps({**told, "version": "0.0.1"}).encode() + b"\n", archive):
            yield said

    summary = await run(node, engine=Elsewhere(older), repositories=["one"], steps=[EDIT])
    assert "install the same everywhere" in summary.paused
    assert row(summary).state == "ready"


@pytest.mark.slow
async def test_a_state_folder_that_cannot_be_used_pauses_the_batch(node):
    node.repository("one")
    (node.folder / "node").write_text("a file")
    summary = await run(node, repositories=["one"], steps=[EDIT])
    assert summary.paused.startswith("A node can't work: Can't use the state folder")


def test_no_secret_travels(ground):
    ground.repository("one")
    settings = Settings(
        model="openai/scripted", base_url="https://me:hushhush@example.org/v1", api_key="hushhush-key"
    ).model_copy(update={"home": ground.folder / "state"})
    batch = ground.open(repositories=["one"], steps=[EDIT])
    (item,) = plan(batch.tasks)
    clone = make_clone(open_source(item.source), ground.folder / "clone", ground.environment)
    how = How(batch.tasks, ground.folder, settings, ground.environment)
    order, _ = pack_order(Taken(item, 1, 0.0, None), how, Variation(), clone)
    assert b"hushhush" not in order.to_line()
    assert b"https://example.org/v1" in order.to_line()


def test_an_order_of_another_version_is_refused():
    with pytest.raises(CannotWork, match="A node has seedsmith"):
        Order.from_line(b'{"version": "9"}\n')


def test_ray_is_an_extra(monkeypatch):
    monkeypatch.setattr(engine.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"seedsmith\[distributed\]"):
        RayEngine()


def test_a_client_address_is_refused(monkeypatch):
    monkeypatch.setattr(engine.importlib.util, "find_spec", lambda _: "there")
    with pytest.raises(UsageError, match="on a machine of the cluster"):
        RayEngine("ray://example.org:10001")


def test_an_address_where_nobody_listens_is_told_at_once():
    with socket.socket() as bound:  # and nobody else can listen there meanwhile
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(BatchError, match=f"no Ray cluster at 127.0.0.1:{port}"):
            engine._connect(f"127.0.0.1:{port}")
