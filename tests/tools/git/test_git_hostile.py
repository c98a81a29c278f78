"""Hostile repositories: no program they name runs, whatever the git tool is asked.

These are 56 to 62 of docs/sandbox.md, "Attacks".
There is no sandbox here, so that it is the hardening itself that holds. Every trap leaves a canary of its own
when it goes off; that the traps do go off is shown with plain git.
"""

from __future__ import annotations

import contextlib

import pytest
from examples import first_fast

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import ToolError

HOOKS = (
    "applypatch-msg commit-msg fsmonitor-watchman post-checkout post-commit post-index-change post-merge "
    "post-rewrite pre-auto-gc pre-commit pre-merge-commit pre-rebase prepare-commit-msg reference-transaction"
).split()
ACTIONS = [
    {"action": "status"},
    {"action": "diff"},
    {"action": "log", "patch": True},
    {"action": "show"},
    {"action": "show", "ref": "HEAD:a.txt"},
    {"action": "blame", "paths": ["a.txt"]},
    {"action": "add", "paths": ["a.txt"]},
    {"action": "restore", "paths": ["a.txt"], "name": "staged"},
    {"action": "commit", "message": "one", "paths": ["a.txt"]},
    {"action": "stash", "all": True},
    {"action": "stash", "name": "list"},
    {"action": "stash", "name": "show"},
    {"action": "switch", "ref": "HEAD~2"},
    {"action": "stash", "name": "pop"},
    {"action": "restore", "all": True, "ref": "HEAD"},
    {"action": "branch", "name": "side"},
    {"action": "switch", "name": "third", "ref": "side"},
    {"action": "add", "all": True},
    {"action": "commit", "message": "two", "all": True},
]


class Trap:
    """A repository with changes under way, and a program that leaves a canary named by its argument."""

    def __init__(self, git_bench, outside):
        self.bench, self.outside = git_bench, outside
        outside.mkdir()
        git_bench.put("c.txt", "c\n")
        git_bench.save("first", a="1\n", b="1\n")
        git_bench.save("second", a="2\n", b="2\n")
        git_bench.put("a.txt", "3\n")
        git_bench.put("b.txt", "3\n")
        git_bench.put("new.txt", "n\n")

    def evil(self, name) -> str:
        """A program that leaves the canary ``name`` and, as a filter must, copies its input."""
        program = self.outside / f"evil-{name}"
        copying = "" if name == "ext" else "cat 2>/dev/null"
        program.write_text(f'#!/bin/sh\ntouch "{self.outside}/canary-{name}"\n{copying}\n')
        program.chmod(0o755)
        return str(program)

    def config(self, key, name, *, value=None) -> None:
        section, _, rest = key.partition(".")
        subsection, _, variable = rest.rpartition(".")
        quoted = f' "{subsection}"' if subsection else ""
        with (self.bench.root / ".git/config").open("a") as file:
            file.write(f'[{section}{quoted}]\n\t{variable} = "{value or self.evil(name)}"\n')

    def fired(self) -> list[str]:
        return sorted(path.name.removeprefix("canary-") for path in self.outside.glob("canary-*"))

    def reset(self) -> None:
        for path in self.outside.glob("canary-*"):
            path.unlink()

    async def try_everything(self) -> None:
        """Ask for every action; that some are refused is fine."""
        for arguments in ACTIONS:
            with contextlib.suppress(ToolError, SandboxError):
                await self.bench.ask(arguments)


@pytest.fixture
def trap(git_bench, tmp_path):
    return Trap(git_bench, tmp_path / "outside")


def programs_by_fixed_keys(trap):
    for key in ("core.fsmonitor", "diff.external", "gpg.program", "core.editor", "core.pager", "pager.log"):
        trap.config(key, key)
    for key in ("sequence.editor", "core.sshCommand", "core.askPass", "credential.helper", "core.gitProxy"):
        trap.config(key, key)
    for key in ("gpg.ssh.program", "gpg.x509.program", "core.alternateRefsCommand", "hook.x.command"):
        trap.config(key, key)
    for key in ("commit.gpgSign", "log.showSignature", "tag.gpgSign", "submodule.recurse"):
        trap.config(key, "", value="true")
    trap.config("hook.x.event", "", value="pre-commit")
    trap.config("format.pretty", "", value="%G? %GK %h")
    for name in ("status", "diff", "log", "commit", "stash", "config", "x"):
        trap.config(f"alias.{name}", "alias", value=f"!{trap.evil('alias')}")


def hooks_in_place_and_elsewhere(trap):
    folders = (trap.bench.root / ".git/hooks", trap.outside / "hooks")
    for folder in folders:
        folder.mkdir(exist_ok=True)
        for name in HOOKS:
            (folder / name).write_text(f"#!/bin/sh\n{trap.evil('hook-' + name)} </dev/null\n")
            (folder / name).chmod(0o755)


def a_hooks_path(trap):
    hooks_in_place_and_elsewhere(trap)
    trap.config("core.hooksPath", "", value=str(trap.outside / "hooks"))


def diff_drivers(trap):
    trap.bench.put(".gitattributes", "a.txt diff=one\nb.txt diff=two words\n*.txt diff=one\n")
    (trap.bench.root / ".git/info").mkdir(exist_ok=True)
    (trap.bench.root / ".git/info/attributes").write_text("b.txt diff=Two.x\n")
    trap.config("diff.one.textconv", "textconv")
    trap.config("diff.one.cachetextconv", "", value="true")
    trap.config("diff.Two.x.command", "diff-command")


def filter_drivers(trap):
    trap.bench.put(".gitattributes", "a.txt filter=one\nb.txt filter=T.wo\nnew.txt filter=process\n")
    for key in ("filter.one.clean", "filter.one.smudge", "filter.T.wo.clean", "filter.T.wo.smudge"):
        trap.config(key, key)
    trap.config("filter.process.process", "filter-process")
    trap.config("filter.one.required", "", value="true")


def attributes_from_elsewhere(trap):
    (trap.outside / "attributes").write_text("*.txt filter=one diff=one\n")
    trap.config("core.attributesFile", "", value=str(trap.outside / "attributes"))
    trap.config("filter.one.clean", "filter-by-attributes-file")
    trap.config("diff.one.textconv", "textconv-by-attributes-file")


def included_configuration(trap):
    core = f'[core]\nfsmonitor = "{trap.evil("include")}"\n'
    (trap.outside / "more").write_text(f'{core}[filter "inc"]\nclean = "{trap.evil("include-filter")}"\n')
    trap.config("include.path", "", value=str(trap.outside / "more"))
    trap.config("includeIf.onbranch:*.path", "", value=str(trap.outside / "more"))
    trap.bench.put(".gitattributes", "*.txt filter=inc\n")


def the_worktree_configuration(trap):
    trap.config("extensions.worktreeConfig", "", value="true")
    trap.bench.git("config", "--worktree", "core.fsmonitor", trap.evil("worktree-config"))
    trap.bench.git("config", "--worktree", "filter.wt.clean", trap.evil("worktree-filter"))
    trap.bench.put(".gitattributes", "*.txt filter=wt\n")


def merge_and_trailer_drivers(trap):
    (trap.bench.root / ".git/info").mkdir(exist_ok=True)
    (trap.bench.root / ".git/info/attributes").write_text("*.txt merge=one\n")
    trap.config("merge.one.driver", "merge-driver")
    trap.config("merge.default", "", value="one")
    trap.config("trailer.x.command", "trailer")
    trap.config("trailer.x.cmd", "trailer-cmd")
    trap.config("commit.template", "", value=trap.evil("template"))


def a_submodule(trap):
    sub = trap.bench.root / "sub"
    trap.bench.git("init", "-q", str(sub))
    (sub / "x.txt").write_text("1\n")
    (sub / ".gitattributes").write_text("*.txt filter=own diff=own\n")
    trap.bench.git("add", "-A", cwd=sub)
    trap.bench.git("commit", "-q", "-m", "sub", cwd=sub)
    trap.bench.put(".gitmodules", '[submodule "s"]\n\tpath = sub\n\turl = ./x\n\tignore = none\n')
    trap.bench.git("add", ".gitmodules", "sub")
    trap.bench.git("commit", "-q", "-m", "with a submodule")
    (sub / "x.txt").write_text("2\n")
    trap.bench.git("config", "core.fsmonitor", trap.evil("submodule-fsmonitor"), cwd=sub)
    trap.bench.git("config", "filter.own.clean", trap.evil("submodule-filter"), cwd=sub)
    trap.config("status.submoduleSummary", "", value="true")
    trap.config("diff.submodule", "", value="diff")
    trap.config("submodule.s.ignore", "", value="none")


def nested_repositories(trap):
    for name, bare in (("planted", ["--bare"]), ("nested", [])):
        folder = trap.bench.root / name
        trap.bench.git("init", "-q", *bare, str(folder))
        trap.bench.git("config", "core.fsmonitor", trap.evil(f"{name}-fsmonitor"), cwd=folder)
        if not bare:
            (folder / "x.txt").write_text("1\n")
            trap.bench.git("-c", "core.fsmonitor=false", "add", "-A", cwd=folder)
            trap.bench.git("-c", "core.fsmonitor=false", "commit", "-q", "-m", "n", cwd=folder)


def a_missing_object_to_fetch(trap):
    trap.config("extensions.partialClone", "", value="origin")
    trap.config("remote.origin.promisor", "", value="true")
    trap.config("remote.origin.url", "", value=f"ext::{trap.evil('ext')}")
    trap.config("remote.origin.uploadpack", "uploadpack")
    trap.config("protocol.ext.allow", "", value="always")
    blob = trap.bench.git("rev-parse", "HEAD~1:a.txt")
    (trap.bench.root / ".git/objects" / blob[:2] / blob[2:]).unlink()


TRAPS = [
    # What is planted, the canaries plain git leaves when the user looks and commits.
    (programs_by_fixed_keys, {"core.fsmonitor", "diff.external", "gpg.program"}),
    (a_hooks_path, {"hook-pre-commit", "hook-post-commit", "hook-reference-transaction"}),
    (filter_drivers, {"filter.one.clean", "filter.T.wo.clean", "filter-process"}),
    (included_configuration, {"include", "include-filter"}),
    (hooks_in_place_and_elsewhere, {"hook-pre-commit", "hook-post-commit", "hook-post-checkout"}),
    (diff_drivers, {"textconv", "diff-command"}),
    (attributes_from_elsewhere, {"filter-by-attributes-file", "textconv-by-attributes-file"}),
    (the_worktree_configuration, {"worktree-config", "worktree-filter"}),
    (merge_and_trailer_drivers, {"merge-driver"}),
    (a_submodule, {"submodule-fsmonitor", "submodule-filter"}),
    (nested_repositories, set()),
    (a_missing_object_to_fetch, {"ext"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plant", "plainly"), first_fast(4, TRAPS), ids=lambda value: getattr(value, "__name__", "")
)
async def test_nothing_a_hostile_repository_names_is_run(trap, plant, plainly):
    plant(trap)
    trap.reset()
    await trap.try_everything()
    assert trap.fired() == []


@pytest.mark.parametrize(
    ("plant", "plainly"), first_fast(4, TRAPS), ids=lambda value: getattr(value, "__name__", "")
)
def test_the_traps_do_go_off_with_plain_git(trap, plant, plainly):
    plant(trap)
    trap.reset()
    for line in (
        "status",
        "diff",
        "show HEAD~1",
        "log -p",
        "commit -m x b.txt",
        "add -A",
        "stash",
        "switch -q -c side HEAD~2",
        "stash pop",
    ):
        trap.bench.git(*line.split(), check=False)
    assert plainly <= set(trap.fired())


@pytest.mark.slow
async def test_a_working_tree_elsewhere_is_not_followed(trap):
    elsewhere = trap.outside / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.txt").write_text("mine\n")
    trap.config("core.worktree", "", value=str(elsewhere))
    assert "modified: a.txt" in (await trap.bench.call("status")).text
    await trap.try_everything()
    assert [path.name for path in elsewhere.iterdir()] == ["a.txt"]
    assert (elsewhere / "a.txt").read_text() == "mine\n"


async def test_a_git_folder_elsewhere_is_not_believed(trap, tmp_path):
    other = tmp_path / "other"
    trap.bench.git("init", "-q", str(other))
    (other / "secret.txt").write_text("secret")
    trap.bench.git("add", "-A", cwd=other)
    trap.bench.git("commit", "-q", "-m", "secret", cwd=other)
    for plant in ("file", "link", "commondir"):
        folder = tmp_path / plant
        folder.mkdir()
        if plant == "file":
            (folder / ".git").write_text(f"gitdir: {other}/.git\n")
        elif plant == "link":
            (folder / ".git").symlink_to(other / ".git")
        else:
            trap.bench.git("init", "-q", str(folder))
            (folder / ".git/commondir").write_text(f"{other}/.git\n")
        trap.bench.bench.context = trap.bench.at(folder)
        with pytest.raises(ToolError, match=r"the workspace's \.git is damaged, a link, or points at"):
            await trap.bench.call("log")


async def test_what_looks_like_an_option_is_a_path_or_is_refused(trap):
    for name in ("--output=x", "-p", ":(top)a.txt", ":!a.txt"):
        trap.bench.put(name, "n\n")
        await trap.bench.call("add", paths=[name])
        assert name in trap.bench.git("ls-files").splitlines()
        await trap.bench.call("diff", paths=[name])
    trap.bench.git("update-ref", "refs/heads/--output=y", "HEAD")
    with pytest.raises(ToolError, match="must not be empty nor begin with '-'"):
        await trap.bench.call("diff", ref="--output=y")
    assert not (trap.bench.root / "x").exists() and not (trap.bench.root / "y").exists()
