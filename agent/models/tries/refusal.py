"""What a service's refusal means: whether it is worth another try, and the error it becomes for people.

The codes are listed in docs/model-service.md, "Errors".
"""

from __future__ import annotations

import re
from enum import Enum

from seedsmith.agent.models.errors import (
    AuthenticationFailed,
    ContentFiltered,
    ContextExceeded,
    InvalidRequest,
    ModelError,
    ModelNotAvailable,
    QuotaExceeded,
    ServiceUnavailable,
)
from seedsmith.sandbox.lazy_dataclass import dataclass

MESSAGE_LIMIT = 400
"""A message repeats at most so many characters of the service's own message."""
PAGE = "page"
"""The kind of a refusal that was not JSON."""
REDIRECTED = "redirected"
"""The code of a redirection, which is not followed; its message is where it leads."""


class Verdict(Enum):
    """How to react to a refusal."""

    RETRY = "retry"
    RETRY_SLOWLY = "retry slowly"
    AUTHENTICATION = "authentication"
    QUOTA = "quota"
    MODEL = "model"
    CONTENT = "content"
    CONTEXT = "context"
    INVALID = "invalid"
    """Drop the named field if it is optional; otherwise stop."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error a service answered with, over HTTP or inside a stream."""

    status: int | None
    code: str
    message: str
    param: str = ""
    kind: str = ""
    """The body's ``type``."""

    @property
    def verdict(self) -> Verdict:
        """Decided by the code, then the type, then a status given as code, then the HTTP status."""
        if _NO_IMAGES.search(self.message):  # llama.cpp says so as a failure of its own, with status 500
            return Verdict.INVALID
        for name in (self.code, self.kind):
            found = _verdict_of_code(name) if name else None
            if found is not None:
                return found
        status = _status_named(self.code) or self.status
        family = _KINDS.get(self.kind.lower()) or _KINDS.get(self.code.lower())
        return family if status is None and family is not None else _verdict_of_status(status)

    @property
    def no_service(self) -> bool:
        """Whether there is no model service at the address, e.g. a web page instead."""
        words = self.message.strip(" .").lower()
        bare = not self.code and not self.kind and words in ("", "not found")
        return self.status == 404 and (self.kind == PAGE or bare)

    @property
    def crowded(self) -> bool:
        """Whether the service says that it gets too many requests, from us or from everybody."""
        if self.verdict is Verdict.RETRY_SLOWLY:
            return True
        names = {self.code.lower().partition(".")[0], self.kind.lower()}
        by_name = any(name.endswith("ratelimitexceeded") or name in _CROWDED for name in names)
        return self.verdict is Verdict.RETRY and (by_name or 429 in (self.status, _status_named(self.code)))

    @property
    def about_images(self) -> bool:
        """Whether the pictures of the request are what is refused."""
        return _ABOUT_IMAGES.search(f"{self.code} {self.param} {self.message}") is not None


_NO_IMAGES = re.compile(
    r"(?:image|vision|multimodal)[\w ]{0,20} not supported"
    r"|n[o']t support[\w ]{0,20} (?:image|vision|multimodal)",
    re.IGNORECASE,
)
_ABOUT_IMAGES = re.compile(
    r"image(?:s|_url|url|format|size)?\b|\b(?:vision|multimodal)\b|content\b.{0,60}\bstring", re.IGNORECASE
)
"""The last: services that know nothing of pictures want a message's content to be a string."""


_CROWDED = frozenset(
    {
        "serveroverloaded",
        "inflightbatchsizeexceeded",
        "rate_limit_exceeded",
        "rate_limit_error",
        "too_many_requests",
        "overloaded_error",
    }
)
_EXACT = {
    "rate_limit_exceeded": Verdict.RETRY,
    "rate_limit_error": Verdict.RETRY,
    "too_many_requests": Verdict.RETRY,
    "overloaded_error": Verdict.RETRY,
    "server_error": Verdict.RETRY,
    "internal_server_error": Verdict.RETRY,
    "insufficient_quota": Verdict.QUOTA,
    "insufficient_user_quota": Verdict.QUOTA,
    "insufficient_balance": Verdict.QUOTA,
    "billing_hard_limit_reached": Verdict.QUOTA,
    "billing_not_active": Verdict.QUOTA,
    "outofcontexterror": Verdict.CONTEXT,
    "context_length_exceeded": Verdict.CONTEXT,
    "exceed_context_size_error": Verdict.CONTEXT,
    "content_filter": Verdict.CONTENT,
    "content_policy_violation": Verdict.CONTENT,
    "modelnotopen": Verdict.MODEL,
    "model_not_found": Verdict.MODEL,
    "invalid_api_key": Verdict.AUTHENTICATION,
    "authenticationerror": Verdict.AUTHENTICATION,
    "unknown_parameter": Verdict.INVALID,
    "unsupported_parameter": Verdict.INVALID,
    "unsupported_value": Verdict.INVALID,
}
"""Besides Ark's: those of OpenAI and of the gateways that resell models."""
_PREFIXES = {
    "requestbursttoofast": Verdict.RETRY_SLOWLY,
    "ratelimitexceeded": Verdict.RETRY,
    "serveroverloaded": Verdict.RETRY,
    "internalserviceerror": Verdict.RETRY,
    "quotaexceeded": Verdict.QUOTA,
    "setlimitexceeded": Verdict.QUOTA,
    "accountoverdueerror": Verdict.QUOTA,
    "outofcontexterror": Verdict.CONTEXT,
    "modelnotopen": Verdict.MODEL,
    "invalidendpointormodel": Verdict.MODEL,
    "operationdenied.serviceoverdue": Verdict.QUOTA,
    "operationdenied.servicenotopen": Verdict.MODEL,
    "inflightbatchsizeexceeded": Verdict.RETRY,
    "invalidparameter": Verdict.INVALID,
    "missingparameter": Verdict.INVALID,
}
_KINDS = {
    "invalid_request_error": Verdict.INVALID,
    "authentication_error": Verdict.AUTHENTICATION,
    "permission_error": Verdict.AUTHENTICATION,
    "not_found_error": Verdict.MODEL,
}
"""Families of errors: they decide only where no status does, as in a stream."""


def _verdict_of_code(code: str) -> Verdict | None:
    """Codes carry dotted details (``RateLimitExceeded.EndpointRPMExceeded``) and account prefixes."""
    lowered = code.lower()
    if lowered in _EXACT:
        return _EXACT[lowered]
    if "sensitivecontentdetected" in lowered:
        return Verdict.CONTENT
    if lowered.partition(".")[0].endswith("ratelimitexceeded"):
        return Verdict.RETRY
    return next((verdict for prefix, verdict in _PREFIXES.items() if lowered.startswith(prefix)), None)


def _verdict_of_status(status: int | None) -> Verdict:
    if status is None or status in (408, 429) or status >= 500:
        return Verdict.RETRY
    by_status = {
        401: Verdict.AUTHENTICATION,
        402: Verdict.QUOTA,
        403: Verdict.AUTHENTICATION,
        404: Verdict.MODEL,
    }
    return by_status.get(status, Verdict.INVALID)


def _status_named(code: str) -> int | None:
    """The HTTP status that services write where a code belongs."""
    return int(code) if re.fullmatch("[45][0-9][0-9]", code) else None


@dataclass(frozen=True, slots=True)
class AskedModel:
    """The provider and model of a request, for messages."""

    provider: str
    model: str
    base_url: str
    key_variables: tuple[str, ...] = ()
    key: str = ""
    """Only ever removed from texts, never put into one."""

    def __repr__(self) -> str:
        return f"AskedModel({self.provider}/{self.model})"

    @property
    def keys(self) -> str:
        """The variables the key may come from, in words."""
        return " or ".join(("SEEDSMITH_API_KEY", *self.key_variables))

    def clean(self, words: str) -> str:
        """A service's words on one short line, without the key and without control characters."""
        if len(self.key) >= 8:  # a shorter one would mask ordinary words
            words = words.replace(self.key, "***")
        line = " ".join("".join(char if char.isprintable() else " " for char in words).split())
        return line if len(line) <= MESSAGE_LIMIT else line[:MESSAGE_LIMIT] + "…"

    def said(self, refusal: Refusal) -> str:
        """What the service said, with its code and status, in parentheses."""
        name = refusal.code or refusal.kind
        parts = [f"HTTP {refusal.status}" if refusal.status is not None else "", name, refusal.message]
        return f"({self.clean(' '.join(part for part in parts if part)).rstrip('.')})"

    def error(self, refusal: Refusal, *, images: bool = False) -> ModelError:
        """The error for this refusal; ``images`` says whether the request contained images."""
        asked, said = f"{self.provider}/{self.model}", self.said(refusal)
        over = _OVER_IMAGES if images and refusal.about_images else ""
        if refusal.code == REDIRECTED:
            there = (
                f"{self.base_url} redirects to {self.clean(refusal.message)}: check the base URL, and "
                f"whether this network wants a sign-in first (HTTP {refusal.status})."
            )
            return InvalidRequest(there, REDIRECTED, refusal.status)
        if refusal.no_service:
            there = f"There is no such service at {self.base_url}: check the base URL {said}."
            return InvalidRequest(there, "no_service", refusal.status)
        kind, sentence = {
            Verdict.AUTHENTICATION: (
                AuthenticationFailed,
                f"{self.provider} refuses the key for {self.model}: check {self.keys} {said}.",
            ),
            Verdict.QUOTA: (
                QuotaExceeded,
                f"The account for {asked} has no quota or money left: top it up or raise its limit {said}.",
            ),
            Verdict.MODEL: (
                ModelNotAvailable,
                f"{self.provider} doesn't serve {self.model} at {self.base_url} to the key in {self.keys}: "
                f"open the model there, or name another with -m {said}.",
            ),
            Verdict.CONTENT: (
                ContentFiltered,
                f"{asked} held back {_filtered(refusal)} as sensitive {said}.",
            ),
            Verdict.CONTEXT: (ContextExceeded, f"The conversation is longer than {asked} can take {said}."),
            Verdict.INVALID: (
                InvalidRequest,
                f"{asked} refuses the request{over} {said}.",
            ),
        }.get(refusal.verdict, (ServiceUnavailable, f"{asked} keeps failing: try again later {said}."))
        return kind(sentence, refusal.code or refusal.kind, refusal.status)


_OVER_IMAGES = " over its pictures: leave them out, or use a model that sees"


def _filtered(refusal: Refusal) -> str:
    lowered = refusal.code.lower()
    if lowered.startswith("input"):
        return "the question"
    return (
        "the answer"
        if lowered.startswith("output") or lowered == "content_filter"
        else "the question or the answer"
    )
