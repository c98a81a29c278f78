from __future__ import annotations

import os
from pathlib import Path

import pytest

from seedsmith.agent.models.local.weights import cache_folder, chosen_file

SMALL = "qwen2.5-coder-0.5b"


@pytest.fixture(scope="session")
def weights_file() -> Path:
    """Real weights: the file that SEEDSMITH_LOCAL_MODEL names, else the small model from the cache."""
    path = chosen_file(os.environ) or cache_folder() / f"{SMALL}.gguf"
    if not path.exists():
        pytest.skip(f"no weights: run `seedsmith models pull {SMALL}` or set SEEDSMITH_LOCAL_MODEL")
    pytest.importorskip("xllamacpp", reason="the local extra is not installed")
    return path
