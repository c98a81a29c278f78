"""Every parameter's type and range, and what parameters ask of each other, before anything is sent."""

from __future__ import annotations

import pytest

from seedsmith import Agent
from seedsmith.agent.errors import UsageError
from seedsmith.agent.loop.parameter_checks import (
    OutputLimit,
    ParameterConflict,
    check,
    output_limit,
    tool_choices,
    warnings,
)
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.settings.config import ConfigurationError, load
from seedsmith.agent.settings.settings import Settings

NOWHERE = {"XDG_CONFIG_HOME": "/nonexistent"}
WRONG = [
    ("temperature", "2.1", "--temperature can't be '2.1': it must be a number from 0 to 2."),
    ("temperature", "-0.1", "--temperature can't be '-0.1': it must be a number from 0 to 2."),
    ("temperature", "nan", "--temperature can't be 'nan': it must be a number from 0 to 2."),
    ("temperature", "warm", "--temperature can't be 'warm': it must be a number from 0 to 2."),
    ("temperature", "", "--temperature can't be '': it must be a number from 0 to 2."),
    ("temperature", True, "--temperature can't be True: it must be a number from 0 to 2."),
    ("top_p", "1.5", "--top-p can't be '1.5': it must be a number from 0 to 1."),
    ("top_p", "inf", "--top-p can't be 'inf': it must be a number from 0 to 1."),
    ("min_p", "-1", "--min-p can't be '-1': it must be a number from 0 to 1."),
    ("top_a", "2", "--top-a can't be '2': it must be a number from 0 to 1."),
    ("top_k", "-1", "--top-k can't be '-1': it must be a whole number, at least 0."),
    ("top_k", "1.5", "--top-k can't be '1.5': it must be a whole number, at least 0."),
    ("top_k", False, "--top-k can't be False: it must be a whole number, at least 0."),
    (
        "frequency_penalty",
        "-2.5",
        "--frequency-penalty can't be '-2.5': it must be a number from -2 to 2.",
    ),
    ("presence_penalty", "3", "--presence-penalty can't be '3': it must be a number from -2 to 2."),
    ("repetition_penalty", "-1", "--repetition-penalty can't be '-1': it must be a number from 0 to 2."),
    ("seed", "1.5", "--seed can't be '1.5': it must be a whole number."),
    ("top_logprobs", "21", "--top-logprobs can't be '21': it must be a whole number from 0 to 20."),
    ("top_logprobs", "-1", "--top-logprobs can't be '-1': it must be a whole number from 0 to 20."),
    ("logprobs", "perhaps", "--logprobs can't be 'perhaps': it must be true or false."),
    ("logprobs", 1, "--logprobs can't be 1: it must be true or false."),
    ("structured_outputs", 0.0, "--structured-outputs can't be 0.0: it must be true or false."),
    ("parallel_tool_calls", 2, "--parallel-tool-calls can't be 2: it must be true or false."),
    ("max_output_tokens", "0", "--max-output-tokens can't be '0': it must be a whole number, at least 1."),
    (
        "max_completion_tokens",
        "-5",
        "--max-completion-tokens can't be '-5': it must be a whole number, at least 1.",
    ),
    ("max_turns", "0", "--max-turns can't be '0': it must be a whole number, at least 1."),
    ("max_cost", "0", "--max-cost can't be '0': it must be a number above 0."),
    ("max_cost", "inf", "--max-cost can't be 'inf': it must be a number above 0."),
    ("max_time", "nan", "--max-time can't be 'nan': it must be a number above 0."),
    ("stop", ("",), "--stop can't be '': it must hold one text or more, none of them empty."),
    ("stop", [], "--stop can't be []: it must hold one text or more, none of them empty."),
    ("logit_bias", "[1]", "--logit-bias can't be '[1]': it must be a JSON object."),
    ("logit_bias", "{", "--logit-bias can't be '{': it must be a JSON object."),
    ("logit_bias", '{"1": NaN}', "--logit-bias can't be '{\"1\": NaN}': it must be a finite number."),
    (
        "logit_bias",
        '{"1": true}',
        "--logit-bias can't be '{\"1\": true}': it must hold a number for each token.",
    ),
    ("response_format", "json", "--response-format can't be 'json': it must be a JSON object."),
    (
        "response_format",
        '{"type": "xml"}',
        '--response-format can\'t be \'{"type": "xml"}\': it must be a JSON object whose '
        '"type" is text, json_object or json_schema.',
    ),
    ("verbosity", "loud", "--verbosity can't be 'loud': it must be one of 'low', 'medium' or 'high'."),
    ("thinking", "on", "--thinking can't be 'on': it must be one of 'enabled', 'disabled' or 'auto'."),
    ("effort", "max", "--effort can't be 'max': it must be one of 'minimal', 'low', 'medium' or 'high'."),
    ("tool_choice", " ", "--tool-choice can't be ' ': it must be none, auto, required or a tool's name."),
    (
        "tool_choice",
        '{"type": "function"}',
        '--tool-choice can\'t be \'{"type": "function"}\': '
        "it must be none, auto, required or a tool's name.",
    ),
]


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
def test_a_wrong_value_is_one_sentence_with_the_range(name, value, sentence):
    with pytest.raises(ConfigurationError) as told:
        load({name: value}, NOWHERE)
    assert str(told.value) == sentence


def test_the_same_is_refused_as_an_argument():
    for name, value, sentence in {name: (name, value, sentence) for name, value, sentence in WRONG}.values():
        with pytest.raises(UsageError) as told:
            Agent(**{name: value})
        assert str(told.value) == name + sentence.removeprefix("--" + name.replace("_", "-"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"base_url": ""}, "base_url is empty."),
        ({"temprature": 1}, "There is no setting 'temprature' (did you mean 'temperature'?)."),
        ({"api_key": ["sk-secret"]}, "api_key can't be that: it must be text."),
        ({"workspace": 5}, "workspace can't be 5: it must be a path."),
        (
            {"logit_bias": {12: True}},
            "logit_bias can't be {12: True}: it must hold a number for each token.",
        ),
    ],
)
def test_arguments_are_refused_in_one_sentence(arguments, sentence):
    with pytest.raises(UsageError) as told:
        Agent(**arguments)
    assert str(told.value) == sentence


def test_token_ids_may_be_numbers():
    assert Agent(logit_bias={12: -1, "13": 2}).settings.logit_bias == {"12": -1.0, "13": 2.0}


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("temperature", "0", 0.0),
        ("temperature", "2", 2.0),
        ("top_k", "0", 0),
        ("frequency_penalty", "-2", -2.0),
        ("top_logprobs", "20", 20),
        ("seed", "-1", -1),
        ("stop", "END", ["END"]),
        ("logit_bias", '{"50256": -100}', {"50256": -100.0}),
        ("response_format", '{"type": "text"}', {"type": "text"}),
        ("structured_outputs", "true", True),
        ("thinking", "disabled", {"type": "disabled"}),
    ],
)
def test_the_ends_of_a_range_are_taken(name, value, sent):
    assert load({name: value}, NOWHERE).settings.sampling == {name: sent}


def test_a_tool_may_be_named_as_the_document_names_it():
    given = '{"type": "function", "function": {"name": "read"}}'
    assert load({"tool_choice": given}, NOWHERE).settings.tool_choice == "read"


SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"top_logprobs": 3}, "--top-logprobs 3 needs --logprobs"),
        ({"top_logprobs": 3, "logprobs": False}, "--top-logprobs 3 needs --logprobs"),
        (
            {"max_output_tokens": 5, "max_completion_tokens": 6},
            "--max-output-tokens 5 and --max-completion-tokens 6 exclude each other",
        ),
        ({"response_format": {"type": "json_object"}}, "needs a prompt that asks for JSON"),
        ({"structured_outputs": True}, "--structured-outputs needs a schema"),
        ({"structured_outputs": True, "response_format": {"type": "text"}}, "needs a schema"),
        ({"tool_choice": "reed"}, "can't be 'reed': .*or a tool on offer \\(read, shell\\)"),
    ],
)
def test_parameters_that_do_not_go_together(settings, words):
    with pytest.raises(ParameterConflict, match=words) as told:
        check(Settings(**settings), "Do it.", ("read", "shell"))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("settings", "prompt"),
    [
        ({"top_logprobs": 3, "logprobs": True}, ""),
        ({"response_format": {"type": "json_object"}}, "answer as json"),
        ({"response_format": {"type": "json_object"}, "output_schema": "s.json"}, ""),
        ({"structured_outputs": True, "response_format": SCHEMA}, ""),
        ({"structured_outputs": True, "output_schema": "s.json"}, ""),
        ({"structured_outputs": False}, ""),
        ({"tool_choice": "read"}, ""),
        ({"tool_choice": "required"}, ""),
    ],
)
def test_parameters_that_do(settings, prompt):
    assert check(Settings(**settings), prompt, ("read",)) is None


def test_what_is_allowed_but_of_no_use_is_said():
    seed, ark = (
        catalog.resolve(name)[1]
        for name in ("wcode/doubao-seed-2.0-code", "ark/doubao-seed-2-0-code-preview-260215")
    )
    assert warnings(Settings(temperature=0.5), seed, "wcode") == []
    assert "only one" in warnings(Settings(temperature=0.5, top_p=0.5), seed, "wcode")[0]
    assert warnings(Settings(temperature=1, top_p=None), ark, "ark") == []
    (said,) = warnings(Settings(temperature=0.5), ark, "ark")
    assert "always works with temperature 1: 0.5 changes nothing" in said


@pytest.mark.parametrize(
    ("asked", "offered", "first", "later"),
    [
        (None, "auto", "auto", "auto"),
        (None, "required", "required", "required"),
        ("required", "auto", "required", "auto"),
        ("read", "auto", "read", "auto"),
        ("required", "required", "required", "required"),
        ("read", "required", "read", "required"),
        ("none", "auto", "none", "none"),
        ("auto", "required", "auto", "auto"),
    ],
)
def test_what_must_call_must_do_so_once(asked, offered, first, later):
    assert tool_choices(asked, offered) == (first, later)


@pytest.mark.parametrize(
    ("asked", "usual", "room", "affordable", "tokens", "shortened"),
    [
        (None, None, None, None, None, False),
        (None, 100, 1000, None, None, False),
        (None, 100, 60, None, 60, True),
        (500, 100, 1000, None, 500, False),
        (500, 100, 499, None, 499, True),
        (500, 100, 499, 20, 20, True),
        (500, None, 1000, 501, 500, False),
    ],
)
def test_an_answer_is_as_long_as_there_is_room(asked, usual, room, affordable, tokens, shortened):
    limit = output_limit(asked, usual, room, affordable=affordable)
    assert isinstance(limit, OutputLimit)
    assert (limit.tokens, bool(limit.shortened_by)) == (tokens, shortened)
