"""When to ask again and after how long (docs/model-service.md, "Errors")."""

from __future__ import annotations

import asyncio
import email.utils
import math
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping

from seedsmith.agent.models.base import Retrying
from seedsmith.agent.models.errors import ServiceUnavailable, StreamBroken
from seedsmith.agent.models.tries.refusal import AskedModel, Refusal, Verdict
from seedsmith.sandbox.lazy_dataclass import dataclass

RETRY_AFTER_CAP_SECONDS = 120.0
"""The longest a service may make us wait at once."""


class FailedTry(Exception):
    """An attempt gave no answer; nothing of it may be used."""


class ServiceRefused(FailedTry):
    """The service answered with an error."""

    def __init__(self, refusal: Refusal, retry_after: float | None = None) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.retry_after = retry_after
        """Seconds, where the service named them."""


class BrokenAnswer(FailedTry):
    """The answer is not complete. The message continues "the answer …"."""

    def __init__(self, message: str, code: str = "broken_stream") -> None:
        super().__init__(message)
        self.code = code


class Unreachable(FailedTry):
    """There was no connection; the message says why in a few words."""

    def __init__(
        self,
        message: str,
        code: str = "unreachable",
        advice: str = "check the address and the network",
        *,
        lasting: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.advice = advice
        """What a person can do, the end of a sentence."""
        self.lasting = lasting
        """Trying again is of no use."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Back off 1-2 s, doubling, at most 30 s; clock, sleep and chance can be replaced."""

    attempts: int = 6
    """How often one request is sent, including the first time."""
    connect_attempts: int = 4
    """The same if there is no connection at all, which seldom changes by itself."""
    first_seconds: float = 1.0
    burst_seconds: float = 4.0
    """The first delay after ``RequestBurstTooFast``, which wants a slow ramp."""
    cap_seconds: float = 30.0
    patience_seconds: float = math.inf
    """If a service asks for a longer pause with ``Retry-After``, no further attempt is made."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    """Gives numbers from 0 to 1."""
    now: Callable[[], float] = time.time
    """Seconds since the epoch, for ``Retry-After`` dates."""

    def delay(self, attempt: int, *, burst: bool = False, retry_after: float | None = None) -> float:
        """Seconds to wait after the ``attempt``-th try failed (1 for the first).

        The service's ``retry_after`` is used unchanged, up to a cap.
        """
        if retry_after is not None:
            return min(retry_after, RETRY_AFTER_CAP_SECONDS)
        base = (self.burst_seconds if burst else self.first_seconds) * 2.0 ** (attempt - 1)
        return min(base * (1 + self.chance()), self.cap_seconds)

    def retry_after(self, headers: Mapping[str, str]) -> float | None:
        """What a ``Retry-After`` header asks for, in seconds; it may hold a date (RFC 9110 §10.2.3).

        OpenAI's ``retry-after-ms`` is more precise and takes precedence.
        """
        milliseconds = headers.get("retry-after-ms", "").strip()
        if re.fullmatch(r"\d{1,12}(\.\d+)?", milliseconds):
            return float(milliseconds) / 1000
        value = headers.get("retry-after", "").strip()
        if not value:
            return None
        try:
            seconds = float(value)
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(value).timestamp() - self.now()
            except (ValueError, TypeError, OverflowError):
                return None
            seconds = max(seconds, 0.0)
        return seconds if 0 <= seconds < float("inf") else None


class Tries:
    """Counts the attempts at one request, and decides after each failure whether to try again."""

    def __init__(self, policy: RetryPolicy, who: AskedModel, *, images: bool = False) -> None:
        """``images`` says that the question holds some, which a refusal may be about."""
        self._policy = policy
        self._who = who
        self._images = images
        self._failed = 0

    def after(self, failure: FailedTry) -> Retrying:
        """The pause before the next try; raises the :class:`ModelError` that ends the question."""
        self._failed += 1
        if isinstance(failure, ServiceRefused):
            return self._after_refusal(failure)
        if isinstance(failure, BrokenAnswer):
            return self._after_break(failure)
        assert isinstance(failure, Unreachable)
        return self._after_unreachable(failure)

    def _after_refusal(self, refused: ServiceRefused) -> Retrying:
        refusal = refused.refusal
        verdict = refusal.verdict
        retried = verdict in (Verdict.RETRY, Verdict.RETRY_SLOWLY) and self._failed < self._policy.attempts
        if not retried or (refused.retry_after or 0.0) > self._policy.patience_seconds:
            raise self._who.error(refusal, images=self._images)
        burst = verdict is Verdict.RETRY_SLOWLY
        delay = self._policy.delay(self._failed, burst=burst, retry_after=refused.retry_after)
        code = refusal.code or refusal.kind or f"http_{refusal.status or 'error'}"
        return self._retrying(code, f"{self._who.provider} is not ready {self._who.said(refusal)}", delay)

    def _after_break(self, broken: BrokenAnswer) -> Retrying:
        why = self._who.clean(str(broken))
        if self._failed >= self._policy.attempts:
            raise StreamBroken(
                f"{self._who.provider}/{self._who.model} gave no complete answer in {self._failed} tries: "
                f"the last one {why}.",
                broken.code,
            )
        delay = self._policy.delay(self._failed)
        return self._retrying(broken.code, f"The answer of {self._who.provider} {why}", delay)

    def _after_unreachable(self, failure: Unreachable) -> Retrying:
        why = self._who.clean(str(failure))
        most = min(self._policy.attempts, self._policy.connect_attempts)
        if failure.lasting or self._failed >= most:
            raise ServiceUnavailable(
                f"{self._who.provider} can't be reached at {self._who.base_url} ({why}): {failure.advice}.",
                failure.code,
            )
        delay = self._policy.delay(self._failed)
        return self._retrying(failure.code, f"{self._who.provider} can't be reached ({why})", delay)

    def _retrying(self, code: str, what: str, delay: float) -> Retrying:
        soon = f"in {delay:.0f} s" if delay >= 1 else "now"
        return Retrying(code, f"{what}; asking again {soon}.", delay, self._failed)
