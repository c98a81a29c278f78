"""Importing the openai SDK without the 470 modules of it that no request of ours touches.

``import openai`` takes 0.28 s of processor time, most of it spent on building pydantic models for every
service the SDK knows. Its ``types`` and ``lib`` packages only gather names from their modules, so here they
do that on demand; and its own file is executed when more is asked of it than a client: 0.04 s are left
(measured with openai 3.54). Another package that does more than gather is loaded as it is.
"""

from __future__ import annotations

import gc
import importlib
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

_SDK = "openai"
_GATHERING = re.compile(rf"{_SDK}\.(types|lib)(\..+)?")
"""The packages that may gather names only."""
_CLIENT = {
    "AsyncOpenAI": "_client",
    "AsyncStream": "_streaming",
    "APIStatusError": "_exceptions",
    "APIConnectionError": "_exceptions",
}
"""What is asked of the SDK itself for a client, and the module that holds it."""
_IMPORT = re.compile(r"^from (\.[\w.]*) import (?:\(([^()]*)\)|([^(\n]+))\n", re.MULTILINE)
_IGNORED = re.compile(r"^(#.*|from __future__ import annotations|)$")
_loading = threading.Lock()


def load_sdk() -> None:
    """Import the openai SDK; later calls cost nothing."""
    with _loading:
        if _SDK in sys.modules:
            return
        with _collector_paused():
            try:
                with _found_by(_LazyPackages()):
                    sdk = importlib.import_module(_SDK)
                    for name in _CLIENT:
                        getattr(sdk, name)
            except Exception:  # another version, of another shape: load it as it is
                for name in [name for name in sys.modules if name.partition(".")[0] == _SDK]:
                    del sys.modules[name]
                importlib.import_module(_SDK)


def load_sdk_in_background() -> None:
    """Begin :func:`load_sdk` in a thread, so that it passes while the sandbox is probed."""
    threading.Thread(target=load_sdk, name="load-sdk", daemon=True).start()


@contextmanager
def _found_by(finder: MetaPathFinder) -> Iterator[None]:
    """Ask ``finder`` first. The list is replaced, never changed: another thread may be walking it."""
    sys.meta_path = [finder, *sys.meta_path]
    try:
        yield
    finally:
        sys.meta_path = [each for each in sys.meta_path if each is not finder]


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No garbage collection: importing makes much and drops nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _LazyPackages(MetaPathFinder):
    """Finds the SDK and the packages of it that gather names, and has them loaded lazily."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        loads = _LazySdk if fullname == _SDK else _LazyPackage if _GATHERING.fullmatch(fullname) else None
        spec = PathFinder.find_spec(fullname, path, target) if loads else None
        if loads and spec and spec.submodule_search_locations and type(spec.loader) is SourceFileLoader:
            spec.loader = loads(spec.loader.name, spec.loader.path)
        return spec


class _LazySdk(SourceFileLoader):
    """Loads the SDK with nothing in it but a client; all the rest when something else is asked for."""

    def exec_module(self, module: ModuleType) -> None:
        def get(name: str) -> object:
            if name in _CLIENT:
                found = getattr(importlib.import_module(f".{_CLIENT[name]}", _SDK), name)
                setattr(module, name, found)
                return found
            if PathFinder.find_spec(f"{_SDK}.{name}", module.__path__) is None:
                del module.__getattr__
                assigned = {key: value for key, value in vars(module).items() if not _is_own(key, value)}
                super(_LazySdk, self).exec_module(module)
                vars(module).update(assigned)
            if name not in vars(module):
                raise AttributeError(f"module {_SDK!r} has no attribute {name!r}")
            return vars(module)[name]

        module.__dict__["__getattr__"] = get  # PEP 562


def _is_own(name: str, value: object) -> bool:
    """Whether a package has ``name`` by being one, not because somebody put ``value`` there."""
    return name.startswith("__") or isinstance(value, ModuleType)


class _LazyPackage(SourceFileLoader):
    """Loads a package whose file only imports names: each name is imported when it is first asked for."""

    def exec_module(self, module: ModuleType) -> None:
        source = self.get_source(module.__name__) or ""
        rest = _IMPORT.sub("", source)
        if not all(_IGNORED.match(line) for line in rest.splitlines()):
            super().exec_module(module)
            return
        names = _imported_names(source)

        def get(name: str) -> object:
            if name not in names:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            origin, original = names[name]
            if origin == ".":
                found: object = importlib.import_module(f".{original}", module.__name__)
            else:
                found = getattr(importlib.import_module(origin, module.__name__), original)
            setattr(module, name, found)
            return found

        module.__dict__["__getattr__"] = get  # PEP 562


def _imported_names(source: str) -> dict[str, tuple[str, str]]:
    """Each name a package offers, with the module it comes from and its name there."""
    names = {}
    for origin, several, one in _IMPORT.findall(source):
        for part in re.sub(r"#.*", "", several or one).split(","):
            original, _, alias = part.strip().partition(" as ")
            if original:
                names[(alias or original).strip()] = (origin, original.strip())
    return names
