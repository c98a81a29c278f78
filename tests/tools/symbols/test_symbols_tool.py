"""The tool over a real server."""

from __future__ import annotations

import pytest

from seedsmith.tools.base import EVERYTHING, Effect

QUEUE = """class Queue:
    def put(self, job):
        self.jobs = [job]


class Shelf:
    def put(self, book):
        return book


def fill(queue: Queue, shelf: Shelf):
    queue.put("put")
    shelf.put(2)
"""
USES = 'from jobs import Queue\n\nname = "ä🌱"; Queue().put(name)\n'


@pytest.fixture
def jobs(symbols):
    symbols.put("pyproject.toml", "[tool.ty]\n")
    symbols.put("jobs.py", QUEUE)
    symbols.put("uses.py", USES)
    symbols.open()
    return symbols


async def test_an_outline_names_what_is_where(jobs):
    result = await jobs.call("outline", "jobs.py")
    assert result.text.splitlines()[:3] == ["1: class Queue", "2:   method put", "6: class Shelf"]


async def test_a_definition_is_found_from_a_use(jobs):
    result = await jobs.call("definition", "uses.py", name="put", line=3)
    assert result.text == "jobs.py:2:9: def put(self, job):"


async def test_references_are_those_of_one_of_two_alike(jobs):
    result = await jobs.call("references", "jobs.py", name="Shelf.put")
    assert [line.split(" ")[0] for line in result.text.splitlines()] == ["jobs.py:7:9:", "jobs.py:13:11:"]


async def test_a_rename_changes_all_of_the_symbol_and_no_other(jobs):
    result = await jobs.call("rename", "jobs.py", name="Queue.put", new_name="add")
    assert result.ok and result.data["files"] == ["jobs.py", "uses.py"]
    renamed = QUEUE.replace("def put(self, job)", "def add(self, job)").replace("queue.put", "queue.add")
    assert jobs.bytes("jobs.py").decode() == renamed
    assert jobs.bytes("uses.py").decode() == USES.replace(").put", ").add")


async def test_a_rename_keeps_every_other_byte(jobs):
    jobs.put("more.py", b"\xef\xbb\xbffrom jobs import Queue\r\nQueue().put(1)  # caf\xc3\xa9\r\n")
    await jobs.call("rename", "jobs.py", name="Queue", new_name="Line")
    assert jobs.bytes("more.py") == b"\xef\xbb\xbffrom jobs import Line\r\nLine().put(1)  # caf\xc3\xa9\r\n"


async def test_a_rename_goes_by_what_commands_left(jobs):
    await jobs.call("outline", "uses.py")
    jobs.servers.others_change()
    jobs.put("uses.py", "\n\n" + USES)
    await jobs.call("rename", "jobs.py", name="Queue.put", new_name="add")
    assert jobs.bytes("uses.py").decode() == "\n\n" + USES.replace(").put", ").add")


async def test_only_a_rename_has_an_effect(jobs):
    def access(action):
        return jobs.tool.access(jobs.tool.parse({"action": action, "path": "jobs.py"}))

    assert access("rename").writes == {EVERYTHING}
    assert {access(each).effect for each in ("definition", "references", "outline")} == {Effect.NONE}


@pytest.mark.parametrize(
    "action, path, arguments, said",
    [
        ("rename", "jobs.py", {"name": "fill", "new_name": "not a name"}, "is no name"),
        ("rename", "jobs.py", {"name": "fill"}, "needs a new_name"),
        ("definition", "jobs.py", {}, "needs a name"),
        ("definition", "jobs.py", {"name": "missing"}, "missing is not in jobs.py"),
        ("definition", "jobs.py", {"name": "put", "line": 1}, "put is not in line 1 of jobs.py"),
        ("outline", "notes.md", {}, "only .py .pyi: use grep"),
        ("outline", "gone.py", {}, "gone.py"),
        ("rename", "pyproject.toml", {"name": "tool", "new_name": "x"}, "use grep"),
    ],
)
async def test_what_cannot_be_done_is_said(jobs, action, path, arguments, said):
    before = jobs.bytes("jobs.py"), jobs.bytes("uses.py")
    assert said in await jobs.refused(action, path, **arguments)
    assert (jobs.bytes("jobs.py"), jobs.bytes("uses.py")) == before
