import unittest

from tasks import CycleError, TaskGraph, schedule


class TaskGraphTest(unittest.TestCase):
    def setUp(self):
        self.graph = TaskGraph()
        self.graph.add("wall", "floor")
        self.graph.add("floor", "ground")

    def test_chain(self):
        self.assertEqual(self.graph.order(), ["ground", "floor", "wall"])

    def test_stages(self):
        self.graph.add("garden", "ground")
        self.assertEqual(self.graph.stages(), [["ground"], ["floor", "garden"], ["wall"]])

    def test_required(self):
        self.assertEqual(self.graph.required("wall"), {"floor", "ground"})
        self.assertEqual(self.graph.required("ground"), set())

    def test_cycle(self):
        self.graph.add("ground", "wall")
        with self.assertRaises(CycleError) as caught:
            self.graph.order()
        self.assertEqual(caught.exception.tasks, ["floor", "ground", "wall"])

    def test_schedule_waits_for_all_needs(self):
        self.graph.add("roof", "wall", "beams")
        self.graph.add("beams")
        ends = schedule(self.graph, {"ground": 3, "floor": 2, "wall": 4, "beams": 1, "roof": 2})
        self.assertEqual(ends["roof"], 11)
