"""Any dataset of a configured vendor, asked for once: its rows as a frame, its payloads archived, nothing published."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault, Fault
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.pipeline.connection import connected
from marketdata_assets.pipeline.inventory import source_settings
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.usage import reserve
from marketdata_assets.pipeline.wanted import spelled
from marketdata_assets.settings import SourceSettings
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.gather import Batch
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question


def dataset_of(platform: Platform, source: str, name: str) -> Dataset:
    """The dataset of a configured source by its own name, or the first one of that kind of data; `ConfigFault` with those there are."""
    config = source_settings(platform, source)
    mine = [d for d in config.source().datasets if d.asset_class == config.asset_class]
    for dataset in mine:
        if dataset.name == name:
            return dataset
    for dataset in mine:
        if dataset.data.value == name:
            return dataset
    raise ConfigFault(
        f"looking up a dataset of {source}", f"{name[:40]!r} is none", f"{config.asset_class} has {', '.join(d.name for d in mine)}"
    )


def ask(
    platform: Platform,
    source: str,
    dataset: Dataset,
    symbols: Collection[str],
    *,
    window: Window | None = None,
    timeframe: Timeframe | None = None,
    options: Mapping[str, str] | None = None,
) -> tuple[pl.DataFrame, dict[str, Fault]]:
    """The rows of a dataset about `symbols` (our names; others go to the vendor as they are), in the dataset's own table, and what failed.

    A dataset that names no symbols is asked once. `ConfigFault` when a window, a bar length or symbols are needed and not given, the
    window lies ahead, or the plan does not include the dataset.
    """
    config = source_settings(platform, source)
    _require(config, source, dataset, symbols, window, timeframe)
    chosen = config.source().chosen({**config.options, **(options or {})}, config.plan)
    names = _spellings(platform, source, symbols, window) if dataset.symbols else {}
    base = Question(dataset.name, (), window and _past(window), timeframe, chosen).naming(names)
    return asyncio.run(_ask(platform, source, dataset, base))


async def _ask(platform: Platform, source: str, dataset: Dataset, base: Question) -> tuple[pl.DataFrame, dict[str, Fault]]:
    size = max(1, dataset.symbols)
    groups = [base.symbols[at : at + size] for at in range(0, len(base.symbols), size)] or [()]
    parts: list[pl.DataFrame] = []

    async def answered(client: Client, question: Question) -> None:
        pages = [page for request in dataset.ask(question) async for page in client.pages(request)]
        if dataset.verify is not None:
            dataset.verify(pages)
        parts.extend(page_rows(dataset, question, page.data, page.record.received_at, page.record.sha256) for page in pages)

    async with connected(platform, source, dataset) as client:
        with reserve(platform, source, len(groups)) as spending:
            client.usage = spending
            if not base.symbols:
                await answered(client, base)
                return _together(dataset, parts), {}

            async def one(batch: Batch) -> dict[str, list[int]]:
                await answered(client, base.about(batch.symbols, base.window))
                return {}

            stand_in = base.window or Window(clock.now(), clock.now())
            outcomes = await client.gather([Batch(group, stand_in) for group in groups], one)
    return _together(dataset, parts), {o.symbol: o.fault for o in outcomes if o.fault is not None}


def _together(dataset: Dataset, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All pages as one frame of the dataset's table; a row that two pages repeat to the letter counts once.

    Rows that are alike within one page are as many as they are: trades without an id, made in one second at one price.
    """
    origin = {"known_at", "payload_sha256", "line"}
    facts = [name for name in dataset.table.polars_schema if name not in origin]
    counted = [part.with_columns(_nth=pl.int_range(pl.len()).over(facts)) for part in parts]
    empty = dataset.table.empty().with_columns(_nth=pl.lit(None, pl.Int64))
    return dataset.table.conform(pl.concat([empty, *counted]).unique([*facts, "_nth"], keep="first", maintain_order=True))


def _past(window: Window) -> Window:
    """The window up to now; one that lies ahead was refused, or does not matter to the dataset."""
    now = clock.now()
    return Window(min(window.start, now), min(window.end, now))


def _spellings(platform: Platform, source: str, symbols: Collection[str], window: Window | None) -> dict[str, str]:
    """Our name (or the text as given) by the vendor's spelling, as of the window's end."""
    config, names = source_settings(platform, source), {}
    at = window or Window(clock.now(), clock.now() + timedelta(days=1))
    for symbol in symbols:
        known = symbol in platform.instruments and platform.instruments.get(symbol).asset_class == config.asset_class
        spellings = [spelling for spelling, _ in spelled(platform, source, symbol, at)] if known else [symbol]
        names.update(dict.fromkeys(spellings, symbol))
    return names


def _require(
    config: SourceSettings, source: str, dataset: Dataset, symbols: Collection[str], window: Window | None, timeframe: Timeframe | None
) -> None:
    tried, plan = f"asking {source} for {dataset.name}", config.source().plan(config.plan).name
    if not dataset.serves(plan):
        raise ConfigFault(tried, f"the plan {plan} does not include it", f"set `plan:` of the source to one of {', '.join(dataset.plans)}")
    if dataset.symbols and not symbols:
        raise ConfigFault(tried, "no symbol is given", "name at least one symbol")
    if dataset.dated and window is None:
        raise ConfigFault(tried, "no window is given", "give --start and --end")
    if dataset.dated and window is not None and window.start >= clock.now():
        raise ConfigFault(tried, f"the window begins on {window.start:%Y-%m-%d}, which lies ahead", "give a --start in the past")
    if dataset.timeframes and (timeframe is None or timeframe.name not in dataset.timeframes):
        found = "no bar length is given" if timeframe is None else f"it has no bars of {timeframe.name}"
        raise ConfigFault(tried, found, f"give --timeframe, one of {', '.join(dataset.timeframes)}")
