"""Reviewing a change: the skill ``review``, its findings as data, and the forms that other programs read."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from seedsmith.agent.calls.approval import Approver
from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import FrontEnd
from seedsmith.agent.run.named_skill import open_library
from seedsmith.agent.run.one_tool import run_tool
from seedsmith.agent.run.run import run
from seedsmith.agent.sessions.outcome import Outcome
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.version import VERSION
from seedsmith.sandbox.errors import PathError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.workspace import Workspace

SKILL = "review"
Level = Literal["note", "warning", "error"]
LEVELS: tuple[Level, ...] = ("note", "warning", "error")
"""Severities, the mildest first."""
KINDS: dict[str, Level] = {
    "bug": "error",
    "security": "error",
    "risk": "warning",
    "test": "warning",
    "style": "note",
}
"""What a finding is about, and how severe that is."""
_MEANING = {
    "bug": "The change makes a wrong result.",
    "security": "The change opens a way for an attacker.",
    "risk": "The change may break what relies on it.",
    "test": "The change is not tested where it should be.",
    "style": "The next reader would be misled.",
}
_QUALITY = {"note": "info", "warning": "major", "error": "critical"}
"""The severities of GitLab's code quality reports."""
_VERDICTS = ("merge", "merge after the findings", "do not merge")
_MOST_FINDINGS = 30
_MOST_FILE = 8 << 20
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "findings": {
            "type": "array",
            "maxItems": _MOST_FINDINGS,
            "items": {
                "type": "object",
                "properties": {
                    "path": {"type": "string", "minLength": 1},
                    "line": {"type": "integer", "minimum": 1},
                    "kind": {"enum": list(KINDS)},
                    "message": {"type": "string", "minLength": 1},
                    "suggestion": {"type": "string"},
                },
                "required": ["path", "line", "kind", "message"],
                "additionalProperties": False,
            },
        },
        "verdict": {"enum": list(_VERDICTS)},
        "checked": {"type": "string"},
    },
    "required": ["findings", "verdict", "checked"],
    "additionalProperties": False,
}
"""What the model answers with."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the change does wrong."""

    path: str
    line: int
    """From 1; 0 where the file as it is now has no such line."""
    kind: str
    message: str
    suggestion: str = ""

    @property
    def level(self) -> Level:
        """How severe it is."""
        return KINDS[self.kind]

    @property
    def place(self) -> str:
        """``path:line``, or the path alone."""
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Review:
    """What a review came to."""

    findings: tuple[Finding, ...] = ()
    """The worst first."""
    verdict: str = "merge"
    checked: str = ""
    outcome: Outcome | None = None
    """Of the run; None where there was nothing to review, and nobody was asked."""

    def reaches(self, level: str) -> bool:
        """Whether a finding is as severe as ``level``, one of :data:`LEVELS`; none is as any other."""
        return level in LEVELS[: max((LEVELS.index(each.level) + 1 for each in self.findings), default=0)]


async def review(
    settings: Settings,
    change: str,
    focus: str = "",
    front_ends: tuple[FrontEnd, ...] = (),
    approver: Approver | None = None,
) -> Review:
    """Have ``change`` of ``settings.workspace`` reviewed: a commit, a range, or '' for what is not committed.

    Raises :class:`UsageError` where git knows no such change, and what :func:`seedsmith.agent.run.run.run`
    raises.
    """
    if not await _is_change(settings, change):
        return Review(checked="Nothing is changed.")
    parameters = open_library(settings, os.environ).find(SKILL).parameters
    values = {"change": change, "focus": focus}
    given = {name: value for name, value in values.items() if value and name in parameters}
    asked = settings.model_copy(update={"skill": SKILL, "skill_with": given, "output_schema": SCHEMA})
    asked = asked.typed(settings.given | {"skill", "skill_with", "output_schema"})
    text = prompt("review-findings.md", change=change or "what is not committed", focus=focus or "everything")
    outcome = await run(RunRequest(settings=asked, prompt=text.strip()), front_ends, approver)
    return _review(outcome, settings.workspace)


async def _is_change(settings: Settings, change: str) -> bool:
    """Whether there is anything to review; raises :class:`UsageError` where git can't tell."""
    asked: dict[str, Any] = {"action": "status"}
    if change:
        asked = {"action": "diff" if ".." in change else "show", "ref": change, "patch": False}
    result = await run_tool(settings, "git", json.dumps(asked))
    if not result.ok:
        raise UsageError(f"There is no change to review: {result.text.strip()}")
    return not (
        "nothing to commit" in result.text if not change else result.text.startswith("No differences")
    )


def _review(outcome: Outcome, workspace: Path) -> Review:
    found = outcome.output
    if not isinstance(found, dict):
        return Review(verdict="", outcome=outcome)
    with Workspace(workspace) as opened:
        findings = [_finding(each, opened) for each in found["findings"]]
    findings.sort(key=lambda each: -LEVELS.index(each.level))
    return Review(tuple(findings), found["verdict"], found["checked"], outcome)


def _finding(given: dict[str, Any], workspace: Workspace) -> Finding:
    path, line = posixpath.normpath(given["path"]), given["line"]
    try:
        path = workspace.relative(path)
        lines = workspace.read_bytes(path, cap=_MOST_FILE).count(b"\n") + 1
    except PathError:
        lines = 0
    return Finding(
        path, line if line <= lines else 0, given["kind"], given["message"], given.get("suggestion", "")
    )


def as_text(review: Review) -> str:
    """The findings and the verdict for people."""
    lines = []
    for each in review.findings:
        lines.append(f"{each.place} [{each.kind}] {each.message}")
        if each.suggestion:
            lines.append(f"    Suggestion: {each.suggestion}")
    if not review.findings:
        lines.append(f"Nothing to report. {review.checked}".strip())
    if review.outcome is not None:
        lines.append(f"Verdict: {review.verdict}.")
    return "\n".join(lines)


def as_sarif(review: Review) -> str:
    """The findings as SARIF 2.1.0, which code hosts show beside the lines."""
    rules = [
        {
            "id": kind,
            "shortDescription": {"text": _MEANING[kind]},
            "defaultConfiguration": {"level": level},
        }
        for kind, level in KINDS.items()
    ]
    run_of_it = {
        "tool": {"driver": {"name": "seedsmith", "version": VERSION, "rules": rules}},
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, print_) for each, print_ in _with_prints(review.findings)],
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run_of_it],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(finding: Finding, fingerprint: str) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path), "uriBaseId": "SRCROOT"}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    said = f"{finding.message}\n\nSuggestion: {finding.suggestion}" if finding.suggestion else finding.message
    return {
        "ruleId": finding.kind,
        "ruleIndex": list(KINDS).index(finding.kind),
        "level": finding.level,
        "message": {"text": said},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"seedsmith/v1": fingerprint},
    }


def as_code_quality(review: Review) -> str:
    """The findings as GitLab's code quality report, which merge requests show."""
    rows = [
        {
            "description": each.message,
            "check_name": each.kind,
            "fingerprint": fingerprint,
            "severity": _QUALITY[each.level],
            "location": {"path": each.path, "lines": {"begin": each.line or 1}},
        }
        for each, fingerprint in _with_prints(review.findings)
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def _with_prints(findings: Sequence[Finding]) -> list[tuple[Finding, str]]:
    """Each finding with what it is known by from one review to the next: not its line, which moves."""
    seen: Counter[str] = Counter()
    found = []
    for each in findings:
        words = f"{each.path}\0{each.kind}\0{each.message}"
        seen[words] += 1
        found.append((each, hashlib.sha256(f"{words}\0{seen[words]}".encode()).hexdigest()))
    return found
