"""Choosing an isolation: by canaries, strongest first, and never a weaker one by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from waiting import gone, new_mark

from seedsmith.sandbox.choose.probe import ProbeRun, failure_reason, probe
from seedsmith.sandbox.choose.select import Selection, choose, explain
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap, candidates
from seedsmith.sandbox.isolation.external import External
from seedsmith.sandbox.isolation.hidden_folders import secrets_in
from seedsmith.sandbox.isolation.landlock import Landlock
from seedsmith.sandbox.isolation.off import Off
from seedsmith.sandbox.workspace.spill import SpillStore


def fake_bwrap(path: Path, message: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{message}' >&2\nexit 1\n")
    path.chmod(0o755)
    return path


def test_the_strongest_that_works_is_taken(world) -> None:
    strongest = next(isolation for isolation, result in explain(world.policy) if result.works)
    assert choose("auto", world.policy).description == strongest.description


def test_a_choice_can_start_early_and_be_asked_for_later(world) -> None:
    selection = Selection("auto", world.policy)
    isolation = selection.isolation()
    assert isolation.name in ("bwrap", "landlock")
    assert "no network" in selection.result.enforced


def test_every_bwrap_of_this_machine_holds(world) -> None:
    programs = candidates(world.policy.environ, world.workspace)
    results = [probe(Bubblewrap(program), world.policy) for program in programs]
    if not any(result.works for result in results):
        pytest.skip("needs bwrap: user namespaces are refused here")
    assert [result.reason for result in results if not result.works] == []
    assert all(".git read-only" in result.enforced for result in results)


READ_ONLY = Path("/sys/kernel")
"""A folder in which nobody can make a file, not even root."""


@pytest.mark.skipif(not READ_ONLY.is_dir(), reason="needs /sys")
def test_a_workspace_nobody_can_write_in_is_none_of_the_isolations_faults(world) -> None:
    strongest = choose("auto", world.policy)
    policy = replace(world.policy, workspace=READ_ONLY)
    selection = Selection("auto", policy)
    assert selection.isolation().name == strongest.name
    assert "no writes outside the workspace" in selection.result.enforced


class Stubborn(Off):
    """An isolation in which commands start and can't write in the workspace."""

    name = "stubborn"

    def launch(self, argv, policy, environment, folder):
        script = argv[2].replace('>"$workspace/', '>"$workspace/none/')
        return super().launch((*argv[:2], script, *argv[3:]), policy, environment, folder)


def test_an_isolation_that_keeps_commands_from_writing_does_not_work(world) -> None:
    result = ProbeRun(Stubborn(), world.policy).finish()
    assert not result.works
    assert result.reason == "stubborn starts commands, but they can't write in the workspace."
    assert sorted(path.name for path in world.workspace.iterdir()) == [".git"]


def test_the_probe_leaves_nothing_behind(world) -> None:
    before = sorted(path.name for path in world.workspace.iterdir())
    for isolation, _ in explain(world.policy):
        assert isolation.name
    assert sorted(path.name for path in world.workspace.iterdir()) == before
    assert sorted(path.name for path in world.home.iterdir()) == [".ssh"]


def test_a_workspace_that_holds_the_temporary_folder_is_no_leak(world, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(world.workspace))
    results = {isolation.name: result for isolation, result in explain(world.policy)}
    assert any(result.works for result in results.values())
    assert all("outside" not in result.reason for result in results.values())


def test_the_weaker_tier_never_promises_a_read_only_git(world) -> None:
    result = probe(Landlock(), world.policy)
    assert ".git read-only" not in result.enforced


def test_a_probe_notices_an_isolation_that_holds_nothing(world) -> None:
    (world.home / ".profile").write_text("one line\n")
    result = ProbeRun(Off(), world.policy).finish()
    assert not result.works
    assert "no writes outside the workspace" in result.missing
    assert "home folder not readable" in result.missing
    assert "no network" in result.missing
    assert not any(path.name.startswith(".seedsmith") for path in world.home.iterdir())


def test_where_user_namespaces_are_refused_the_weaker_tier_is_taken(world, tmp_path) -> None:
    """As in a plain container: bwrap is there, and the kernel says no."""
    refusing = Bubblewrap(fake_bwrap(tmp_path / "bwrap", "bwrap: No permissions to create a new namespace"))
    result = probe(refusing, world.policy)
    assert not result.works
    assert "No permissions to create a new namespace" in result.reason
    if not probe(Landlock(), world.policy).works:
        pytest.skip("needs Landlock")
    isolation = Selection("auto", world.policy, (refusing, Landlock())).isolation()
    assert isolation.name == "landlock"
    assert "weaker" in isolation.description


class Hindered(Bubblewrap):
    """The strong tier, which a file of the workspace keeps from holding."""

    def launch(self, argv, policy, environment, folder):
        if (policy.workspace / "trap").exists():
            argv = (*argv[:2], argv[2].replace('>"$workspace/', '>"$workspace/none/'), *argv[3:])
        return super().launch(argv, policy, environment, folder)


@pytest.mark.slow
def test_a_repository_never_chooses_the_weaker_tier(world) -> None:
    programs = candidates(world.policy.environ, world.workspace)
    strong = next((Hindered(each) for each in programs if probe(Bubblewrap(each), world.policy).works), None)
    if strong is None:
        pytest.skip("needs bwrap: user namespaces are refused here")
    both = (strong, Landlock())
    assert Selection("auto", world.policy, both).isolation() is strong
    (world.workspace / "trap").touch()
    with pytest.raises(NoIsolation, match="something in this workspace.*--sandbox landlock"):
        Selection("auto", world.policy, both).isolation()


IN_A_CONTAINER = """
import asyncio, os, sys
from pathlib import Path
from seedsmith.sandbox.isolation import syscalls
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.seccomp import filter_program
from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.workspace.spill import SpillStore

syscalls.forbid_new_privileges()
syscalls.install_filter(filter_program(internet=True, unix_sockets=True))
work, private, state, home = map(Path, sys.argv[1:])
policy = Policy(work, private, state, environ={"HOME": str(home), "PATH": os.environ["PATH"]})
isolation = choose("auto", policy)
runner = ProcessRunner(isolation, policy, SpillStore(state / "spills"))
sleep = "setsid sleep 7654321"
command = f"echo written >file; cat {home}/.ssh/*; {sleep} & env -i {sleep} & cat file"
result = asyncio.run(runner.run(command, timeout=60))
print(isolation.name, b"home-secret" in result.head, result.head.endswith(b"written\\n"))
for entry in Path("/proc").glob("[0-9]*/cmdline"):
    try:
        if b"7654321\\0" in entry.read_bytes() and b"-c" not in entry.read_bytes():
            print("survivor", entry)
    except OSError:
        pass
"""


@pytest.mark.slow
def test_a_plain_container_gets_the_weaker_tier(world) -> None:
    """A process under a filter like Docker's own: no new namespaces, no mounts."""
    if not probe(Landlock(), world.policy).works:
        pytest.skip("needs Landlock")
    folders = (world.workspace, world.policy.private_tmp, world.policy.state, world.home)
    done = subprocess.run(
        [sys.executable, "-P", "-c", IN_A_CONTAINER, *map(str, folders)], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("landlock False True\n", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
async def test_root_can_work_in_a_folder_of_another_user(world) -> None:
    """A volume mounted into a container: without capabilities root may not write there."""
    os.chown(world.workspace, 1000, 1000)
    world.workspace.chmod(0o755)
    os.chown(world.outside, 1000, 1000)
    os.chown(world.canary, 1000, 1000)
    isolation = choose("auto", world.policy)
    runner = ProcessRunner(isolation, world.policy, SpillStore(world.policy.state / "spills"))
    result = await runner.run(f"echo x >new && cat new; echo x >{world.canary}", timeout=60)
    assert result.head.startswith(b"x\n")
    assert world.canary.read_text() == "untouched"


def test_49_without_any_isolation_the_run_is_refused_with_a_way_out(world, tmp_path) -> None:
    refusing = Bubblewrap(fake_bwrap(tmp_path / "bwrap", "bwrap: setting up uid map: Permission denied"))
    with pytest.raises(NoIsolation) as caught:
        Selection("auto", world.policy, (refusing,)).isolation()
    message = str(caught.value)
    assert "AppArmor" in message
    assert "--sandbox external" in message
    assert "--sandbox off" in message


def test_49_a_planted_bwrap_never_runs(world, tmp_path) -> None:
    marker = tmp_path / "planted-ran"
    planted = world.workspace / "bin" / "bwrap"
    planted.parent.mkdir()
    planted.write_text(f"#!/bin/sh\ntouch {marker}\n")
    planted.chmod(0o755)
    environ = {**world.policy.environ, "PATH": f"{planted.parent}:.:{os.environ['PATH']}"}
    policy = replace(world.policy, environ=environ)
    assert planted not in candidates(environ, world.workspace)
    choose("auto", policy)
    assert not marker.exists()


def test_a_bwrap_without_the_optional_flags_is_still_used(world, tmp_path) -> None:
    """Version 0.6 knows neither ``--disable-userns`` nor ``--size``."""
    real = next(iter(candidates(world.policy.environ, world.workspace)), None)
    if real is None or not probe(Bubblewrap(real), world.policy).works:
        pytest.skip("needs bwrap")
    old = tmp_path / "bwrap"
    old.write_text(
        '#!/bin/bash\nfor word in "$@"; do case $word in --) break;; --disable-userns|--size) '
        f'echo "bwrap: Unknown option $word" >&2; exit 1;; esac; done\nexec {real} "$@"\n'
    )
    old.chmod(0o755)
    isolation = Selection("bwrap", world.policy, (Bubblewrap(old),)).isolation()
    assert isinstance(isolation, Bubblewrap)
    assert isolation.missing_flags == {"--disable-userns", "--size"}


def test_external_is_refused_beside_a_docker_socket(world, tmp_path) -> None:
    socket = tmp_path / "docker.sock"
    socket.touch()
    result = External((str(socket),)).probe(world.policy)
    assert not result.works
    assert "docker.sock" in result.reason
    assert External((str(tmp_path / "none"),)).probe(world.policy).works


def test_odd_choices_are_refused(world) -> None:
    with pytest.raises(NoIsolation, match="auto, bwrap"):
        choose("none", world.policy)
    with pytest.raises(NoIsolation, match="whole file system"):
        choose("auto", replace(world.policy, workspace=Path("/")))


def test_a_workspace_that_holds_the_home_folder(world) -> None:
    policy = replace(world.policy, workspace=world.home.parent)
    with pytest.raises(NoIsolation, match="home folder"):
        Landlock().launch(("true",), policy, {}, policy.workspace)


async def test_secrets_of_a_home_within_the_workspace_stay_hidden(world) -> None:
    for secret in secrets_in(world.home):
        if secret.suffix or secret.name in (".netrc", ".npmrc", ".pypirc", ".git-credentials", "credentials"):
            secret.parent.mkdir(parents=True, exist_ok=True)
            secret.write_text("home-secret")
        else:
            secret.mkdir(parents=True, exist_ok=True)
            (secret / "id_ed25519").write_text("home-secret")
    policy = replace(world.policy, workspace=world.home)
    try:
        isolation = choose("bwrap", policy)
    except NoIsolation:
        pytest.skip("needs bwrap")
    runner = ProcessRunner(isolation, policy, SpillStore(policy.state / "spills"))
    result = await runner.run("grep -r home-secret .; echo x >.ssh/new; echo y >visible", timeout=60)
    assert b"home-secret" not in result.head
    assert sorted(path.name for path in (world.home / ".ssh").iterdir()) == ["id_ed25519"]
    assert (world.home / "visible").exists()


async def test_a_link_planted_in_tmp_creates_nothing_on_the_host(world, tmp_path) -> None:
    try:
        isolation = choose("bwrap", world.policy)
    except NoIsolation:
        pytest.skip("needs bwrap")
    if not world.workspace.is_relative_to("/tmp"):
        pytest.skip("needs temporary folders below /tmp")
    runner = ProcessRunner(isolation, world.policy, SpillStore(world.policy.state / "spills"))
    top = world.workspace.relative_to("/tmp").parts[0]
    target = f"/oldroot{world.outside}/made"
    await runner.run(f"cd /; mv /tmp/{top} /tmp/away; ln -s {target} /tmp/{top}", timeout=60)
    assert (await runner.run("true", timeout=60)).ok
    assert not (world.policy.private_tmp / top).is_symlink()
    assert sorted(path.name for path in world.outside.iterdir()) == ["canary"]


@pytest.mark.parametrize("isolation", [Off(), External(())])
async def test_without_isolation_the_environment_is_clean_and_nothing_survives(world, isolation) -> None:
    runner = ProcessRunner(isolation, world.policy, SpillStore(world.policy.state / "spills"))
    mark = new_mark()
    result = await runner.run(f'env; setsid sleep {mark} & echo "$TMPDIR $HOME"', timeout=60)
    assert b"secret" not in result.head
    assert f"{world.policy.private_tmp} {world.home}".encode() in result.head
    assert await gone(mark)
    runner.close()


def test_apparmors_refusal_is_recognised() -> None:
    assert "AppArmor" in failure_reason("bwrap", "bwrap: setting up uid map: Permission denied\n")
    assert "it said nothing" in failure_reason("bwrap", "")


def test_a_repository_that_appears_after_the_probe_is_shown_read_only_all_the_same(world) -> None:
    isolation = Bubblewrap(Path("/usr/bin/bwrap"))
    told = []
    for _ in range(2):
        launch = isolation.launch(("true",), world.policy, {}, world.workspace)
        assert launch.gate is not None
        for descriptor in (*launch.pass_fds, launch.gate.information_fd):
            os.close(descriptor)
        told.append(launch.argv)
        (world.workspace / "late/.git").mkdir(parents=True, exist_ok=True)
    late = str(world.workspace / "late/.git")
    assert late not in told[0] and late in told[1]
