"""Whatever a source or a page cites is in the repository, down to the heading and the link's anchor.

A page is cited as ``docs/models.md``, its headings after it in quotes, as in
``docs/models.md, "Wires" and "Parameters"``.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("agent", "skills", "tools", "sandbox", "tests", "benchmarks", ".package", ".ci", "docs")
BESIDE = ("README.md", "CHANGELOG.md", "pyproject.toml")
MATERIAL = {"library", "bugs", "demo_repository", "starter", "answers", "prompts", "__pycache__"}
"""Folders of what Seedsmith works on or says to models: such text cites nothing of ours."""
OTHERS = {"AGENTS.md", "SKILL.md", "CLAUDE.md", "README.md"}
"""Files of the repositories Seedsmith works on."""
STANDARDS = ("RFC [0-9]+", "CommonMark", "WHATWG HTML")
"""What a section may be cited of by its number."""

_PAGE = re.compile(r'\bdocs/(?P<page>[\w-]+\.md)(?P<headings>(?:(?:,| and) "[^"]+")*)')
_SECTION = re.compile(r"(?P<before>.{0,40})§")
_DOCUMENT = re.compile(r"(?<![\w/.~$*-])(?P<path>[\w./-]*\w\.(?:md|rst|txt|pdf))\b")
_LINK = re.compile(r"\]\((?P<target>[^)\s]*)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def sources() -> list[Path]:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    paths = [path for path in paths if not MATERIAL & set(path.relative_to(ROOT).parts)]
    cites = [path for path in paths if path.suffix in {".py", ".yaml", ".md", ".toml"} or not path.suffix]
    return sorted(cites) + [ROOT / name for name in BESIDE]


@cache
def headings(page: Path) -> list[str]:
    """The page's headings as they are read, without the marks of code."""
    return [found.replace("`", "") for found in _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))]


def anchors(page: Path) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(page)}


def remarks(path: Path, text: str) -> str:
    """What ``text`` says to its readers: a page all of it, a program its docstrings and comments."""
    if path.suffix == ".md":
        return text
    if path.suffix != ".py":
        return "\n".join(line.partition("#")[2] for line in text.splitlines() if "#" in line)
    suspects = [cited.start() for cited in _DOCUMENT.finditer(text) if is_missing(path, cited["path"])]
    suspects += [sign.start() for sign in re.finditer("§", text)]
    if not any(may_be_said(text, place) for place in suspects):
        return ""  # nothing in it can be at fault: most need not be parsed
    bodies = [node.body for node in ast.walk(ast.parse(text)) if isinstance(getattr(node, "body", 0), list)]
    said = [line.value.value for body in bodies for line in body if is_text(line)]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    said += [token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT]
    return "\n".join(said)


def may_be_said(text: str, place: int) -> bool:
    """Whether ``place`` of a program may be in a comment or a docstring: it is behind a mark of either."""
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return "#" in line or any(text.count(mark, 0, place) % 2 for mark in ('"""', "'''"))


def is_text(node: ast.AST) -> bool:
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
        return False
    return isinstance(node.value.value, str)


def one_line(text: str) -> str:
    """Citations go on over the ends of lines, and of comments."""
    return re.sub(r"\s*\n[ \t]*(?:#[ \t]+)?", " ", text)


def faults(path: Path, text: str) -> list[str]:
    """What is cited in ``text``, which stands in the file ``path``, and leads nowhere."""
    said = remarks(path, text)
    found = [fault for cited in _PAGE.finditer(one_line(text)) for fault in page_faults(cited)]
    for cited in _SECTION.finditer(one_line(said)):
        if not re.search(rf"(?:{'|'.join(STANDARDS)}),? $", cited["before"]):
            found.append(f"a section of what the repository lacks: {cited[0]}")
    if path.suffix == ".md":
        return found + [fault for link in _LINK.finditer(said) for fault in link_faults(path, link["target"])]
    names = [cited["path"] for cited in _DOCUMENT.finditer(said)]
    return found + [f"no such file: {name}" for name in names if is_missing(path, name)]


def is_missing(path: Path, name: str) -> bool:
    """Whether the document ``name`` is neither there nor a page, which is looked at by its headings."""
    known = _PAGE.match(name) or Path(name).name in OTHERS
    return not known and not any((at / name).is_file() for at in (ROOT, path.parent))


def page_faults(cited: re.Match[str]) -> list[str]:
    page = ROOT / "docs" / cited["page"]
    if not page.is_file():
        return [f"no such page: docs/{cited['page']}"]
    wanted = re.findall(r'"([^"]+)"', cited["headings"])
    return [f"docs/{page.name} has no heading {name!r}" for name in wanted if name not in headings(page)]


def link_faults(path: Path, target: str) -> list[str]:
    if re.match(r"[a-z]+:", target):
        return []
    name, _, anchor = target.partition("#")
    to = path.parent / name if name else path
    if not to.exists():
        return [f"a link to what is not there: {target}"]
    if anchor and anchor not in anchors(to):
        return [f"a link to a heading that is not there: {target}"]
    return []


def test_every_citation_leads_somewhere():
    paths = sources()
    assert len(paths) > 400
    found = {str(path.relative_to(ROOT)): faults(path, path.read_text("utf-8")) for path in paths}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


D = "docs"  # so that this file's own examples are no citations


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        ("agent/x.py", f'"""Asks ({D}/gone.md)."""', f"no such page: {D}/gone.md"),
        ("agent/x.py", f"x = 'see {D}/gone.md'", f"no such page: {D}/gone.md"),
        ("agent/x.py", f'# Asks ({D}/models.md, "Gone").', "docs/models.md has no heading 'Gone'"),
        (
            "agent/x.py",
            f'"""Asks ({D}/models.md, "Wires" and\n"Gone")."""',
            "docs/models.md has no heading 'Gone'",
        ),
        ("agent/x.py", f'# See {D}/models.md,\n# "Gone".', "docs/models.md has no heading 'Gone'"),
        ("agent/x.py", '"""Asks (``sandbox.md``)."""', "no such file: sandbox.md"),
        ("agent/x.py", "x: int\n'''As in notes.txt.'''", "no such file: notes.txt"),
        (
            "agent/x.py",
            "# As the design says (DESIGN \N{SECTION SIGN}3).",
            "a section of what the repository lacks: ",
        ),
        ("agent/x.yaml", "a: 1 # refused (§3)", "a section of what the repository lacks: "),
        (f"{D}/x.md", "As it says in (§3).", "a section of what the repository lacks: "),
        (f"{D}/x.md", "See [there](gone.md).", "a link to what is not there: gone.md"),
        (
            f"{D}/x.md",
            "See [there](models.md#gone).",
            "a link to a heading that is not there: models.md#gone",
        ),
    ],
)
def test_what_leads_nowhere_is_found(path, text, fault):
    found = faults(ROOT / path, text)
    assert len(found) == 1 and found[0].startswith(fault)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("agent/x.py", f'"""Asks ({D}/models.md, "Wires" and "When a service fails"), then."""'),
        ("agent/x.py", f'"""As {D}/models.md, "When a\nservice fails", says."""'),
        ("agent/x.py", "'''Reads AGENTS.md (RFC 9110 §10.2.3, CommonMark §4.5).'''\nx = open('notes.txt')"),
        (f"{D}/x.md", "See [there](models.md#when-a-service-fails), [this](https://example.com/a#b)."),
    ],
)
def test_what_leads_somewhere_is_passed(path, text):
    assert faults(ROOT / path, text) == []


_MODULE = re.compile(r":mod:`~?([\w.]+)`")
_NAMED = re.compile(r":(?:class|func|meth|data|attr):`~?(seedsmith(?:\.\w+)+)`")
_BEGIN = re.compile(r"Begin with ([^.]*)\.")
FLOORS = ("agent", "skills", "tools", "sandbox")


def modules_of_ours() -> list[Path]:
    return [
        path
        for floor in FLOORS
        for path in sorted((ROOT / floor).rglob("*.py"))
        if not MATERIAL & set(path.relative_to(ROOT).parts)
    ]


def stands(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file()


def is_there(dotted: str) -> bool:
    """Whether ``seedsmith.…`` names a module of ours, or something that one defines."""
    place, parts = ROOT, dotted.split(".")[1:]
    for index, part in enumerate(parts):
        if stands(place, part) and not (place / part).is_dir():
            text = (place / f"{part}.py").read_text("utf-8")
            return all(re.search(rf"\b{name}\b", text) for name in parts[index + 1 :])
        place /= part
    return place.is_dir()


def test_every_module_a_docstring_names_is_there():
    astray: dict[str, list[str]] = {}
    for path in modules_of_ours():
        text = path.read_text("utf-8")
        wrong = [name for name in _NAMED.findall(text) if not is_there(name)]
        for name in _MODULE.findall(text):
            beside = stands(path.parent, name) or importlib.util.find_spec(name.partition(".")[0])
            if not (is_there(name) if name.startswith("seedsmith.") else beside):
                wrong.append(name)
        if path.name == "__init__.py":
            rooms = re.findall(r"``(\w+)``", " ".join(_BEGIN.findall(text)))
            wrong += [name for name in rooms if not stands(path.parent, name)]
        if wrong:
            astray[str(path.relative_to(ROOT))] = wrong
    assert astray == {}
