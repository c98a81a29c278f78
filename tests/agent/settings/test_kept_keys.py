"""Keys kept for runs to come: in a file that is the owner's alone, below what the environment says."""

from __future__ import annotations

import sys
import types

import pytest

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.kept_keys import keep_key, with_kept_keys


@pytest.fixture
def environment(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)  # this machine's own is nobody's business here
    return {"XDG_CONFIG_HOME": str(tmp_path), "EVOLINK_API_KEY": "from-outside"}


def test_what_is_kept_is_found_again_and_the_environment_goes_before(environment, tmp_path):
    assert with_kept_keys(environment) == environment
    where = keep_key("WCODE_API_KEY", "k-1", environment)
    keep_key("EVOLINK_API_KEY", "k-2", environment)
    keep_key("WCODE_API_KEY", "k=3", environment)
    path = tmp_path / "seedsmith/keys"
    assert str(path) in where and path.stat().st_mode & 0o777 == 0o600
    found = with_kept_keys(environment)
    assert (found["WCODE_API_KEY"], found["EVOLINK_API_KEY"]) == ("k=3", "from-outside")


def test_a_file_that_others_can_read_is_refused(environment, tmp_path):
    keep_key("WCODE_API_KEY", "k-1", environment)
    (tmp_path / "seedsmith/keys").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        with_kept_keys(environment)


def test_a_folder_that_can_not_be_written_is_a_sentence(environment, tmp_path):
    (tmp_path / "seedsmith").write_text("a file in the way")
    with pytest.raises(ConfigurationError, match="can't be written|can't be read"):
        keep_key("WCODE_API_KEY", "k-1", environment)


def test_the_keyring_is_used_where_there_is_one(environment, tmp_path, monkeypatch):
    kept = {}
    keyring = types.SimpleNamespace(
        get_keyring=lambda: types.SimpleNamespace(priority=5),
        set_password=lambda service, name, value: kept.update({(service, name): value}),
        get_password=lambda service, name: kept.get((service, name)),
    )
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert keep_key("WCODE_API_KEY", "k-1", environment) == "the system's keyring"
    assert "k-1" not in (tmp_path / "seedsmith/keys").read_text()
    assert with_kept_keys(environment)["WCODE_API_KEY"] == "k-1"
    kept.clear()
    assert "WCODE_API_KEY" not in with_kept_keys(environment)
