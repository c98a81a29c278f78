"""What is tried to get past the list of allowed hosts: by names, addresses, redirections and requests."""

from __future__ import annotations

import asyncio
import http.server
import sys
import threading
from collections.abc import Iterator

import pytest
from asked_proxy import asked

from seedsmith.sandbox.network.allowed_hosts import Allowed
from seedsmith.sandbox.network.egress import Attempt, Egress

OTHER = "127.0.0.2"
"""An address of this machine that is not what commands call their own loopback."""


@pytest.fixture
def tier() -> str:
    return "bwrap"


class _Seen(http.server.BaseHTTPRequestHandler):
    heads: list[str] = []

    def do_GET(self) -> None:
        self.heads.append(f"{self.path} {self.headers.get_all('Host')}")
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data")
        else:
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def origin() -> Iterator[tuple[int, list[str]]]:
    """The port of a server on loopback, and what it was asked for."""
    seen: list[str] = []
    handler = type("Handler", (_Seen,), {"heads": seen})
    server = http.server.ThreadingHTTPServer(("", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, seen
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1"),
        *("::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "::7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("64:ff9b:1::a9fe:a9fe", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "224.0.0.1"),
    ],
)
def test_no_form_of_a_private_address_is_led_to(address: str) -> None:
    for entry in ("public.example", "0.0.0.0/0", "::/0"):
        assert not Allowed([entry]).may_lead_to(address, 80)
        assert not Allowed([entry]).names(address, 80)


def test_a_private_network_that_is_named_is_reached_in_each_form() -> None:
    allowed = Allowed(["10.0.0.0/8:80", "[fd00::/8]:80"])
    assert all(allowed.may_lead_to(each, 80) for each in ("10.1.2.3", "::ffff:10.1.2.3", "fd12::1"))


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "localhost."])
async def test_no_other_spelling_of_loopback_is_let_through(host: str, origin) -> None:
    port, seen = origin
    egress = Egress(Allowed(["public.example", f"0.0.0.0/0:{port}"]), lambda _: None)
    assert b"403" in await asked(egress, f"GET http://{host}:{port}/ HTTP/1.1\r\n\r\n".encode())
    named = Egress(Allowed([f"{host.rstrip('.')}x.example:{port}", f"1:{port}"]), lambda _: None)
    assert b"403" in await asked(named, f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode())
    assert not seen


@pytest.mark.slow
async def test_a_name_that_leads_elsewhere_at_the_second_look_is_not_looked_at_twice(origin) -> None:
    port, seen = origin
    answers = [["192.0.2.1", "127.0.0.1"], ["127.0.0.1"]]
    looked: list[str] = []

    async def rebinding(host: str, _port: int) -> list[str]:
        looked.append(host)
        return answers.pop(0)

    egress = Egress(Allowed([f"public.example:{port}", f"192.0.2.0/24:{port}"]), lambda _: None, rebinding)
    egress_answer = asked(egress, f"GET http://public.example:{port}/ HTTP/1.1\r\n\r\n".encode())
    try:
        async with asyncio.timeout(2):  # Nobody answers at that address of the documentation's.
            assert b"502" in await egress_answer
    except TimeoutError:
        egress.close()
    assert looked == ["public.example"]
    assert not seen


@pytest.mark.slow
async def test_a_redirection_to_a_private_address_is_refused(make_runner, origin) -> None:
    port, seen = origin
    runner = make_runner(allow=(f"{OTHER}:{port}",))
    heard: list[Attempt] = []
    runner.network.report = heard.append
    fetch = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())"
    result = await runner.run((sys.executable, "-c", fetch, f"http://{OTHER}:{port}/away"), timeout=60)
    runner.close()
    assert b"403: Forbidden by the sandbox" in result.head
    assert [(each.host, bool(each.refused)) for each in heard] == [(OTHER, False), ("169.254.169.254", True)]
    assert seen == [f"/away ['{OTHER}:{port}']"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"CONNECT 127.0.0.2:22 HTTP/1.1\r\n\r\n", b"403"),
        (b"CONNECT 127.0.0.2:{port}@127.0.0.3:{port} HTTP/1.1\r\n\r\n", b"403"),
        (b"CONNECT 127.0.0.2:0 HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT 127.0.0.2:{port}1 HTTP/1.1\r\n\r\n", b"4"),
        (b"GET http://127.0.0.2:{port}@127.0.0.3:{port}/ HTTP/1.1\r\n\r\n", b"403"),
        (b"GET http://127.0.0.3:{port}/#@127.0.0.2:{port}/ HTTP/1.1\r\n\r\n", b"403"),
        (b"GET http://127.0.0.3:{port}\\@127.0.0.2/ HTTP/1.1\r\n\r\n", b"40"),
        (b"GET https://127.0.0.2:{port}/ HTTP/1.1\r\n\r\n", b"400"),
        (b"GET //127.0.0.2:{port}/ HTTP/1.1\r\n\r\n", b"400"),
        (b"GET http://127.0.0.2:{port}/ HTTP/1.1\r\nX: y\nHost: other\r\n\r\n", b"400"),
        (b"GET http://127.0.0.2:{port}/ HTTP/1.1\r\nHost : other\r\n\r\n", b"400"),
        (b"GET http://127.0.0.2:{port}/ HTTP/1.1\r\n Host: other\r\n\r\n", b"400"),
        (b"GET http://127.0.0.2:{port}/\nHost:x HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT \0.public.example:{port} HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT *.public.example:{port} HTTP/1.1\r\n\r\n", b"403"),
        (b"CONNECT a..public.example:{port} HTTP/1.1\r\n\r\n", b"403"),
        (b"GET http://127.0.0.2:{port}/ HTTP/1.1\r\nHost: other\r\nHOST: x\r\n\r\n", b"200"),
    ],
)
async def test_no_request_says_one_host_and_means_another(request_: bytes, status: bytes, origin) -> None:
    port, seen = origin
    allowed = Allowed([f"127.0.0.2:{port}", f"*.public.example:{port}"])
    answer = await asked(Egress(allowed, lambda _: None), request_.replace(b"{port}", str(port).encode()))
    assert answer.partition(b" ")[2].startswith(status), answer
    assert seen == ([f"/ ['127.0.0.2:{port}']"] if status == b"200" else [])


TAKE_ITS_PLACE = """
import os, socket
port = int(os.environ["http_proxy"].rpartition(":")[2])
for host, family in (("127.0.0.1", 2), ("0.0.0.0", 2), ("::", 10)):
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        try:
            with socket.socket(family) as taken:
                taken.setsockopt(socket.SOL_SOCKET, option, 1)
                taken.bind((host, port))
                taken.listen()
                print("taken", host)
        except OSError:
            pass
for kind, number in ((socket.SOCK_RAW, 1), (socket.SOCK_RAW, 255), (socket.SOCK_DGRAM, 1)):
    try:
        socket.socket(2, kind, number)
        print("raw", number)
    except OSError:
        pass
os.system("ip link set lo down; ip addr add 169.254.169.254/32 dev lo; ip route add default dev lo")
print("end")
"""


@pytest.mark.slow
async def test_no_command_takes_the_place_of_the_way_out(make_runner, origin) -> None:
    port, seen = origin
    runner = make_runner(allow=(f"{OTHER}:{port}",))
    result = await runner.run((sys.executable, "-c", TAKE_ITS_PLACE), timeout=60)
    assert b"taken" not in result.head and b"raw" not in result.head and b"end" in result.head, result
    fetch = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).status)"
    again = await runner.run((sys.executable, "-c", fetch, f"http://{OTHER}:{port}/"), timeout=60)
    runner.close()
    assert (again.head, len(seen)) == (b"200\n", 1), again
