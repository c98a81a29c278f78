"""``--help``, the manual and a shell's descriptions are told in Chinese, where a person reads that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import click
import pytest
from rich.cells import cell_len

from seedsmith.agent.cli import man
from seedsmith.agent.cli.main import main
from seedsmith.agent.cli.main import seedsmith as root
from seedsmith.agent.cli.told_help import ToldFormatter, help_told
from seedsmith.agent.frontends.languages.reports import Form, forms_of

CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,}")
SAME = re.compile(
    r"seedsmith [a-z ]+|(bash|fish|zsh): .*|man -l|Agent Client Protocol|yarn test|go test|cargo test"
    r"|make test|--\S+ \w+"
)
"""Names and commands, which are the same in any language."""
STANDING = {
    "Usage:", "Options", "Commands", "OPTIONS", "COMMAND [ARGS]...", "[COMMAND] [ARGS]...", "the newest",
    "User Commands", "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "SEE ALSO", "COMMAND", "FLAGS", "PROMPT",
    man.SEE,
}  # fmt: skip
"""What stands around what the commands say."""


def contexts(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    """The contexts of ``command`` and of all those in it."""
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            each = command.get_command(context, name)
            assert each is not None
            yield from contexts(each, each.context_class(each, info_name=name, parent=context))


def texts() -> Iterator[str]:
    """All that the help says, piece by piece, as it is looked up."""
    for context in contexts(root, root.context_class(root, info_name="seedsmith", **root.context_settings)):
        command = context.command
        yield command.get_short_help_str(1 << 16)
        yield from (" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n"))
        for parameter in command.get_params(context):
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context)):
                yield record[1]


@pytest.fixture(scope="module")
def told():
    """What is told is looked up once."""
    return cache(help_told("zh"))


@pytest.fixture(scope="module")
def said() -> set[str]:
    return {text for text in texts() if text}


def test_no_piece_of_the_help_is_missing(said, told):
    missing = {text for text in said | STANDING if not CHINESE.search(told(text)) and ENGLISH.search(text)}
    assert missing == set()
    assert {part for text in said if ENGLISH.search(part := SAME.sub("", told(text)))} == set()


def test_a_new_one_would_be_missed(told):
    assert told("Turn the flux around.") == "Turn the flux around."
    assert told("Show tracebacks. Turn the flux around.").endswith("Turn the flux around.")


def test_every_form_is_of_something_that_the_help_says(said):
    parts = {part for text in said | STANDING for part in (text, text.partition("  [")[0].strip("[]"))}
    sentences = {each for part in parts for each in re.split(r"(?<=[.!?]) (?=[A-Z`'(-])| · ", part)}
    wanted = {each[6:-1] for each in sentences if each.startswith("Takes ")}
    whole = parts | sentences | wanted | {f"{part}." for part in parts} | {"default: day", "required"}
    forms = [Form(form, "") for form in forms_of("zh", "help")]
    unused = {form.form for form in forms if not any(form.values(each) is not None for each in whole)}
    assert unused == set()


@pytest.mark.parametrize("width", [40, 60, 100])
def test_help_fits_the_terminal(width, told, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    for context in contexts(root, root.context_class(root, info_name="seedsmith", **root.context_settings)):
        formatter = ToldFormatter(told)
        context.command.format_help(context, formatter)
        for line in formatter.getvalue().splitlines():
            assert cell_len(line) <= width or " " not in line.strip(), line


def test_help_is_told_in_the_language_that_is_chosen(seedsmith, environment):
    assert seedsmith("fix", "--help").stdout.startswith("Usage: seedsmith fix [OPTIONS]")
    for arguments in (("--help", "--lang", "zh"), ("--lang=zh", "-h"), ("fix", "--lang", "zh", "--help")):
        shown = seedsmith(*arguments).stdout
        assert shown.startswith("用法：seedsmith") and "\n选项：\n" in shown and "显示此帮助。" in shown
    environment["LANG"] = "zh_CN.UTF-8"
    shown = seedsmith("mcp", "--help").stdout
    assert "\n命令：\n  add     把服务器 NAME 写入您自己的 mcp.json，同名的会被替换。\n" in shown
    assert seedsmith("mcp", "--help", "--lang", "en").stdout.startswith("Usage:")
    environment["LANG"] = "C.UTF-8"
    assert seedsmith("config", "set", "lang", "zh").returncode == 0
    assert seedsmith("--help").stdout.startswith("用法：seedsmith")


def test_the_manual_is_told(seedsmith):
    page = seedsmith("man", "--lang", "zh").stdout
    for part in (".SH 名称", "seedsmith \\- 终端里的编程助手\n", ".SS run [选项]", "最多向模型提问的次数。"):
        assert part in page, part


@pytest.mark.parametrize(("language", "said"), [("en", "File with the report"), ("zh", "问题描述文件")])
def test_a_shell_is_told_what_words_mean(language, said, environment, place, monkeypatch, capsys):
    asked = {"_SEEDSMITH_COMPLETE": "fish_complete", "COMP_WORDS": "seedsmith fix ", "COMP_CWORD": "--iss"}
    for name, value in {**environment, **asked, "SEEDSMITH_LANG": language}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(place)
    with pytest.raises(SystemExit):
        main([])
    assert re.fullmatch(f"plain,--issue\\W{said}.*\n", capsys.readouterr().out)
