"""What stands between a client and a service, for tests: an HTTP proxy, a SOCKS 5 proxy, silence.

Each is a context manager
and serves on loopback, in threads of its own. A proxy knows the way to names that nobody else resolves::

    with HttpProxy({"service.test": port_of_the_endpoint}) as proxy:
        ...  # HTTPS_PROXY=proxy.url, base URL http://service.test/v1
        assert proxy.asked == ["service.test:80"]

Standard library only.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping


class Relay(ABC):
    """Accepts connections and carries each to where :meth:`_route` says."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        self.hang_up()

    def hang_up(self) -> None:
        """Close every connection."""
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._open.add(client)
        try:
            client, service, first = self._route(client)
            self._open |= {client, service}
            service.sendall(first)
            back = threading.Thread(target=_pump, args=(service, client), daemon=True)
            back.start()
            _pump(client, service)
            back.join()
        except (OSError, ConnectionError):
            pass
        finally:
            self._open.discard(client)
            client.close()

    @abstractmethod
    def _route(self, client: socket.socket) -> tuple[socket.socket, socket.socket, bytes]:
        """The client's side, the service's side, and what goes to the service first; OSError: neither."""


class HttpProxy(Relay):
    """CONNECT, and plain requests in absolute form (RFC 9110 §9.3.6, RFC 9112 §3.2.2)."""

    def __init__(self, ports: Mapping[str, int], login: str = "", refusal: str = "") -> None:
        """``login`` is the user:password asked for; ``refusal`` a status and reason to answer all with."""
        super().__init__()
        self._ports = ports
        self._login = login
        self._refusal = refusal
        self.asked: list[str] = []
        """``host:port`` as asked, one a connection."""

    @property
    def url(self) -> str:
        """What a client is pointed at."""
        return (
            f"http://{self._login}@127.0.0.1:{self.port}" if self._login else f"http://127.0.0.1:{self.port}"
        )

    def _route(self, client: socket.socket) -> tuple[socket.socket, socket.socket, bytes]:
        head, rest = _head(client)
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, version = first.split(" ")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        place = target if method == "CONNECT" else target.removeprefix("http://").partition("/")[0]
        self.asked.append(place)
        expected = "Basic " + base64.b64encode(self._login.encode()).decode()
        if self._refusal or (self._login and fields.get("proxy-authorization") != expected):
            refusal = self._refusal or "407 Proxy Authentication Required"
            client.sendall(f"HTTP/1.1 {refusal}\r\ncontent-length: 0\r\n\r\n".encode())
            raise OSError("refused")
        name = place.rpartition(":")[0] or place
        if name not in self._ports:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            raise OSError("no way")
        service = socket.create_connection(("127.0.0.1", self._ports[name]))
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return client, service, rest
        path = "/" + target.removeprefix("http://").partition("/")[2]
        return (
            client,
            service,
            "\r\n".join((f"{method} {path} {version}", *lines)).encode() + b"\r\n\r\n" + rest,
        )


class SocksProxy(Relay):
    """SOCKS 5 with names resolved by the proxy (RFC 1928), and a login where one is asked for (RFC 1929)."""

    def __init__(self, ports: Mapping[str, int], login: str = "", reply: int = 0) -> None:
        """``reply`` is the code every CONNECT is answered with; 0 lets it through."""
        super().__init__()
        self._ports = ports
        self._login = login
        self._reply = reply
        self.asked: list[str] = []
        """``host:port`` as asked, one a connection."""

    def url(self, scheme: str = "socks5") -> str:
        """What a client is pointed at."""
        at = f"{self._login}@" if self._login else ""
        return f"{scheme}://{at}127.0.0.1:{self.port}"

    def _route(self, client: socket.socket) -> tuple[socket.socket, socket.socket, bytes]:
        _, count = _exactly(client, 2)
        methods = _exactly(client, count)
        wanted = 2 if self._login else 0
        client.sendall(bytes((5, wanted if wanted in methods else 0xFF)))
        if wanted not in methods:
            raise OSError("no method in common")
        if self._login:
            _, length = _exactly(client, 2)
            user = _exactly(client, length)
            password = _exactly(client, _exactly(client, 1)[0])
            good = user + b":" + password == self._login.encode()
            client.sendall(bytes((1, 0 if good else 1)))
            if not good:
                raise OSError("refused")
        _, _, _, kind = _exactly(client, 4)
        name = _exactly(client, _exactly(client, 1)[0] if kind == 3 else {1: 4, 4: 16}[kind])
        port = int.from_bytes(_exactly(client, 2))
        host = name.decode() if kind == 3 else socket.inet_ntop(socket.AF_INET, name)
        self.asked.append(f"{host}:{port}")
        reply = self._reply or (0 if host in self._ports else 4)
        client.sendall(bytes((5, reply, 0, 1, 0, 0, 0, 0, 0, 0)))
        if reply:
            raise OSError("no way")
        return client, socket.create_connection(("127.0.0.1", self._ports[host])), b""


class Silent:
    """Listens and never accepts; its queue is full, so that a connection to it hangs."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self._listener.getsockname()[1]
        self._fillers: list[socket.socket] = []

    def __enter__(self) -> Silent:
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self._fillers.append(filler)
        return self

    def __exit__(self, *_: object) -> None:
        for each in (*self._fillers, self._listener):
            each.close()


def _head(client: socket.socket) -> tuple[bytes, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        more = client.recv(65536)
        if not more:
            raise OSError("left")
        received += more
    head, _, rest = received.partition(b"\r\n\r\n")
    return head, rest


def _exactly(client: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        more = client.recv(size - len(received))
        if not more:
            raise OSError("left")
        received += more
    return received


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError, ValueError):
        sink.shutdown(socket.SHUT_WR)
