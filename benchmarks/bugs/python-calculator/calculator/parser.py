"""Turns tokens into a tree by precedence climbing."""

from calculator.grammar import OPERATORS, SyntaxProblem


class Parser:
    """Nodes are numbers, names, ``("neg", node)`` and ``(operator, left, right)``."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.position = 0

    def peek(self):
        return self.tokens[self.position] if self.position < len(self.tokens) else ("end", "")

    def advance(self):
        token = self.peek()
        self.position += 1
        return token

    def parse(self):
        tree = self.expression(0)
        kind, value = self.peek()
        if kind != "end":
            raise SyntaxProblem(f"unexpected {value!r}")
        return tree

    def expression(self, weakest):
        left = self.operand()
        while True:
            kind, symbol = self.peek()
            operator = OPERATORS.get(symbol) if kind == "symbol" else None
            if operator is None or operator.strength < weakest:
                return left
            self.advance()
            right = self.expression(operator.strength + (0 if operator.right else 1))
            left = (symbol, left, right)

    def operand(self):
        kind, value = self.advance()
        if kind in ("number", "name"):
            return value
        if value == "-":
            return ("neg", self.expression(25))
        if value == "(":
            tree = self.expression(0)
            if self.advance()[1] != ")":
                raise SyntaxProblem("missing )")
            return tree
        raise SyntaxProblem(f"unexpected {value or 'end'!r}")
