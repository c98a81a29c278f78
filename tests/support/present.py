"""What the tests need of a machine: a test may be skipped only where what its reason names is missing."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from seedsmith.agent.models.local.weights import cache_folder, chosen_file
from seedsmith.sandbox.isolation.bubblewrap import candidates
from seedsmith.sandbox.isolation.syscalls import landlock_abi
from seedsmith.sandbox.workspace.open_beneath import has_openat2
from seedsmith.tools.base import ToolError
from seedsmith.tools.browser.chromium import find_chromium
from seedsmith.tools.search.ripgrep import find_ripgrep

SMALL_MODEL = "qwen2.5-coder-0.5b"
PAGES = Path(__file__).parents[1] / "skills" / "pages"
_INSTALL_SECONDS = 180.0


@functools.cache
def bwrap() -> bool:
    """Asks the kernel itself, so that a broken isolation fails its tests rather than skips them."""
    bare = ("--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true")
    programs = candidates(os.environ, Path("/nonexistent"))
    return any(subprocess.run((program, *bare), capture_output=True).returncode == 0 for program in programs)


def landlock() -> bool:
    """Whether the kernel knows all that the weaker tier asks of it."""
    return landlock_abi() >= 3


def ripgrep() -> bool:
    """Whether the tools would find one."""
    try:
        return bool(find_ripgrep(Path("/nonexistent")))
    except ToolError:
        return False


def may_be_run_by_all(program: str) -> bool:
    """Whether every user reaches ``program``; root may install it where only root goes."""
    path = Path(program).resolve()
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


@functools.cache
def address_sanitizer() -> bool:
    """Whether a program can be built with it and runs."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.c").write_text("int main(void) { return 0; }\n")
        build = (compiler, "-fsanitize=address", "a.c", "-o", "a")
        built = subprocess.run(build, cwd=folder, capture_output=True).returncode == 0
        return built and subprocess.run(("./a",), cwd=folder, capture_output=True).returncode == 0


def small_weights() -> Path:
    """Where the weights for the tests are, or would be."""
    return chosen_file(os.environ) or cache_folder() / f"{SMALL_MODEL}.gguf"


@functools.cache
def npm_packages() -> Path | None:
    """The installed packages of the pages, kept in the cache folder; None where they can't be had."""
    lock = (PAGES / "package-lock.json").read_bytes()
    kept = cache_folder().parent / f"pages-{hashlib.sha256(lock).hexdigest()[:16]}"
    if kept.is_dir() or shutil.which("npm") is None:
        return kept if kept.is_dir() else None
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PAGES / name, folder)
        install = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund")
        try:
            subprocess.run(install, cwd=folder, capture_output=True, check=True, timeout=_INSTALL_SECONDS)
        except (OSError, subprocess.SubprocessError):
            return None
        with suppress(OSError):  # another worker was faster
            Path(folder, "node_modules").rename(kept)
    return kept


PRESENT: dict[str, Callable[[], bool]] = {
    "bwrap": bwrap,
    "Landlock": landlock,
    "ripgrep": ripgrep,
    "ripgrep for everybody": lambda: ripgrep() and may_be_run_by_all(find_ripgrep(Path("/nonexistent"))),
    "openat2": has_openat2,
    "address sanitizer": address_sanitizer,
    "C compiler": lambda: bool(shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")),
    "weights": lambda: small_weights().exists(),
    "xllamacpp": lambda: importlib.util.find_spec("xllamacpp") is not None,
    "root": lambda: os.geteuid() == 0,
    "a user other than root": lambda: os.geteuid() != 0,
    "Python 3.12": lambda: sys.version_info >= (3, 12),
    "chromium": lambda: find_chromium(os.environ, Path("/nonexistent")) is not None,
    "playwright": lambda: importlib.util.find_spec("playwright") is not None,
    "npm packages": lambda: npm_packages() is not None,
    "/sys": Path("/sys/kernel").is_dir,
    "temporary folders below /tmp": lambda: Path(tempfile.gettempdir()).is_relative_to("/tmp"),
}
"""What a reason may name, besides programs of ``PATH``."""

_REASON = re.compile(r"needs (?P<names>[^:]+)(?::.*)?", re.DOTALL)


def is_present(name: str) -> bool:
    """Whether this machine has ``name``: one of ``PRESENT``, or a program of ``PATH``."""
    return PRESENT[name]() if name in PRESENT else shutil.which(name) is not None


def why_not_skipped(reason: str) -> str | None:
    """What is wrong with skipping a test for ``reason``; None where something that it names is missing.

    A reason reads ``needs bwrap``, ``needs cmake and C compiler: …``.
    """
    found = _REASON.fullmatch(reason)
    if found is None:
        return f"A reason to skip says what is missing ('needs node'), and this one does not: {reason}"
    names = found["names"].split(" and ")
    if all(map(is_present, names)):
        return f"Skipped for want of {' and '.join(names)}, which this machine has: {reason}"
    return None
