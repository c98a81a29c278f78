"""Takes a shell command apart into the commands it is made of, and the files it redirects to.

The parse is tree-sitter's. What it marks as an error, a kind of node that is not listed here, and what is
known to be read otherwise by bash make a command unclear: what is unclear is asked about, never let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from typing import TYPE_CHECKING

from seedsmith.agent.settings.permissions.named_commands import named_commands
from seedsmith.agent.settings.permissions.patterns import UNKNOWN
from seedsmith.agent.settings.permissions.shell_words import Unclear, assignment_of, is_sure, text_of, word_of
from seedsmith.agent.settings.permissions.wrappers import inner_of
from seedsmith.sandbox.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

LONGEST = 20_000
"""Of a command that is taken apart, in characters."""
MOST_PARTS = 300
DEEPEST = 5
"""So many commands may stand within each other as texts, as by ``bash -c``."""

_STRANGE = re.compile(r"[^\S \t\n]|[\x00-\x08\x0b-\x1f\x7f\ue000-\uf8ff\ud800-\udfff]")
_JOINED_LINES = re.compile(r"[^\s&|;(]\\\n")
_SIMPLE_END = re.compile(r"""(['"]?)[A-Za-z_]\w*\1""")
_SUBSTITUTION = re.compile(r"\$\(|`")
_EVALUATES = re.compile(r"\(\(|\[\[|@P\}|\$\[|\w\[|\$\{!")
"""Bash may carry out what a quoted text says where it works out a number, a place in a list or a prompt."""
_EVALUATING = frozenset(
    [
        "[",
        "declare",
        "export",
        "let",
        "local",
        "printf",
        "read",
        "readonly",
        "test",
        "typeset",
        "unset",
        "wait",
        "mapfile",
        "readarray",
    ]
)
_WRITING = frozenset({">", ">>", ">|", "&>", "&>>", "<>", ">&"})
_NO_FILES = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"})
_MOVING = frozenset({"cd", "pushd", "popd"})
_RESERVED = frozenset(
    [
        "!",
        "{",
        "}",
        "[[",
        "]]",
        "case",
        "coproc",
        "do",
        "done",
        "elif",
        "else",
        "esac",
        "fi",
        "for",
        "function",
        "if",
        "in",
        "select",
        "then",
        "until",
        "while",
    ]
)
_STATEMENTS = frozenset(
    [
        "program",
        "list",
        "pipeline",
        "redirected_statement",
        "negated_command",
        "subshell",
        "compound_statement",
        "if_statement",
        "elif_clause",
        "else_clause",
        "while_statement",
        "for_statement",
        "c_style_for_statement",
        "do_group",
        "case_statement",
        "case_item",
        "command_substitution",
        "process_substitution",
        "variable_assignments",
    ]
)
"""What only holds others."""
_WORDS = frozenset(
    [
        "word",
        "string",
        "raw_string",
        "ansi_c_string",
        "translated_string",
        "concatenation",
        "number",
        "simple_expansion",
        "expansion",
        "arithmetic_expansion",
        "brace_expression",
        "string_content",
        "variable_name",
        "special_variable_name",
        "array",
        "subscript",
        "comment",
        "test_command",
        "unary_expression",
        "binary_expression",
        "ternary_expression",
        "postfix_expression",
        "parenthesized_expression",
        "test_operator",
        "regex",
        "extglob_pattern",
        "file_descriptor",
        "heredoc_start",
        "heredoc_end",
        "heredoc_content",
        "heredoc_body",
        "herestring_redirect",
        "command_name",
    ]
)
"""What may hold a substitution."""
_LITERALS = frozenset({"word", "raw_string", "string_content", "ansi_c_string"})


@dataclass(frozen=True, slots=True)
class Part:
    """A command that is run, or a file that is written."""

    words: tuple[str, ...] = ()
    """The variables set for it, then the program and its arguments; UNKNOWN for what only the shell knows."""
    program: int = 0
    """Where in ``words`` the program stands."""
    path: str | None = None
    """The file it redirects to, where it is no command."""
    guess_from: int = 0
    """Each of its words from there on may begin a command that it runs; 0: none."""
    stands_for: bool = False
    """Whether what it does is what it runs, which is listed besides."""
    possible: bool = False
    """Whether it is not sure that it is run."""

    @property
    def shown(self) -> str:
        """As people read it."""
        text = " ".join(self.words) if self.path is None else f"> {self.path}"
        return text.replace(UNKNOWN, "…")


@dataclass(slots=True)
class Parts:
    """What a shell command is made of."""

    parts: list[Part] = field(default_factory=list)
    unclear: str = ""
    """Why not all of it can be told, as a clause; '' where it can."""
    moves: bool = False
    """Whether it goes to another folder on its way."""

    def doubt(self, why: str) -> None:
        """Not all of it can be told; the first reason is kept."""
        self.unclear = self.unclear or why

    def add(self, part: Part) -> None:
        """Take in another."""
        if len(self.parts) < MOST_PARTS:
            self.parts.append(part)
        else:
            self.doubt(f"it has more than {MOST_PARTS} parts")


def split(command: str) -> Parts:
    """The parts of ``command`` that can be told, and why others can't."""
    found = Parts()
    _split_into(found, command, 0)
    return found


def _split_into(found: Parts, command: str, depth: int, possible: bool = False) -> None:
    if depth > DEEPEST:
        found.doubt("it holds commands within commands within commands")
        return
    if why := _strange(command):
        found.doubt(why)
        return
    root = _parser().parse(command.encode()).root_node
    if root.has_error:
        found.doubt("it can't be parsed")
    reader = _Reader(found, depth, possible)
    try:
        reader.read(root)
    except RecursionError:
        found.doubt("it is nested too deeply")
    if reader.quotes_substitution and (reader.evaluates or _EVALUATES.search(command)):
        found.doubt("a quoted text could be carried out where a value is worked out")


def _strange(command: str) -> str:
    """What of the text itself makes it unclear; '' for nothing."""
    if len(command) > LONGEST:
        return f"it is longer than {LONGEST:,} characters"
    if _STRANGE.search(command):
        return "it holds unusual characters"
    return "a line end stands within a word" if _JOINED_LINES.search(command) else ""


def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


class _Reader:
    """Goes through one tree."""

    def __init__(self, found: Parts, depth: int, possible: bool) -> None:
        self._found = found
        self._depth = depth
        self._possible = possible
        self.evaluates = False
        """Whether a program in it works out values."""
        self.quotes_substitution = False
        """Whether a text in it looks like a substitution and is none."""

    def read(self, node: Node) -> None:
        """Take in what ``node`` runs."""
        try:
            self._read(node)
        except Unclear as error:
            self._found.doubt(str(error))
        if node.type == "command_substitution" and node.children[0].type == "`" and "\\" in text_of(node):
            self._found.doubt("a backslash stands between back quotes")
        for child in node.children:
            self.read(child)

    def _read(self, node: Node) -> None:
        match node.type:
            case "command":
                self._command(node)
            case "file_redirect":
                self._redirect(node)
            case "heredoc_redirect":
                self._heredoc(node)
            case "declaration_command" | "unset_command":
                self.evaluates = True
                words = tuple(_declared(child) for child in node.children)
                self._add(words)
                self._take_possible(named_commands(words[1:]))
            case "expansion" if _hides_substitution(node):
                raise Unclear("a substitution stands in an expansion")
            case "variable_assignment":
                if node.parent is None or node.parent.type in _STATEMENTS:
                    self._add((assignment_of(node),))
            case kind if kind in _LITERALS:
                text = text_of(node).replace("\\", "") if kind == "word" else text_of(node)
                found = _SUBSTITUTION.search(text) is not None
                self.quotes_substitution = self.quotes_substitution or found
            case kind if node.is_named and kind not in _STATEMENTS | _WORDS:
                raise Unclear(f"it holds what is not known here ({kind.lower()})")

    def _add(
        self, words: tuple[str, ...], *, program: int = 0, guess_from: int = 0, stands_for: bool = False
    ) -> None:
        self._found.add(Part(words, program, None, guess_from, stands_for, self._possible))

    def _command(self, node: Node) -> None:
        assignments: list[str] = []
        words: list[str] = []
        sure = True
        end = -1
        for child in node.children:
            joined = child.start_byte == end  # the parser ends some words too early
            end = child.end_byte
            if child.type == "variable_assignment" and not words and not joined:
                assignments.append(assignment_of(child))
            elif child.type in _BESIDE:
                if child.type == "variable_assignment":
                    raise Unclear("a word of it is not read for sure")
                end = end if child.type == "file_redirect" else -1
            else:
                inner = child.children[0] if child.type == "command_name" else child
                if joined and not words:
                    raise Unclear("a word of it is not read for sure")
                words[-1 if joined else len(words) :] = [(words[-1] if joined else "") + word_of(inner)]
                sure = sure and (len(words) > 1 or is_sure(inner))
        if not words:
            return
        if not sure:
            raise Unclear("which program it runs is known to the shell alone")
        self._take(tuple(assignments), tuple(words))

    def _take(self, assignments: tuple[str, ...], words: tuple[str, ...]) -> None:
        """Take in a command, and what it runs in turn."""
        name = words[0].rpartition("/")[2]
        if words[0] in _RESERVED:
            raise Unclear("a word of the shell's own stands where a program would")
        if UNKNOWN in name or not name or "=" in words[0]:
            raise Unclear("which program it runs is known to the shell alone")
        self.evaluates = self.evaluates or name in _EVALUATING
        self._found.moves = self._found.moves or name in _MOVING
        inner = inner_of(words)
        guess_from = inner.guess_from + len(assignments) if inner.guess_from else 0
        stands_for = bool(inner.words or inner.texts) and not inner.unclear
        self._add(
            (*assignments, *words), program=len(assignments), guess_from=guess_from, stands_for=stands_for
        )
        assignments = (*assignments, *inner.assignments)
        if inner.texts and assignments:
            self._add(assignments)
        for text in inner.texts:
            if UNKNOWN in text:
                self._found.doubt("what it runs is known to the shell alone")
            _split_into(self._found, text.replace(UNKNOWN, "…"), self._depth + 1, self._possible)
        self._take_possible((*inner.possible_texts, *named_commands(assignments, words)))
        if inner.unclear:
            self._found.doubt(inner.unclear)
        if inner.words:
            self._take(assignments, inner.words)

    def _take_possible(self, texts: Iterable[str]) -> None:
        for text in texts:
            _split_into(self._found, text.replace(UNKNOWN, "…"), self._depth + 1, possible=True)

    def _redirect(self, node: Node) -> None:
        operators = {child.type for child in node.children if not child.is_named}
        places = [child for child in node.named_children if child.type != "file_descriptor"]
        if not operators & _WRITING or not places:
            return
        if len(places) > 1:  # the parser takes the words behind a redirection for more of it
            self._found.doubt("words follow a redirection")
        path = word_of(places[0])
        copies = ">&" in operators and (path.rstrip("-").isdigit() or path == "-")
        if not copies and path not in _NO_FILES:
            self._found.add(Part(path=path, possible=self._possible))

    def _heredoc(self, node: Node) -> None:
        start = next((text_of(child) for child in node.children if child.type == "heredoc_start"), "")
        if not _SIMPLE_END.fullmatch(start):
            raise Unclear("where a text in it ends is not sure")
        if any(child.type in _WORDS - _OF_HEREDOCS for child in node.children):
            raise Unclear("words follow a redirection")
        bodies = [text_of(child) for child in node.children if child.type == "heredoc_body"]
        if start.strip("'\"") in {line.strip() for body in bodies for line in body.splitlines()}:
            raise Unclear("where a text in it ends is not sure")
        if start[0] not in "'\"" and any("`" in body or "\\\n" in body for body in bodies):
            raise Unclear("back quotes or joined lines stand in a text of it")
        if text_of(node).count("<<") > 1:
            raise Unclear("it holds several texts at once")


_OF_HEREDOCS = frozenset({"heredoc_start", "heredoc_body", "heredoc_end", "file_descriptor", "comment"})
_BESIDE = frozenset(
    {"variable_assignment", "file_redirect", "heredoc_redirect", "herestring_redirect", "comment"}
)
"""What stands in a command and is none of its words."""


def _hides_substitution(node: Node) -> bool:
    """Whether a ``${…}`` holds what bash carries out and the parser takes for a text or a pattern."""
    text = text_of(node)
    return "`" in text or text.count("$(") > _substitutions_in(node)


def _substitutions_in(node: Node) -> int:
    own = node.type in ("command_substitution", "arithmetic_expansion")
    return own + sum(map(_substitutions_in, node.children))


def _declared(node: Node) -> str:
    if node.type == "variable_assignment":
        return assignment_of(node)
    return word_of(node) if node.is_named else text_of(node)
