"""Documents as text: PDF, Word, Excel, and what archives hold.

A document is opened by a program of its own in the sandbox, which shows it the workspace read-only: what a
hostile file does to a library harms nothing. The libraries are the extra ``documents``. Begin with
``documents``; ``convert`` is that program.
"""

_ARCHIVES = (".zip", ".whl", ".jar", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
KINDS = {".pdf": "pdf", ".docx": "docx", ".xlsx": "xlsx", **dict.fromkeys(_ARCHIVES, "archive")}
"""What can be read, by the end of its name."""
ENDINGS = tuple(KINDS)
