"""The file itself: no secrets, linear in size, usable after a crash, and clear about damage."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_endpoint import calls, text

from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.models.tries.refusal import Refusal
from seedsmith.agent.recording.body_difference import difference, restored
from seedsmith.agent.recording.errors import RecordingError
from seedsmith.agent.recording.format import ResponseLine
from seedsmith.agent.recording.masking import mask_pieces, mask_stream
from seedsmith.agent.recording.reader import Recording
from seedsmith.agent.recording.record_transport import at_line_ends
from seedsmith.agent.recording.writer import RecordingWriter
from seedsmith.agent.redact import MASK, Redactor

READ = ("read", {"path": "a.txt"})
PASSWORD = "hunter2-hunter2"


def spelt(studio) -> str:
    """What the answers' deltas say together."""
    said = ""
    for response in studio.of("response"):
        for line in "".join(piece for _, piece in response["pieces"]).splitlines():
            if line.startswith("data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    delta = choice["delta"]
                    said += delta.get("content") or delta.get("reasoning_content") or ""
                    said += "".join(call["function"]["arguments"] for call in delta.get("tool_calls", ()))
    return said


def test_no_secret_is_in_the_file(studio):
    key = "sk-the-key-of-the-user"
    studio.files |= {".env": f"# local\nexport DATABASE_PASSWORD='{PASSWORD}'\nPORT=8080808080\n"}
    studio.record(
        calls(("shell", {"command": f"echo {key}; cat .env"}), ("read", {"path": ".env"}), delta=4),
        text(f"The key is {key}, the password {PASSWORD}.", delta=5, chunk=9),
        prompt=f"Print {key}",
    )
    content = studio.file.read_bytes()
    for secret in (key, PASSWORD):
        assert secret.encode() not in content and secret not in spelt(studio)
    assert MASK in spelt(studio) and b"8080808080" in content
    assert studio.of("head")[0]["prompt"] == f"Print {MASK}"
    outcome = studio.replay()
    assert "asks for something else" not in outcome.message


@given(
    st.text("ab-", max_size=40),
    st.lists(st.integers(0, 40), max_size=8),
    st.sampled_from(["a-b-a-b-a", "bbbbbbbb"]),
)
def test_a_secret_does_not_survive_being_split(plain, cuts, secret):
    whole = plain[:20] + secret + plain[20:]
    ends = sorted(min(cut, len(whole)) for cut in cuts)
    pieces = [whole[a:b] for a, b in zip([0, *ends], [*ends, len(whole)], strict=True)]
    redactor = Redactor([secret])
    masked = mask_pieces(pieces, redactor)
    assert "".join(masked) == redactor.text(whole) and len(masked) == len(pieces)


def test_events_that_spell_a_secret_are_masked_by_call():
    def event(index: int, arguments: str) -> str:
        call = {"index": index, "function": {"arguments": arguments}}
        return f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'tool_calls': [call]}}]})}\n\n"

    stream = [event(0, "x se"), event(1, "se"), event(0, "cret"), ": comment\n\n", event(0, "-key y")]
    masked = mask_stream(stream, Redactor(["secret-key"]))
    arguments = [
        json.loads(piece[6:])["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"]
        for piece in masked
        if piece.startswith("data")
    ]
    assert arguments == ["x [redacted]", "se", "", " y"] and masked[3] == ": comment\n\n"
    assert mask_stream(stream, Redactor(["another-key"])) == stream


@given(st.text("abc", max_size=30), st.text("abc", max_size=30))
def test_a_difference_restores_its_text(one, other):
    change = difference(one, other)
    assert restored(one, change) == other
    assert len(change.middle) <= len(other)


@given(st.lists(st.binary(max_size=6), max_size=8))
def test_pieces_hold_every_byte(chunks):
    pieces = at_line_ends([(number, chunk) for number, chunk in enumerate(chunks)])
    sent = "".join(piece for _, piece in pieces).encode("utf-8", "surrogateescape")
    assert sent == b"".join(chunks) and all(piece.endswith("\n") for _, piece in pieces[:-1])


def test_a_response_goes_through_json():
    line = ResponseLine(
        1, "refused", 429, message="m", refusal=Refusal(429, "Code", "m", "p", "k"), retry_after=2.5
    )
    assert ResponseLine.from_json(json.loads(json.dumps(line.to_json()))) == line


@pytest.mark.slow
def test_two_hundred_turns_grow_linearly(studio):
    reads = (calls(("read", {"path": "a.txt", "offset": n})) for n in range(1, 200))
    studio.record(*reads, text("Done."))
    sizes = [len(line["middle"]) for line in studio.of("request")]
    assert len(sizes) == 200 and sum(sizes[150:]) < 1.1 * sum(sizes[50:100]) < sizes[0] * 4
    assert studio.replay().exit_code == 0


@pytest.mark.slow
def test_a_killed_run_leaves_a_usable_recording(studio, endpoint, third_request):
    endpoint.script(calls(READ), calls(READ, ("read", {"path": "b.txt"})), text("never", stall_after=1))
    arguments = ["run", "Look", "--record", str(studio.file), "-C", str(studio.fresh())]
    arguments += ["-m", "openai/scripted", "--base-url", endpoint.base_url, "--json"]
    environment = os.environ | {
        "SEEDSMITH_HOME": str(studio.folder / "state"),
        "SEEDSMITH_API_KEY": "k-secret",
    }
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "seedsmith", *arguments], env=environment, stdout=subprocess.DEVNULL
    ) as process:
        assert third_request.wait(60)
        os.kill(process.pid, signal.SIGKILL)
    recording = Recording.read(studio.file)
    assert [request.response is None for request in recording.requests] == [False, False, True]
    assert len(recording.calls) == 3 and recording.finish is None
    outcome = studio.replay()
    assert outcome.exit_code == 0 and "where the recording breaks off" in outcome.message


def test_a_torn_last_line_is_passed_over(studio):
    studio.record(calls(READ), text("Done."))
    content = studio.file.read_bytes()
    studio.file.write_bytes(content[:-20])
    assert Recording.read(studio.file).finish is None
    assert studio.replay().exit_code == 0


def damaged(lines: list[dict], number: int, **changes: object) -> str:
    lines[number - 1] |= changes
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.mark.parametrize(
    ("number", "changes", "said"),
    [
        (1, {"version": 2}, "version 2 of the format, and this program reads 1: replay it with seedsmith"),
        (1, {"kind": "request"}, "its first line is no head"),
        (1, {"settings": {"temperature": 9, "model": "openai/x"}}, "setting 'temperature' can't be used"),
        (1, {"tree": {}}, "Line 1 of .* 'sha256' is missing"),
        (2, {"n": 7}, "Line 2 of .* request 7 stands where 1 is due"),
        (2, {"prefix": 5}, "Line 2 of .* builds on more than the request before holds"),
        (3, {"end": "sideways"}, "Line 3 of .* can't end 'sideways'"),
        (3, {"n": 9}, "Line 3 of .* no request 9 before it"),
        (3, {"pieces": 3}, "Line 3 of .* is damaged"),
        (3, {"pieces": [[1, 2]]}, "Line 3 of .* text was expected, not int"),
        (3, {"kind": 5}, ""),
        (3, {"retry_after": "soon"}, "Line 3 of .* could not convert"),
        (3, {"end": "refused"}, "Line 3 of .* object was expected"),
        (3, {"end": "refused", "refusal": {"status": 429, "code": 5}}, "Line 3 of .* text was expected"),
        (4, {"calls": [{}]}, "Line 4 of .* 'id' is missing"),
    ],
)
def test_damage_is_said_in_one_sentence(studio, number, changes, said):
    studio.record(calls(READ), text("Done."))
    studio.file.write_text(damaged(studio.lines, number, **changes))
    if not said:
        assert Recording.read(studio.file).requests[0].response is None
        return
    with pytest.raises(RecordingError, match=said) as raised:
        studio.replay()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no recording: it is empty"),
        (b'{"kind"', "holds no whole line"),
        (b"hello\n", "Line 1 of .* not JSON at column 1"),
        (b"[]\n", "Line 1 of .* holds no JSON object"),
        (b'{"kind": "head"}\n', "Line 1 of .* 'version' is missing"),
        (b"\xff\xfe\n", "Line 1 of .* damaged"),
        (b"[" * 100_000 + b"\n", "Line 1 of .* damaged"),
    ],
)
def test_what_is_no_recording(studio, content, said):
    studio.file.write_bytes(content)
    with pytest.raises(RecordingError, match=said):
        Recording.read(studio.file)


@given(st.data())
def test_no_damage_is_unforeseen(data):
    lines = [
        {"kind": "head", "version": 1, "seedsmith": "1", "provider": "p", "model": "m", "wire": "chat"}
        | {"profile": "full", "fixing": False, "prompt": "x", "images": [], "settings": {}, "workspace": "/w"}
        | {"state": "/s", "tree": {"sha256": "", "files": {}}, "time": 1},
        {"kind": "request", "n": 1, "path": "/", "prefix": 0, "middle": "{}", "suffix": 0},
        {"kind": "response", "n": 1, "end": "complete", "status": 200, "pieces": [[1, "x"]]},
        {"kind": "done", "call": "c", "name": "n", "ok": True, "text": "t", "duration_ms": 1},
        {"kind": "finish", "status": "done", "exit_code": 0, "diff_sha256": "", "files_changed": []}
        | {"tree_sha256": "", "message": ""},
    ]
    line = data.draw(st.sampled_from(lines))
    wild = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=4,
    )
    line[data.draw(st.sampled_from(sorted(line)))] = data.draw(wild)
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "r.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in lines))
        try:
            Recording.read(path)
        except RecordingError as error:
            assert "\n" not in str(error).replace(folder, "")


def test_a_full_disk_ends_the_recording_and_not_the_run(studio, monkeypatch):
    real, room = RecordingWriter.write, [12]

    def write(self, line, redactor):
        room[0] -= 1
        if room[0]:
            return real(self, line, redactor)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.path.stat().st_size + 10, hard))
        try:
            return real(self, line, redactor)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    monkeypatch.setattr(RecordingWriter, "write", write)
    outcome = studio.record(*[calls(READ)] * 4, text("Done."), front_ends=(studio.seen,))
    assert outcome.status == "done" and room[0] < 0
    (notice,) = (each for each in studio.seen.of(NoticeGiven) if each.code == "recording_ended")
    assert "the run goes on: File too large" in notice.message
    monkeypatch.undo()
    assert studio.replay().exit_code == 0


@pytest.mark.parametrize("kind", ["found", "recent"])
def test_what_was_said_of_lines_is_read_back(studio, kind):
    studio.record(text("Done."))
    assert getattr(Recording.read(studio.file), kind) == {}
    finish = studio.file.read_text().splitlines()[-1]
    told = json.dumps({"kind": kind, "ms": 1, "lines": [["a.py", 3, 0.5], ["a.py", 4, 1.0]]})
    studio.file.write_text(studio.file.read_text().replace(finish, f"{told}\n{finish}"))
    assert getattr(Recording.read(studio.file), kind) == {"a.py": {3: 0.5, 4: 1.0}}
