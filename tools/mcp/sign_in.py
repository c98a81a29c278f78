"""Signing in to a server with a URL by OAuth: by the person once, kept, and renewed while the server lets us.

The SDK speaks OAuth. It keeps neither when a token ends nor who renews it, so both are kept here: else each
session would ask the person anew. Imports the SDK, so it is imported where a server is reached.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable

import httpx2
from mcp.client.auth import OAuthClientProvider, OAuthFlowError
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthMetadata,
    OAuthToken,
    ProtectedResourceMetadata,
)
from pydantic import AnyUrl, BaseModel, ValidationError

from seedsmith.tools.mcp.redirect import Redirect, listening
from seedsmith.tools.mcp.servers import Server, SignIns

SIGN_IN_SECONDS = 300.0
"""So long a person may take."""
_EARLY_SECONDS = 30.0
"""So long before its end a token is renewed."""


class SignInNeeded(Exception):
    """Only a person can go on."""


class SignInFailed(Exception):
    """There is no sign-in after all; one sentence says why."""


class _Kept(BaseModel):
    """What is kept of a sign-in."""

    tokens: OAuthToken
    ends: float | None = None
    """When the access token does, in seconds since 1970; None where nobody said."""
    client: OAuthClientInformationFull
    authorization: OAuthMetadata | None = None
    resource: ProtectedResourceMetadata | None = None


class _Storage:
    """The SDK's storage: what is kept of one server's sign-in, or nothing of it for a ``fresh`` one."""

    def __init__(self, server: Server, kept: SignIns, *, fresh: bool = False) -> None:
        self._server = server
        self._sign_ins = kept
        self._fresh = fresh
        self._client: OAuthClientInformationFull | None = None
        self.provider: OAuthClientProvider | None = None
        """The one it serves; set before it is asked."""
        self.signed_in = False

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens; the provider is told when they end, and who renews them."""
        kept = None if self._fresh else await asyncio.to_thread(_read, self._server, self._sign_ins)
        if kept is None or self.provider is None:
            return None
        context = self.provider.context
        context.token_expiry_time = kept.ends - _EARLY_SECONDS if kept.ends is not None else None
        context.oauth_metadata, context.protected_resource_metadata = kept.authorization, kept.resource
        if kept.resource is not None and kept.resource.authorization_servers:
            context.auth_server_url = str(kept.resource.authorization_servers[0])
        self._client = kept.client
        return kept.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the tokens, with all that renewing them takes."""
        assert self.provider is not None
        context = self.provider.context
        if context.client_info is None:
            return
        kept = _Kept(
            tokens=tokens,
            ends=time.time() + tokens.expires_in if tokens.expires_in is not None else None,
            client=context.client_info,
            authorization=context.oauth_metadata,
            resource=context.protected_resource_metadata,
        )
        text = kept.model_dump_json(exclude_none=True)
        await asyncio.to_thread(self._sign_ins.write, self._server.sign_in, text)
        self.signed_in = True

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Who we are to the authorization server: as the user wrote it down, else as it was registered."""
        if not self._server.client_id:
            return self._client
        secret = self._server.client_secret or None
        return OAuthClientInformationFull(
            client_id=self._server.client_id,
            client_secret=secret,
            token_endpoint_auth_method="client_secret_post" if secret else "none",
        )

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Kept with the tokens, by :meth:`set_tokens`."""

    async def renewable(self, refused: str | None) -> bool:
        """Whether there is something better than the access token ``refused``; the provider is told.

        Another session may have renewed it meanwhile; else it can be renewed where there is what renews it.
        """
        assert self.provider is not None
        context = self.provider.context
        tokens = await self.get_tokens()
        context.current_tokens, context.client_info = tokens, await self.get_client_info()
        if tokens is None or tokens.access_token != refused:
            return tokens is not None
        context.token_expiry_time = 1.0
        return context.can_refresh_token()


class _Renewing(httpx2.Auth):
    """The SDK's flow, begun anew once where the token it sent is refused and there may be a better one."""

    requires_response_body = True

    def __init__(self, provider: OAuthClientProvider, storage: _Storage) -> None:
        self._provider = provider
        self._storage = storage

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """As httpx drives it."""
        flow = self._provider.async_auth_flow(request)
        again = True
        try:
            outgoing = await anext(flow)
            while True:
                response = yield outgoing
                if again and outgoing is request and response.status_code == httpx2.codes.UNAUTHORIZED:
                    again = False
                    sent = request.headers.get("Authorization", "").removeprefix("Bearer ") or None
                    await flow.aclose()
                    if await self._storage.renewable(sent):
                        request.headers.pop("Authorization", None)
                    flow = self._provider.async_auth_flow(request)
                    outgoing = await anext(flow)
                else:
                    outgoing = await flow.asend(response)
        except StopAsyncIteration:
            return
        finally:
            await flow.aclose()


def auth_of(server: Server, kept: SignIns, needed: Callable[[], SignInNeeded]) -> httpx2.Auth | None:
    """What authorizes requests to ``server``; None where nobody is signed in.

    What ``needed`` makes is raised where only a person can go on.
    """
    if _read(server, kept) is None:
        return None
    storage = _Storage(server, kept)

    async def go(_address: str) -> None:
        raise needed()

    async def come_back() -> AuthorizationCodeResult:
        raise needed()

    metadata = _metadata("http://127.0.0.1/callback")
    storage.provider = OAuthClientProvider(server.url, metadata, storage, go, come_back)
    return _Renewing(storage.provider, storage)


def open_browser(address: str) -> None:
    """Open ``address`` in the person's browser, where they would see it: not in one of the terminal."""
    if sys.platform != "darwin" and not any(map(os.environ.get, ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))):
        return
    import webbrowser

    # Some browsers keep whoever opened them until they end: nobody waits for that.
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


async def sign_in(server: Server, kept: SignIns, show: Callable[[str], None]) -> None:
    """Let a person sign in to ``server``: ``show`` gets the address that they open in their browser.

    Raises :class:`SignInFailed`; what was kept before stays then.
    """
    from mcp.shared.exceptions import MCPError

    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # it prints a traceback for what we tell
    try:
        async with asyncio.timeout(SIGN_IN_SECONDS), listening(server.callback_port) as back:
            signed_in = await _signed_in(server, kept, back, show)
    except TimeoutError:
        raise SignInFailed(f"Nobody signed in within {SIGN_IN_SECONDS / 60:g} minutes.") from None
    except (OSError, MCPError, OAuthFlowError, httpx2.HTTPError, ValueError, BaseExceptionGroup) as error:
        raise SignInFailed(f"The sign-in to {server.name} failed: {_why(error)}.") from None
    if not signed_in:
        raise SignInFailed(f"The MCP server {server.name} asks nobody to sign in.")


async def _signed_in(server: Server, kept: SignIns, back: Redirect, show: Callable[[str], None]) -> bool:
    """Ask the server for its tools, which it answers once somebody is signed in; whether one had to."""
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async def go(address: str) -> None:
        back.state = httpx2.URL(address).params.get("state", "")
        show(address)

    async def come_back() -> AuthorizationCodeResult:
        given = await back.answer()
        if "error" in given:
            raise OAuthFlowError(f"{given['error']} {given.get('error_description', '')}".strip())
        return AuthorizationCodeResult(
            code=given.get("code", ""), state=given.get("state"), iss=given.get("iss")
        )

    storage = _Storage(server, kept, fresh=True)
    storage.provider = OAuthClientProvider(server.url, _metadata(back.url), storage, go, come_back)
    headers, timeout = dict(server.headers), httpx2.Timeout(server.timeout)
    async with httpx2.AsyncClient(auth=storage.provider, headers=headers, timeout=timeout) as http:
        async with Client(streamable_http_client(server.url, http_client=http)) as client:
            await client.list_tools()
    return storage.signed_in


def _read(server: Server, kept: SignIns) -> _Kept | None:
    try:
        return _Kept.model_validate_json(kept.read(server.sign_in))
    except ValidationError:  # nothing, or damaged
        return None


def _metadata(redirect: str) -> OAuthClientMetadata:
    return OAuthClientMetadata(
        client_name="Seedsmith",
        redirect_uris=[AnyUrl(redirect)],
        token_endpoint_auth_method="none",  # noqa: S106 - no client has a secret that many have
    )


def _why(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return " ".join((str(error) or type(error).__name__).split()).rstrip(".")[:500]
