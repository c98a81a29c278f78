import unittest

from intervals import Interval, coverage, merge, subtract


class MergeTest(unittest.TestCase):
    def test_disjoint_intervals_stay(self):
        self.assertEqual(merge([Interval(5, 6), Interval(1, 2)]), [Interval(1, 2), Interval(5, 6)])

    def test_touching_intervals_are_joined(self):
        self.assertEqual(merge([Interval(1, 2), Interval(2, 4)]), [Interval(1, 4)])

    def test_contained_interval_disappears(self):
        self.assertEqual(merge([Interval(1, 10), Interval(3, 4)]), [Interval(1, 10)])

    def test_empty_intervals_are_dropped(self):
        self.assertEqual(merge([Interval(3, 3)]), [])


class ArithmeticTest(unittest.TestCase):
    def test_subtract_hole_in_the_middle(self):
        self.assertEqual(subtract([Interval(0, 10)], [Interval(3, 5)]), [Interval(0, 3), Interval(5, 10)])

    def test_subtract_everything(self):
        self.assertEqual(subtract([Interval(2, 4)], [Interval(0, 9)]), [])

    def test_coverage_counts_once(self):
        self.assertEqual(coverage([Interval(0, 4), Interval(2, 6), Interval(8, 9)]), 7)

    def test_intersection(self):
        self.assertEqual(Interval(0, 4).intersection(Interval(2, 6)), Interval(2, 4))
        self.assertIsNone(Interval(0, 2).intersection(Interval(2, 6)))
