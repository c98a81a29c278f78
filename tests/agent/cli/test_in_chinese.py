"""With ``--lang zh``, or in a Chinese locale, whatever a command says itself is said in Chinese."""

import json
import re
import subprocess

import pytest
from scripted_endpoint import calls, error, text

ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,}")
DATA = re.compile(
    r"`[^`]*`|(seedsmith|pip install|apt-get|pipx|uv tool) .*|--\S+ \w+|(?<=：)(Chromium|git|ripgrep) .*"
    r"|[^\s：；，。（）]*/[^\s：；，。（）]*|grep -q two a\.txt"
)
"""Commands and paths, which are the same in any language."""
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@localhost")
CHINESE = re.compile("[\u4e00-\u9fff]")
EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})


def in_english(said: str) -> list[str]:
    """The lines of ``said`` that hold English besides commands and paths."""
    return [line for line in said.splitlines() if ENGLISH.search(DATA.sub("", line))]


@pytest.fixture(autouse=True)
def key(environment):
    environment["SEEDSMITH_API_KEY"] = "k-secret"


@pytest.fixture
def chinese(seedsmith, endpoint):
    """Calls a command in Chinese; its output, both streams, holds no English."""

    def call(*arguments, expect=0):
        done = seedsmith(*arguments, "--lang", "zh")
        said = done.stdout + done.stderr
        assert done.returncode == expect, said
        assert in_english(said) == [] and CHINESE.search(said)
        return done

    return call


@pytest.fixture
def service(endpoint):
    return ("-m", "openai/test", "--base-url", endpoint.base_url)


def test_a_run_and_what_is_told_of_its_session(chinese, seedsmith, endpoint, service):
    endpoint.script(calls(EDIT), text("改好了。"))
    done = chinese("run", "改一下", "--verify", "grep -q two a.txt", "--max-turns", "9", *service)
    assert done.stdout == "改好了。\n"
    assert "预算：9 轮" in done.stderr and "✓ 完成" in done.stderr and "改动 1 个文件" in done.stderr
    assert "验证：`grep -q two a.txt`：之前退出码 1，现在退出码 0" in done.stderr
    listed = chinese("sessions", "list")
    assert "刚刚" in listed.stdout and "完成" in listed.stdout
    shown = seedsmith("sessions", "show", "last", "--lang", "zh").stdout.splitlines()
    headings = [line for line in shown if line.startswith(("#", "|", "- "))]  # the rest is others' words
    assert in_english("\n".join(headings)) == [] and "改一下" in shown
    assert {"## 您", "## 每轮费用"} <= set(headings), headings
    assert any(re.fullmatch(r"## 第 1 轮（输入 [\d,]+，输出 \d+，价格未知）", each) for each in headings)
    assert "日期" in chinese("cost").stdout and "合计" in chinese("cost", "--by", "model").stdout
    assert "已还原 1 项" in chinese("undo").stdout
    assert "已还原 1 项" in chinese("redo").stdout


def test_what_stops_a_run(chinese, endpoint, service):
    endpoint.script(error(401, "AuthenticationError", "密钥无效"))
    assert "密钥" in chinese("run", "改一下", *service, expect=4).stderr
    endpoint.script(calls(EDIT), text("改好了。"))
    assert "已达到 1 轮的上限" in chinese("run", "改一下", "--max-turns", "1", *service, expect=3).stderr


def test_a_session_as_a_page(chinese, seedsmith, endpoint, service):
    endpoint.script(calls(EDIT), text("改好了。"))
    seedsmith("run", "改一下", *service)
    page = seedsmith("sessions", "export", "last", "--html", "--lang", "zh").stdout
    assert '<html lang="zh">' in page and "<h1>改动</h1>" in page and "<h2>您</h2>" in page
    headings = re.findall(r"<(?:h1|h2|summary|li|text)[^>]*>(.*?)</", page)
    assert "第 1 轮" in page and in_english("\n".join(each for each in headings if "{" not in each)) == []
    assert '<html lang="en">' in seedsmith("sessions", "export", "last", "--html").stdout


def test_a_batch_that_is_looked_at(chinese, seedsmith, place):
    repository = place / "repo"
    for arguments in (["init", "-q"], ["add", "a.txt"], [*AUTHOR, "commit", "-qm", "one"]):
        subprocess.run(["git", *arguments], cwd=repository, check=True)
    tasks = {"name": "t", "repositories": [".", "../nowhere"], "steps": [{"run": "true"}]}
    (repository / "t.yaml").write_text(json.dumps(tasks))
    said = seedsmith("batch", "t.yaml", "--dry-run", "--lang", "zh").stdout
    below = [line for line in said.splitlines() if not line.startswith(("repo", "nowhere"))]
    assert in_english("\n".join(below)) == [] and "是   run: true" in said and "✗ 没有文件夹" in said
    assert said.endswith("2 个条目，其中 0 个会向模型提问。没有执行任何操作。\n")
    (repository / "t.yaml").write_text(json.dumps({**tasks, "nme": 1}))
    assert "第 1 行：没有键 'nme'（您是不是想用 'name'？）" in chinese("batch", "t.yaml", expect=2).stderr


def test_mcp_servers(chinese, place):
    (place / "repo/.mcp.json").write_text('{"mcpServers": {"theirs": {"command": "x"}, "no": {}}}')
    assert "已将 own 加入" in chinese("mcp", "add", "own", "--network", "on", "python", "x.py").stdout
    listed = chinese("mcp", "list").stdout.splitlines()
    assert listed[0] == "own  python x.py  [可访问网络] （用户）" and "尚未受信任" in listed[1]
    assert "已信任 theirs：x" in chinese("mcp", "trust", "theirs").stdout
    assert "没有 URL" in chinese("mcp", "login", "own", expect=2).stderr
    assert chinese("mcp", "remove", "own").stdout == "已删除 own。\n"
    assert "没有 MCP 服务器 'own'" in chinese("mcp", "test", "own", expect=2).stderr


def test_writing_a_skill(chinese, place):
    assert "然后依次运行：seedsmith skills check wave" in chinese("skills", "new", "wave").stderr
    assert chinese("skills", "check", "wave").stdout == "wave：没有问题\n"
    assert "已受信任" in chinese("skills", "trust", "wave").stdout
    (place / "repo/.agents/skills/wave/skill.yaml").write_text("name: wave\ndescription: 3\nfoo: 1\n")
    said = chinese("skills", "check", "wave", expect=1).stdout
    assert "'description' 必须是文本：请写成 \"3\"" in said and "'foo' 不是这里的键；有 name, version" in said


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("batch", "nowhere.yaml"), "nowhere.yaml 不存在"),
        (("batch", "t.yaml", "--new", "--resume"), "--new 重新开始"),
        (("mcp", "add", "x", "https://h", "y"), "URL 服务器在别处运行"),
        (("skills", "test", "--update"), "请同时给出 --live"),
        (("import", "--dry-run"), "没有可导入的内容"),
        (("complete", "a.txt:9"), "文本只有 2 行：没有第 9 行"),
        (("run", ""), "提示是空的"),
        (("run", "改一下", "--verfy", "x"), "没有选项"),
        (("run", "改一下", "--max-turns", "many"), "必须是不小于 1 的整数"),
        (("run", "@nowhere.md"), "无法读取 nowhere.md：没有那个文件或文件夹"),
        (("run", "改一下", "--resume", "last"), "repo 的会话。"),
        (("fix", "--no-test"), "--no-test 需要问题描述"),
        (("sessions", "prune"), "请说明删除什么"),
        (("sessions", "show", "abcdef"), "没有会话"),
        (("sessions", "fork"), "缺少参数"),
        (("config", "get", "modl"), "没有设置项"),
        (("config", "set", "approve", "never"), "必须是其中之一"),
        (("undo", "--last", "--to", "1"), "不能同时使用"),
    ],
)
def test_errors_at_the_edge(chinese, arguments, said):
    assert said in chinese(*arguments, expect=2).stderr


@pytest.mark.parametrize(
    "arguments", [("config",), ("config", "list", "--all"), ("models",), ("permissions",), ("doctor",)]
)
def test_tables(chinese, environment, arguments):
    environment["SEEDSMITH_MODEL"] = "local/qwen2.5-coder-1.5b"
    chinese(*arguments)


def test_the_locale_and_the_users_own_file_choose_the_language(seedsmith, environment, place):
    environment["LANG"] = "zh_CN.UTF-8"
    assert "提示是空的" in seedsmith("run", "").stderr
    assert "The prompt is empty" in seedsmith("run", "", "--lang", "en").stderr
    environment["LANG"] = "C.UTF-8"
    assert seedsmith("config", "set", "lang", "zh").returncode == 0
    assert "提示是空的" in seedsmith("run", "").stderr
    assert "没有设置项" in seedsmith("config", "get", "modl", "--lang", "zh").stderr
