"""The one way out: what is named is reached by the usual variables, and nothing else is."""

from __future__ import annotations

import http.server
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from asked_proxy import asked

from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.network.allowed_hosts import Allowed
from seedsmith.sandbox.network.egress import Attempt, Egress

OTHER = "127.0.0.2"
"""An address of this machine that is not what commands call their own loopback."""
FETCH = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())"


@pytest.fixture
def tier() -> str:
    return "bwrap"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A folder and the port at which it is served on every address of loopback."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "page").write_text("what lies there")
    server = http.server.ThreadingHTTPServer(("", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, server.server_port
    server.shutdown()
    server.server_close()


def a_wheel(folder: Path, name: str) -> None:
    place = folder / "packages" / name
    place.mkdir(parents=True)
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(place / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")


def listening_to(runner: ProcessRunner) -> list[Attempt]:
    heard: list[Attempt] = []
    runner.network.report = heard.append
    return heard


async def fetch(runner: ProcessRunner, address: str) -> bytes:
    return (await runner.run((sys.executable, "-c", FETCH, address), timeout=60)).head


@pytest.mark.slow
async def test_pip_installs_from_a_host_that_is_named(make_runner, served) -> None:
    folder, port = served
    a_wheel(folder, "seldom")
    runner = make_runner(allow=(f"{OTHER}:{port}",))
    heard = listening_to(runner)
    install = f"{sys.executable} -m pip install --target here --no-deps --trusted-host {OTHER}"
    result = await runner.run(
        f"{install} --no-index --find-links http://{OTHER}:{port}/packages/seldom/ seldom && ls here",
        timeout=120,
        env={"PIP_CONFIG_FILE": "/dev/null"},
    )
    assert b"seldom.py" in result.head, result.head
    assert heard == [Attempt(OTHER, port)]
    runner.close()


async def test_nothing_else_is_reached(make_runner, served) -> None:
    _, port = served
    runner = make_runner(allow=("nothing.example",))
    heard = listening_to(runner)
    assert b"403: Forbidden by the sandbox" in await fetch(runner, f"http://{OTHER}:{port}/page")
    assert [(each.host, each.port, bool(each.refused)) for each in heard] == [(OTHER, port, True)]
    direct = f"import socket; socket.create_connection(('{OTHER}', {port}), 5)"
    assert b"refused" in (await runner.run((sys.executable, "-c", direct), timeout=60)).head
    outside = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"
    assert b"unreachable" in (await runner.run((sys.executable, "-c", outside), timeout=60)).head
    runner.close()


@pytest.mark.slow
async def test_what_is_named_of_the_machines_loopback_is_passed_on(make_runner, served) -> None:
    _, port = served
    runner = make_runner(allow=(f"localhost:{port}",))
    heard = listening_to(runner)
    assert await fetch(runner, f"http://localhost:{port}/page") == b"what lies there\n"
    assert heard[0].port == port and not heard[0].refused
    runner.close()


async def _leads_here(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.mark.slow
async def test_a_name_that_leads_to_a_private_address_is_refused(served) -> None:
    _, port = served
    heard: list[Attempt] = []
    egress = Egress(Allowed([f"public.example:{port}"]), heard.append, _leads_here)
    request = f"GET http://public.example:{port}/page HTTP/1.1\r\n\r\n".encode()
    assert b"403 Forbidden" in await asked(egress, request)
    assert "private" in heard[0].refused


@pytest.mark.slow
async def test_a_tunnel_and_a_plain_request_to_a_name(served) -> None:
    _, port = served
    allowed = Allowed([f"public.example:{port}", f"127.0.0.0/8:{port}"])
    plain = f"GET http://u:p@public.example:{port}/page HTTP/1.1\r\nProxy-Connection: keep-alive\r\n\r\n"
    answer = await asked(Egress(allowed, lambda _: None, _leads_here), plain.encode())
    assert answer.endswith(b"what lies there")
    tunnel = f"CONNECT public.example:{port} HTTP/1.1\r\n\r\nGET /page HTTP/1.0\r\n\r\n"
    answer = await asked(Egress(allowed, lambda _: None, _leads_here), tunnel.encode())
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"what lies there")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\r\n\r\n",
        b"GET ftp://x/ HTTP/1.1\r\n\r\n",
        b"CONNECT x HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_no_proxy_understands(request_: bytes) -> None:
    egress = Egress(Allowed(["x"]), lambda _: None)
    assert b"400 Bad Request" in await asked(egress, request_)


@pytest.mark.parametrize("choice", ["landlock", "external", "off"])
def test_no_other_tier_can(world, choice: str) -> None:
    with pytest.raises(NoIsolation, match="needs bubblewrap"):
        choose(choice, replace(world.policy, allow=("x",)))
