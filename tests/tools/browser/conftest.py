"""One browser in the strong sandbox for a module's tests."""

from __future__ import annotations

import pytest_asyncio
from browser_pages import made_pages


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory):
    made = made_pages(tmp_path_factory.mktemp("pages"))
    yield made
    await made.context.background.end("the tests are over")
    made.context.processes.close()
    made.context.workspace.close()
