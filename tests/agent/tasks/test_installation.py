"""The doctor says whether the program has an environment of its own."""

from __future__ import annotations

import json
from importlib.metadata import distributions

import pytest

from seedsmith.agent.tasks.installation import why_shared


@pytest.fixture
def environment(tmp_path):
    """An environment's folder, into which packages can be put."""

    class Environment:
        prefix = tmp_path / "environment"
        workspace = tmp_path / "work"

        def put(self, name, *needs, extras=(), **files):
            folder = self.prefix / f"{name}-1.0.dist-info"
            folder.mkdir(parents=True)
            lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
            lines += [f"Provides-Extra: {each}" for each in extras]
            lines += [f"Requires-Dist: {each}" for each in needs]
            (folder / "METADATA").write_text("\n".join(lines) + "\n")
            for file, content in files.items():
                (folder / file.replace("__", ".")).write_text(content)

        def why(self):
            return why_shared(self.prefix, self.workspace, distributions(path=[str(self.prefix)]))

    (tmp_path / "work").mkdir()
    return Environment()


def test_its_own_environment_holds_what_it_needs_and_what_extends_it(environment):
    environment.put("seedsmith", REQUESTED="")
    environment.put("pip", REQUESTED="")
    environment.put("pydantic")
    environment.put("seedsmith_json", REQUESTED="", entry_points__txt="[seedsmith.tools]\nx = y:Z\n")
    assert environment.why() == ""


def test_what_somebody_asked_for_beside_it_is_named(environment):
    environment.put("seedsmith", REQUESTED="")
    for name in ("flask", "Django", "celery", "redis"):
        environment.put(name, REQUESTED="")
    assert environment.why() == f"in {environment.prefix} beside celery, django, flask and 1 more"


def test_where_every_package_was_asked_for_what_it_needs_is_no_other_s(environment):
    """As uv notes it, and pipx with it."""
    needs = ("GitPython>=3.1", 'mcp>=2 ; extra == "servers"')
    environment.put("seedsmith", *needs, extras=("servers",), REQUESTED="")
    environment.put("gitpython", "gitdb<5,>=4.0.1", 'pytest; extra == "test"', REQUESTED="")
    environment.put("gitdb", REQUESTED="")
    environment.put("mcp", "pyjwt[crypto]>=2", REQUESTED="")
    environment.put("PyJWT", 'crypto_graphy>=3 ; extra == "crypto"', REQUESTED="")
    environment.put("crypto.graphy", REQUESTED="")
    environment.put(
        "seedsmith_json", "orjson", REQUESTED="", entry_points__txt="[seedsmith.tools]\nx = y:Z\n"
    )
    environment.put("orjson", REQUESTED="")
    assert environment.why() == ""
    environment.put("pytest", REQUESTED="")
    assert environment.why() == f"in {environment.prefix} beside pytest"


def test_a_project_that_is_installed_for_editing_is_named(environment):
    environment.put("shop", direct_url__json=json.dumps({"url": "file:///w", "dir_info": {"editable": True}}))
    environment.put("odd", direct_url__json="{")
    assert environment.why().endswith(" beside shop")


def test_an_environment_in_the_workspace_is_the_project_s(environment):
    environment.prefix = environment.workspace / ".venv"
    assert environment.why() == f"in this project's environment, {environment.prefix}"
