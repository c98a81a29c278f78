"""Values in argument lists, command lines and instructions: each stays one thing, whatever it holds."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.skills.errors import BadParameters
from seedsmith.skills.parameter_specs import ParameterSpec, accept_all
from seedsmith.skills.template import fill_argv, fill_command, fill_text

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@given(TEXT)
def test_a_value_is_one_argument_whatever_it_holds(value):
    assert fill_argv(["run", "--name={name}", "--", "{name}"], {"name": value}) == [
        "run", f"--name={value}", "--", value,
    ]  # fmt: skip


@given(TEXT)
def test_a_value_is_one_word_of_a_command_line(value):
    line = fill_command("run {name} end", {"name": ParameterSpec()}, {"name": value})
    assert shlex.split(line) == ["run", value, "end"]


@pytest.mark.parametrize(
    ("argv", "values", "filled"),
    [
        (["a", "{l}", "b"], {"l": ["x", "y z"]}, ["a", "x", "y z", "b"]),
        (["a", "{l}"], {"l": []}, ["a"]),
        (["a", "-n", "{n}"], {"n": -3}, ["a", "-n", "-3"]),
        (["a", "{{n}}", "x{n}"], {"n": True}, ["a", "{n}", "xtrue"]),
        (["a", "--to={n}", "b"], {}, ["a", "b"]),
    ],
)
def test_argument_lists(argv, values, filled):
    assert fill_argv(argv, values) == filled


def test_a_value_that_looks_like_an_option_is_refused():
    with pytest.raises(BadParameters, match="taken for an option"):
        fill_argv(["rm", "{path}"], {"path": "-rf"})
    assert fill_argv(["rm", "--", "{path}"], {"path": "-rf"}) == ["rm", "--", "-rf"]


def test_a_command_is_inserted_as_it_stands():
    declared = {"test": ParameterSpec(type="command")}
    assert fill_command("{test}", declared, {"test": "pytest -q 'a b'"}) == "pytest -q 'a b'"


def test_instructions_take_known_names_only():
    declared = {"a": ParameterSpec(), "b": ParameterSpec()}
    assert fill_text("{{a}} {{ b }} {{c}} {a}", declared, {"a": "1"}) == "1 (not given) {{c}} {a}"


@pytest.mark.parametrize(
    ("spec", "given_value", "accepted"),
    [
        ({"type": "integer"}, "12", 12),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "boolean"}, "yes", True),
        ({"type": "list"}, "a, b", ["a", "b"]),
        ({"type": "list"}, '["a,b"]', ["a,b"]),
        ({}, "text", "text"),
        ({"type": "number"}, 3, 3),
    ],
)
def test_values_are_read_as_their_type(spec, given_value, accepted):
    assert accept_all({"p": ParameterSpec(**spec)}, {"p": given_value}, "It") == {"p": accepted}


@pytest.mark.parametrize(
    ("spec", "values", "said"),
    [
        ({"type": "integer"}, {"p": "x"}, "'p' must be a whole number, not \"x\""),
        ({"type": "integer"}, {"p": True}, "must be a whole number"),
        ({"type": "number"}, {"p": "nan"}, "must be a number"),
        ({"type": "list"}, {"p": [1]}, "must be a list of texts"),
        ({"choices": ["a", "b"]}, {"p": "c"}, "must be one of a, b, not c"),
        ({"required": True, "description": "What."}, {}, "It needs the parameter 'p' (What.)"),
        ({}, {"q": "x"}, "It has no parameter 'q': it takes p"),
        ({}, {"p": "a\0b"}, "holds a NUL character"),
    ],
)
def test_values_that_do_not_fit(spec, values, said):
    with pytest.raises(BadParameters, match="(?s).*") as caught:
        accept_all({"p": ParameterSpec(**spec)}, values, "It")
    assert said in str(caught.value)


@pytest.mark.parametrize("argv", [["git", "log", "{since}..HEAD"], ["x", "{l}"], ["x", "{since}"]])
def test_no_value_at_the_beginning_of_an_argument_makes_an_option_of_it(argv):
    with pytest.raises(BadParameters, match="taken for an option"):
        fill_argv(argv, {"since": "--output=x", "l": ["-x"]})


def test_a_command_that_was_not_given_leaves_a_line_that_can_run():
    declared = {"test": ParameterSpec(type="command")}
    assert fill_command("git diff --quiet && {test}", declared, {}) == "git diff --quiet && true"
    assert fill_command("{test}", declared, {}) == ""
