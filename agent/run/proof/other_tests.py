"""What was done to the tests of a file in JavaScript, Go or Rust, told by the forms of their test runners."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from seedsmith.agent.run.proof.test_parts import STRING, weaker_parts
from seedsmith.agent.sessions.proof_sides import OTHERWISE
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class _Forms:
    """How a language's tests look."""

    test: re.Pattern[str]
    """The beginning of a test, its name in a group."""
    assertion: re.Pattern[str]
    """A line that asserts."""
    skip: re.Pattern[str]
    """What keeps a test from being run, or all the others."""


_JAVASCRIPT = _Forms(
    re.compile(r"^[ \t]*(?:it|test|specify)(?:\.\w+)*\(\s*(['\"`])(?P<name>.+?)\1", re.MULTILINE),
    re.compile(r"\b(?:expect|assert|t)(?:\.\w+)*\(.*"),
    re.compile(
        r"\b(?:it|test|describe|context|suite)\.(?:skip|todo|only|failing|fixme)\b|\bx(?:it|test|describe)\(|"
        r"\b[tf](?:it|describe)?\.skip\(|\bfdescribe\(|\bfit\(|\bskip:\s*(?:true|['\"`])|\bonly:\s*true|\btodo:\s*true|"
        r"\bthis\.skip\("
    ),
)
_GO = _Forms(
    re.compile(r"^func (?P<name>Test\w+|Example\w*|Fuzz\w+)\(", re.MULTILINE),
    re.compile(
        r"(?:\bif\b[^\n]*\{\s*)?\b(?:t|b|f)\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\(.*|"
        r"\b(?:assert|require)\.\w+\(.*"
    ),
    re.compile(
        r"\b[tbf]\.(?:Skip|Skipf|SkipNow)\(|^//go:build (?:ignore|never)\b|^// \+build ignore", re.MULTILINE
    ),
)
_RUST = _Forms(
    re.compile(
        r"#\[(?:\w+::)?test(?:\([^)]*\))?\](?:\s*#\[[^\]]*\])*\s*(?:pub )?(?:async )?fn (?P<name>\w+)"
    ),
    re.compile(r"\b(?:(?:debug_)?assert\w*|panic)!\(.*"),
    re.compile(r"#\[ignore\b|#\[should_panic\b|#\[cfg_attr\([^\]]*ignore"),
)
_RUST_TESTS = re.compile(
    r"^#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))? )?mod \w+ *\{.*?^\}",
    re.MULTILINE | re.DOTALL,
)
_EXAMPLE = re.compile(r"^[ \t]*>>> ", re.MULTILINE)
_BY_ENDING = {
    **dict.fromkeys(("js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts"), _JAVASCRIPT),
    "go": _GO,
    "rs": _RUST,
}
_NAME = re.compile(
    r"(?P<kept>(?<![\w$.])(?:expect|assert\w*|debug_assert\w*|panic|require|[tbf])(?:\.\w+)*(?=[(!])"
    r"|(?<=\))(?:\.\w+)+(?=\())|[A-Za-z_$][\w$.]*"
)
"""A name, in its group where it belongs to the assertion itself."""
_ASSERTS_ANEW = re.compile(
    r"\b(?:const|let|var|function)\s+(?:assert|expect)\b(?!\s*=\s*(?:await\s+)?(?:require|import)\b)|"
    r"\bmacro_rules!\s+(?:debug_)?assert|\b(?:assert|expect)\.\w+\s*=(?![=>])"
)
"""What puts something else for the words by which tests assert."""
_FUNCTION = re.compile(r"=>|\bfunction\b|\bfunc\b|\|\s*\{")
_MOST_LINES = 40
_COMMENT = re.compile(rf"(?P<string>{STRING.pattern})|(?<!:)//(?!go:build| \+build)[^\n]*|/\*[\s\S]*?\*/")


def has_forms(path: str) -> bool:
    """Whether the tests of such a file can be told."""
    return path.rpartition(".")[2] in _BY_ENDING


def inner_tests(path: str, text: str) -> str:
    """The tests that ``text``, a program's file, holds beside the program, as in Rust; '' where none."""
    if not path.endswith(".rs") or not _RUST.test.search(text):
        return ""
    return "\n".join(found[0] for found in _RUST_TESTS.finditer(text)) or text


def more_inner_tests(path: str, old: str, new: str) -> bool:
    """Whether a program's file holds more tests within it than before: in Rust, or examples in Python."""
    form = _RUST.test if path.endswith(".rs") else _EXAMPLE if path.endswith(".py") else None
    return form is not None and len(form.findall(new)) > len(form.findall(old))


def weakened_text(path: str, old: str, new: str) -> list[str]:
    """How the tests of ``new`` are weaker than those of ``old``, a phrase each."""
    forms = _BY_ENDING[path.rpartition(".")[2]]
    old, new = (_COMMENT.sub(lambda found: found["string"] or "", text) for text in (old, new))
    return list(_weaker(forms, old, new))


def _weaker(forms: _Forms, old: str, new: str) -> Iterator[str]:
    before, after = ([each["name"] for each in forms.test.finditer(text)] for text in (old, new))
    if len(forms.skip.findall(new)) > len(forms.skip.findall(old)):
        yield "skips tests"
    gone = Counter(before) - Counter(after)
    if gone and len(before) > len(after):
        yield f"{next(iter(gone))} is gone"
    was, now = (Counter(map(_skeleton, _assertions(forms, text))) for text in (old, new))
    if lost := was - now:
        yield f"asserts {OTHERWISE}" if (now - was).total() >= lost.total() else "asserts less"
        return
    if len(_ASSERTS_ANEW.findall(new)) > len(_ASSERTS_ANEW.findall(old)):
        yield f"what it asserts by is {OTHERWISE}"
    yield from weaker_parts(forms.test, forms.assertion, old, new)


def _assertions(forms: _Forms, text: str) -> Iterator[str]:
    """The assertions, each with the lines below that its brackets take in and that hold no function."""
    for found in forms.assertion.finditer(text):
        end = _balanced(text, found.start(), found.end())
        whole = text[found.start() : end]
        yield found[0] if _FUNCTION.search(whole) else whole


def _balanced(text: str, start: int, end: int) -> int:
    """The end of the line where what opened at ``start`` is closed; the line itself ends at ``end``."""
    for _ in range(_MOST_LINES):
        line = STRING.sub("", text[start:end])
        if sum(map(line.count, "([{")) <= sum(map(line.count, ")]}")) or end >= len(text):
            return end
        end = following if (following := text.find("\n", end + 1)) >= 0 else len(text)
    return end


def _skeleton(line: str) -> str:
    """An assertion's form and values, without the names of what it is about."""
    parts: list[str] = []
    end = 0
    for string in STRING.finditer(line):
        parts += [_nameless(line[end : string.start()]), string[0]]
        end = string.end()
    form = re.sub(r"\s+", "", "".join([*parts, _nameless(line[end:])])).rstrip(";,")
    return re.sub(r",(?=[)\]}])", "", form)


def _nameless(code: str) -> str:
    return _NAME.sub(lambda name: name["kept"] or "_", code)
