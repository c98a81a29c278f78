"""Providers, models, prices and opening a model."""

from __future__ import annotations

import pytest

from seedsmith.agent.errors import UsageError
from seedsmith.agent.models.base import Usage
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.catalog.catalog import parse
from seedsmith.agent.models.catalog.entries import SOURCES, CatalogError
from seedsmith.agent.models.catalog.prices import cost
from seedsmith.agent.models.errors import MissingKey, NoModelConfigured, UnknownModel
from seedsmith.agent.models.open import open_model
from seedsmith.agent.settings.settings import Settings

SEED = "wcode/doubao-seed-2.0-code"


def opened(environment, **settings):
    return open_model(Settings(**settings), environment)


def test_which_models_see():
    seeing = {
        f"{provider.name}/{entry.name}": entry.vision
        for provider in catalog.load().providers.values()
        for entry in provider.models.values()
    }
    assert {name for name, sees in seeing.items() if not sees} == {
        "local/qwen2.5-coder-1.5b",
        "local/qwen2.5-coder-0.5b",
    }
    assert catalog.resolve(SEED)[1].sources["vision"] == "seed"
    assert catalog.resolve("openai/unheard-of")[1].sources["vision"] == "guess"
    assert not catalog.resolve("openai/qwen2.5-coder-1.5b")[1].vision


@pytest.mark.parametrize(
    ("tokens", "yuan_in", "yuan_out", "label"),
    [
        (0, 0.00325, 0.0165, "<=32k"),
        (32_000, 0.00325, 0.0165, "<=32k"),
        (32_001, 0.00485, 0.0245, "32k-128k"),
        (128_000, 0.00485, 0.0245, "32k-128k"),
        (128_001, 0.00965, 0.0485, ">128k"),
    ],
)
def test_the_input_length_prices_the_whole_request(tokens, yuan_in, yuan_out, label):
    price = catalog.resolve(SEED)[1].price
    paid = cost(price, Usage(tokens, tokens // 2, 2000, 500))
    assert paid.cny == pytest.approx(tokens / 1000 * yuan_in + 2 * yuan_out)
    assert (paid.tier, paid.estimated) == (label, False)


def test_without_price_or_usage_there_is_no_cost():
    assert cost(None, Usage(1, 0, 1, 0)) is None
    assert cost(catalog.resolve(SEED)[1].price, None) is None
    assert catalog.resolve("openai/gpt")[1].price is None
    assert cost(catalog.resolve("local/qwen2.5-coder-1.5b")[1].price, Usage(10**6, 0, 10**6, 0)).cny == 0


@pytest.mark.parametrize(
    "name",
    [
        "openai/doubao-seed-2.0-code",
        "ark-coding/doubao-seed-2.0-code",
        "ark/doubao-seed-2-0-code-preview-260215",
    ],
)
def test_a_model_known_by_name_keeps_its_price_estimated(name):
    entry = catalog.resolve(name)[1]
    assert entry.price.estimated and entry.price.tiers == catalog.resolve(SEED)[1].price.tiers
    assert entry.context_tokens == 256_000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wcod/doubao-seed-2.0-code", "no provider 'wcod'.*did you mean 'wcode/doubao-seed-2.0-code'"),
        ("wcode/doubao-seed-2-code", "wcode has no model.*did you mean 'wcode/doubao-seed-2.0-code'"),
        ("doubao-seed-2.0-code", "PROVIDER/MODEL.*did you mean 'wcode/doubao-seed-2.0-code'"),
        ("wcode/", "PROVIDER/MODEL"),
        ("local/nothing", "local has no model 'nothing'"),
    ],
)
def test_unknown_names_are_one_sentence_with_suggestions(name, words):
    with pytest.raises(UnknownModel, match=words) as unknown:
        catalog.resolve(name)
    assert "\n" not in str(unknown.value) and str(unknown.value)[-1] in ".?"


def test_every_fact_has_a_source():
    for provider in catalog.load().providers.values():
        facts = [provider.sources, *(entry.sources for entry in provider.models.values())]
        facts += [wire.sources for wire in provider.wires.values()] + [
            wire.fields for wire in provider.wires.values()
        ]
        assert {source for each in facts for source in each.values()} <= SOURCES


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("providers: [", "not YAML"),
        ("[]", "a mapping was expected"),
        ("providers: {a: {base_url: http://x}}", r"a\.base_url"),
        ("providers: {a: {models: {m: {context_tokens: [1, hearsay]}}}}", r"a/m\.context_tokens"),
        (
            "providers: {a: {wires: {chat: {limit_field: [x, doc], fields: {rumour: [y]}}}}}",
            r"a\.chat\.fields",
        ),
        ("providers: {a: {default_model: m}}", r"a\.default_model"),
        (
            "providers: {a: {models: {m: {context_tokens: [1, doc], output_tokens: [1, doc],"
            " price: {source: doc, tiers: [{up_to: 5, input: 1, output: 1}]}}}}}",
            r"a/m\.price\.tiers",
        ),
    ],
)
def test_a_wrong_catalog_is_told_by_its_place(text, place):
    with pytest.raises(CatalogError, match=place):
        parse(text)


def test_the_named_model_wins_over_the_environment_and_keys():
    environment = {"SEEDSMITH_MODEL": "evolink/doubao-seed-2.0-pro", "SEEDSMITH_API_KEY": "k"}
    assert opened(environment).provider == "evolink"
    model = opened(environment, model=SEED)
    assert (model.provider, model.name, model.wire, model.context_tokens, model.priced) == (
        "wcode",
        "doubao-seed-2.0-code",
        "chat",
        256_000,
        True,
    )


@pytest.mark.parametrize(
    ("environment", "provider"),
    [
        ({"ARK_API_KEY": "k", "WCODE_API_KEY": "k"}, "wcode"),
        ({"ARK_API_KEY": "k", "WCODE_API_KEY": ""}, "ark"),
    ],
)
def test_the_first_provider_whose_key_is_set(environment, provider):
    assert opened(environment).provider == provider


def test_nothing_configured_names_the_variables_and_the_local_model():
    with pytest.raises(NoModelConfigured) as missing:
        opened({"OPENAI_API_KEY": "k"})
    for word in (
        "SEEDSMITH_MODEL",
        "WCODE_API_KEY",
        "EVOLINK_API_KEY",
        "ARK_API_KEY",
        "-m local/qwen2.5-coder-1.5b",
    ):
        assert word in str(missing.value)


def test_a_missing_key_names_its_variables():
    with pytest.raises(MissingKey, match="set WCODE_API_KEY or SEEDSMITH_API_KEY"):
        opened({}, model=SEED)


@pytest.mark.parametrize("key", ["sk-ключ", "sk key", "sk\nkey"])
def test_a_key_that_can_be_no_header_is_told(key):
    with pytest.raises(UsageError, match="copied whole") as told:
        opened({"WCODE_API_KEY": key}, model=SEED)
    assert key not in str(told.value)


def test_services_of_one_s_own_need_no_key():
    assert (
        opened({"SEEDSMITH_BASE_URL": "http://localhost:8080/v1"}, model="openai/org/name").name == "org/name"
    )


@pytest.mark.parametrize("url", ["localhost:80", "ftp://x/", "https://", "http://[", "http://x:0"])
def test_an_address_that_is_none(url):
    with pytest.raises(UsageError, match="A base URL looks like"):
        opened({}, model="openai/x", base_url=url)


@pytest.mark.parametrize("kind", ["pro", "lite", "mini", "code"])
def test_the_four_models_of_the_document_are_there(kind):
    name = f"doubao-seed-2.0-{kind}"
    provider, entry = catalog.resolve(f"evolink/{name}")
    assert (provider.base_url, entry.name) == ("https://api.evolink.ai/v1", name)
    assert (entry.output_tokens, entry.sources["output_tokens"], entry.vision) == (32768, "seed", True)
    assert opened({"EVOLINK_API_KEY": "k"}, model=f"evolink/{name}").name == name


def test_cached_input_has_its_own_price_where_one_is_known():
    tiers = "tiers: [{input: 2, output: 8, cached: 0.5}]"
    entry = (
        "providers: {a: {models: {m: {context_tokens: [9, doc], output_tokens: [9, doc],"
        " price: {source: doc, %s}}}}}"
    )
    price = parse(entry % tiers).resolve("a/m")[1].price
    assert cost(price, Usage(1000, 400, 100)).cny == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.1 * 8)
    assert not price.free and catalog.resolve("local/qwen2.5-coder-1.5b")[1].price.free
