"""An MCP server on loopback that wants a sign-in, with its authorization server: both the official SDK's."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import secrets
import socket
import threading
import time

from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizeError,
    RefreshToken,
    TokenError,
    construct_redirect_uri,
)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthToken


class People:
    """Who may do what: everybody who asks is signed in at once, unless ``refuses``."""

    def __init__(self):
        self.clients, self.codes, self.access, self.renewals = {}, {}, {}, {}
        self.lasts: int | None = 3600
        self.refuses = False
        self.granted = []
        """How each access token came to be, in order."""

    async def get_client(self, client_id):
        return self.clients.get(client_id)

    async def register_client(self, client_info):
        self.clients[client_info.client_id] = client_info

    async def authorize(self, client, params):
        if self.refuses:
            raise AuthorizeError("access_denied", "not you")
        code = secrets.token_hex(16)
        self.codes[code] = AuthorizationCode(
            code=code,
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=client.client_id,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
        )
        return construct_redirect_uri(str(params.redirect_uri), code=code, state=params.state)

    async def load_authorization_code(self, client, authorization_code):
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(self, client, authorization_code):
        del self.codes[authorization_code.code]
        return self._grant("signed in", client, authorization_code.scopes, authorization_code.resource)

    async def load_refresh_token(self, client, refresh_token):
        return self.renewals.get(refresh_token)

    async def exchange_refresh_token(self, client, refresh_token, scopes):
        if self.renewals.pop(refresh_token.token, None) is None:
            raise TokenError("invalid_grant")
        return self._grant("renewed", client, scopes, refresh_token.resource)

    async def load_access_token(self, token):
        return self.access.get(token)

    async def revoke_token(self, token):
        self.access.pop(token.token, None)

    def _grant(self, how, client, scopes, resource):
        self.granted.append(how)
        access, renewal = secrets.token_hex(16), secrets.token_hex(16)
        ends = int(time.time()) + self.lasts if self.lasts is not None else None
        known = {"client_id": client.client_id, "scopes": scopes, "resource": resource}
        self.access[access] = AccessToken(token=access, expires_at=ends, **known)
        self.renewals[renewal] = RefreshToken(token=renewal, **known)
        return OAuthToken(access_token=access, refresh_token=renewal, expires_in=self.lasts)


class Guarded:
    """The server at ``url``, to which ``people`` give tokens."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/mcp"
        self.people = People()
        self.server = MCPServer(
            "guarded",
            auth_server_provider=self.people,
            auth=AuthSettings(
                issuer_url=f"http://127.0.0.1:{port}",
                resource_server_url=self.url,
                validate_token_resource=True,
                client_registration_options=ClientRegistrationOptions(enabled=True),
            ),
        )

        @self.server.tool()
        def add(a: int, b: int) -> int:
            return a + b


@contextlib.asynccontextmanager
async def guarded():
    """A server that is up."""
    import uvicorn

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        made = Guarded(listener.getsockname()[1])
        serving = uvicorn.Server(uvicorn.Config(made.server.streamable_http_app(), log_level="critical"))
        task = asyncio.create_task(serving.serve([listener]))
        while not serving.started:
            assert not task.done()
            await asyncio.sleep(0.01)
        try:
            yield made
        finally:
            serving.should_exit = True
            serving.force_exit = True
            await task


@contextlib.contextmanager
def guarded_beside():
    """A server that is up on a thread of its own."""
    with asyncio.Runner() as runner, concurrent.futures.ThreadPoolExecutor(1) as thread:
        ready, leave = threading.Event(), asyncio.Event()
        found = []

        async def serve():
            async with guarded() as made:
                found.append(made)
                ready.set()
                await leave.wait()

        done = thread.submit(runner.run, serve())
        assert ready.wait(60)
        try:
            yield found[0]
        finally:
            runner.get_loop().call_soon_threadsafe(leave.set)
            done.result(60)
