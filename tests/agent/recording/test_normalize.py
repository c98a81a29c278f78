"""What two runs of the same thing may differ in, and what not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.agent.recording.normalize import normalizer

FOLDERS = (
    ("/home/me/app", "<workspace>"),
    ("/srv/replay/r", "<workspace>"),
    ("/home/me/app/state", "<state>"),
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 passed in 0.03s", "1 passed in 12.5s"),
        ("===== 1 passed in 0.03s =====", "==== 1 passed in 10.03s ===="),
        ("Ran 3 tests in 0.001s", "Ran 3 tests in 1.2s"),
        ("ok  pkg 0.004s", "ok  pkg 1m2.5s"),
        ("took 12 ms", "took 900.5 ms"),
        ("finished in 2 seconds", "finished in 31.0 seconds"),
        ("<Foo object at 0x7f12ab34cd56>", "<Foo object at 0x55d0c0ffee00>"),
        ("pid 4711 ended", "pid 12 ended"),
        ("[1] 4711", "[1] 99"),
        ("/proc/4711/status", "/proc/9/status"),
        ("Sun Nov 22 04:17:58 UTC 2026", "Sun Nov 29 11:00:01 UTC 2026"),
        ("2026-11-22T04:17:58.123Z done", "2027-01-01T00:00:00Z done"),
        ("-rw-r--r-- 1 me me 4 Nov 22 04:17 a", "-rw-r--r-- 1 me me 4 Jan  2 11:59 a"),
        ("/tmp/tmpab12cd34/x.py", "/tmp/tmpzz99yy88/x.py"),
        ("/tmp/tmp.5Vb76AjJDE", "/tmp/tmp.3sNM628Dab"),
        ("/tmp/pytest-of-me/pytest-3/test_a0", "/tmp/pytest-of-you/pytest-19/test_a0"),
        ("Using --randomly-seed=1234", "Using --randomly-seed=99"),
        ("in /home/me/app/src/a.py", "in /srv/replay/r/src/a.py"),
        ("started 1795321078.177", "started 1795999999"),
    ],
)
@pytest.mark.parametrize("frame", ["{}", '{{"content":"first\\n{}\\nlast"}}'])
def test_volatile_things_are_the_same(one, other, frame):
    plain = normalizer(FOLDERS)
    assert plain(frame.format(one)) == plain(frame.format(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 passed", "2 passed"),
        ("return a + b", "return a - b"),
        ("exit code 1", "exit code 2"),
        ("line 12", "line 13"),
        ("0xff", "0xfe"),
        ("version 1.2.3", "version 1.2.4"),
        ("/home/me/apple/x", "/srv/replay/r/x"),
        ("test_a.py ....", "test_a.py ....."),
        ("/tmp/out.txt", "/tmp/in.txt"),
    ],
)
def test_everything_else_is_not(one, other):
    plain = normalizer(FOLDERS)
    assert plain(one) != plain(other)


@given(st.text(max_size=300))
def test_the_same_text_stays_the_same(text):
    plain = normalizer(FOLDERS)
    assert plain(text) == plain(text) and plain(json.dumps(text)) == plain(json.dumps(text))
