"""The user's own ``models.yaml`` over the built-in catalog."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.models.base import Usage
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.catalog.prices import cost
from seedsmith.agent.models.open import open_model
from seedsmith.agent.settings.settings import Settings

DOCUMENT = Path(__file__).parents[4] / "docs" / "models.md"


@pytest.fixture
def own(tmp_path):
    """Writes the file and says which environment finds it."""
    (tmp_path / "seedsmith").mkdir()

    def write(text: str) -> dict[str, str]:
        (tmp_path / "seedsmith" / "models.yaml").write_text(text, encoding="utf-8")
        return {"XDG_CONFIG_HOME": str(tmp_path)}

    return write


def complaint(environment) -> str:
    with pytest.raises(ConfigurationError) as told:
        catalog.load(environment)
    said = str(told.value)
    assert "\n" not in said and said.endswith(".") and "models.yaml" in said
    return said.partition("models.yaml")[2]


def test_without_the_file_the_catalog_is_the_built_in_one(tmp_path):
    assert catalog.load({"XDG_CONFIG_HOME": str(tmp_path)}) is catalog.load()


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "providers:\n", "providers: {}\n"])
def test_an_empty_file_adds_nothing(own, text):
    assert catalog.load(own(text)) == catalog.load()


def test_the_documented_example_works_as_documented(own):
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    known = catalog.load(own(example))
    office, coder = known.resolve("office/coder-32b")
    assert (office.base_url, office.key_variables) == ("https://llm.example.com/v1", ("OFFICE_API_KEY",))
    assert (coder.context_tokens, coder.output_tokens, coder.vision) == (65536, 8192, False)
    wire = office.wires["chat"]
    assert wire.json_schema and wire.allows("temperature") and not wire.allows("top_k")
    assert cost(coder.price, Usage(32_000, 1_000, 1_000)).cny == pytest.approx(31 * 0.002 + 0.0005 + 0.008)
    assert cost(coder.price, Usage(32_001, 1_000, 0)).cny == pytest.approx(32.001 * 0.004)
    small = known.resolve("office/coder-7b")[1]
    assert (small.context_tokens, small.output_tokens, small.vision) == (128_000, 8_192, True)
    desk, anything = known.resolve("desk/whatever/it-is")
    assert desk.key_variables == () and anything.name == "whatever/it-is"
    assert anything.price.free and anything.context_tokens == 16384
    seed = known.resolve("wcode/doubao-seed-2.0-code")[1]
    built_in = catalog.resolve("wcode/doubao-seed-2.0-code")[1]
    assert seed.output_tokens == 16384 and seed.price == built_in.price
    assert built_in.output_tokens == 32768, "the built-in catalog stays what it is"


def test_a_model_of_one_s_own_is_opened_without_a_key_where_none_is_named(own):
    environment = own("providers: {desk: {base_url: 'http://127.0.0.1:9/v1', models: [a, b]}}")
    model = open_model(Settings(model="desk/b"), environment)
    assert (model.provider, model.name, model.context_tokens, model.priced) == ("desk", "b", 128_000, False)


def test_the_default_model_is_taken_where_its_key_is_set(own):
    environment = own(
        "providers: {mine: {base_url: 'http://127.0.0.1:9/v1', key_variables: MY_KEY, default_model: a, "
        "models: [a]}}"
    )
    assert open_model(Settings(), environment | {"MY_KEY": "k"}).provider == "mine"


def test_a_source_may_stand_beside_a_value(own):
    environment = own("providers: {wcode: {models: {new: {context_tokens: [1000, doc], price: free}}}}")
    entry = catalog.load(environment).resolve("wcode/new")[1]
    assert (entry.context_tokens, entry.sources["context_tokens"]) == (1000, "doc")
    assert entry.sources["output_tokens"] == "guess" and entry.price.source == "user"


BEFORE = "providers:\n  m:\n    base_url: http://h/v1\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: {}", " line 1: unknown key 'models'"),
        ("providers: [a]", " line 1: 'providers' must hold"),
        ("- a", " must hold 'key: value' lines"),
        ("providers: [", " line 1: not valid YAML"),
        ("a: &x 1\nb: *x", ": aliases"),
        ("providers:\n  a/b: {}", " line 2: 'a/b' can't name a provider"),
        ("providers:\n  m: 5", " line 2: m must hold 'key: value' lines"),
        ("providers:\n  m:\n    models: [a]", " line 2: m needs a base_url"),
        ("providers:\n  m:\n    base_url: host:80", " line 3: base_url: A base URL looks like"),
        ("providers:\n  m:\n    base_url: 5", " line 3: base_url: A base URL looks like"),
        (BEFORE + "    base-url: x", r" line 4: m\.base-url: there is no such key"),
        (BEFORE + "    base_url: x", " line 4: repeated key"),
        (BEFORE + "    key_variables: sk-123", " line 4: key_variables: the name of an environment"),
        (BEFORE + "    key_variables: [MINE]", " line 4: key_variables: MINE does not say"),
        (BEFORE + "    default_model: q", r" line 4: m\.default_model: 'q' is not among"),
        (BEFORE + "    stall_seconds: -1", r" line 4: m\.stall_seconds: a number from 0"),
        (BEFORE + "    wires: 5", r" line 4: m\.wires: a mapping was expected"),
        (BEFORE + "    wires: {chat: {fields: stop}}", r" line 4: m\.chat\.fields: a mapping"),
        (BEFORE + "    wires: {chat: {fields: [1]}}", r" line 4: m\.chat\.fields\.user: a list of names"),
        (BEFORE + "    wires: {}", r" line 4: m\.wires: chat or responses was expected"),
        (
            BEFORE + "    wires: {grpc: {}}",
            r" line 4: m\.grpc: there is no such wire; there are chat and resp",
        ),
        (BEFORE + "    wires: [chat, soap]", r" line 4: m\.soap: there is no such wire"),
        (
            BEFORE + "    wires: {chat: {fields: [temprature]}}",
            r" line 4: m\.chat\.fields: there is no field 'temprature' \(did you mean 'temperature'\?\)\.",
        ),
        (
            BEFORE + "    wires: {chat: {limit_field: max_output_tokens}}",
            r" line 4: m\.chat\.limit_field: max_completion_tokens or max_tokens was expected",
        ),
        (
            BEFORE + "    models: {x: {fixed: {top-k: 1}}}",
            r" line 4: m/x\.fixed\.top-k: .*did you mean 'top_k'\?",
        ),
        ("providers:\n  local:\n    base_url: http://h/v1", " line 3: local is started by the run itself"),
        (BEFORE + "    models: 5", r" line 4: m\.models: a mapping was expected"),
        (BEFORE + "    models:\n      x: 5", " line 5: m/x: a mapping was expected"),
        (BEFORE + "    models:\n      x:\n        contxt: 5", r" line 6: m/x\.contxt: there is no such key"),
        (
            BEFORE + "    models:\n      x:\n        context_tokens: 128k",
            r" line 6: m/x\.context_tokens: a whole number was expected, not '128k'",
        ),
        (BEFORE + "    models:\n      x:\n        context_tokens: 0", "at least 1, was expected, not 0"),
        (
            BEFORE + "    models:\n      x:\n        output_tokens: true",
            "a whole number was expected, not True",
        ),
        (BEFORE + "    models:\n      x:\n        vision: 1", r" line 6: m/x\.vision: true or false"),
        (BEFORE + "    models:\n      x:\n        price: 7", r" line 6: m/x\.price: a mapping was expected"),
        (
            BEFORE + "    models:\n      x:\n        price: {input: 1}",
            r" line 6: m/x\.price\.tiers\.output: a number from 0 was expected, not None",
        ),
        (
            BEFORE + "    models:\n      x:\n        price: {input: .nan, output: 1}",
            r" line 6: m/x\.price\.tiers\.input: a number from 0 was expected, not nan",
        ),
        (
            BEFORE + "    models: {x: {price: {tiers: [{up_to: 5, input: 1, output: 1}]}}}",
            r" line 4: m/x\.price\.tiers: bounds must rise",
        ),
        ("x: !!python/object/apply:os.getpid []", " line 1: could not determine a constructor"),
        ("x: 2026-99-99", " holds a value that can't be read"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_key(own, text, said):
    assert re.search(said, complaint(own(text)))


@pytest.mark.parametrize("name", ["wcode/doubao-seed-2.0-code", "evolink/doubao-seed-2.0-code"])
def test_a_price_can_be_said_not_to_be_known(own, name):
    provider, _, model = name.partition("/")
    known = catalog.load(own(f"providers: {{{provider}: {{models: {{{model}: {{price: null}}}}}}}}"))
    assert known.resolve(name)[1].price is None
    assert catalog.resolve(name)[1].price is not None


def test_a_price_of_unlisted_models_counts_alone(own):
    name = "openai/doubao-seed-2.0-code"
    assert catalog.resolve(name)[1].price.estimated
    free = catalog.load(own("providers: {openai: {unlisted: {price: free}}}")).resolve(name)[1]
    assert free.price.free and not free.price.estimated
    unknown = catalog.load(own("providers: {openai: {unlisted: {price: null}}}")).resolve(name)[1]
    assert unknown.price is None


def test_what_is_said_of_a_local_model_counts_in_the_run(own):
    pytest.importorskip("xllamacpp", reason="needs xllamacpp")
    name = "qwen2.5-coder-0.5b"
    environment = own(f"providers: {{local: {{models: {{{name}: {{context_tokens: 999}}}}}}}}")
    assert open_model(Settings(model=f"local/{name}"), environment).context_tokens == 999


def test_a_broken_file_stops_nothing_that_needs_no_model(own, tmp_path):
    environment = own("providers: [")
    assert catalog.load().resolve("local/qwen2.5-coder-1.5b")
    with pytest.raises(ConfigurationError):
        open_model(Settings(model="openai/x", base_url="http://127.0.0.1:9/v1"), environment)


_KEYS = st.sampled_from(
    "providers wcode m base_url models x price tiers input output cached up_to vision wires chat fields "
    "limit_field json_schema unlisted any_model fixed key_variables default_model context_tokens".split()
)
_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["free", "user", "doc", "é"])
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_KEYS | st.integers() | st.just("doubao-seed-2.0-code"), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(
    max_examples=examples(120), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_whatever_stands_in_it_is_a_catalog_or_one_sentence(own, providers):
    import yaml

    named = {name: {"base_url": "http://h/v1"} | entry if isinstance(entry, dict) else entry
             for name, entry in providers.items()}  # fmt: skip
    environment = own(yaml.dump({"providers": named}, Dumper=_NoAliases, allow_unicode=True))
    try:
        assert catalog.load(environment).providers.keys() >= catalog.load().providers.keys()
    except ConfigurationError as error:
        assert "\n" not in str(error)


def _no_aliases():
    import yaml

    class NoAliases(yaml.SafeDumper):
        def ignore_aliases(self, data):
            return True

    return NoAliases


_NoAliases = _no_aliases()
