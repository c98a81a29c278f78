"""A bounded text loses nothing: what is missing is counted, and kept."""

from __future__ import annotations

import re

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedsmith.agent.calls.truncation import bounded, escaped
from seedsmith.sandbox.workspace.spill import SpillStore


@pytest.fixture
def spills(tmp_path):
    return SpillStore(tmp_path / "spills")


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text("a\nü汉\udcff", max_size=300), limit=st.integers(20, 200))
def test_head_missing_and_tail_make_the_whole(spills, text, limit):
    text = escaped(text)
    shown = bounded(text, limit, spills)
    if len(text.encode()) <= limit:
        assert shown == text
        return
    notice = re.search(r'\n\[\.\.\. (\d+) of (\d+) bytes \((\d+) line ends\).*"spill:(s\d+)".*\]\n', shown)
    head, tail = shown[: notice.start()], shown[notice.end() :]
    missing, whole, lines, spill = notice.groups()
    assert text.startswith(head) and text.endswith(tail)
    assert int(whole) == len(text.encode())
    assert int(missing) == int(whole) - len(head.encode()) - len(tail.encode())
    assert int(lines) == text.count("\n") - head.count("\n") - tail.count("\n")
    with spills.open(spill) as file:
        assert file.read() == text.encode()


def test_bytes_that_were_no_text_are_spelt_out():
    assert escaped("a\udcffb\ud800") == "a\\udcffb\\ud800"
    assert escaped("plain ü") == "plain ü"
