"""What the watchers of a Python process share: acting on modules as they come, and reaching children.

Like its neighbours this file is imported by the *project's* interpreter, from a folder of the sandbox, so
it uses the standard library only and nothing of Seedsmith.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
_waiting = {}
_children = {"reached": True}


class _Finder:
    """Finds nothing itself; acts on the modules that are waited for once another finder's loader ran them."""

    def find_spec(self, name, path=None, target=None):
        if name not in _waiting:
            return None
        acts = _waiting.pop(name)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if hasattr(finder, "find_spec") else None
            if spec is not None:
                _act_afterwards(spec.loader, acts)
                return spec
        return None


def _act_afterwards(loader, acts):
    execute = loader.exec_module

    def exec_module(module):
        execute(module)
        for act in acts:
            act(module)

    try:
        loader.exec_module = exec_module
    except AttributeError:
        pass  # a loader of another kind: its module stays unwatched


def after_import(name, act):
    """Call ``act`` with the module of this name, now or once it has been imported."""
    if name in sys.modules:
        act(sys.modules[name])
    else:
        _waiting.setdefault(name, []).append(act)


def add_pytest_plugin(make, name):
    """Register what ``make`` returns for pytest's ``hookimpl`` with every pytest of this process."""

    def watch(module):
        manager = module.PytestPluginManager
        prepare = manager.__init__

        def prepared(self, *arguments, **keywords):
            prepare(self, *arguments, **keywords)
            leave_children()
            self.register(make(module.hookimpl), name)

        manager.__init__ = prepared

    after_import("_pytest.config", watch)


def leave_children():
    """What the tests themselves start gets the environment they give it."""
    _children["reached"] = False


def _reaching(environment):
    """The environment for a child, the watchers in it again where they were left out."""
    given = os.environ if environment is None else environment
    try:
        if not _children["reached"] or HERE in given.get("PYTHONPATH", "").split(os.pathsep):
            return environment
        added = dict(given)
    except (AttributeError, TypeError):
        return environment  # bytes, or something else that is none of ours
    added["PYTHONPATH"] = os.pathsep.join(filter(None, (HERE, given.get("PYTHONPATH"))))
    for name, value in os.environ.items():
        if name.startswith(("SEEDSMITH_", "PYTEST_")):
            added.setdefault(name, value)
    script = os.path.join(HERE, "seedsmith_watch.js")
    if os.path.exists(script) and script not in added.get("NODE_OPTIONS", ""):
        added["NODE_OPTIONS"] = ("--require=" + script + " " + added.get("NODE_OPTIONS", "")).strip()
    return added


def _reach_popen(module):
    initialise = module.Popen.__init__

    def initialised(self, *arguments, **keywords):
        if len(arguments) > 10:  # the environment by position
            arguments = (*arguments[:10], _reaching(arguments[10]), *arguments[11:])
        else:
            keywords["env"] = _reaching(keywords.get("env"))
        initialise(self, *arguments, **keywords)

    module.Popen.__init__ = initialised


def _reach_executed(name):
    original = getattr(os, name)

    def execute(path, arguments, environment, **keywords):
        return original(path, arguments, _reaching(environment), **keywords)

    setattr(os, name, execute)


def start():
    sys.meta_path.insert(0, _Finder())
    after_import("subprocess", _reach_popen)
    for name in ("execve", "posix_spawn", "posix_spawnp"):  # the other exec functions end in execve
        if hasattr(os, name):
            _reach_executed(name)
