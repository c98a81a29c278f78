"""The table of flags in docs/command-line.md is the one that the command and its settings make.

Run as a program, this file writes the table anew.
"""

from __future__ import annotations

from pathlib import Path

import click

from seedsmith.agent.cli.flags import TALK_ONLY
from seedsmith.agent.cli.main import seedsmith
from seedsmith.agent.cli.run import command
from seedsmith.agent.settings.config import PREFIX
from seedsmith.agent.settings.settings import OPTIONS

PAGE = Path(__file__).parents[3] / "docs" / "command-line.md"
BEGIN, END = "<!-- flags: begin -->\n", "<!-- flags: end -->\n"
HEAD = """\
| flag | key | variable | field | what it does |
|---|---|---|---|---|
"""
REWRITE = f"run: python {Path(__file__).relative_to(PAGE.parents[1])}"


def flag_table() -> str:
    """A row for each flag of ``seedsmith run``, in the order in which ``--help`` shows them."""
    context = click.Context(command, parent=seedsmith.make_context("seedsmith", ["run"]))
    flags = [flag for flag in command.get_params(context) if isinstance(flag, click.Option)]
    return HEAD + "".join(row(flag) for flag in flags)


def row(flag: click.Option) -> str:
    """One flag's line; where it is no setting, or one that is typed only, there is no key.

    The short name comes first; click tells those of ``--help`` in any order.
    """
    name = flag.name or ""
    names = [f"`{name}`" for name in (*sorted(flag.opts, key=len), *flag.secondary_opts)]
    shown = ", ".join(names) + (f" `{flag.metavar}`" if flag.metavar else "")
    option = OPTIONS.get(name)
    ambient = option is not None and option.ambient
    said = flag.help or ""
    if option is not None and option.typed_only:
        said += f" Only where it is typed: {' and '.join(sorted(option.typed_only))}."
    cells = [
        shown,
        f"`{name}`" if ambient else "",
        f"`{PREFIX}{name.upper()}`" if ambient else "",
        f"`Settings.{name}`" if option is not None else "",
        said,
    ]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"


def with_table(page: str) -> str:
    """The page with the table between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"{PAGE.name} lacks its marks {BEGIN.strip()} and {END.strip()}"
    return before + BEGIN + flag_table() + END + after


def test_the_page_holds_the_table_of_flags():
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page), REWRITE


def test_a_flag_leads_to_its_field():
    rows = {line.split("`")[1]: line for line in flag_table().splitlines()[2:]}
    assert "| `max_turns` | `SEEDSMITH_MAX_TURNS` | `Settings.max_turns` |" in rows["--max-turns"]
    assert "|  |  | `Settings.skill_with` |" in rows["--with"]  # typed only
    assert "|  |  |  | Print JSON" in rows["--json"]  # no setting
    named = {field for field, option in OPTIONS.items() if option.flag} - TALK_ONLY
    assert named == {field for field in OPTIONS if f"`Settings.{field}`" in flag_table()}


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
