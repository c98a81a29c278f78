"""Prompts and data from files, a plan, and what is offered without a key."""

import json

import pytest
from scripted_endpoint import text


def service(endpoint):
    return ("-m", "openai/test", "--base-url", endpoint.base_url)


def asked(endpoint):
    return json.loads(endpoint.requests[-1].raw)["messages"][-1]["content"]


@pytest.mark.parametrize("words", [("run", "--file", "../my task.md"), ("@../task.md",), ("-",)])
def test_a_prompt_stands_in_a_file(seedsmith, endpoint, place, words):
    for name in ("my task.md", "task.md"):
        (place / name).write_text("Look around.")
    endpoint.script(text("Done."))
    done = seedsmith(*words, *service(endpoint), stdin="Look around.")
    assert done.returncode == 0, done.stderr
    assert asked(endpoint).startswith("Look around.")


def test_a_file_beside_a_prompt_is_data(seedsmith, endpoint, place):
    (place / "log.txt").write_text("it broke\n```\n")
    endpoint.script(text("Done."))
    done = seedsmith("run", "Explain", "--file", str(place / "log.txt"), *service(endpoint))
    assert done.returncode == 0, done.stderr
    told = asked(endpoint)
    assert told.startswith("Explain\n\n") and f"gave the file {place}/log.txt as data" in told
    assert "\n````\nit broke\n```\n````" in told


@pytest.mark.parametrize("words", [("run", "--file", "no such"), ("run", "Explain", "--file", "no such")])
def test_a_file_that_is_not_there_is_no_prompt(seedsmith, endpoint, words):
    done = seedsmith(*words, *service(endpoint))
    assert done.returncode == 2 and "no such can't be read: No such file" in done.stderr
    assert endpoint.requests == []


def test_plan_is_a_flag_of_its_own(seedsmith, endpoint, place):
    endpoint.script(text("1. Change a.txt."))
    done = seedsmith("run", "Change it", "--plan", *service(endpoint))
    assert (done.returncode, done.stdout) == (0, "1. Change a.txt.\n")
    refused = seedsmith("run", "Change it", "--plan", "--approve", "ask", *service(endpoint))
    assert refused.returncode == 2 and "can't be --approve ask" in refused.stderr


@pytest.mark.parametrize("words", [("run", "Look around"), ("fix", "--test", "false")])
def test_without_a_key_it_says_what_the_local_model_can_do(seedsmith, words):
    done = seedsmith(*words)
    assert done.returncode != 0 and "1.1 GB fetched once" in done.stderr
    assert "mends small bugs that a test shows" in done.stderr


@pytest.mark.slow
def test_doctor_and_run_agree_about_the_key_of_the_configuration(seedsmith, place):
    folder = place / "home/.config/seedsmith"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("model: wcode/doubao-seed-2.0-code\napi_key: k-secret\n")
    done = seedsmith("doctor")
    assert "ok      keys: api_key set" in done.stdout and "k-secret" not in done.stdout
    assert "a run takes wcode/doubao-seed-2.0-code" in done.stdout


@pytest.mark.slow
def test_the_model_is_told_of_a_folder_that_is_added_and_a_session_keeps_it(seedsmith, endpoint, place):
    (place / "library").mkdir()
    endpoint.script(text("Done."), text("Done."))
    assert seedsmith("run", "Look", "--add-dir", "../library", *service(endpoint)).returncode == 0
    system = json.loads(endpoint.requests[0].raw)["messages"][0]["content"]
    assert system.endswith(f"never to be written: `{place}/library`\n"), system[-200:]
    done = seedsmith("run", "--continue", "Look again", *service(endpoint))
    assert done.returncode == 0 and "Kept from the session: --add-dir" in done.stderr
