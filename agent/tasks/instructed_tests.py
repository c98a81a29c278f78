"""The test command that a repository's ``AGENTS.md`` names in code.

The file's author is a stranger, so nothing is taken but the plain call of a known test runner, or of a
program of the repository where the words around it say that it runs the tests: no shell syntax, no
placeholder, no single test, which is what examples show, and nothing that a sentence forbids.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from seedsmith.agent.tasks.markdown_code import Code, code_in
from seedsmith.sandbox.lazy_dataclass import dataclass

_WORD = r"""(?:[\w./=:@,+-]+|"[\w ./:-]*"|'[\w ./:-]*')"""
_SETTINGS = r"(?P<settings>(?:[A-Z][A-Z0-9_]*=[\w./:,-]*\ +)*)"
_REST = rf"(?P<rest>(?:\ +{_WORD})*)"
_RUNNER = re.compile(
    rf"""{_SETTINGS}
    (?P<call>
        (?:(?:uv|poetry|pdm|pipenv|rye|hatch)\ +run\ +)?
        (?:pytest|py\.test|python3?\ +-m\ +(?:pytest|unittest)|tox|nox|hatch\ +test)
        |(?:npm|pnpm|yarn|bun)\ +(?:run\ +)?test(?::[\w-]+)?
        |go\ +test|cargo\ +(?:test|nextest\ +run)|ctest
        |(?:make|just)(?:\ +-C\ +[\w./-]+|\ +-\S+)*\ +(?:check|(?:[\w-]*[_-])?tests?(?:[_-][\w-]*)?)
        |(?:\./mvnw|mvn)(?:\ +-[\w.=-]+)*\ +(?:test|verify)
        |(?:\./gradlew|gradle)(?:\ +-[\w.=-]+)*\ +(?:test|check)
    )
    {_REST}""",
    re.VERBOSE,
)
_OWN_PROGRAM = re.compile(
    rf"""{_SETTINGS}
    (?P<call>
        (?:python3?|node|bash|sh|ruby|perl|php)(?:\ +-[A-Za-z]+)*\ +(?P<script>[\w./-]*[\w-]\.\w+)
        |(?P<program>(?:\./)?[\w.-]+(?:/[\w.-]+)+|\./[\w.-]+)
    )
    {_REST}""",
    re.VERBOSE,
)
_ONE_TEST = re.compile(
    r"::|(?:^|\s)(?:-k|-run|-R|--filter|--grep|--watch\w*)\b|path/to|\.(?:py|[cm]?[jt]sx?|go|rs|java|kt)\b"
)

_SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)[.;!?](?=\s|$)|[。；！？]|\n")
_CLAUSE_END = re.compile(
    r"\s[-–—]+\s|[|)，]|,?\s+but\s"
    r"|,\s+(?=(?:please\s+|always\s+|instead\s+|then\s+)*(?:use|run|call|prefer|execute|always)\b)",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"\b(?:(?:do|does|must|should)\s?n['’]?ts?|can['’]?t|(?:do|must|should|may|shall)\s+not|can\s?not|not\s+to|never"
    r"|avoid\w*|refrain\w*|stop\s+using|forbid\w*|prohibit\w*|discourag\w*|deprecated|no\s+longer"
    r"|no\s+need\s+to|(?:bad|wrong)(?=:))\b|[❌✗✘🚫⛔]"
    r"|不要|不得|不能|不可|不应|请?勿|禁止|避免|别(?:用|再|直接|运行|跑|执行)",
    re.IGNORECASE,
)
_OF_SOMETHING_ELSE = re.compile(
    r"\b(?:forget|commit|push|merge|submit|skip|omit|release|without|before|until|unless|hesitate|only)\b"
    r"|忘|提交|跳过|之前",
    re.IGNORECASE,
)
_INSTEAD_OF = re.compile(
    r"(?:\b(?:instead\s+of|rather\s+than|in\s+place\s+of|over|not)\s+"
    r"(?:\w+ing\s+|plain\s+|bare\s+|the\s+|a\s+|with\s+|by\s+|via\s+){0,3}|而不是|而非|不是|代替)\s*$",
    re.IGNORECASE,
)
_REFUSED_BEHIND = re.compile(
    r"\s*(?:\w+\s+)?(?:(?:must|should|does|do|is|are|will|can|may)(?:n['’]?t|\s+not|\s+never)\b|cannot\b"
    r"|(?:is|are)\s+(?:deprecated|broken|forbidden|unsupported|obsolete|prohibited)\b)"
    r"|\s*only\s+(?:by|from|through|via|with)\b|~~|\s*(?:已?废弃|不要|不能|不可|不支持)",
    re.IGNORECASE,
)
_TESTS_HEADING = re.compile(r"\b(?:tests?|testing)\b|测试", re.IGNORECASE)
_ONE = re.compile(r"\b(?:single|one|specific|individual|particular)\b|单个|单独", re.IGNORECASE)
_TESTS = r"\btest(?:s|ing)?\b(?:\s+(?:suites?|cases?|locally|all|first|them|command|runner))*"
_SAYS_BEFORE = re.compile(
    rf"\b(?:run\w*|execut\w*|start\w*|launch\w*|invoke\w*)\b[\w\s-]*{_TESTS}\s*(?:with|using|via|by|through|as|:|$)"
    rf"\W*$|{_TESTS}\s+(?:is|are|get|can\s+be)?\s*(?:run|executed|started|launched)\s*(?:with|using|via|by|:)\W*$"
    rf"|{_TESTS}\W{{0,4}}:\W*$"
    rf"|\b(?:to|for)\s+(?:run\w*\s+)?(?:\w+\s+){{0,2}}{_TESTS}[\w\s]*,\s*(?:please\s+)?"
    r"(?:use|run|execute|call|do|invoke)\W*$"
    r"|(?:运行|执行|跑)[^`，]*测试[^`，]*$|测试[^`，]*(?:运行|执行|命令|跑)[^`，]*$|测试\W*[:：]\W*$",
    re.IGNORECASE,
)
_SAYS_BEHIND = re.compile(
    r"\s*(?:to\s+)?(?:runs?|executes?)\b[\w\s]{0,30}\btests?\b|\s*(?:来)?(?:运行|执行|跑)[^`，。]*测试",
    re.IGNORECASE,
)
_LONGEST = 500
_LONGEST_SHOWN = 80
_ENVIRONMENTS = (".venv/bin", "venv/bin")


@dataclass(frozen=True, slots=True)
class Instructed:
    """The command to take, or else one that is named for the tests and not taken; both may be empty."""

    command: str = ""
    refused: str = ""
    """The whole sentence about it, for people."""


def instructed_tests(text: str, workspace: Path, name: str) -> Instructed:
    """The first command in ``text``, the Markdown file ``name``, that runs the tests and can be called.

    A program of the workspace's own virtual environment is called from there.
    """
    refused = ""
    for code in code_in(text):
        if len(code.text) > _LONGEST or _is_forbidden(code) or _is_about_one(code):
            continue
        announced = _is_announced(code)
        command, why = _call(code, announced, workspace)
        if command:
            return Instructed(command)
        if why and announced and not refused:
            short = code.text if len(code.text) <= _LONGEST_SHOWN else code.text[:_LONGEST_SHOWN] + "…"
            refused = f"{name} names `{short}`, which is not taken: {why}."
    return Instructed(refused=refused)


def _call(code: Code, announced: bool, workspace: Path) -> tuple[str, str]:
    """How the code is called as a test command, or why it is none."""
    found = _RUNNER.fullmatch(code.text)
    if found is None and announced:
        found = _OWN_PROGRAM.fullmatch(code.text)
        own = found and (found["script"] or found["program"])
        if own and not _is_own(workspace, own):
            return "", f"{own} is not in the repository"
    if found is None:
        looks_like_one = " " in code.text or "/" in code.text.rstrip("/")
        return "", "it is no plain call of a known test runner" if looks_like_one else ""
    if _ONE_TEST.search(found["rest"]):
        return "", "it runs a part of the tests"
    program = found["call"].split(" ", 1)[0]
    if (place := _place(program, workspace)) is None:
        return "", f"{program} is not there, or can't be run"
    return f"{found['settings']}{place}{found['call'].removeprefix(program)}{found['rest']}", ""


def _is_forbidden(code: Code) -> bool:
    """Whether the words around the code say not to run it."""
    sentence = _SENTENCE_END.split(code.before)[-1]
    clause = _CLAUSE_END.split(sentence)[-1]
    if _INSTEAD_OF.search(clause) or _REFUSED_BEHIND.match(code.after):
        return True
    return any(_forbids(words) for words in (clause, *code.headings))


def _forbids(words: str) -> bool:
    return any(_OF_SOMETHING_ELSE.search(words, found.end()) is None for found in _NEGATION.finditer(words))


def _is_about_one(code: Code) -> bool:
    return _ONE.search(_SENTENCE_END.split(code.before)[-1]) is not None


def _is_announced(code: Code) -> bool:
    """Whether the words around the code say that it runs the tests."""
    sentence = _SENTENCE_END.split(code.before)[-1]
    if _SAYS_BEFORE.search(sentence) or _SAYS_BEHIND.match(code.after):
        return True
    return (
        code.command
        and _TESTS_HEADING.search(code.text) is not None
        and any(_TESTS_HEADING.search(heading) for heading in code.headings)
    )


def _is_own(workspace: Path, path: str) -> bool:
    """Whether ``path`` is a file that lies in the workspace."""
    place = (workspace / path).resolve()
    return place.is_relative_to(workspace.resolve()) and os.path.isfile(place)  # noqa: PTH113


def _place(program: str, workspace: Path) -> str | None:
    """How the program is called from the workspace's root; None if it is not there."""
    if "/" in program:
        return program if os.access(workspace / program, os.X_OK) else None
    for folder in _ENVIRONMENTS:
        if os.access(workspace / folder / program, os.X_OK):
            return f"{folder}/{program}"
    if program == "python" and not shutil.which(program):
        program = "python3"
    return program if shutil.which(program) else None
