"""What is known of a server before it is started: how it is reached, and what it may reach."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.pydantic_tool import ArgumentText
from seedsmith.tools.wrong_values import IN_JSON, what_is_wrong

Origin = Literal["user", "repository"]
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}", re.ASCII)
MOST_SERVERS = 50
START_SECONDS = 30.0
"""How long a server may take until it can be asked."""
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class ServerError(Exception):
    """An entry that can't be used; the message completes "The MCP server NAME"."""


def _web_address(url: str) -> str:
    if not re.match(r"https?://[^\s/]", url) and not url.startswith("${"):
        raise ValueError("must begin with http:// or https://")
    return url


class OAuthEntry(BaseModel):
    """Who we are to a server's authorization server, where it registers nobody by itself."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    clientId: Annotated[ArgumentText, Field(min_length=1)] | None = None  # noqa: N815 - as others write it
    clientSecret: ArgumentText | None = None  # noqa: N815
    callbackPort: Annotated[int, Field(ge=0, le=65535)] = 0  # noqa: N815


class Entry(BaseModel):
    """One server as ``mcpServers`` has it, in the form other programs write; what they add is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Literal["stdio", "http", "streamable-http", "streamableHttp", "sse"] | None = None
    command: Annotated[str, Field(min_length=1)] | None = None
    args: list[ArgumentText] = Field(default_factory=list, max_length=200)
    env: dict[str, ArgumentText] = Field(default_factory=dict, max_length=200)
    cwd: ArgumentText = "."
    url: Annotated[str, AfterValidator(_web_address)] | None = None
    headers: dict[str, ArgumentText] = Field(default_factory=dict, max_length=50)
    oauth: OAuthEntry = OAuthEntry()
    network: Literal["off", "on"] = "off"
    folders: list[ArgumentText] = Field(default_factory=list, max_length=50)
    timeout: float = Field(60.0, gt=0, le=3600)
    description: str = ""
    disabled: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Entry:
        if (self.command is None) == (self.url is None):
            raise ValueError("needs either a command or a url")
        if self.type == "sse":
            raise ValueError(
                "speaks the old HTTP with SSE, which is not offered here; use its streamable HTTP"
            )
        return self

    def plain(self) -> dict[str, Any]:
        """What was written of it, as JSON."""
        return self.model_dump(exclude_unset=True)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that may be used."""

    name: str
    origin: Origin
    digest: str
    """SHA-256 of how it was written down: what trust and memory are bound to."""
    argv: tuple[str, ...] = ()
    """What starts it; empty where it is reached by ``url``."""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str = "."
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    client_id: str = ""
    """Who we are to its authorization server; '' where we register there."""
    client_secret: str = field(default="", repr=False)
    callback_port: int = 0
    """Where on loopback a browser comes back to; 0 for any port."""
    network: bool = False
    """Whether its process reaches the network."""
    folders: tuple[str, ...] = ()
    """Files and folders outside the workspace that its process is shown, read-only."""
    timeout: float = 60.0
    """Seconds that one call may take."""
    description: str = ""

    @property
    def address(self) -> str:
        """How it is reached, for people; values of variables and headers are left out."""
        import shlex

        return shlex.join(self.argv) if self.argv else self.url

    @property
    def sign_in(self) -> str:
        """What a sign-in to it is kept under: a repository's server is none that the user signed in to."""
        known = json.dumps([self.origin, self.url, self.client_id])
        return hashlib.sha256(known.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def may_sign_in(self) -> bool:
        """Whether a person can sign in to it: not where a header authorizes it already."""
        return bool(self.url) and not any(name.casefold() == "authorization" for name in self.headers)


class SignIns(Protocol):
    """What is kept of sign-ins, by name: secrets."""

    def read(self, name: str) -> str:
        """What was kept under ``name``; '' for nothing."""

    def write(self, name: str, text: str) -> None:
        """Keep ``text`` under ``name``; raises OSError."""

    def forget(self, name: str) -> bool:
        """Keep nothing under ``name``; whether anything was."""


def is_signed_in(server: Server, kept: SignIns) -> bool:
    """Whether a sign-in to ``server`` is kept; it may have ended."""
    return server.may_sign_in and bool(kept.read(server.sign_in))


def read_entry(name: str, given: Any) -> Entry:
    """The entry called ``name``; raises :class:`ServerError`."""
    if not NAME.fullmatch(name):
        raise ServerError("has an unusable name: take up to 40 letters, digits, '_', '-' and '.'")
    try:
        return Entry.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        if first["type"] == "value_error" and not where:
            raise ServerError(str(first["ctx"]["error"])) from None
        said = what_is_wrong(first, IN_JSON) if where else "must be a JSON object"
        raise ServerError(f"is written wrongly: {where or 'it'} {said}") from None


def digest_of(name: str, entry: Entry) -> str:
    """What an entry is known by: it changes with every word of it."""
    written = json.dumps([name, entry.plain()], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def server_of(name: str, entry: Entry, origin: Origin, environment: Mapping[str, str]) -> Server:
    """The server of an entry, ``${NAME}`` and ``${NAME:-default}`` filled from ``environment``.

    A repository may not say what reaches the network or which folders are shown: the user's word alone
    widens the sandbox. Raises :class:`ServerError` for a variable that is not set.
    """
    own = origin == "user"

    def fill(text: str) -> str:
        return _VARIABLE.sub(value, text)

    def value(match: re.Match[str]) -> str:
        found = environment.get(match[1]) or match[2]
        if found is None:
            raise ServerError(f"needs the variable {match[1]}, which is not set")
        return found

    url = fill(entry.url) if entry.url else ""
    if url:
        try:
            _web_address(url)
        except ValueError as error:
            raise ServerError(f"has an address that {error}") from None
    return Server(
        name=name,
        origin=origin,
        digest=digest_of(name, entry),
        argv=tuple(map(fill, (entry.command, *entry.args))) if entry.command else (),
        env={key: fill(text) for key, text in entry.env.items()},
        cwd=fill(entry.cwd),
        url=url,
        headers={key: fill(text) for key, text in entry.headers.items()},
        client_id=fill(entry.oauth.clientId or ""),
        client_secret=fill(entry.oauth.clientSecret or ""),
        callback_port=entry.oauth.callbackPort,
        network=own and entry.network == "on",
        folders=tuple(map(fill, entry.folders)) if own else (),
        timeout=entry.timeout,
        description=" ".join(entry.description.split()),
    )


def variables_of(entry: Entry) -> list[str]:
    """The names of the variables an entry wants to be given."""
    text = json.dumps(entry.plain())
    return sorted({match[1] for match in _VARIABLE.finditer(text)})
