"""Spilled outputs: kept whole up to a limit, read back by id only."""

import os
import stat

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from seedsmith.sandbox.errors import PathNotFound
from seedsmith.sandbox.workspace.spill import SpillStore


def test_a_spill_is_private_and_read_back(tmp_path):
    store = SpillStore(tmp_path / "spills")
    spill = store.create()
    spill.write(b"one\n")
    spill.write(b"\xff\x00two")
    spill.close()
    spill.close()
    with store.open(spill.id) as file:
        assert file.read() == b"one\n\xff\x00two"
    assert store.size(spill.id) == 9
    assert stat.S_IMODE((tmp_path / "spills" / spill.id).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "spills").stat().st_mode) == 0o700


@given(pieces=st.lists(st.binary(max_size=20), max_size=10), limit=st.integers(0, 60))
@settings(max_examples=examples(60), deadline=None)
def test_what_goes_beyond_the_limit_is_counted(tmp_path_factory, pieces, limit):
    store = SpillStore(tmp_path_factory.mktemp("spills"), limit_bytes=limit)
    spill = store.create()
    for piece in pieces:
        spill.write(piece)
    spill.close()
    whole = b"".join(pieces)
    with store.open(spill.id) as file:
        assert file.read() == whole[:limit]
    assert (spill.written, spill.dropped) == (min(len(whole), limit), max(len(whole) - limit, 0))


def test_ids_go_on_after_a_resume(tmp_path):
    first = SpillStore(tmp_path)
    assert [first.create().id, first.create().id] == ["s1", "s2"]
    (tmp_path / "s9").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"")
    assert SpillStore(tmp_path).create().id == "s10"


@pytest.mark.parametrize(
    "identifier", ["", "s0", "s2", "../s1", "s1/", "/etc/passwd", "s1\0", "s1\n", "S1", "s٣"]
)
def test_unknown_ids_and_path_tricks(tmp_path, identifier):
    store = SpillStore(tmp_path / "spills")
    store.create().close()
    (tmp_path / "s1").write_bytes(b"outside")
    for ask in (store.open, store.size):
        with pytest.raises(PathNotFound, match="spill:"):
            ask(identifier)


def test_a_link_planted_in_the_store_is_not_followed(tmp_path):
    store = SpillStore(tmp_path)
    os.symlink("/etc/passwd", tmp_path / "s1")
    with pytest.raises(PathNotFound):
        store.open("s1")
    assert store.create().id == "s2"


@given(cuts=st.lists(st.integers(0, 60), max_size=6))
@settings(max_examples=examples(60), deadline=None)
def test_a_secret_stands_in_no_output_however_it_is_parted(tmp_path_factory, cuts):
    whole = b"begin secret-one, \xff secret-one-longer secret-onesecret-one end"
    store = SpillStore(tmp_path_factory.mktemp("spills"), secrets=("secret-one-longer", "secret-one"))
    spill = store.create()
    places = sorted({0, *cuts, len(whole)})
    for start, end in zip(places, places[1:], strict=False):
        spill.write(whole[start:end])
    spill.close()
    with store.open(spill.id) as file:
        kept = file.read()
    assert b"secret" not in kept
    assert kept.startswith(b"begin [redacted], \xff [redacted]") and kept.endswith(b" end")


def test_what_is_to_be_put_back_is_kept_as_it_was(tmp_path):
    store = SpillStore(tmp_path / "spills", secrets=("secret-one",))
    with store.open(store.save(b"a secret-one").removeprefix("spill:")) as file:
        assert file.read() == b"a secret-one"
