"""Run the tests that failed before first, or alone, so that a wrong change is known at once.

``SEEDSMITH_FIRST`` names a file with their node ids, one a line; where ``SEEDSMITH_ONLY`` is set, no other
test is even collected. Like its neighbours this file is copied into the sandbox, so it uses the standard
library only.
"""

import os


def failed_before():
    with open(os.environ["SEEDSMITH_FIRST"], encoding="utf-8", errors="surrogatepass") as file:
        return file.read().split("\n")


def pytest_configure(config):
    if os.environ.get("SEEDSMITH_ONLY"):
        root = str(config.rootpath)
        config.args = [os.path.join(root, node) for node in failed_before()]


def pytest_collection_modifyitems(items):
    first = set(failed_before())
    items.sort(key=lambda item: item.nodeid not in first)
