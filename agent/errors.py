"""The top floor's own errors; each message is one sentence a person can act on."""

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130
"""Exit codes that commands end with beside a run's own (``sessions.outcome.EXIT_CODES``)."""


class AgentError(Exception):
    """Base of everything this floor raises on purpose, models aside."""


class UsageError(AgentError):
    """What was asked for can't be done as asked (exit code 2)."""


class ConfigurationError(UsageError):
    """A flag, variable or file can't be used; the message names which."""


class SessionError(AgentError):
    """A session's records can't be written, found or read (exit code 2)."""
