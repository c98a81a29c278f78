"""Run the tests that failed before first, or alone, so that a wrong change is known at once.

The file ``first`` next to this one holds their node ids, one a line; where ``SEEDSMITH_ONLY`` is set, no
other test is even collected. Like its neighbours this file is copied into the sandbox, so it uses the
standard library only.
"""

import os

import seedsmith_start


def failed_before():
    path = os.path.join(seedsmith_start.HERE, "first")
    with open(path, encoding="utf-8", errors="surrogatepass") as file:
        return file.read().split("\n")


def pytest_plugin(hookimpl):
    class Plugin:
        def pytest_configure(self, config):
            if os.environ.get("SEEDSMITH_ONLY"):
                root = str(config.rootpath)
                config.args = [os.path.join(root, node) for node in failed_before()]

        def pytest_collection_modifyitems(self, items):
            first = set(failed_before())
            items.sort(key=lambda item: item.nodeid not in first)

    return Plugin()


def start():
    seedsmith_start.add_pytest_plugin(pytest_plugin, "seedsmith_first")
