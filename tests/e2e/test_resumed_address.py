"""Where a session goes on: at the address it began at, never at the provider's public host unasked."""

from __future__ import annotations

import json

import pytest
from scripted_endpoint import Endpoint, text


def records(seedsmith):
    lines = (seedsmith.session / "records.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def codes(finished):
    return [event["code"] for event in finished.of("notice")]


@pytest.fixture
def begun(seedsmith, endpoint):
    """The command, after a session with the service was begun and ended."""
    endpoint.script(text("First."), text("Second."))
    assert seedsmith.run("Go").code == 0
    return seedsmith


@pytest.mark.parametrize("model", [(), ("-m", "openai/scripted"), ("-m", "openai/another")])
def test_a_session_goes_on_where_it_began(begun, endpoint, model):
    again = begun.run_plain("run", "And now?", "--resume", begun.session.name, *model)
    assert again.code == 0 and again.last["message"].startswith("Second."), again.errors
    assert len(endpoint.requests) == 2 and "address_changed" not in codes(again)


def test_another_address_wins_and_is_told(begun, endpoint):
    with Endpoint(text("Elsewhere.")) as elsewhere:
        arguments = ("And now?", "--resume", begun.session.name, "--base-url", elsewhere.base_url)
        again = begun.run_plain("run", *arguments)
        assert again.code == 0 and codes(again) == ["address_changed"], again.errors
        assert len(elsewhere.requests) == 1 and len(endpoint.requests) == 1


def test_another_provider_s_model_does_not_go_to_the_first_one_s_address(begun, endpoint):
    with Endpoint(text("Elsewhere.")) as elsewhere:
        folder = begun.user / ".config" / "seedsmith"
        folder.mkdir(parents=True)
        (folder / "models.yaml").write_text(f"providers: {{mine: {{base_url: '{elsewhere.base_url}'}}}}\n")
        again = begun.run_plain("run", "And now?", "--resume", begun.session.name, "-m", "mine/model")
        assert again.code == 0 and codes(again) == ["model_changed", "address_changed"], again.errors
        assert len(elsewhere.requests) == 1 and len(endpoint.requests) == 1


def test_the_address_is_recorded_without_user_and_password(seedsmith, endpoint):
    endpoint.script(text("First."))
    address = endpoint.base_url.replace("://", "://someone:very-secret@")
    assert seedsmith.run_plain("run", "Go", "-m", "openai/x", "--base-url", address).code in (
        0,
        4,
    )
    assert records(seedsmith)[0]["base_url"] == endpoint.base_url
    assert "very-secret" not in (seedsmith.session / "records.jsonl").read_text(encoding="utf-8")


def test_a_session_without_an_address_goes_on_as_before(begun, endpoint):
    file = begun.session / "records.jsonl"
    first, *rest = records(begun)
    del first["base_url"]
    file.write_text("".join(json.dumps(each) + "\n" for each in (first, *rest)))
    again = begun.run("And now?", "--resume", begun.session.name)
    assert again.code == 0 and codes(again) == []


def test_an_empty_address_is_refused_and_never_means_the_public_one(seedsmith, endpoint):
    for empty in ("", "  "):
        finished = seedsmith.run_plain("run", "Go", "-m", "openai/x", "--base-url", empty)
        assert (finished.code, finished.events) == (2, [])
        assert finished.errors.startswith("seedsmith: --base-url is empty.")
    assert not endpoint.requests


def test_an_empty_variable_counts_as_unset(seedsmith, endpoint):
    endpoint.script(text("First."))
    seedsmith.extra = {"SEEDSMITH_BASE_URL": ""}
    folder = seedsmith.user / ".config" / "seedsmith"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(f"base_url: {endpoint.base_url}\n")
    assert seedsmith.run_plain("run", "Go", "-m", "openai/x").code == 0
    assert len(endpoint.requests) == 1
