"""Start the watcher in every Python process of the test command, then the site's own customisation."""

import importlib
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
import seedsmith_trace

sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _here]
_self = sys.modules.pop("sitecustomize")
try:
    importlib.import_module("sitecustomize")
except ImportError:
    sys.modules["sitecustomize"] = _self
sys.path.append(_here)  # pytest imports the watcher by name, as a plugin
seedsmith_trace.start()
