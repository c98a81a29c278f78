import pytest
from graph import Graph, NoPathError


@pytest.fixture
def roads():
    graph = Graph()
    graph.add_edge("a", "b", 4)
    graph.add_edge("a", "c", 1)
    graph.add_edge("c", "b", 2)
    graph.add_edge("b", "d", 5)
    graph.add_node("island")
    return graph


def test_distance(roads):
    assert roads.distance("a", "d") == 8


def test_direct_path(roads):
    assert roads.path("a", "c") == ["a", "c"]


def test_path_with_detour(roads):
    assert roads.path("a", "d") == ["a", "c", "b", "d"]


def test_no_path(roads):
    with pytest.raises(NoPathError, match="island"):
        roads.path("a", "island")


def test_reachable(roads):
    assert roads.reachable("c") == {"c", "b", "d"}


def test_lightest_edge_counts():
    graph = Graph()
    graph.add_edge(1, 2, 7)
    graph.add_edge(1, 2, 3, both_ways=True)
    assert graph.distance(1, 2) == 3
    assert graph.distance(2, 1) == 3
