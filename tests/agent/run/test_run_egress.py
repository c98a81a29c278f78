"""``--network allow=``: what a run tells of it, and where it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from present import is_present

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.events import Envelope, NoticeGiven
from seedsmith.agent.run.one_tool import run_tool
from seedsmith.agent.settings.config import load
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.errors import NoIsolation


class Notices:
    """A front end that keeps the notices about connections."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def show(self, envelope: Envelope) -> None:
        if isinstance(envelope.event, NoticeGiven) and envelope.event.code == "egress":
            self.said.append(envelope.event.message)

    def close(self) -> None: ...


@pytest.mark.slow
@pytest.mark.skipif(not is_present("bwrap"), reason="needs bwrap")
async def test_connections_are_told_once_each(tmp_path: Path, endpoint) -> None:
    port = endpoint.base_url.split(":")[2].split("/")[0]
    settings = Settings(workspace=tmp_path, home=tmp_path.parent / "state", network=f"allow=127.0.0.1:{port}")
    fetch = f"for n in 1 2; do (exec 3<>/dev/tcp/127.0.0.1/{port}) && echo reached; done; "
    other = 'import urllib.request as u; u.urlopen("http://other.example/")'
    refused = f"python3 -c '{other}'"
    notices = Notices()
    result = await run_tool(
        settings, "shell", json.dumps({"command": fetch + refused}), front_ends=(notices,)
    )
    assert result.text.count("reached") >= 2 and f"to 127.0.0.1:{port}." in result.text
    assert notices.said == [
        f"A command's connection to 127.0.0.1:{port}: let through.",
        "A command's connection to other.example:80: refused: --network allow does not name it.",
    ]


async def test_a_weaker_tier_refuses(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path, home=tmp_path.parent / "s", network="allow=x", sandbox="landlock")
    with pytest.raises(NoIsolation, match="needs bubblewrap"):
        await run_tool(settings, "shell", json.dumps({"command": "true"}))


@pytest.mark.parametrize("value", ["on", "allow=packages.example"])
def test_it_counts_where_it_is_typed_alone(tmp_path: Path, value: str) -> None:
    environment = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "SEEDSMITH_NETWORK": value}
    loaded = load({"workspace": str(tmp_path)}, environment)
    assert loaded.settings.network == "off" and "must be typed" in loaded.notices[0]
    assert (
        load({"workspace": str(tmp_path), "network": value}, {"HOME": str(tmp_path)}).settings.network
        == value
    )


@pytest.mark.parametrize("value", ["no", "allow=", "allow=a b", "allow=http://x"])
def test_what_cannot_be_read_is_wrong_usage(value: str) -> None:
    with pytest.raises(ConfigurationError, match="--network can't be"):
        load({"network": value}, {"HOME": "/nonexistent"})
