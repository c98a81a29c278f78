import unittest

from calculator.evaluate import evaluate
from calculator.grammar import SyntaxProblem


class EvaluateTest(unittest.TestCase):
    def test_precedence(self):
        self.assertEqual(evaluate("1 + 2 * 3"), 7)

    def test_parentheses(self):
        self.assertEqual(evaluate("(1 + 2) * 3"), 9)

    def test_chains_of_subtractions(self):
        self.assertEqual(evaluate("10 - 4 - 3"), 3)

    def test_negative_operand(self):
        self.assertEqual(evaluate("-2 ^ 2"), -4)
        self.assertEqual(evaluate("2 * -3"), -6)

    def test_names(self):
        self.assertEqual(evaluate("a % b", a=7, b=4), 3)
        with self.assertRaises(NameError):
            evaluate("missing + 1")

    def test_tower_of_powers(self):
        self.assertEqual(evaluate("2 ^ 3 ^ 2"), 512)

    def test_problems(self):
        for text in ("1 +", "(1", "1 $ 2", "1 2"):
            with self.assertRaises(SyntaxProblem):
                evaluate(text)
