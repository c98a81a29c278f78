"""The errors that keep a model from being asked, and those that end a request to one.

Every message is one sentence that names provider and model and says what to do. It never contains the key.
"""

from __future__ import annotations

from seedsmith.agent.errors import UsageError


class NotAskable(UsageError):
    """As things are set, no model can be asked: every run meets the same."""


class UnknownModel(NotAskable):
    """PROVIDER/MODEL names nothing the catalog knows."""


class UnsupportedWire(NotAskable):
    """The provider doesn't speak the protocol asked for."""


class NoModelConfigured(NotAskable):
    """No model was named and no key was found."""


class MissingKey(NotAskable):
    """The provider needs a key and none is set."""


class ModelError(Exception):
    """Base of all errors that end a request to a model (exit code 4)."""

    def __init__(self, message: str, code: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        """The service's own code, or ours where it sent none."""
        self.status = status
        """The HTTP status; None where there was none."""


class AuthenticationFailed(ModelError):
    """The key is wrong or may not do this."""


class QuotaExceeded(ModelError):
    """The account's money or quota is used up."""


class ModelNotAvailable(ModelError):
    """The model isn't there, or not opened for this account."""


class ContentFiltered(ModelError):
    """The service withheld the request or the answer as sensitive."""


class ContextExceeded(ModelError):
    """The conversation is too long for the model; it can be shortened."""


class InvalidRequest(ModelError):
    """The service refuses the request as it stands."""


class ServiceUnavailable(ModelError):
    """The service kept failing, or couldn't be reached, after all retries."""


class StreamBroken(ModelError):
    """The answer kept breaking off, stalling or being no completion, after all retries."""


class LocalModelError(ModelError):
    """The weights can't be had or the server can't run; the message says what to do about it."""
