"""The SDK is loaded without its types, and they are all there when asked for; in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code):
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


LOAD = "from seedsmith.agent.models.network.sdk import load_sdk; load_sdk()"
COUNT = "import sys; print(sum(name.startswith('openai.types') for name in sys.modules))"


@pytest.mark.slow
def test_loading_leaves_most_types_out():
    lean = run(f"{LOAD}; {COUNT}")
    whole = run(f"import openai; {COUNT}")
    assert int(lean[0]) < int(whole[0]) / 3


@pytest.mark.slow
def test_every_name_of_the_types_packages_is_still_there():
    names = "[name for name in dir(package) if not name.startswith('_')]"
    packages = "import importlib; packages = ['openai.types', 'openai.types.chat', 'openai.types.responses']"
    whole = run(f"{packages}\nfor p in packages: package = importlib.import_module(p); print(*{names})")
    run(
        f"from seedsmith.agent.models.network.sdk import load_sdk; load_sdk(); {packages}\n"
        f"names = {whole!r}\n"
        "modules = [importlib.import_module(p) for p in packages]\n"
        "missing = [name for name in names if not any(hasattr(module, name) for module in modules)]\n"
        "assert len(names) > 400 and set(missing) <= {'annotations'}, missing\n"
        "from openai.types.chat.chat_completion import ChatCompletion\n"
        "assert modules[1].ChatCompletion is ChatCompletion\n"
        "try: modules[0].Nonsense\n"
        "except AttributeError: pass\n"
        "else: raise SystemExit('no error for a name that is not there')"
    )


@pytest.mark.slow
def test_what_the_sdk_itself_makes_is_there_when_it_is_asked_for():
    code = f"{LOAD}\nimport openai, sys\nprint('openai.resources.chat' in sys.modules)\nopenai.api_key = 'k'"
    code += """
print(openai.chat.completions._client.api_key, all(hasattr(openai, name) for name in openai.__all__))
try: openai.nonsense
except AttributeError: print('no')"""
    assert run(code) == ["False", "k", "True", "no"]


@pytest.mark.slow
def test_the_client_works_as_ever():
    run(
        "from seedsmith.agent.models.network.sdk import load_sdk; load_sdk(); load_sdk(); import openai\n"
        "client = openai.AsyncOpenAI(api_key='x'); client.responses; client.chat.completions"
    )


def test_a_package_that_does_more_than_gather_names_is_loaded_whole(tmp_path):
    types = tmp_path / "openai" / "types"
    types.mkdir(parents=True)
    (tmp_path / "openai" / "__init__.py").write_text("from . import types\n")
    (types / "__init__.py").write_text("from .a import (\n    A as A,  # first\n    B,\n)\n\nSUM = A + B\n")
    (types / "a.py").write_text("A = 1\nB = 2\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{LOAD}\n"
    assert run(code + "import openai; print(openai.types.SUM)") == ["3"]


def test_an_sdk_of_another_shape_is_loaded_as_it_is(tmp_path):
    types = tmp_path / "openai" / "types"
    types.mkdir(parents=True)
    (tmp_path / "openai" / "__init__.py").write_text("from .types import *\nSUM = A + 1\n")
    (types / "__init__.py").write_text("from .a import A\n")
    (types / "a.py").write_text("A = 1\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{LOAD}\n"
    assert run(code + "import openai; print(openai.SUM, len(sys.meta_path))")[0] == "2"
