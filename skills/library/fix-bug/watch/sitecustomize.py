"""Start the watchers in every Python process of the test command, then the site's own customisation."""

import importlib
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
_watchers = [
    importlib.import_module(name[:-3])
    for name in sorted(os.listdir(_here))
    if name.startswith("seedsmith_") and name.endswith(".py")
]

sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _here]
_self = sys.modules.pop("sitecustomize")
try:
    importlib.import_module("sitecustomize")
except ImportError:
    sys.modules["sitecustomize"] = _self
for _watcher in _watchers:
    _watcher.start()
