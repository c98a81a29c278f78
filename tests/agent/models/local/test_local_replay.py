"""A fix with the real local model, recorded, and replayed without it."""

from __future__ import annotations

import os
import sys

import pytest
from small_house import Collected

from seedsmith.agent.events import NoticeGiven, ReplayDiverged
from seedsmith.agent.recording.reader import Recording
from seedsmith.agent.run.replay import replay
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.fix import fix

pytestmark = [pytest.mark.local_model, pytest.mark.slow, pytest.mark.xdist_group("machine")]

BUG = "def span(values):\n    low = min(values)\n    high = max(values)\n    return low\n"
"""No small variation of it is right: the model must be asked."""
TEST = "from span import span\n\n\ndef test_span():\n    assert span([3, 9, 4]) == 6\n"


@pytest.fixture
def rooms(tmp_path):
    for name in ("recorded", "replayed", "changed"):
        room = tmp_path / name
        room.mkdir()
        (room / "span.py").write_text(BUG)
        (room / "test_span.py").write_text(TEST)
    (tmp_path / "changed" / "span.py").write_text(BUG.replace("high = max", "high = sum"))
    return tmp_path


async def test_a_fix_replays_without_server_or_weights(weights_file, rooms, monkeypatch):
    monkeypatch.setenv("SEEDSMITH_LOCAL_MODEL", str(weights_file))
    file, seen = rooms / "run.jsonl", Collected()
    told = {"model": "local/qwen2.5-coder-0.5b", "home": rooms / "state", "record": file, "max_turns": 4}
    command = f"{sys.executable} -m pytest -q -p no:cacheprovider"
    outcome = await fix(Settings(workspace=rooms / "recorded", **told), command, (seen,))
    recording = Recording.read(file)
    assert recording.requests and recording.head.fixing and recording.measured
    assert recording.finish is not None and recording.finish.status == outcome.status

    monkeypatch.delenv("SEEDSMITH_LOCAL_MODEL")
    monkeypatch.setenv("XDG_CACHE_HOME", str(rooms / "no weights here"))
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    seen = Collected()
    settings = {"home": rooms / "state", "front_ends": (seen,), "environment": environment}
    comparison = await replay(file, rooms / "replayed", **settings)
    assert comparison.agrees, comparison.summary()
    assert not any(each.code.startswith("model_") for each in seen.of(NoticeGiven))
    again = await replay(file, rooms / "changed", **settings)
    assert not again.agrees and len(seen.of(ReplayDiverged)) == 1
