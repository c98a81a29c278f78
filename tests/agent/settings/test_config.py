import string
from pathlib import Path

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from seedsmith.agent.settings.config import ConfigurationError, load
from seedsmith.agent.settings.settings import OPTIONS, Settings


@pytest.fixture
def place(tmp_path):
    """A user's configuration folder and a repository, both empty."""
    (tmp_path / "xdg" / "seedsmith").mkdir(parents=True)
    (tmp_path / "repo" / ".seedsmith").mkdir(parents=True)
    return tmp_path


def write_user(place: Path, text: str) -> None:
    (place / "xdg" / "seedsmith" / "config.yaml").write_text(text)


def write_repository(place: Path, text: str) -> None:
    (place / "repo" / ".seedsmith" / "config.yaml").write_text(text)


def load_in(place: Path, flags=None, **environment):
    return load(
        {"workspace": str(place / "repo")} | (flags or {}),
        {"XDG_CONFIG_HOME": str(place / "xdg")} | environment,
    )


def test_nothing_given_is_the_defaults(place):
    assert load_in(place).settings.model_dump() == Settings(workspace=place / "repo").model_dump()


def test_flags_beat_environment_beats_user_file_beats_repository(place):
    write_repository(place, "verify: from-repository\n")
    write_user(place, "verify: from-user\nmodel: user/model\nmax-turns: 3\n")
    loaded = load_in(
        place, {"model": "flag/model"}, SEEDSMITH_MODEL="environment/model", SEEDSMITH_MAX_TURNS="5"
    )
    assert loaded.settings.model == "flag/model"
    assert loaded.settings.max_turns == 5
    assert loaded.settings.verify == "from-user"
    assert loaded.origins["max_turns"] == "SEEDSMITH_MAX_TURNS"
    assert loaded.notices == ()


def test_repository_may_set_the_verify_command(place):
    write_repository(place, "verify: make check\n")
    assert load_in(place).settings.verify == "make check"


@pytest.mark.parametrize("name", sorted(name for name, option in OPTIONS.items() if not option.repository))
def test_repository_may_not_set_anything_else(place, name):
    write_repository(place, f"{name}: 'off'\n")
    loaded = load_in(place)
    assert loaded.settings.model_dump() == Settings(workspace=place / "repo").model_dump()
    assert any(f"'{name}'" in notice and "line 1" in notice for notice in loaded.notices)


@pytest.mark.parametrize(
    "text", ["[", "a: &x 1\nb: *x", "\x00", "- a", "verify: [a, b]", "verfy: x", "? [a]\n: b"]
)
def test_a_broken_repository_file_never_stops_a_run(place, text):
    write_repository(place, text)
    loaded = load_in(place)
    assert loaded.settings.model_dump() == Settings(workspace=place / "repo").model_dump()
    assert len(loaded.notices) == 1


def test_repository_file_that_is_a_fifo_does_not_hang(place):
    import os

    os.mkfifo(place / "repo" / ".seedsmith" / "config.yaml")
    assert "regular file" in load_in(place).notices[0]


def test_too_large_a_file_is_refused(place):
    write_user(place, "# " + "x" * (64 << 10))
    with pytest.raises(ConfigurationError, match="larger than 64 KB"):
        load_in(place)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nmodle: x", r"line 2: unknown key 'modle' \(did you mean 'model'\?\)"),
        ("max_turns: 0", r"max_turns \(.*line 1\) can't be '0': it must be a whole number, at least 1"),
        ("effort: huge", "effort .*'huge'.*'minimal'"),
        ("sandbox: off", "must be typed on the command line"),
        ("network: on", "must be typed on the command line"),
        ("workspace: /", "give --workspace on the command line"),
        ("model: a\nmodel: b", "line 2: repeated key"),
        ("a: &x 1\nb: *x", "aliases"),
        ("stop: [[[[[[a]]]]]]", "nested too deeply"),
        ("[" * 4000, "nested too deeply"),
    ],
)
def test_mistakes_in_the_users_file_are_one_sentence(place, text, said):
    write_user(place, text)
    with pytest.raises(ConfigurationError, match=said) as caught:
        load_in(place)
    assert "\n" not in str(caught.value)


def test_scalars_stay_what_was_written(place):
    write_user(place, "network: off\nmodel: 1e3\nparallel_tool_calls: no\nstop: [yes, 0x10]\nverify: ~\n")
    chosen = load_in(place).settings
    assert (chosen.network, chosen.model, chosen.parallel_tool_calls) == ("off", "1e3", False)
    assert (chosen.stop, chosen.verify) == (["yes", "0x10"], None)


def test_environment_never_weakens_the_sandbox(place):
    loaded = load_in(place, SEEDSMITH_SANDBOX="off", SEEDSMITH_NETWORK="on", SEEDSMITH_WORKSPACE="/")
    assert (loaded.settings.sandbox, loaded.settings.network) == ("auto", "off")
    assert loaded.settings.workspace == place / "repo"
    assert len(loaded.notices) == 3


def test_environment_may_strengthen_the_sandbox(place):
    assert load_in(place, SEEDSMITH_SANDBOX="bwrap").settings.sandbox == "bwrap"


def test_flags_may_weaken_the_sandbox(place):
    assert load_in(place, {"sandbox": "off"}).settings.sandbox == "off"


def test_misspelt_variable_is_said(place):
    assert "did you mean 'SEEDSMITH_MODEL'" in load_in(place, SEEDSMITH_MODLE="x").notices[0]


def test_a_key_is_never_repeated(place):
    write_user(place, "api_key: [secret-key]\n")
    with pytest.raises(ConfigurationError) as caught:
        load_in(place)
    assert "secret-key" not in str(caught.value)
    assert "secret-key" not in repr(load_in_with_key(place))


def load_in_with_key(place):
    write_user(place, "api_key: secret-key\n")
    return load_in(place).settings


def test_sampling_holds_only_what_was_set(place):
    chosen = load_in(place, {"top_k": "4", "logit_bias": '{"7": -1}', "stop": ("END", "HALT")}).settings
    assert chosen.sampling == {"top_k": 4, "logit_bias": {"7": -1.0}, "stop": ["END", "HALT"]}


@settings(max_examples=examples(60), deadline=None)
@given(st.binary(max_size=80) | st.text(string.printable, max_size=80).map(str.encode))
def test_any_repository_file_leaves_the_defaults_but_what_is_harmless(tmp_path_factory, content):
    repository = tmp_path_factory.mktemp("repository")
    (repository / ".seedsmith").mkdir()
    (repository / ".seedsmith" / "config.yaml").write_bytes(content)
    chosen = load({"workspace": str(repository)}, {"XDG_CONFIG_HOME": str(repository / "none")}).settings
    harmless = {"verify": None, "ignore": None}
    assert chosen.model_copy(update=harmless).model_dump() == Settings(workspace=repository).model_dump()


def test_a_schema_in_the_file_is_a_file_s_name(tmp_path):
    (tmp_path / "seedsmith").mkdir()
    (tmp_path / "seedsmith" / "config.yaml").write_text("output_schema: {type: object, minProperties: 1}\n")
    with pytest.raises(
        ConfigurationError, match="line 1: output_schema can't be set here: name the schema's"
    ):
        load({}, {"XDG_CONFIG_HOME": str(tmp_path)})
