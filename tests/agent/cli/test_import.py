"""``seedsmith import``: what is taken works here, what is there stays, and the rest is named with why."""

from __future__ import annotations

import json
import sys

import pytest
import yaml

from seedsmith.agent.settings.config import load
from seedsmith.agent.settings.imports.hook_lines import argv_of
from seedsmith.agent.settings.mcp_servers import find_servers

SETTINGS = {
    "$schema": "https://json.schemastore.org/claude-code-settings.json",
    "model": "opus",
    "permissions": {"allow": ["Bash(git:*)"]},
    "hooks": {
        "PreToolUse": [
            {
                "matcher": "Bash|Edit",
                "hooks": [{"type": "command", "command": "python3 ~/.claude/guard.py", "timeout": 5}],
            },
            {"matcher": "WebFetch", "hooks": [{"type": "command", "command": "true"}]},
        ],
        "PostToolUse": [{"hooks": [{"type": "command", "command": "jq . | tee -a log"}]}],
        "Stop": [{"hooks": [{"type": "prompt", "prompt": "Done?"}]}],
        "Notification": [{"hooks": [{"type": "command", "command": "beep"}]}],
    },
}
CODEX = """
model = "gpt-5"
model_reasoning_effort = "high"
approval_policy = "never"

[mcp_servers.docs]
command = "docs-server"
args = ["--stdio"]
tool_timeout_sec = 20

[mcp_servers.web]
url = "https://mcp.invalid/mcp"
bearer_token_env_var = "WEB_TOKEN"
enabled = false

[mcp_servers.none]
args = []
"""


@pytest.fixture
def home(place, environment):
    """A home with what the two programs keep in one."""
    home = place / "home"
    environment["XDG_CONFIG_HOME"] = str(home / ".config")
    files = {
        ".claude/CLAUDE.md": "Answer briefly.\n",
        ".claude/settings.json": json.dumps(SETTINGS),
        ".claude/guard.py": "raise SystemExit(2)\n",
        ".claude/commands/ui/page.md": "Make the page $1.\n",
        ".claude/commands/empty.md": "",
        ".claude/skills/tidy/SKILL.md": "---\nname: tidy\ndescription: Tidies up.\n---\nDo it.\n",
        ".claude/skills/tidy/run.sh": "true\n",
        ".claude/skills/broken/SKILL.md": "Nothing.\n",
        ".claude/agents/critic.md": "---\nname: critic\ndescription: Finds faults.\n---\nBe hard.\n",
        ".claude/agents/none.md": "Nothing.\n",
        ".claude.json": json.dumps({"numStartups": 3, "mcpServers": {"files": {"command": "files-server"}}}),
        ".codex/config.toml": CODEX,
        ".codex/prompts/ship.md": "Ship $ARGUMENTS.\n",
    }
    for path, content in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(content)
    return home


def rows(done):
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return (
        {each["what"].partition(" (")[0]: each["where"] for each in found if "where" in each},
        {each["what"].partition(" (")[0]: each["why"] for each in found if "why" in each},
    )


def contents(home):
    return {path: path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


def test_what_is_taken_is_ours_and_what_is_left_out_is_named(seedsmith, home, place, environment):
    theirs = contents(home)
    taken, left_out = rows(seedsmith("import", "--json"))
    assert theirs.items() <= contents(home).items(), "nothing of theirs is changed"
    assert {key.removeprefix(str(home)) for key in taken} == {
        "/.claude/CLAUDE.md",
        "skill tidy",
        "command ui-page",
        "command ship",
        "helper critic",
        "MCP server files",
        "MCP server docs",
        "MCP server web",
        "hooks",
        "model_reasoning_effort",
    }
    ours = home / ".config" / "seedsmith"
    assert (ours / "AGENTS.md").read_text() == "Answer briefly.\n"
    assert (home / ".agents/skills/tidy/run.sh").is_file()
    assert (home / ".agents/agents/critic.md").is_file()
    page = yaml.safe_load((home / ".agents/skills/ui-page/skill.yaml").read_text())
    assert page["instructions"] == "Make the page {{argument_1}}.\n"
    assert {"model", "permissions", "approval_policy", "command empty", "skill broken", "helper none"} < {
        *left_out
    }
    assert left_out["hooks of Notification"] == "there is no such event here"
    assert left_out["hooks of Stop"] == "it is no command"
    assert left_out["MCP server none"] == "needs either a command or a url"
    settings = load({"workspace": place / "repo"}, environment).settings
    assert settings.effort == "high" and settings.hooks is not None
    (guard,), (after,) = settings.hooks.before_tool, settings.hooks.after_tool
    assert guard.argv == ["python3", str(home / ".claude/guard.py")]
    assert (guard.tools, guard.timeout, guard.form) == (["shell", "edit", "patch"], 5, "claude")
    assert (after.argv, after.tools) == (["sh", "-c", "jq . | tee -a log"], None)
    servers = {each.name: each for each in find_servers(place / "repo", place / "state", environment)}
    assert servers["docs"].server is not None and servers["docs"].server.timeout == 20
    assert servers["web"].why == "is disabled"
    listed = seedsmith("skills", "list", "--json").stdout
    assert {"tidy", "ui-page", "ship"} <= {json.loads(line)["name"] for line in listed.splitlines()}


def test_a_second_time_nothing_is_written_over(seedsmith, home):
    rows(seedsmith("import", "--json"))
    (home / ".config/seedsmith/AGENTS.md").write_text("Mine.\n")
    before = contents(home)
    taken, left_out = rows(seedsmith("import", "--json"))
    assert taken == {} and contents(home) == before
    assert left_out["skill tidy"] == "there is one by that name already"
    assert "add to it by hand" in left_out["hooks"]


def test_a_dry_run_writes_nothing(seedsmith, home):
    before = contents(home)
    done = seedsmith("import", "claude", "--dry-run")
    assert "would take: skill tidy" in done.stdout and "left out: model" in done.stdout
    assert "codex" not in done.stdout and contents(home) == before


@pytest.mark.slow
def test_an_imported_guard_stops_a_call(process, home, place, endpoint, environment):
    from scripted_endpoint import calls, text

    (home / ".claude/guard.py").write_text(
        "import json, sys\n"
        "event = json.load(sys.stdin)\n"
        "if 'rm' in event['tool_input'].get('command', ''):\n"
        "    print('Nothing is removed here.', file=sys.stderr)\n"
        "    sys.exit(2)\n"
    )
    settings = json.loads((home / ".claude/settings.json").read_text())
    settings["hooks"] = {"PreToolUse": settings["hooks"]["PreToolUse"]}
    settings["hooks"]["PreToolUse"][0]["hooks"][0]["command"] = f"{sys.executable} ~/.claude/guard.py"
    (home / ".claude/settings.json").write_text(json.dumps(settings))
    assert process("import", "claude").returncode == 0
    endpoint.script(calls(("shell", {"command": "rm a.txt"})), text("It may not be removed."))
    environment["SEEDSMITH_API_KEY"] = "k"
    process("run", "Remove a.txt", "-m", "openai/test", "--base-url", endpoint.base_url)
    assert (place / "repo/a.txt").is_file()
    assert "Refused by a hook: Nothing is removed here." in endpoint.requests[-1].raw.decode()


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        (".claude/settings.json", "{", "is no JSON"),
        (".claude.json", "[]", "holds no object"),
        (".codex/config.toml", "a = ", "is no TOML"),
    ],
)
def test_what_can_not_be_read_is_said_in_a_sentence(seedsmith, home, path, content, said):
    (home / path).write_text(content)
    done = seedsmith("import")
    assert done.returncode == 2 and f"{home / path} {said}" in done.stderr and "Traceback" not in done.stderr


def test_without_either_program_it_says_so(seedsmith):
    done = seedsmith("import")
    assert done.returncode == 2 and "Neither ~/.claude nor ~/.codex" in done.stderr


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        ('"$CLAUDE_PROJECT_DIR"/.claude/hooks/check.sh --all', ["./.claude/hooks/check.sh", "--all"]),
        ("${CLAUDE_PROJECT_DIR}/x 'a b'", ["./x", "a b"]),
        ("$HOME/x ~/y", ["{home}/x", "{home}/y"]),
        ("A=1 x", ["sh", "-c", "A=1 x"]),
        ("x 'unended", ["sh", "-c", "x 'unended"]),
    ],
)
def test_a_line_becomes_arguments(tmp_path, line, argv):
    assert argv_of(line, tmp_path) == ([each.replace("{home}", str(tmp_path)) for each in argv], "")


def test_a_shell_line_with_files_of_the_home_folder_is_told(tmp_path):
    assert argv_of("cat ~/x | y", tmp_path)[1].startswith("it names files of the home folder")
