"""The clean environment of commands: an allowlist, no keys.

See docs/sandbox.md, "Environment and toolchains".
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.hardening import is_secret
from seedsmith.sandbox.isolation.private_folder import HOME, make_ready
from seedsmith.sandbox.isolation.toolchains import TOOLCHAIN_VARIABLES, search_path

PRIVATE_HOME = "/tmp/home"  # noqa: S108
"""``HOME`` of commands: in the session's private ``/tmp``, so that caches last as long as the session."""

_PASSED_ON = frozenset(
    {
        *TOOLCHAIN_VARIABLES,
        "LANG",
        "LANGUAGE",
        "TZ",
        "USER",
        "LOGNAME",
        "COLUMNS",
        "LINES",
        "PYTHONPATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHASHSEED",
        "PYTHONUTF8",
        "PYTHONWARNINGS",
        "CC",
        "CXX",
        "AR",
        "LD",
        "CFLAGS",
        "CXXFLAGS",
        "CPPFLAGS",
        "LDFLAGS",
        "MAKEFLAGS",
        "CMAKE_PREFIX_PATH",
        "PKG_CONFIG_PATH",
        "LD_LIBRARY_PATH",
        "LIBRARY_PATH",
        "CPATH",
        "GOFLAGS",
        "GOOS",
        "GOARCH",
        "CGO_ENABLED",
        "RUSTFLAGS",
        "RUSTUP_TOOLCHAIN",
        "CARGO_BUILD_JOBS",
        "NODE_OPTIONS",
        "NODE_PATH",
        "NODE_EXTRA_CA_CERTS",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CONDA_DEFAULT_ENV",
        "PYENV_VERSION",
    }
)
_FROM_HOME = (
    ("CARGO_HOME", ".cargo"),
    ("RUSTUP_HOME", ".rustup"),
    ("GOPATH", "go"),
    ("PYTHONUSERBASE", ".local"),
)
"""Tools that look beneath ``HOME``, which is private: where they find the user's own installation."""
_OFFLINE = {
    "CARGO_NET_OFFLINE": "true",
    "COMPOSER_DISABLE_NETWORK": "1",
    "GOPROXY": "off",
    "GOTOOLCHAIN": "local",
    "PIP_NO_INDEX": "1",
    "UV_OFFLINE": "1",
    "YARN_ENABLE_NETWORK": "0",
    "npm_config_offline": "true",
}
"""What makes package managers fail at once where there is no network, instead of trying again and again."""


def command_environment(
    environ: Mapping[str, str], workspace: Path, *, network: bool = False
) -> dict[str, str]:
    """What commands get to see of the user's ``environ``; without ``network`` package managers are told so.

    ``HOME`` and ``TMPDIR`` are named as inside the sandbox; an isolation without a ``/tmp`` of its own
    moves them to the host folder behind it.
    """
    clean = {
        name: value
        for name, value in environ.items()
        if (name in _PASSED_ON or name.startswith("LC_")) and not is_secret(name, value)
    }
    clean.setdefault("LANG", "C.UTF-8")
    home = environ.get("HOME", "")
    for name, folder in _FROM_HOME:
        value = environ.get(name) or (os.path.join(home, folder) if home.startswith("/") else "")  # noqa: PTH118
        if value and Path(value).is_dir():
            clean[name] = value
    if "PYTHONPATH" in clean:
        entries = filter(None, clean["PYTHONPATH"].split(os.pathsep))
        clean["PYTHONPATH"] = os.pathsep.join(os.path.normpath(workspace / entry) for entry in entries)
    clean.update(
        PATH=os.pathsep.join(map(str, search_path(environ, workspace))),
        HOME=PRIVATE_HOME,
        TMPDIR="/tmp",  # noqa: S108
        TERM="dumb",
        NO_COLOR="1",
        PAGER="cat",
        GIT_PAGER="cat",
        GIT_TERMINAL_PROMPT="0",
        GIT_OPTIONAL_LOCKS="0",
        # The folder may belong to another user (a mounted volume); inside, git's own check adds nothing.
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="safe.directory",
        GIT_CONFIG_VALUE_0="*",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
    )
    if not network:
        clean.update(_OFFLINE)
    return clean


def host_environment(env: Mapping[str, str], policy: Policy, *, private_home: bool) -> dict[str, str]:
    """``env`` with ``TMPDIR`` and, where asked for, ``HOME`` moved to the host folder behind ``/tmp``.

    For isolations that give commands no ``/tmp`` of their own. Without ``private_home`` a ``HOME`` nobody
    chose becomes the user's own.
    """
    moved = dict(env)
    moved["TMPDIR"] = str(policy.private_tmp)
    make_ready(policy.private_tmp, *([HOME] if private_home else []))
    if moved.get("HOME") == PRIVATE_HOME:
        home = policy.private_tmp / HOME
        moved["HOME"] = str(home) if private_home else policy.environ.get("HOME", str(home))
    return moved
