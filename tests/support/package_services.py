"""Small services that package managers talk to, on loopback: a registry of npm, an index of cargo, git."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import subprocess
import tarfile
from functools import cache
from pathlib import Path

NAME = "seldom"
"""The package that each of them has, in version 1.0.0."""


def _packed(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(text.encode())
            archive.addfile(about, io.BytesIO(text.encode()))
    return packed.getvalue()


@cache
def _npm_package() -> bytes:
    about = json.dumps({"name": NAME, "version": "1.0.0", "main": "index.js"})
    return _packed({"package/package.json": about, "package/index.js": "module.exports = 'from npm'\n"})


@cache
def _crate() -> bytes:
    about = f'[package]\nname = "{NAME}"\nversion = "1.0.0"\nedition = "2021"\n'
    return _packed({f"{NAME}-1.0.0/Cargo.toml": about, f"{NAME}-1.0.0/src/lib.rs": "pub fn seldom() {}\n"})


class PackageServices(http.server.BaseHTTPRequestHandler):
    """Answers for all three; git's repositories lie in ``repositories``."""

    repositories: Path
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        here = f"http://{self.headers['Host']}"
        crate, package = _crate(), _npm_package()
        if path.startswith("/git/"):
            self._git(path.removeprefix("/git"))
        elif path == f"/npm/{NAME}":
            digest = base64.b64encode(hashlib.sha512(package).digest()).decode()
            dist = {"tarball": f"{here}/npm/{NAME}/-/{NAME}-1.0.0.tgz", "integrity": f"sha512-{digest}"}
            version = {"name": NAME, "version": "1.0.0", "dist": dist}
            about = {"name": NAME, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
            self._send(json.dumps(about).encode(), "application/json")
        elif path == f"/npm/{NAME}/-/{NAME}-1.0.0.tgz":
            self._send(package)
        elif path == "/cargo/config.json":
            self._send(json.dumps({"dl": f"{here}/crates"}).encode())
        elif path == f"/cargo/se/ld/{NAME}":
            checksum = hashlib.sha256(crate).hexdigest()
            line = {"name": NAME, "vers": "1.0.0", "deps": [], "cksum": checksum, "features": {}}
            self._send(json.dumps({**line, "yanked": False}).encode() + b"\n")
        elif path == f"/crates/{NAME}/1.0.0/download":
            self._send(crate)
        else:
            self._send(b"nothing", status=404)

    def _send(self, body: bytes, kind: str = "application/octet-stream", status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _git(self, path: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        environ = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": self.path.partition("?")[2],
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
            "REMOTE_USER": "somebody",
        }
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environ)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
        status = int(fields.pop("Status", "200 OK").split()[0])
        self._send(body, fields.get("Content-Type", "text/plain"), status)
