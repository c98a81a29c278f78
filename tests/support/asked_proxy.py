"""What the proxy that is commands' only way out answers to bytes."""

from __future__ import annotations

import asyncio
import socket

from seedsmith.sandbox.network.egress import Egress


async def asked(egress: Egress, request: bytes) -> bytes:
    """What ``egress`` answers to ``request``, to its end; it is closed then."""
    listening = socket.create_server(("127.0.0.1", 0))
    egress.serve_proxy(listening)
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    egress.close()
    return answer
