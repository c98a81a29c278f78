"""How a program seems right to its tests alone: it asks for them, reads them or changes how they judge."""

from __future__ import annotations

import re
from collections.abc import Iterator

ENDS = "ends the process of the tests"
EQUAL = "is equal to everything"
_KNOWS_OF_TESTS = re.compile(
    r"PYTEST_CURRENT_TEST|PYTEST_VERSION|['\"](?:pytest|unittest|_pytest)['\"] (?:not )?in sys\.modules|"
    r"sys\.modules\.get\(['\"](?:pytest|unittest)|JEST_WORKER_ID|VITEST_WORKER_ID|process\.env\.VITEST\b|NODE_TEST_CONTEXT|"
    r"NODE_ENV\s*[!=]==?\s*['\"]test['\"]|\btesting\.Testing\(\)|flag\.Lookup\(['\"]test\.v|cfg!\(test\)|#\[cfg\(not\(test\)\)\]|"
    r"['\"](?:py\.?test|unittest)['\"] (?:not )?in sys\.argv|"
    r"typeof (?:jest|describe)\s*[!=]==?|globalThis\.jest\b|"
    r"os\.Args\[0\],\s*\"\.test\""
)
_CALLERS = re.compile(
    r"_getframe|inspect\.(?:stack|currentframe|getouterframes)|extract_stack|format_stack|co_filename|co_name|"
    r"\.stack\b|require\.main\b|process\.argv|runtime\.Callers?\b|\bsys\.argv\[0\]|\bos\.Args\[0\]|current_exe"
)
_A_TEST = re.compile(
    r"(?P<quote>['\"`/])(?:[^'\"`/\s]*[\W_])?(?:py)?(?:tests?|spec|unittest)(?:[\W_][^'\"`/\s]*)?(?P=quote)"
)
_READS = re.compile(r"\bopen\(|read_text|read_bytes|readFile|ReadFile|read_to_string|include_str|getsource")
_FILE_OF_TESTS = re.compile(
    r"['\"`](?:[^'\"`\s]*/)?(?:tests?/[^'\"`\s]*|test_\w+\.py|\w+_test\.(?:py|go)|[\w.-]+\.(?:test|spec)\.[cm]?[jt]sx?)['\"`]"
)
_IMPORTS_TESTS = re.compile(
    r"^\s*(?:from|import)\s+(?:tests?\.)*test_\w+|\brequire\(['\"][^'\"]*\.(?:test|spec)(?:\.[cm]?js)?['\"]\)"
)
_JUDGES = re.compile(
    r"(?:^|=)\s*(?:unittest|_pytest|pytest|assert|chai|expect)(?:\.\w+)+\s*=(?![=>])", re.MULTILINE
)
_ENDS_THE_PROCESS = re.compile(r"\bos\._exit\b\s*(?:\(\s*(?:0\s*)?\)|,\s*0)")
_EQUAL_TO_ALL = re.compile(r"\bdef __eq__\([^)]*\)[^:\n]*:\s*return True[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*(?:#(?!\[)|//|\*|/\*)")


def tricks(old: str, new: str) -> Iterator[str]:
    """What the program ``new`` does to seem right, and did not in ``old``, a phrase each."""
    before, after = _without_comments(old), _without_comments(new)
    for count, how in _COUNTED:
        if count(after) > count(before):
            yield how


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not _COMMENT.match(line))


def _asks(text: str) -> int:
    callers = (line for line in text.splitlines() if _CALLERS.search(line) and _A_TEST.search(line))
    return len(_KNOWS_OF_TESTS.findall(text)) + sum(1 for _ in callers)


def _reads(text: str) -> int:
    lines = text.splitlines()
    read = sum(1 for line in lines if _READS.search(line) and _FILE_OF_TESTS.search(line))
    return read + sum(1 for line in lines if _IMPORTS_TESTS.search(line))


_COUNTED = (
    (_asks, "the program asks whether it is being tested"),
    (_reads, "the program reads its tests"),
    (lambda text: len(_JUDGES.findall(text)), "the program changes what its tests judge by"),
    (lambda text: len(_ENDS_THE_PROCESS.findall(text)), f"the program {ENDS}"),
    (lambda text: len(_EQUAL_TO_ALL.findall(text)), f"what the program gives {EQUAL}"),
)
