"""``--add-dir``: tools and commands read another folder, and none writes there."""

import json

import pytest

from seedsmith.agent.cli.main import main


@pytest.fixture
def tool(tmp_path, monkeypatch, capsys):
    """Runs a tool in one folder with another one added; its result."""
    for name in ("repo", "library", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "library/api.py").write_text("def needle(): ...\n")
    (tmp_path / "secret.txt").write_text("secret\n")
    (tmp_path / "library/out.txt").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEEDSMITH_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)

    def call(name, *flags, **arguments):
        capsys.readouterr()
        main(["tool", name, json.dumps(arguments), "-C", "repo", "--add-dir", "library", "--json", *flags])
        printed = capsys.readouterr()
        return json.loads(printed.out) if printed.out else printed.err

    return call


@pytest.mark.slow
def test_tools_and_commands_read_there(tool, tmp_path):
    library = tmp_path / "library"
    assert "def needle" in tool("read", path=f"{library}/api.py")["text"]
    assert f"{library}/api.py" in tool("glob", pattern="*.py", path=str(library))["text"]
    assert "needle" in tool("grep", pattern="needle", path=str(library))["text"]
    assert "def needle" in tool("shell", command=f"cat {library}/api.py")["text"]


@pytest.mark.slow
def test_nothing_writes_there(tool, tmp_path):
    file = tmp_path / "library/api.py"
    before = file.read_bytes()
    for result in (
        tool("edit", path=str(file), old="needle", new="thread"),
        tool("write", path=f"{file.parent}/new.py", content="x"),
        tool("patch", patch=f"*** Begin Patch\n*** Delete File: {file}\n*** End Patch\n"),
        tool("shell", command=f"echo x > {file}"),
        tool("shell", command=f"touch {file.parent}/new.py"),
    ):
        assert not result["ok"], result
    assert file.read_bytes() == before and not (file.parent / "new.py").exists()
    assert "to be read only" in tool("write", path=f"{file.parent}/new.py", content="x")["text"]


def test_no_link_leads_out_of_it(tool, tmp_path):
    assert not tool("read", path=f"{tmp_path}/library/out.txt")["ok"]
    assert not tool("read", path=f"{tmp_path}/secret.txt")["ok"]


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("missing", "can't be shown: no such file"),
        ("secret.txt", "is not a folder"),
        ("state", "sessions and trust are kept there"),
        ("home", "is your home folder"),
        (".", "sessions and trust are kept there"),
    ],
)
def test_a_folder_that_cannot_be_shown_is_refused(tool, folder, why, tmp_path):
    (tmp_path / "state").mkdir(mode=0o700)
    assert why in tool("read", "--add-dir", folder, path="a")
