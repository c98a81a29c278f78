"""``seedsmith models``: what can be driven, at what price, the user's own entries, the local weights."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from seedsmith.agent.cli.invocation import debug_flag, json_flag, listing_group
from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.line_wrapping import as_told, tell
from seedsmith.sandbox.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from seedsmith.agent.models.catalog.prices import Price

LOCAL = "local"
_ANY_WIDTH = 1000
_FILE_WIDTH = 160


@dataclass(frozen=True, slots=True)
class TierRow:
    """One tier of a price list."""

    tier: str
    input_cny: float
    """Yuan per 1,000 tokens."""
    output_cny: float
    cached_cny: float | None
    """For input the service had cached; null: as other input."""
    estimated: bool


@dataclass(frozen=True, slots=True)
class ModelRow:
    """What the table says of one model."""

    model: str
    context_tokens: int
    output_tokens: int
    prices: tuple[TierRow, ...]
    """Empty where no price is known."""
    vision: bool
    """Whether it takes pictures."""
    access: str
    """Which variable holds the key, or whether the weights are there; never the key."""
    ready: bool


@listing_group("models", "List models, prices and limits; fetch a local one.")
def command() -> None:
    """List providers, models, prices and limits; fetch the local model."""


@command.command("list")
@json_flag
@debug_flag
def list_models(as_json: bool) -> None:
    """List every known model."""
    rows = list(model_rows(os.environ))
    if as_json:
        from seedsmith.agent.frontends.jsonl import encode

        for row in rows:
            sys.stdout.buffer.write(encode(asdict(row)))
        return
    _print_table(rows)


@command.command("check")
@debug_flag
def check_models() -> None:
    """Say whether your own models.yaml can be used, and what it adds.

    docs/models.md shows a whole file. Exit codes: 0 it can be used (or there is none), 2 it can't.
    """
    from seedsmith.agent.models.catalog import catalog, user_catalog

    path = user_catalog.user_file(os.environ)
    own = user_catalog.read(path)
    known = catalog.load(os.environ)
    if own is None:
        tell(f"There is no {path}; the built-in providers are all there is.")
        return
    tell(f"{path} can be used.")
    for name in own.providers:
        provider = known.providers[name]
        models = ", ".join(provider.models) or "any model"
        tell(f"{name}: {provider.base_url or 'started by the run itself'} · {models}")


@command.command("pull")
@click.argument("name")
@debug_flag
def pull_model(name: str) -> None:
    """Fetch the local model NAME, e.g. qwen2.5-coder-1.5b."""
    from seedsmith.agent.frontends.download_progress import PullProgress
    from seedsmith.agent.models.local.pull import pull
    from seedsmith.agent.models.local.weights import WEIGHTS

    name = name.removeprefix(f"{LOCAL}/")
    if name not in WEIGHTS:
        raise UsageError(f"There is no local model {name!r}; there are {' and '.join(WEIGHTS)}.")
    with PullProgress(sys.stderr) as shown:
        path = pull(name, environment=os.environ, progress=shown.show)
    print(path)


def model_rows(environment: Mapping[str, str]) -> Iterator[ModelRow]:
    """One row for each model of the catalog, in its order."""
    from seedsmith.agent.models.catalog import catalog

    weights = _weights()
    known = catalog.load(environment)
    for provider in known.providers.values():
        keys = [variable for variable in provider.key_variables if environment.get(variable)]
        for name in provider.models:
            full_name = f"{provider.name}/{name}"
            entry = known.resolve(full_name)[1]
            access, ready = _access(
                keys, provider.key_variables, weights.get(name) if provider.name == LOCAL else None
            )
            prices = _tiers(entry.price) if entry.price else ()
            yield ModelRow(
                full_name, entry.context_tokens, entry.output_tokens, prices, entry.vision, access, ready
            )


def _tiers(price: Price) -> tuple[TierRow, ...]:
    return tuple(
        TierRow(price.label(tier), tier.input_cny, tier.output_cny, tier.cached_cny, price.estimated)
        for tier in price.tiers
    )


def _access(keys: list[str], variables: tuple[str, ...], weights: str | None) -> tuple[str, bool]:
    if weights is not None:
        return weights, weights.startswith("here")
    if keys:
        return f"{keys[0]} is set", True
    return (f"needs {' or '.join(variables)}", False) if variables else ("needs no key", True)


def _weights() -> dict[str, str]:
    """What is on the disk of each local model, in words."""
    from seedsmith.agent.frontends.download_progress import megabytes
    from seedsmith.agent.models.local.weights import list_local

    said = {}
    for each in list_local():
        place = (
            f"here: {each.path}" if each.complete else f"not here, fetched when used ({megabytes(each.size)})"
        )
        said[each.name] = place
    return said


def _print_table(rows: list[ModelRow]) -> None:
    from rich.console import Console
    from rich.table import Table

    from seedsmith.agent.frontends.line_wrapping import screen_width

    screen = screen_width()
    console = Console(markup=False, highlight=False, width=screen or _FILE_WIDTH)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(as_told("model"), no_wrap=True)
    table.add_column(as_told("context"), justify="right")
    table.add_column(as_told("answer"), justify="right")
    table.add_column(as_told("images"))
    table.add_column(as_told("yuan per 1,000 tokens, in / out"), overflow="fold")
    table.add_column(as_told("access"), overflow="fold")
    for row in rows:
        price = "\n".join(as_told(_price(tier)) for tier in row.prices) or as_told("not known")
        style = "" if row.ready else "dim"
        images = as_told("yes" if row.vision else "no")
        limits = (f"{row.context_tokens:,}", f"{row.output_tokens:,}")
        table.add_row(row.model, *limits, images, price, as_told(row.access), style=style)
    wanted = console.measure(table, options=console.options.update(max_width=_ANY_WIDTH)).maximum
    if screen is not None and wanted > screen:
        _print_blocks(rows, screen)
    else:
        console.print(table)


def _print_blocks(rows: list[ModelRow], width: int) -> None:
    """The rows below each other, for a terminal that is narrower than the table."""
    from seedsmith.agent.frontends.line_wrapping import fitted

    for row in rows:
        images = ", images" if row.vision else ""
        print(row.model)
        for sentence in (
            f"context {row.context_tokens:,}, answer {row.output_tokens:,}{images}",
            *(f"yuan per 1,000 tokens: {_price(tier)}" for tier in row.prices),
            *(() if row.prices else ("price not known",)),
            row.access,
        ):
            print(fitted(f"    {as_told(sentence)}", 6, width))


def _price(tier: TierRow) -> str:
    if not tier.input_cny and not tier.output_cny:
        return "free"
    doubt = " (estimated)" if tier.estimated else ""
    cached = f" (cached {tier.cached_cny:g})" if tier.cached_cny is not None else ""
    return f"{tier.tier} {tier.input_cny:g}{cached} / {tier.output_cny:g}{doubt}".strip()
