"""``apply_patch`` as a command of the shell is the patch tool: no turn is lost to another program's habit."""

from __future__ import annotations

import json
import os

import pytest

from seedsmith.agent.calls.patch_in_shell import PatchCommand, read_patch_command
from seedsmith.agent.calls.runner import CallRunner
from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.redact import Redactor
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.off import Off
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.tools.base import ToolContext
from seedsmith.tools.registry import default_tools

PATCH = "*** Begin Patch\n*** Update File: shop.py\n@@\n-price = 1\n+price = 2\n*** End Patch"
INSIDE = PATCH.replace("shop.py", "sub/shop.py")


@pytest.mark.parametrize(
    ("command", "patch", "rest"),
    [
        (f"apply_patch <<'EOF'\n{PATCH}\nEOF", PATCH, ""),
        (f"apply_patch <<'EOF'\n{PATCH}\nEOF\n", PATCH, ""),
        (f'\napplypatch << "PATCH"\n{PATCH}\nPATCH\n\n', PATCH, ""),
        (f"apply_patch <<EOF 2>&1\n{PATCH}\nEOF".replace("EOF 2>&1", "'EOF' 2>&1"), PATCH, ""),
        (f"cat <<'EOF' | apply_patch\n{PATCH}\nEOF", PATCH, ""),
        (f"apply_patch '{PATCH}'", PATCH, ""),
        (f"apply_patch '{PATCH}' && make test", PATCH, "make test"),
        (f"apply_patch <<'EOF'\n{PATCH}\nEOF\npytest -q\nls", PATCH, "pytest -q\nls"),
        (f"apply_patch <<'EOF' && pytest -q\n{PATCH}\nEOF", PATCH, "pytest -q"),
        (f"cd sub && apply_patch <<'EOF'\n{PATCH}\nEOF", INSIDE, ""),
        (f"cd -- sub || exit\napply_patch <<'EOF'\n{PATCH}\nEOF", INSIDE, ""),
        (f"cd 'sub'\napply_patch <<'EOF'\n{PATCH}\nEOF\nls", INSIDE, "cd -- sub || exit\nls"),
        (f"cd -- . || exit\ncd sub && apply_patch <<'EOF'\n{PATCH}\nEOF", INSIDE, ""),
        ("apply_patch <<EOF\n+\\$a = \\`b\\` \\\\ $c \\n\nEOF", "+$a = `b` \\ $c \\n", ""),
        ("apply_patch <<'EOF'\n+\\$a\nEOF", "+\\$a", ""),
    ],
)
def test_a_command_that_begins_with_a_patch_is_read(command, patch, rest):
    assert read_patch_command(command) == PatchCommand(patch, rest)


@pytest.mark.parametrize(
    "command",
    [
        "git apply a.patch",
        "echo apply_patch",
        f"ls; apply_patch <<'EOF'\n{PATCH}\nEOF",
        f"apply_patch <<'EOF'\n{PATCH}",
        f"apply_patch <<'EOF' | tee log\n{PATCH}\nEOF",
        f'cd "$HERE" && apply_patch <<EOF\n{PATCH}\nEOF',
        "apply_patch < a.patch",
        "man apply_patch",
    ],
)
def test_any_other_command_is_left_to_the_shell(command):
    assert read_patch_command(command) is None


@pytest.fixture
def runner(house, tmp_path):
    """A runner of the built-in tools in the house's workspace."""
    folders = [tmp_path / "state-of-commands", tmp_path / "private"]
    for folder in folders:
        folder.mkdir()
    spills = SpillStore(folders[0] / "spills")
    policy = Policy(workspace=house.root, private_tmp=folders[1], state=folders[0])
    processes = ProcessRunner(Off(), policy, spills, environment={"PATH": os.environ["PATH"]})
    context = ToolContext(house.workspace, processes, spills)
    (house.root / "shop.py").write_text("price = 1\n")
    tools = {tool.spec.name: tool for tool in default_tools()}
    return CallRunner(tools, context, house.sink, Redactor(()))


async def ran(runner, command):
    """The prepared call of the shell with ``command``, and its result."""
    prepared = runner.prepare(ToolCall("1", "shell", json.dumps({"command": command})))

    async def begin():
        pass

    return prepared, (await runner.run(prepared, begin)).result


async def test_a_patch_alone_is_a_call_of_the_patch_tool(house, runner):
    prepared, result = await ran(runner, f"apply_patch <<'EOF'\n{PATCH}\nEOF")
    assert result.ok and result.text == "patched 1 file\nchanged shop.py: 1 hunk"
    assert (prepared.call.name, prepared.access.writes) == ("patch", {"shop.py"})
    assert (house.root / "shop.py").read_text() == "price = 2\n"


async def test_a_patch_in_a_folder_named_whole_is_taken(house, runner):
    prepared, result = await ran(runner, f"cd {house.root} && apply_patch <<'EOF'\n{PATCH}\nEOF\nls")
    assert result.ok and result.text.startswith("patched 1 file\n"), result.text
    assert (house.root / "shop.py").read_text() == "price = 2\n"


async def test_what_follows_a_patch_runs_after_it(house, runner):
    prepared, result = await ran(runner, f"apply_patch <<'EOF'\n{PATCH}\nEOF\ncat shop.py")
    assert "shop.py" in prepared.access.writes  # a rule on files covers it
    assert result.ok and result.text == "patched 1 file\nchanged shop.py: 1 hunk\nprice = 2\nexit code 0"


async def test_what_follows_a_patch_that_does_not_fit_is_not_run(house, runner):
    wrong = PATCH.replace("-price = 1", "-price = 7")
    _, result = await ran(runner, f"apply_patch <<'EOF'\n{wrong}\nEOF\ntouch ran")
    assert not result.ok and result.text.endswith("The rest of the command was not run.")
    assert (house.root / "shop.py").read_text() == "price = 1\n" and not (house.root / "ran").exists()


async def test_a_patch_that_only_the_shell_could_read_is_told_where_to_go(runner):
    _, result = await ran(runner, "true; apply_patch < a.patch; apply_patch </dev/null")
    assert not result.ok and "give the patch to the tool patch, or begin the command with it" in result.text
