"""Small dense matrices of exact numbers."""

from fractions import Fraction


class Matrix:
    """An immutable matrix of fractions."""

    def __init__(self, rows):
        self.rows = tuple(tuple(Fraction(value) for value in row) for row in rows)
        if not self.rows or len({len(row) for row in self.rows}) != 1:
            raise ValueError("rows must be non-empty and of one length")

    @classmethod
    def identity(cls, size):
        return cls([[1 if row == column else 0 for column in range(size)] for row in range(size)])

    @property
    def shape(self):
        return len(self.rows), len(self.rows[0])

    def __eq__(self, other):
        return isinstance(other, Matrix) and self.rows == other.rows

    def __hash__(self):
        return hash(self.rows)

    def __add__(self, other):
        if self.shape != other.shape:
            raise ValueError("shapes differ")
        return Matrix(
            [a + b for a, b in zip(left, right, strict=True)]
            for left, right in zip(self.rows, other.rows, strict=True)
        )

    def __matmul__(self, other):
        if self.shape[1] != other.shape[0]:
            raise ValueError("shapes do not fit")
        columns = other.transpose().rows
        return Matrix(
            [sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in self.rows
        )

    def scale(self, factor):
        return Matrix([value * factor for value in row] for row in self.rows)

    def transpose(self):
        return Matrix(zip(*self.rows, strict=True))

    def minor(self, row, column):
        """The matrix without one row and one column."""
        return Matrix(
            line[:column] + line[column + 1 :] for index, line in enumerate(self.rows) if index != row
        )

    def determinant(self):
        if self.shape[0] != self.shape[1]:
            raise ValueError("not square")
        if self.shape == (1, 1):
            return self.rows[0][0]
        return sum(value * self.cofactor(0, column) for column, value in enumerate(self.rows[0]))

    def cofactor(self, row, column):
        return checkerboard(row, column) * self.minor(row, column).determinant()

    def inverse(self):
        """Raises :class:`ZeroDivisionError` where there is none."""
        determinant = self.determinant()
        size = self.shape[0]
        if size == 1:
            return Matrix([[1 / determinant]])
        cofactors = Matrix([self.cofactor(row, column) for column in range(size)] for row in range(size))
        return cofactors.transpose().scale(1 / determinant)


def checkerboard(row, column):
    """The sign of a place in the expansion by minors."""
    return -1 if (row + column) % 2 else 1


def solve(matrix, right_side):
    """The vector x with ``matrix @ x == right_side``."""
    column = Matrix([[value] for value in right_side])
    return [row[0] for row in (matrix.inverse() @ column).rows]
