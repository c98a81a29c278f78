"""Recordings that can be replayed on other machines, such as those of skills' tests (docs/recordings.md).

They hold no request bodies, which contain this machine's system prompt and list of skills, and no times.
Placeholders such as ``<workspace>`` replace folders; a replay puts its own folders into the answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedsmith.agent.recording.errors import RecordingError
from seedsmith.agent.recording.format import Line, ResponseLine
from seedsmith.agent.recording.masking import mask_stream
from seedsmith.agent.recording.normalize import normalizer
from seedsmith.agent.recording.reader import Recording
from seedsmith.agent.recording.recorder import FOLDER_PLACEHOLDERS
from seedsmith.agent.redact import Redactor
from seedsmith.sandbox.atomic_file import write_atomically

SERVICE = "http://127.0.0.1/v1"
"""Replaces the address of the service that answered."""
_TIMED = ("ms", "duration_ms", "time", "seconds")
_OUTPUTS = ("done", "verify")
_plain = normalizer((), anywhere=True)
_LEFT_OUT = frozenset({"notice", "intended"})
_KEPT = frozenset({"skill", "skill_with", "model", "wire"})
"""The settings that a replay uses; the skill's own settings are read from the skill when it is replayed."""

Folders = Mapping[str, str]
"""Placeholders such as ``<workspace>``, and the folder for each."""


def write_portable(source: Path, target: Path) -> None:
    """Write the recording ``source`` to ``target`` without what belongs to this machine.

    Raises :class:`RecordingError` if a folder can't be replaced, or ``target`` can't be written.
    """
    recording = Recording.read(source)
    head = recording.head
    places = (head.workspace, head.state, head.skill, head.library)
    folders = {word: place for word, place in zip(FOLDER_PLACEHOLDERS, places, strict=True) if place}
    lines = [json.loads(line) for line in source.read_bytes().splitlines()]
    kept = _in_call_order([line for line in lines if line["kind"] not in _LEFT_OUT], recording)
    texts = [json.dumps(_portable(line, folders), separators=(",", ":")) for line in kept]
    for number, call in enumerate(recording.calls, 1):
        texts = [text.replace(json.dumps(call.call.id), f'"call_{number}"') for text in texts]
        texts = [text.replace(f'\\"{call.call.id}\\"', f'\\"call_{number}\\"') for text in texts]
    for word, folder in folders.items():
        if any(json.dumps(folder)[1:-1] in text for text in texts):
            raise RecordingError(f"The recording names {folder} in a place where {word} can't stand for it.")
    try:
        write_atomically(target, "".join(f"{text}\n" for text in texts).encode("ascii"), private=False)
    except OSError as error:
        raise RecordingError(f"Can't write the recording {target}: {error.strerror}.") from error


def answer_here(response: ResponseLine, folders: Folders) -> ResponseLine:
    """A portable recording's answer with this machine's ``folders`` in place of the placeholders."""
    pieces = []
    for ms, text in response.pieces:
        for word, folder in folders.items():
            text = text.replace(_in_answers(word), json.dumps(folder)[1:-1])
        pieces.append((ms, text))
    return replace(response, pieces=tuple(pieces))


def _in_call_order(lines: list[Line], recording: Recording) -> list[Line]:
    """``lines`` with the results of calls that ran together in the order of the calls."""
    place = {call.call.id: number for number, call in enumerate(recording.calls)}
    ordered: list[Line] = []
    start = 0  # of the results that nothing stands between
    for line in lines:
        ordered.append(line)
        if line["kind"] == "done":
            ordered[start:] = sorted(ordered[start:], key=lambda each: place.get(each["call"], 0))
        else:
            start = len(ordered)
    return ordered


def _in_answers(word: str) -> str:
    """The form of ``word`` in a model's text, where ``<state>`` itself might be an XML element."""
    return f"<seedsmith {word[1:]}"


def _portable(line: Line, folders: Folders) -> Line:
    kind = line["kind"]
    line = line | {name: 0 for name in _TIMED if name in line and kind != "measured"}
    if kind == "request":
        line = {name: line[name] for name in ("kind", "n", "ms", "path")}
    elif kind == "head":
        kept = {name: value for name, value in line["settings"].items() if name in _KEPT}
        tree = line["tree"] | {"files": dict(sorted(line["tree"]["files"].items()))}
        kept |= {"base_url": SERVICE, "wire": line["wire"]}
        line |= {"settings": kept, "tree": tree, "portable": True, "catalog": _portable_catalog(line)}
    elif kind == "response" and "pieces" in line:
        texts = [text for _, text in line["pieces"]]
        for word, folder in _longest_first(folders):
            texts = mask_stream(texts, Redactor([folder]), _in_answers(word))
        line |= {"pieces": [[0, text] for text in texts if text]}
    replaced: Line = _replaced(line, folders)
    if kind in _OUTPUTS:  # with the folders in words, so that no rule takes one of them apart
        replaced |= {name: _plain(replaced[name]) for name in ("text", "output") if name in replaced}
    return replaced


def _portable_catalog(head: Line) -> dict[str, Any] | None:
    """The user's own entry for the one provider that is kept, without its address."""
    if head.get("catalog") is None:
        return None
    entries = {name: entry for name, entry in head["catalog"].items() if name == head["provider"]}
    return {
        name: entry | ({"base_url": [SERVICE, "user"]} if "base_url" in entry else {})
        for name, entry in entries.items()
    }


def _replaced(value: Any, folders: Folders) -> Any:
    if isinstance(value, str):
        for word, folder in _longest_first(folders):
            value = value.replace(folder, word)
        return value
    if isinstance(value, list):
        return [_replaced(each, folders) for each in value]
    if isinstance(value, dict):
        return {name: _replaced(each, folders) for name, each in value.items()}
    return value


def _longest_first(folders: Folders) -> list[tuple[str, str]]:
    return sorted(folders.items(), key=lambda each: len(each[1]), reverse=True)
