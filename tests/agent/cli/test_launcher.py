"""The installed command: which Python it runs, wherever it lies, and what that Python can't be led to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from examples import first_fast

ROOT = Path(__file__).parents[3]
LAUNCHER = ROOT / ".package/bin/seedsmith"
INSTALLED = Path(sys.executable).with_name("seedsmith")
TELLING = '#!/bin/sh\necho "$0"\nfor word; do echo "$word"; done\n'
FIRED = "import os\nopen({mark!r}, 'a').write(repr(dict(os.environ)))\n"


def put(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)
    return path


def said(command: str, **more) -> list[str]:
    done = subprocess.run([command, "a b", "--c"], capture_output=True, text=True, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(params=["env", "a b  c", "-n", "ä\t$HOME`x`*"])
def installed(request, tmp_path):
    """The launcher in an environment whose Python only says how it was called."""
    folder = tmp_path / request.param
    put(folder / "pyvenv.cfg", "")
    put(folder / "bin/python", TELLING)
    return put(folder / "bin/seedsmith", LAUNCHER.read_text())


FLAGS = ["-E", "-P", "-m", "seedsmith", "a b", "--c"]


def test_it_runs_the_python_beside_it(installed):
    assert said(str(installed)) == [str(installed.with_name("python")), *FLAGS]


def test_it_is_found_on_the_path(installed):
    environment = {"PATH": f"{installed.parent}:/usr/bin:/bin"}
    assert said("seedsmith", env=environment)[1:] == FLAGS


def test_it_follows_its_own_links(installed, tmp_path):
    """As pipx makes them: absolute, relative, and links to links, in folders that are links themselves."""
    first = tmp_path / "local bin/seedsmith"
    first.parent.mkdir()
    first.symlink_to(installed)
    second = tmp_path / "local bin/other"
    second.symlink_to("seedsmith")
    folder = tmp_path / "linked"
    folder.symlink_to("local bin")
    third = tmp_path / "third"
    third.symlink_to("linked/other")
    for link in (first, second, folder / "other", third):
        lines = said(str(link))
        assert Path(lines[0]).resolve() == installed.with_name("python") and lines[1:] == FLAGS


def test_programs_of_the_current_folder_and_path_are_not_taken(installed, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(installed)
    for name in ("readlink", "python", "python3", "sh", "env"):
        put(tmp_path / "hostile" / name, "#!/bin/sh\necho hostile\n")
    environment = {"PATH": f"{tmp_path}/hostile:."}
    assert "hostile" not in said(str(link), env=environment, cwd=tmp_path / "hostile")


@pytest.mark.parametrize("library", ["lib/python3.99/site-packages", "local/lib/python3.99/dist-packages"])
def test_without_an_environment_the_packages_folder_names_the_python(tmp_path, library):
    (tmp_path / library / "seedsmith-0.1.0.dist-info").mkdir(parents=True)
    (tmp_path / "lib/python3.98/site-packages").mkdir(parents=True)
    launcher = put(tmp_path / "bin/seedsmith", LAUNCHER.read_text())
    for name in ("python3.98", "python3", "python"):
        put(tmp_path / "bin" / name, "#!/bin/sh\necho another\n")
    put(tmp_path / "bin/python3.99", TELLING)
    assert said(str(launcher))[1:] == FLAGS


def test_without_any_python_it_says_so(tmp_path):
    launcher = put(tmp_path / "bin/seedsmith", LAUNCHER.read_text())
    done = subprocess.run([launcher, "--version"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == f"seedsmith: No Python was found for {launcher}; install Seedsmith again.\n"


def test_what_is_installed_is_the_launcher():
    assert INSTALLED.read_bytes() == LAUNCHER.read_bytes() and os.access(INSTALLED, os.X_OK)


@pytest.fixture
def real(tmp_path):
    """The launcher beside this very Python, in an environment of its own."""
    folder = tmp_path / "real env"
    put(folder / "pyvenv.cfg", f"home = {Path(sys.executable).resolve().parent}\n")
    (folder / "bin").mkdir()
    (folder / "bin/python").symlink_to(Path(sys.executable).resolve())
    packages = folder / f"lib/python3.{sys.version_info.minor}/site-packages"
    own = sysconfig.get_path("purelib")
    put(packages / "own.pth", f"import site; site.addsitedir({own!r})\n")
    return put(folder / "bin/seedsmith", LAUNCHER.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("variable", first_fast(3, ["{0}/src:.", ".", "", ":", "src", "{0}", "{0}/src"]))
def test_no_variable_and_no_folder_leads_it_to_the_repositorys_modules(real, tmp_path, variable):
    repository = tmp_path / "work"
    mark = str(tmp_path / "fired")
    for name in ("sitecustomize", "usercustomize", "pydantic", "click", "seedsmith", "encodings"):
        put(repository / f"{name}.py", FIRED.format(mark=mark))
        put(repository / f"src/{name}.py", FIRED.format(mark=mark))
    command = {"command": "echo path=$PYTHONPATH"}
    done = subprocess.run(
        [real, "tool", "shell", json.dumps(command), "--json", "--sandbox", "off"],
        cwd=repository,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "SEEDSMITH_API_KEY": "sk-1234567890",
            "PYTHONPATH": variable.format(repository),
            "PYTHONHOME": str(repository / "src"),
            "PYTHONSTARTUP": str(repository / "sitecustomize.py"),
            "PYTHONUSERBASE": str(repository),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not Path(mark).exists()
    entries = [str(repository / entry) for entry in variable.format(repository).split(":") if entry]
    expected = ":".join(os.path.normpath(entry) for entry in entries)
    assert f"path={expected}\n" in json.loads(done.stdout)["text"]
