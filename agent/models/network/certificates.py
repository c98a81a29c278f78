"""Which certificate authorities are trusted."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from seedsmith.agent.errors import UsageError

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


class Certificates:
    """The system's authorities, or those the environment names instead, together with the user's own."""

    def __init__(self, ca_bundle: Path | None, environment: Mapping[str, str]) -> None:
        """Read what is named, a PEM file or a folder of hashed ones; raises :class:`UsageError`.

        ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` go together and before ``REQUESTS_CA_BUNDLE``.
        """
        named = [(name, Path(environment[name])) for name in VARIABLES if environment.get(name)]
        replacing = [each for each in named if each[0] != "REQUESTS_CA_BUNDLE"] or named
        self._replacing = [path for _, path in replacing]
        self._added = [] if ca_bundle is None else [ca_bundle.expanduser()]
        checked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for name, path in [*replacing, *(("--ca-bundle", path) for path in self._added)]:
            _load(checked, path, name)

    def context(self) -> ssl.SSLContext:
        """The TLS context that verifies connections; takes 20 ms."""
        if self._replacing:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        else:
            import httpx2

            context = httpx2.create_ssl_context(trust_env=False)
        for path in (*self._replacing, *self._added):
            _load(context, path, str(path))
        return context


def _load(context: ssl.SSLContext, path: Path, name: str) -> None:
    try:
        if path.is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise UsageError(f"{name}: {path} holds no certificates in PEM form.") from None
    except OSError as error:
        raise UsageError(f"{name}: {path} can't be read: {error.strerror}.") from None
