"""Random commands and races against a simple model: outside unchanged, secrets unread, git obeys nothing new.

It runs some seconds; ``SEEDSMITH_FUZZ_SECONDS=1800`` makes it half an hour, ``SEEDSMITH_FUZZ_SEED`` repeats
one episode. A failure names its seed and every command line of its episode.
"""

from __future__ import annotations

import hashlib
import os
import random
import stat
import subprocess
import time
from contextlib import suppress

import pytest

from seedsmith.sandbox.errors import SandboxError

SECONDS = float(os.environ.get("SEEDSMITH_FUZZ_SECONDS", "10"))
ROUNDS = 4
SECRET = "home-secret"  # noqa: S105
PAYLOAD = "touch {outside}/tripped; cat {home}/.ssh/id_ed25519 >{work}/stolen"
PLACES = (
    *(".", "sub", "sub2", "deep/a/b", ".git", ".git/hooks", ".git/info", ".git/modules/m", "sub/.git"),
    *("sub/.git/.git", "sub/.git/info/x", ".git/objects/aa", ".git/worktrees/w"),
    *("sub/.git/hooks", ".seedsmith", ".vscode", "link", "{outside}", "{outside}/folder", "{home}/.ssh"),
)
CONTAINED = {
    "places": (
        "/tmp",
        "/tmp/home",
        "/dev/shm",
        "{home}",
        "/proc/self/root{outside}",
        "/proc/1/root{outside}",
    ),
    "atoms": (
        "chmod 000 {place}",
        "chmod -R u+rwx .",
        "find / -newer canary -maxdepth 3 -delete",
        "kill -9 -1",
    ),
}
"""Only where ``/tmp``, devices and processes are a command's own: elsewhere modes would be the machine's."""
FILES = (
    *("canary", "config", "hooks/pre-commit", "post-checkout", "attributes", "commondir", "gitdir", "HEAD"),
    *(
        ".envrc",
        "config.yaml",
        "tasks.json",
        "id_ed25519",
        "x",
        ".gitmodules",
        ".gitattributes",
        "index.lock",
    ),
)
TEXTS = (
    *(
        "[core]\\n\\tfsmonitor = {payload}\\n\\thooksPath = /tmp\\n",
        "#!/bin/sh\\n{payload}\\n",
        "../../outside",
    ),
    *(
        "gitdir: {work}/sub/.git\\n",
        "ref: refs/heads/main\\n",
        "{work}/sub",
        "* filter=f\\n",
        '[filter \\"f\\"]\\n\\tclean = {payload}\\n',
        "",
    ),
)
ATOMS = (
    "mkdir -p {place}",
    "printf '{text}' >{place}/{file}",
    "printf '{text}' >>{place}/{file}; chmod +x {place}/{file}",
    "rm -rf {place}",
    "mv {place} {place2}",
    "mv -T {place} {place2}",
    "cp -a {place} {place2}",
    "ln -sfn {place} {place2}",
    "ln -sfn {place} link",
    "ln -sfn refs/heads/main {place}/HEAD",
    "mkdir -p {place}/objects {place}/refs; echo ref: refs/heads/x >{place}/HEAD; cp {file} {place}/config",
    "ln -f {place}/{file} {place2}/{file}2",
    "ln -f {home}/.ssh/id_ed25519 {place}/{file}",
    "cat {place}/{file} {home}/.ssh/id_ed25519 link/id_ed25519",
    "grep -rs home-.ecret {place} {home} /proc/[0-9]*/environ",
    "git init -q {place}",
    "git -C {place} config core.fsmonitor '{payload}'",
    "git -C {place} config core.hooksPath {place2}",
    "git -C {place} commit -q --allow-empty -m x",
    "git -C {place} worktree add -f {place2}/wt",
    "git clone -q . {place}",
    "mkfifo {place}/{file}",
    "(setsid sh -c 'sleep 0.2; printf x >{place}/{file}' &)",
    "tar cf - {place} | tar xf - -C {place2}",
    "cd {place} && printf '{text}' >{file}",
    "python3 -c \"import os; os.rename('{place}', '{place2}')\"",
    "unshare -Ur sh -c 'mount -t tmpfs x {place}; printf x >{outside}/canary'",
)


@pytest.fixture(params=["bwrap", "landlock"])
def tier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Model:
    """What must stay as it is, as it was when the episode began."""

    def __init__(self, world, *, with_modes: bool) -> None:
        self._world = world
        self._with_modes = with_modes
        self._before = self._look()

    def _look(self) -> dict[str, tuple[object, ...]]:
        found: dict[str, tuple[object, ...]] = {}
        for top in (self._world.outside, self._world.home):
            for path in sorted((top, *top.rglob("*"))):
                status = path.lstat()
                content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
                held = (stat.S_IMODE(status.st_mode), status.st_mtime_ns) if self._with_modes else ()
                found[str(path)] = (stat.S_IFMT(status.st_mode), content, status.st_nlink, *held)
        return found

    def broken(self, outputs: bytes) -> str:
        """What is not as it must be; '' where all is."""
        self._let_git_look()
        now = self._look()
        for path in sorted(now.keys() | self._before.keys()):
            if now.get(path) != self._before.get(path):
                return f"{path} changed: {self._before.get(path)} is {now.get(path)}"
        if SECRET.encode() in outputs:
            return "the secret stands in an output"
        policy = self._world.policy
        given = ["grep", "-rlsF", "--devices=skip", SECRET, str(policy.workspace), str(policy.private_tmp)]
        kept = subprocess.run(given, capture_output=True, timeout=60, check=False).stdout
        return f"the secret stands in {kept.decode()}" if kept else ""

    def _let_git_look(self) -> None:
        """Use git unconfined as a person would, wherever a repository is: nothing of a command's may run."""
        workspace = self._world.policy.workspace
        environ = {**os.environ, "HOME": str(self._world.home), "GIT_CONFIG_NOSYSTEM": "1"}
        marks = (*workspace.glob("**/.git"), *workspace.glob("**/HEAD"))
        words_of_all = (["status", "--short"], ["add", "-A"], ["stash", "list"], ["checkout", "-q", "."])
        for folder in dict.fromkeys((workspace, *(path.parent for path in marks))):
            for words in words_of_all:
                with suppress(subprocess.TimeoutExpired):  # It waits at a pipe that has a name of git's.
                    subprocess.run(
                        ["git", "-C", str(folder), *words],
                        env=environ,
                        stdin=subprocess.DEVNULL,
                        capture_output=True,
                        timeout=2,
                        check=False,
                    )


def _command(chance: random.Random, world, *, contained: bool) -> str:
    places = (*PLACES, *CONTAINED["places"]) if contained else PLACES
    atoms = (*ATOMS, *CONTAINED["atoms"]) if contained else ATOMS
    names = {"outside": world.outside, "home": world.home, "work": world.workspace}
    payload = PAYLOAD.format(**names)

    def one() -> str:
        drawn = {name: chance.choice(places).format(**names) for name in ("place", "place2")}
        text = chance.choice(TEXTS).format(payload=payload, **names)
        return chance.choice(atoms).format(
            **names, **drawn, file=chance.choice(FILES), text=text, payload=payload
        )

    drawn_atoms = [one() for _ in range(chance.randint(1, 5))]
    return chance.choice(("\n", " &\n")).join(drawn_atoms)


async def _episode(runner, world, seed: int) -> None:
    chance = random.Random(seed)
    contained = runner.isolation.name == "bwrap"
    model = Model(world, with_modes=contained)
    told: list[str] = [f"seed {seed}"]
    for _ in range(ROUNDS):
        outputs = b""
        racing = []
        for line in [_command(chance, world, contained=contained) for _ in range(chance.randint(0, 2))]:
            told.append(f"racing: {line}")
            with suppress(SandboxError):
                racing.append(runner.start(f"while :; do\n{line}\ndone", timeout=2))
        for line in [_command(chance, world, contained=contained) for _ in range(chance.randint(1, 3))]:
            told.append(line)
            with suppress(SandboxError):
                result = await runner.run(line, timeout=2)
                outputs += result.head + result.tail
        for each in racing:
            await each.stop("enough")
            result = await each.wait_or_stop()
            outputs += result.head + result.tail
        broken = model.broken(outputs)
        assert not broken, "\n".join([broken, *told])


@pytest.mark.slow
async def test_nothing_random_gets_out(runner, world) -> None:
    (world.outside / "folder").mkdir()
    (world.outside / "folder" / "canary").write_text("untouched")
    deadline = time.monotonic() + SECONDS
    seed = int(os.environ.get("SEEDSMITH_FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
    while True:
        await _episode(runner, world, seed)
        if time.monotonic() > deadline or "SEEDSMITH_FUZZ_SEED" in os.environ:
            return
        seed += 1
