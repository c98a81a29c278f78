"""Run the tests that failed before first, so that a wrong change is known at once (a pytest plugin).

``SEEDSMITH_FIRST`` names a file with their node ids, one a line. Like its neighbour this file is copied
into the sandbox, so it uses the standard library only.
"""

import os


def pytest_collection_modifyitems(items):
    with open(os.environ["SEEDSMITH_FIRST"], encoding="utf-8") as file:
        first = set(file.read().split("\n"))
    items.sort(key=lambda item: item.nodeid not in first)
