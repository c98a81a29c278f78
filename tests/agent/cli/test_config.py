"""``seedsmith config``: what is set and by whom, and changing one key of the user's file."""

import json

import pytest


@pytest.fixture
def file(place):
    path = place / "home/.config/seedsmith/config.yaml"
    path.parent.mkdir(parents=True)
    return path


def test_each_value_says_where_it_comes_from(seedsmith, file, environment, place):
    file.write_text("# mine\nmodel: wcode/doubao-seed-2.0-code\napi_key: k-secret\n")
    (place / "repo/.seedsmith").mkdir()
    (place / "repo/.seedsmith/config.yaml").write_text("verify: make test\n")
    environment["SEEDSMITH_MAX_TURNS"] = "9"
    done = seedsmith("config")
    assert done.stdout == (
        f"model: wcode/doubao-seed-2.0-code\n    from {file} line 2\n"
        f"api_key: (set, not shown)\n    from {file} line 3\n"
        "verify: make test\n    from .seedsmith/config.yaml line 1\n"
        "max_turns: 9\n    from SEEDSMITH_MAX_TURNS\n"
    )
    rows = [json.loads(line) for line in seedsmith("config", "list", "--all", "--json").stdout.splitlines()]
    told = {row["key"]: (row["value"], row["origin"]) for row in rows}
    assert told["sandbox"] == ("auto", "default") and told["api_key"][0] == "…"
    assert seedsmith("config", "get", "max-turns").stdout == "9\n"
    assert seedsmith("config", "path").stdout == f"{file}\n"


@pytest.mark.parametrize(
    ("before", "arguments", "after"),
    [
        ("", ("effort", "low"), "effort: low\n"),
        ("# a\nmodel: x/y  # b\n\n# c\n", ("model", "x/z"), "# a\nmodel: x/z\n\n# c\n"),
        (
            "skills:\n- a\n- b\n\n# c\nmodel: x/y\n",
            ("skills", "d", "e"),
            "skills:\n- d\n- e\n\n# c\nmodel: x/y\n",
        ),
        ("max-turns: 3\r\neffort: low", ("max_turns",), "effort: low"),
        ("effort: low", ("network", "off"), "effort: low\nnetwork: 'off'\n"),
    ],
)
def test_one_key_is_set_and_the_rest_stays(seedsmith, file, before, arguments, after):
    file.write_bytes(before.encode())
    done = seedsmith("config", "set", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert file.read_bytes().decode() == after


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("effort", "extreme"), "effort (CONFIG line 1) can't be 'extreme'"),
        (("sandbox", "off"), "CONFIG line 1: sandbox can't be set here"),
        (("efort", "low"), "There is no setting 'efort' (did you mean 'effort'?)."),
        (("image", "a.png"), "It is a flag only."),
    ],
)
def test_what_cannot_be_used_changes_nothing(seedsmith, file, arguments, why):
    done = seedsmith("config", "set", *arguments)
    assert done.returncode == 2 and why.replace("CONFIG", str(file)) in done.stderr, done.stderr
    assert list(file.parent.iterdir()) == []


def test_what_goes_before_the_file_is_said(seedsmith, file, environment):
    environment["SEEDSMITH_EFFORT"] = "high"
    assert (
        seedsmith("config", "set", "effort", "low").stderr == "seedsmith: SEEDSMITH_EFFORT goes before it.\n"
    )


def test_edit_opens_the_users_editor_and_checks_what_was_written(seedsmith, file, environment):
    environment["EDITOR"] = "sh -c 'echo effort: extreme > \"$0\"'"
    done = seedsmith("config", "edit")
    assert done.returncode == 2 and "can't be 'extreme'" in done.stderr
