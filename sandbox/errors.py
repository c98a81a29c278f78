"""The errors of the ground floor; each message is one sentence a person or a model can act on."""


class SandboxError(Exception):
    """Base of everything this floor raises on purpose."""


class WorkspaceError(SandboxError):
    """The workspace itself can't be used: missing, not a folder, unreadable."""


class PathError(SandboxError):
    """A path can't be used: outside the workspace, protected, missing, or of the wrong kind."""


class OutsideWorkspace(PathError):
    """The path leads, by name or by link, out of the workspace."""


class ProtectedPath(PathError):
    """The path is one that tools may never write (``.git``, the agent's own state)."""


class NeedsApproval(ProtectedPath):
    """The path runs code later (``.envrc``, shell start-up files): only a person may let a tool write it."""


class PathNotFound(PathError):
    """Nothing is there."""


class NotARegularFile(PathError):
    """A folder, FIFO, device or socket where a file was needed."""


class FileTooLarge(PathError):
    """The file exceeds the cap the caller set."""


class ChangedOnDisk(PathError):
    """The file is no longer what the caller last saw."""


class NoIsolation(SandboxError):
    """No isolation as strong as asked for works on this machine (exit code 5)."""


class FolderClosed(SandboxError):
    """The folder a command was to start in lets not even its owner enter."""


class InputClosed(SandboxError):
    """Nothing can be written to the command, or not any more."""


class ProxyRefusedError(OSError):
    """The user's proxy did not do what it was asked; carries what it said."""


class UnknownCommand(SandboxError):
    """There is no background command of that id."""


class TooManyCommands(SandboxError):
    """As many background commands run as may at once."""


class SnapshotError(SandboxError):
    """A snapshot is not kept any more, or what is kept of it is damaged."""


class GitError(SandboxError):
    """Git can't be used here, or a git command failed."""


class NoRepository(GitError):
    """The workspace lies in no git repository, or in one git is not run on."""
