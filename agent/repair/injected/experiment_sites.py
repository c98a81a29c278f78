"""Where a program can be experimented on, and how: probes in its source, and what they do.

Like its neighbours this file is copied into the sandbox, so it uses the standard library only.
"""

import ast
import sys

PROBE = "__seedsmith_probe__"
MOST_NAMES = 4
FIRST = 6  # experiments on a line before those on the next
PLAIN = (bool, int, float, str, bytes, list, dict, tuple, set)
NUMBERS = (int, float)
RARER = ("neg", "0", "1", "empty")  # changes that come after the others
MOST_ITEMS = 12
DELETED = ("Assign", "AugAssign", "Expr", "Return", "Raise", "Break", "Continue", "Delete")
sites = []
state = {"asked": False}


class Site:
    """One place of the program that can be experimented on."""

    def __init__(self, path, node, kind, outer):
        self.path = path
        self.line = node.lineno
        self.kind = kind
        self.outer = outer
        """Whether it stands outside functions, so that its module has to run again."""
        items = node.elts if isinstance(node, (ast.Tuple, ast.List)) else []
        self.items = len(items) if len(items) <= MOST_ITEMS else 0


class Seen:
    """What a site was seen to do while the failing tests ran."""

    def __init__(self):
        self.count = 0
        self.types = set()
        self.names = {}


class Probes(ast.NodeTransformer):
    """Puts a probe around the expressions and statements of a file's functions."""

    def __init__(self, path, lines):
        self.path = path
        self.lines = lines
        self.depth = 0
        self.outer = False

    def site(self, node, kind):
        sites.append(Site(self.path, node, kind, not self.depth))
        return ast.copy_location(ast.Constant(value=len(sites) - 1), node)

    def probed(self, node, kind):
        number = self.site(node, kind)
        name = ast.copy_location(ast.Name(id=PROBE, ctx=ast.Load()), node)
        return ast.copy_location(ast.Call(func=name, args=[number, node], keywords=[]), node)

    def visit(self, node):
        if isinstance(node, ast.expr):
            return self.expression(node)
        if isinstance(node, ast.stmt):
            return self.statement(node)
        return self.generic_visit(node)

    def expression(self, node, base=False):
        """``base``: something of it is used, as in ``node.name``, ``node[index]`` and ``for … in node``."""
        if isinstance(node, ast.JoinedStr):
            for value in node.values:
                if isinstance(value, ast.FormattedValue):
                    value.value = self.visit(value.value)
            return node
        if not isinstance(getattr(node, "ctx", None), (ast.Load, type(None))):
            return self.generic_visit(node)
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                node.func.value = self.expression(node.func.value, True)
            node.args = [self.visit(each) for each in node.args]
            for keyword in node.keywords:
                keyword.value = self.visit(keyword.value)
        elif isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            node.value = self.expression(node.value, True)
            if isinstance(node, ast.Subscript):
                node.slice = self.visit(node.slice)
        else:
            self.generic_visit(node)
        known = node.lineno in self.lines if self.depth else self.outer
        known = known and not isinstance(node, (ast.Slice, ast.Starred))
        if not known or isinstance(node, (ast.Lambda, ast.Yield, ast.YieldFrom, ast.Await)):
            return node
        if type(node).__name__ in ("Index", "ExtSlice"):
            return node
        kind = "base" if base else "value"
        return self.probed(node, "predicate" if is_predicate(node) else kind)

    def statement(self, node):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.depth += 1
            node.body = self.body(node.body)
            self.depth -= 1
            return node
        if isinstance(node, ast.ClassDef):
            node.body = self.body(node.body)
            return node
        if not self.depth and not isinstance(node, (ast.If, ast.Try)):
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
                self.outer = True
                node.value = self.visit(node.value)
                self.outer = False
            return node
        if isinstance(node, ast.AnnAssign):
            node.value = node.value and self.visit(node.value)
            return node
        if type(node).__name__ == "Match":
            node.subject = self.visit(node.subject)
            for case in node.cases:
                case.guard = case.guard and self.visit(case.guard)
                case.body = self.body(case.body)
            return node
        line, decided = node.lineno, getattr(node, "test", None)
        self.generic_visit(node)
        if decided and not is_predicate(decided) and self.depth and line in self.lines:
            node.test = self.probed(node.test, "predicate")
        if self.depth and line in self.lines and type(node).__name__ in DELETED:
            kept = ast.copy_location(ast.Constant(value=True), node)
            return ast.copy_location(
                ast.If(test=self.probed(kept, "statement"), body=[node], orelse=[]), node
            )
        return node

    def body(self, statements):
        first = statements[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        return [each if documented and each is first else self.visit(each) for each in statements]


def is_predicate(node):
    inverted = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    return inverted or isinstance(node, (ast.Compare, ast.BoolOp))


def compiled(data, path, lines, shown):
    tree = Probes(shown, frozenset(lines)).visit(ast.parse(data))
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


def unprobed(number, value):
    return value


def recorder(seen):
    def probe(number, value):
        kind = type(value)
        if state["asked"]:
            return value
        state["asked"] = True
        try:
            known = seen.setdefault(number, Seen())
            known.count += 1
            known.types.add(kind)
            if (
                sites[number].kind == "value"
                and not sites[number].outer
                and kind in PLAIN
                and len(known.names) < MOST_NAMES
            ):
                for name, other in sys._getframe(1).f_locals.items():
                    if type(other) is kind and other != value and name.isidentifier():
                        known.names[name] = None
        finally:
            state["asked"] = False
        return value

    return probe


def changer(chosen, change):
    """A probe that changes what site ``chosen`` gives."""

    def probe(number, value):
        if number != chosen or state["asked"]:
            return value
        state["asked"] = True
        try:
            return changed(change, value, sys._getframe(1).f_locals)
        finally:
            state["asked"] = False

    return probe


def changed(change, value, names):
    if change == "not":
        return not value
    if change in ("0", "1"):
        return int(change)
    if change == "neg":
        return -value if isinstance(value, NUMBERS) else value
    if change.startswith("swap"):
        items = list(value)
        first = int(change[4:])
        items[first : first + 2] = items[first : first + 2][::-1]
        return type(value)(items)
    if change == "empty":
        return type(value)()
    if change == "copy":
        import copy

        return copy.deepcopy(value)
    if change in ("+1", "-1"):
        return value + int(change) if isinstance(value, NUMBERS) else value
    return names.get(change[1:], value)


def experiments(seen, scores):
    """(site, change) for what the failing tests ran, the most suspicious lines' first."""
    lines = {}
    for number, known in seen.items():
        site = sites[number]
        lines.setdefault((site.path, site.line), []).extend(
            (number, change) for change in changes(site, known)
        )
    found = []
    for place, tries in lines.items():
        score = scores.get(place, 0.0)
        tries.sort(key=lambda each: rank(*each))
        found.extend((index // FIRST, -score, each) for index, each in enumerate(tries))
    found.sort(key=lambda each: each[:2])
    return [each[2] for each in found]


def rank(number, change):
    """What comes first on a line: what mended most of the programs it was tried on."""
    return 2 if change in RARER or sites[number].kind == "statement" else int(change[0] in "+-=")


def changes(site, known):
    if site.kind == "statement" or site.kind == "predicate" or known.types == {bool}:
        yield "not"
        if site.kind in ("statement", "predicate"):
            return
    for kind in known.types:
        if kind in NUMBERS:
            for change in ("+1", "-1", "neg", "0", "1"):
                yield change
        elif kind in (list, dict, set) and site.kind != "base":
            yield "copy"
        if kind in (str, list, dict, tuple) and site.kind != "base":
            yield "empty"
    for name in known.names:
        yield "=" + name
    for first in range(site.items - 1):
        yield "swap%d" % first
