import unittest
from fractions import Fraction

from matrix import Matrix, solve


class MatrixTest(unittest.TestCase):
    def test_addition(self):
        self.assertEqual(Matrix([[1, 2]]) + Matrix([[3, 4]]), Matrix([[4, 6]]))

    def test_product(self):
        self.assertEqual(Matrix([[1, 2], [3, 4]]) @ Matrix([[0, 1], [1, 0]]), Matrix([[2, 1], [4, 3]]))

    def test_shapes_are_checked(self):
        with self.assertRaises(ValueError):
            Matrix([[1, 2]]) @ Matrix([[1, 2]])

    def test_transpose(self):
        self.assertEqual(Matrix([[1, 2, 3]]).transpose(), Matrix([[1], [2], [3]]))

    def test_minor(self):
        self.assertEqual(Matrix([[1, 2, 3], [4, 5, 6], [7, 8, 9]]).minor(1, 1), Matrix([[1, 3], [7, 9]]))

    def test_solve_single(self):
        self.assertEqual(solve(Matrix([[4]]), [2]), [Fraction(1, 2)])

    def test_solve_system(self):
        self.assertEqual(solve(Matrix([[2, 1], [1, 3]]), [5, 10]), [1, 3])

    def test_inverse(self):
        matrix = Matrix([[2, 0, 1], [1, 1, 0], [0, 3, 1]])
        self.assertEqual(matrix @ matrix.inverse(), Matrix.identity(3))
