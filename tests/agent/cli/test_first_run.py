"""The first conversation without a key: a service is chosen, its key is tried and kept."""

from __future__ import annotations

import sys

import pytest
from scripted_endpoint import error, text

from seedsmith.agent.cli.first_run import choose_model
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.open import LOCAL_MODEL
from seedsmith.agent.settings.config import load
from seedsmith.agent.settings.kept_keys import with_kept_keys
from seedsmith.agent.settings.settings import Settings


@pytest.fixture
def environment(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    return {"XDG_CONFIG_HOME": str(tmp_path), "SEEDSMITH_HOME": str(tmp_path / "state")}


@pytest.fixture
def choose(environment, endpoint):
    """Choose with given answers; the services of the catalog stand at the endpoint."""
    known = catalog.load(environment)

    def with_answers(answers, keys=()):
        typed, pasted = iter(answers), iter(keys)
        settings = Settings(base_url=endpoint.base_url)
        return choose_model(
            settings, known, environment, read=lambda _: next(typed), read_key=lambda _: next(pasted)
        )

    return with_answers


def test_a_key_is_tried_and_kept(choose, endpoint, environment, capsys):
    endpoint.script(error(401, "AuthenticationError"), text("ready"))
    chosen = choose(["x", "1", "1"], ["wrong", "k-right"])
    assert chosen is not None and chosen.model == "wcode/doubao-seed-2.0-code"
    assert environment["WCODE_API_KEY"] == "k-right"
    assert with_kept_keys({"XDG_CONFIG_HOME": environment["XDG_CONFIG_HOME"]})["WCODE_API_KEY"] == "k-right"
    shown = capsys.readouterr().out
    assert "It answers: ready" in shown and "readable by you alone" in shown and "k-right" not in shown
    assert [each.headers["authorization"] for each in endpoint.requests] == ["Bearer wrong", "Bearer k-right"]


def test_the_local_model_needs_no_key(choose, environment):
    providers = catalog.load(environment).providers.values()
    number = sum(bool(each.default_model and each.key_variables) for each in providers) + 1
    chosen = choose([str(number)])
    assert chosen is not None and chosen.model == LOCAL_MODEL


def test_a_model_whose_key_would_choose_another_is_kept(choose, endpoint, environment, capsys):
    endpoint.script(text("ready"))
    names = [each.name for each in catalog.load(environment).providers.values() if each.key_variables]
    chosen = choose([str(names.index("byteplus") + 1)], ["k-right"])
    assert chosen is not None and chosen.model == load({}, environment).settings.model
    assert chosen.model.startswith("byteplus/")
    shown = capsys.readouterr().out
    assert "A key of byteplus is had at https://console.byteplus.com" in shown and "Asking byteplus" in shown


def test_a_try_that_fails_is_told_and_nothing_typed_asks_again(choose, endpoint, environment, capsys):
    endpoint.script(error(503, "Busy", headers={"retry-after-ms": "1"}), text("ready"))
    assert choose(["1", "1"], ["", "k"]) is not None
    assert "is not ready" in capsys.readouterr().out


def test_whoever_leaves_has_chosen_nothing(choose, endpoint):
    assert choose([""]) is None and endpoint.requests == []
