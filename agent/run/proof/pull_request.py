"""The text of a pull request: the cause, the change, the proof by command, and the risk."""

from __future__ import annotations

import re
from pathlib import Path

from seedsmith.agent.errors import UsageError
from seedsmith.agent.sessions.outcome import Outcome, Verified
from seedsmith.agent.sessions.proof_sides import Sides

_SAID = re.compile(
    r"^[\s>*_#-]*(Cause|Change|Risk|原因|改动|修改|风险)[*_]*\s*[::][*_]*\s*(.+)$",
    re.MULTILINE | re.IGNORECASE,
)
_IN_ENGLISH = {"原因": "Cause", "改动": "Change", "修改": "Change", "风险": "Risk"}
_PROOF = "## Proof\n\n"
_MOST_READ_BYTES = 1 << 20
_MOST_CHARACTERS = 4_000
_TITLE_CHARACTERS = 72


def pull_request(outcome: Outcome, said: str, reported: str) -> str:
    """The text as Markdown; ``said`` is the model's last message, ``reported`` what was to be fixed."""
    found = {_IN_ENGLISH.get(kind, kind.capitalize()): text.strip() for kind, text in _SAID.findall(said)}
    rest = _SAID.sub("", said).strip()
    files = ", ".join(f"`{path}`" for path in outcome.files_changed) or "none"
    change = found.get("Change") or rest or "See the diff."
    parts = [f"# {_title(found.get('Cause') or reported or rest)}"]
    if reported:
        parts.append(f"## Report\n\n{_quoted(reported)}")
    parts.append(f"## Cause\n\n{found.get('Cause', 'Not said.')}")
    parts.append(f"## Change\n\n{change}\n\nFiles: {files}")
    parts.append(f"{_PROOF}{_proof(outcome)}")
    parts.append(f"## Risk\n\n{found.get('Risk', 'Not said.')}\n\n{_doubts(outcome.verified)}".rstrip())
    return "\n\n".join(parts) + "\n"


def refuse_other_file(file: Path) -> None:
    """Raise UsageError where the text can't be written to ``file``, or something else would be lost by it."""
    try:
        with file.open("rb") as opened:
            held = opened.read(_MOST_READ_BYTES)
    except FileNotFoundError:
        if not file.absolute().parent.is_dir():
            raise UsageError(f"The report {file} can't be written: there is no such folder.") from None
    except OSError as error:
        raise UsageError(f"The report {file} can't be written: {error.strerror or error}.") from None
    else:
        if held.strip() and _PROOF.encode() not in held:
            raise UsageError(f"The report {file} would take the place of another file: name a new one.")


def _proof(outcome: Outcome) -> str:
    known = outcome.verified
    if known is None:
        return "None: no test was run."
    lines = [f"- {'Proven' if known.proven else 'Not proven'} (status `{outcome.status}`)."]
    lines.append(
        f"- `{known.command}`: {_exit(known.before_exit_code)} before, {_exit(known.exit_code)} now."
    )
    if known.sides is not None:
        lines += _of_sides(known.sides)
    return "\n".join(lines)


def _of_sides(sides: Sides) -> list[str]:
    lines = [f"- {sides.sentence()}"]
    sections = (
        ("the code as it was, with the new tests", "fail", sides.old),
        ("the code as it is", "pass", sides.new),
    )
    for title, ends, side in sections:
        if side is not None:
            tests = "".join(f"\n  - `{name}`" for name in side.tests)
            named = f"; these {ends}:{tests}" if tests else ""
            lines.append(f"- `{side.command}` on {title}: {_exit(side.exit_code)}{named}")
    if sides.old is not None and sides.old.why:
        lines.append(f"\nOn the code as it was:\n\n{_fenced(sides.old.why)}")
    return lines


def _doubts(known: Verified | None) -> str:
    if known is None:
        return "Nothing was verified."
    doubts = [f"- {each}" for each in known.weakened]
    if known.sides is not None:
        if contradiction := known.sides.contradiction():
            doubts.append(f"- An old test says the opposite of the report: {contradiction}")
        doubts += [f"- Did not say the same twice: `{name}`" for name in known.sides.flaky]
        doubts += [f"- Was not run: `{name}`" for name in known.sides.unrun]
        doubts += [f"- Passed before and fails now: `{name}`" for name in known.sides.broken]
        doubts += [f"- Failed before anything was changed, too: `{name}`" for name in known.sides.failing]
    return "\n".join(doubts)


def _title(text: str) -> str:
    line = next((line.strip("# ") for line in text.splitlines() if line.strip()), "Fix")
    if len(line) <= _TITLE_CHARACTERS:
        return line
    cut = line[:_TITLE_CHARACTERS]
    whole = cut.rpartition(" ")[0]  # in Chinese words are not told apart
    return (whole if len(whole) > _TITLE_CHARACTERS // 2 else cut[:-1]).rstrip(" ,;:-") + "…"


def _quoted(text: str) -> str:
    shown = text.strip()[:_MOST_CHARACTERS]
    return "\n".join(f"> {line}".rstrip() for line in shown.splitlines())


def _fenced(text: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}text\n{text.strip()}\n{fence}"


def _exit(code: int | None) -> str:
    return "did not finish" if code is None else f"exit code {code}"
