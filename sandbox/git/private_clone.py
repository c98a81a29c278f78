"""A clone of our own of a repository nobody trusts: made without its hooks, filters and configuration.

Git runs only on a metadata folder that we wrote ourselves; of the source its objects are borrowed, read-only,
and its references are read from their files. What the clone's files became is turned into a commit by that
same folder, whatever commands did to the workspace's own ``.git``; one reference of the source is written at
the end. Everything here blocks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.copied_files import copy_over, is_in, leaving
from seedsmith.sandbox.git.repository import Repository
from seedsmith.sandbox.git.safe_settings import UserSettings, environment, overrides
from seedsmith.sandbox.git.source import NOTHING, Source, object_folders
from seedsmith.sandbox.git.state import read_state
from seedsmith.sandbox.isolation.own_programs import outside_path, own_program
from seedsmith.sandbox.lazy_dataclass import dataclass

_CONFIGURATION = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
_BY_PRODUCTS = "__pycache__/\n*.py[co]\n.DS_Store\nnode_modules/\n"
"""What commands leave behind that nobody wants delivered, where the repository's own rules don't say so."""
_SECONDS = 300.0
_COMPLAINT_CHARACTERS = 400
_SOMEBODY = dict.fromkeys(
    ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"), "seedsmith"
)


@dataclass(frozen=True, slots=True)
class PrivateClone:
    """A workspace of our own and, beside it where no command sees it, the metadata it is delivered by."""

    folder: Path
    source: Source
    base: str
    """The commit that the workspace began with."""
    environ: Mapping[str, str]
    """The user's, to find git by."""

    @property
    def work(self) -> Path:
        """The workspace."""
        return self.folder / "work"

    @property
    def git_dir(self) -> Path:
        """The metadata that only we use."""
        return self.folder / "git"

    @property
    def borrowed(self) -> tuple[Path, ...]:
        """The object folders that the workspace's own repository needs besides its own."""
        repository = self.source.repository
        return () if repository is None else tuple(object_folders(repository))

    def uncommitted(self) -> list[str]:
        """The tracked files of the source that differ from the commit it is at, or are staged otherwise."""
        repository = self.source.repository
        if repository is None or repository.top == repository.git_dir:
            return []
        index = repository.git_dir / "index"
        if read_state(repository).commit != self.base or not index.is_file():
            return []
        more = {"GIT_INDEX_FILE": os.fspath(index), "GIT_WORK_TREE": os.fspath(repository.top)}
        output = self._git("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames", more=more)
        return [os.fsdecode(line[3:]) for line in output.split(b"\0") if line]

    def as_it_is(self, without: Collection[str] = ()) -> PrivateClone:
        """The clone with all that the source's folder holds, ignored files, too, as its beginning.

        What git does not track in one of the folders ``without`` is left out. Nothing of the source is
        written. Raises :class:`GitError` where a file can't be copied.
        """
        repository = self.source.repository
        if repository is None:
            return self
        more = {"GIT_WORK_TREE": os.fspath(repository.top)}
        if (repository.git_dir / "index").is_file():
            more["GIT_INDEX_FILE"] = os.fspath(repository.git_dir / "index")
        flags = ("--porcelain", "-z", "--ignored=matching", "--untracked-files=all", "--no-renames")
        output = self._git("status", *flags, more=more)
        try:
            for line in output.split(b"\0"):
                name = os.fsdecode(line[3:]).rstrip("/")
                if name and not is_in(name, without):
                    copy_over(repository.top / name, self.work / name, leaving(repository.top, without))
        except (OSError, shutil.Error) as error:
            raise GitError(f"{repository.top} can't be copied: {error}.") from None
        commit = ("commit-tree", self.tree(), "-p", self.base)
        base = self._git(*commit, stdin=b"As it was\n", more=_SOMEBODY).decode().strip()
        return PrivateClone(self.folder, self.source, base, self.environ)

    def apply_to_source(self, patch: bytes) -> None:
        """Apply a patch to the source's own folder; nothing is changed there where it does not fit."""
        top = self.source.path
        more = {"GIT_WORK_TREE": os.fspath(top)}
        self._git("apply", "--whitespace=nowarn", "-", stdin=patch, more=more, cwd=top)

    def tree(self) -> str:
        """The name of the tree that the workspace is now; ignored files and by-products are left out."""
        self._git("add", "--all")
        return self._git("write-tree").decode().strip()

    def base_tree(self) -> str:
        """The tree that the workspace began with."""
        return self._git("rev-parse", f"{self.base}^{{tree}}").decode().strip()

    def put_back(self, tree: str) -> None:
        """Make the workspace what ``tree`` (or a commit) holds."""
        self._git("read-tree", "--reset", "-u", tree)
        self._git("clean", "-q", "-d", "--force")

    def diff(self, tree: str) -> bytes:
        """What differs between the beginning and ``tree``, as ``git apply`` takes it."""
        return self._git("diff-tree", "-p", "--binary", "--full-index", self.base, tree)

    def changed(self, tree: str) -> list[str]:
        """The paths that differ between the beginning and ``tree``."""
        output = self._git("diff-tree", "-r", "-z", "--name-only", self.base, tree)
        return [os.fsdecode(name) for name in output.split(b"\0") if name]

    def modified(self, tree: str) -> list[str]:
        """Those of the changed paths that were there at the beginning."""
        arguments = (
            "diff-tree",
            "-r",
            "-z",
            "--name-only",
            "--no-renames",
            "--diff-filter=a",
            self.base,
            tree,
        )
        return [os.fsdecode(name) for name in self._git(*arguments).split(b"\0") if name]

    def counts(self, tree: str) -> tuple[int, int]:
        """How many lines ``tree`` adds and removes; a binary file counts as none."""
        lines = self._git("diff-tree", "-r", "--numstat", "--no-renames", self.base, tree).splitlines()
        numbers = [line.split(b"\t")[:2] for line in lines]
        added, removed = (sum(int(each[at]) for each in numbers if each[at].isdigit()) for at in (0, 1))
        return added, removed

    def apply(self, patch: bytes) -> None:
        """Apply a patch to the workspace; nothing is changed where it does not fit."""
        self._git("apply", "--whitespace=nowarn", "-", stdin=patch)

    def commit(self, tree: str, message: str, identity: Mapping[str, str]) -> str:
        """Write a commit of ``tree`` on the beginning, and return its name."""
        arguments = ("commit-tree", tree, "-p", self.base)
        return self._git(*arguments, stdin=message.encode(), more=identity).decode().strip()

    def bundle(self, branch: str, commit: str, file: Path) -> None:
        """Write a bundle with the branch, which needs the source's own commits."""
        self._git("update-ref", f"refs/heads/{branch}", commit)
        known = () if self.source.repository is None else (f"^{self.base}",)
        self._git("bundle", "create", "-q", os.fspath(file), *known, f"refs/heads/{branch}")

    def is_delivered(self, branch: str, commit: str) -> bool:
        """Whether the source has ``branch`` at ``commit`` already."""
        repository = self.source.repository
        return repository is not None and read_state(repository).refs.get(f"refs/heads/{branch}") == commit

    def check_free(self, branch: str) -> Repository:
        """The source's repository, where it may get a new ``branch``; raises :class:`GitError`."""
        repository = self.source.repository
        if repository is None:
            raise GitError(f"{self.source.path} is in no git repository: deliver a patch, not a branch.")
        if (there := read_state(repository).refs.get(f"refs/heads/{branch}")) is not None:
            raise GitError(f"{self.source.path} has a branch {branch!r} already, at {there[:12]}.")
        return repository

    def deliver(self, branch: str, commit: str, identity: Mapping[str, str]) -> None:
        """Bring ``commit`` into the source as the new branch ``branch``; nothing else there changes.

        A branch that is at ``commit`` already was delivered before. Raises :class:`GitError` where there is
        another of that name.
        """
        if self.is_delivered(branch, commit):
            return
        repository = self.check_free(branch)
        packed = self._git(
            "pack-objects", "--revs", "--stdout", "-q", stdin=f"{commit}\n^{self.base}\n".encode()
        )
        objects = {"GIT_OBJECT_DIRECTORY": os.fspath(repository.shared_dir / "objects")}
        self._git("unpack-objects", "-q", stdin=packed, more=objects)
        self.move_branch(branch, commit, NOTHING, {**identity})

    def move_branch(self, branch: str, to: str, before: str, more: Mapping[str, str] | None = None) -> None:
        """Move a branch of the source that is at ``before``; :data:`NOTHING` is where none is."""
        repository = self.source.repository
        assert repository is not None
        there = {"GIT_DIR": os.fspath(repository.git_dir), **(more or {})}
        arguments = ("update-ref", "-m", "seedsmith", f"refs/heads/{branch}", to, before)
        self._git(*arguments, more=there, cwd=self.git_dir)

    def elsewhere(self, folder: Path, index: Path, *arguments: str) -> bytes:
        """What git says with the working tree ``folder`` and its ``index``; the metadata is still ours."""
        more = {"GIT_WORK_TREE": os.fspath(folder), "GIT_INDEX_FILE": os.fspath(index)}
        return self._git(*arguments, more=more, cwd=folder)

    def merged_onto(self, commit: str, moved: Source) -> PrivateClone:
        """The clone with its ``commit`` carried over to what the source is at now; the workspace is that.

        Raises :class:`GitError` with the paths that conflict, and leaves everything as it was.
        """
        arguments = ("merge-tree", "--write-tree", "--name-only", "--no-messages", moved.commit, commit)
        done = self._run(arguments)
        lines = done.stdout.decode("utf-8", "replace").split("\n")
        if done.returncode == 1:
            paths = ", ".join(filter(None, lines[1:6]))
            raise GitError(f"The changes conflict with what {moved.branch or 'the source'} is now: {paths}.")
        if done.returncode:
            raise GitError(_complaint("merge-tree", done))
        self.put_back(lines[0])
        return PrivateClone(self.folder, moved, moved.commit, self.environ)

    def write_history(self, folder: Path) -> None:
        """Write a bare repository with the beginning and all before it to the new folder ``folder``.

        It borrows nothing, and can be taken elsewhere.
        """
        branch = self.source.branch
        head = folder / (branch or "HEAD")
        for each in (folder / "objects/pack", folder / "refs/heads", folder / "info", head.parent):
            each.mkdir(parents=True, exist_ok=True)
        (folder / "config").write_text(_CONFIGURATION.replace("bare = false", "bare = true"))
        (folder / "HEAD").write_text(f"ref: {branch}\n")
        head.write_text(f"{self.base}\n")
        for name in ("shallow", "info/exclude"):
            if (self.git_dir / name).is_file():
                shutil.copyfile(self.git_dir / name, folder / name)
        pack = os.fspath(folder.resolve() / "objects/pack/pack")
        self._git("pack-objects", "--revs", "-q", pack, stdin=f"{self.base}\n".encode())

    def receive(self, bundle: Path, tree: str) -> None:
        """Make the workspace ``tree``, which came in a bundle; raises :class:`GitError` where it did not."""
        self._git("bundle", "unbundle", os.fspath(bundle))
        self.put_back(tree)

    def remove(self) -> None:
        """Remove the whole folder, whatever commands did to its modes."""
        remove_folder(self.folder)

    def _git(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        more: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> bytes:
        done = self._run(arguments, stdin, more, cwd)
        if done.returncode:
            raise GitError(_complaint(arguments[0], done))
        return done.stdout

    def _run(
        self,
        arguments: Iterable[str],
        stdin: bytes | None = None,
        more: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        program = own_program("git", self.environ, self.source.path)
        if program is None:
            raise GitError("Git is not installed.")
        own = Repository(self.work, self.work, self.git_dir, self.git_dir)
        variables = environment(own, overrides({}, UserSettings({}, self.environ)))
        path = outside_path(self.environ, self.source.path)
        variables |= {"PATH": path, "HOME": os.fspath(self.git_dir)}
        try:
            return subprocess.run(
                (os.fspath(program), *arguments),
                cwd=cwd or self.work,
                env=variables | dict(more or {}),
                input=b"" if stdin is None else stdin,
                capture_output=True,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise GitError(f"git was stopped after {_SECONDS:g} seconds.") from None
        except OSError as error:
            raise GitError(f"Git can't be started: {error.strerror}.") from None


def make_clone(
    source: Source, folder: Path, environ: Mapping[str, str], without: Collection[str] = ()
) -> PrivateClone:
    """Make a private clone of ``source`` in the new folder ``folder``: a copy where there is no git.

    The copy leaves out the folders ``without``. Raises :class:`GitError`; then nothing is left of it.
    """
    clone = PrivateClone(folder, source, source.commit, environ)
    try:
        write_metadata(clone)
        if source.repository is None:
            return _copy(clone, without)
        clone.work.mkdir()
        clone._git("read-tree", "--reset", "-u", source.commit)
        shutil.copytree(clone.git_dir, clone.work / ".git")
    except OSError as error:
        remove_folder(folder)
        raise GitError(f"The clone of {source.path} can't be made: {error.strerror or error}.") from error
    except GitError as error:
        remove_folder(folder)
        raise GitError(f"The clone of {source.path} can't be made: {error}") from None
    return clone


def remove_folder(folder: Path) -> None:
    """Remove ``folder`` and all in it, folders too that nobody may write."""
    for place, _, _ in os.walk(folder):
        if not os.access(place, os.W_OK | os.X_OK):
            os.chmod(place, 0o700)  # noqa: PTH101
    shutil.rmtree(folder, ignore_errors=True)


def write_metadata(clone: PrivateClone) -> None:
    """What git needs to know of a repository, written by ourselves."""
    git_dir, source = clone.git_dir, clone.source
    git_dir.mkdir(mode=0o700, parents=True)
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (git_dir / name).mkdir(parents=True)
    branch = source.branch or "refs/heads/work"
    (git_dir / "HEAD").write_text(f"ref: {branch}\n")
    (git_dir / "config").write_text(_CONFIGURATION)
    rules = _BY_PRODUCTS
    if source.repository is not None:
        (git_dir / branch).parent.mkdir(parents=True, exist_ok=True)
        (git_dir / branch).write_text(f"{source.commit}\n")
        shared = source.repository.shared_dir
        folders = [os.fspath(each) for each in object_folders(source.repository)]
        if any("\n" in each or each.startswith('"') for each in folders):
            raise GitError("its path holds a line end or begins with a quotation mark")
        (git_dir / "objects/info/alternates").write_text("".join(f"{each}\n" for each in folders))
        for name in ("shallow", "info/exclude"):
            own = shared / name
            if own.is_file() and not own.is_symlink():
                content = own.read_bytes().decode("utf-8", "surrogateescape")
                rules += f"\n{content}" if name == "info/exclude" else ""
                if name == "shallow":
                    (git_dir / name).write_bytes(own.read_bytes())
    (git_dir / "info/exclude").write_text(rules, "utf-8", "surrogateescape")


def _copy(clone: PrivateClone, without: Collection[str]) -> PrivateClone:
    """A copy of a folder without git, with its state as the first commit of a history nobody sees."""
    top = clone.source.path
    try:
        shutil.copytree(top, clone.work, symlinks=True, ignore=leaving(top, without))
    except shutil.Error as error:
        raise GitError(str(error)[:_COMPLAINT_CHARACTERS]) from None
    clone._git("add", "--all", "--force")
    tree = clone._git("write-tree").decode().strip()
    somebody = {
        f"GIT_{role}_{part}": "seedsmith" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
    }
    base = clone._git("commit-tree", tree, stdin=b"As it was\n", more=somebody).decode().strip()
    return PrivateClone(clone.folder, clone.source, base, clone.environ)


def _complaint(subcommand: str, done: subprocess.CompletedProcess[bytes]) -> str:
    said = done.stderr.decode("utf-8", "replace").strip() or f"it ended with exit code {done.returncode}"
    return f"git {subcommand} failed: {said[:_COMPLAINT_CHARACTERS].removeprefix('fatal: ')}"
