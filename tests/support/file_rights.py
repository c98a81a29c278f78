"""What an ordinary user may do with files, for tests that root runs as well."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from seedsmith.sandbox.isolation import syscalls


def without_rights_over_files(function: Callable[[], None]) -> None:
    """Call ``function`` as an ordinary user would, root or not; what it raises is raised here."""

    def body() -> None:
        syscalls.drop_capabilities(0)
        function()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(body).result()
