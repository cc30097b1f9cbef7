"""Asking vendors: what is lacking is fetched, archived and entered in `fetches`; from there an answer goes the way of a landed file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from math import ceil
from typing import NamedTuple

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import Fault
from marketdata_assets.core.periods import Window, period_keys, period_window
from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.answers import AnswerBook, SymbolAnswer
from marketdata_assets.pipeline.connection import connected
from marketdata_assets.pipeline.estimates import requests_for_batches
from marketdata_assets.pipeline.inventory import source_settings
from marketdata_assets.pipeline.lease import lease
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.usage import reserve
from marketdata_assets.pipeline.wanted import Want, bars_of, chosen_options, wanted
from marketdata_assets.schemas.audit import FETCHES
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.gather import Batch
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.question import Question

Progress = Callable[[int, int], None]


class Fetched(NamedTuple):
    """What a fetch came to: a row of FETCHES for each symbol and window asked for (and page), and the requests it took."""

    rows: pl.DataFrame
    requests: int


class Failure(NamedTuple):
    """A window of a symbol that a source did not answer."""

    symbol: str
    window: Window
    fault: Fault


NOTHING = Fetched(FETCHES.empty(), 0)


def fetch(
    platform: Platform,
    source: str,
    timeframe: str,
    keys: Collection[PartitionKey],
    *,
    again: bool = False,
    progress: Progress | None = None,
) -> Fetched:
    """Ask a networked source for what `keys` lack of it, and enter every answer; nothing is asked when nothing is lacking.

    Each (symbol, window) ends in rows, in the vendor's word that there are none, or in a fault; one that fails stops no other.
    What was answered when a run is cut off stays answered; a second run of this machine waits for the first. `progress(done, total)` counts
    symbols' windows. `BudgetFault`, and nothing asked, when the source's month has no room for what this takes.
    """
    with lease(platform, f"{source_settings(platform, source).asset_class}_{timeframe}"):
        wants = wanted(platform, source, timeframe, keys, again=again)
        return fetch_wanted(platform, source, timeframe, wants, progress=progress)


def fetch_wanted(platform: Platform, source: str, timeframe: str, wants: Sequence[Want], *, progress: Progress | None = None) -> Fetched:
    """Ask a networked source for exactly these windows, and enter every answer."""
    if not wants:
        return NOTHING
    return asyncio.run(_fetch(platform, source, timeframe_named(timeframe), wants, progress))


def batches(platform: Platform, source: str, dataset: Dataset, timeframe: Timeframe, wants: Sequence[Want]) -> list[Batch]:
    """The wanted windows as questions: cut at the borders of partitions for intraday bars, symbols of one window together.

    As many symbols are asked at a time as one page has room for, so that many answers come side by side instead of one in many pages.
    """
    asset_class = source_settings(platform, source).asset_class
    together: dict[Window, list[str]] = {}
    for want in wants:
        for part in parts_of(want.window, timeframe):
            together.setdefault(part, []).append(want.spelling)
    found: list[Batch] = []
    for window, spellings in together.items():
        bars = expected_bars(platform, asset_class, timeframe, window)
        size = max(1, min(dataset.symbols or len(spellings), dataset.rows // max(1, bars)))
        found += (Batch(tuple(spellings[at : at + size]), window) for at in range(0, len(spellings), size))
    return found


def parts_of(window: Window, timeframe: Timeframe) -> list[Window]:
    """A window as it is asked for: whole for daily bars, cut at the borders of partitions for intraday ones."""
    if not timeframe.intraday:
        return [window]
    periods = [period_window(key) for key in period_keys(window.start, window.end, timeframe.period)]
    return [Window(max(window.start, p.start), min(window.end, p.end)) for p in periods]


def expected_bars(platform: Platform, asset_class: str, timeframe: Timeframe, window: Window) -> int:
    """Bars of regular hours that one symbol has room for in the window."""
    calendar = platform.calendar(asset_class)
    sessions = calendar.sessions(*calendar.clip(window.start.date(), window.end.date()))
    if not timeframe.intraday:
        return max(1, sessions.height)
    minutes = int(sessions["minutes"].sum()) if sessions.height else 0
    return max(1, ceil(minutes / (timeframe.duration.total_seconds() / 60)))


async def _fetch(platform: Platform, source: str, timeframe: Timeframe, wants: Sequence[Want], progress: Progress | None) -> Fetched:
    config = source_settings(platform, source)
    dataset = bars_of(config, timeframe.name)
    asked_for = [(round_, batches(platform, source, dataset, timeframe, round_)) for round_ in rounds(wants)]
    total = sum(len(batch.symbols) for _, asked in asked_for for batch in asked)
    book = AnswerBook(platform, source, dataset, total=total, progress=progress)
    base = Question(dataset.name, (), None, timeframe, chosen_options(config))
    estimate = sum(
        requests_for_batches(dataset, base, asked, lambda window: expected_bars(platform, config.asset_class, timeframe, window))
        for _, asked in asked_for
    )
    try:
        async with connected(platform, source, dataset) as client:
            with reserve(platform, source, estimate) as spending:
                client.usage = spending
                for round_, asked in asked_for:
                    await _asked(client, book, base.naming({want.spelling: want.symbol for want in round_}), asked)
            requests = sum(tally.requests for tally in spending.by_endpoint().values())
    finally:
        book.enter()
    return Fetched(book.entered(), requests)


async def _asked(client: Client, book: AnswerBook, base: Question, asked: Sequence[Batch]) -> None:
    outcomes = await client.gather(asked, lambda batch: _answered(client, book, base.about(batch.symbols, batch.window)))
    for outcome in outcomes:
        if outcome.fault is not None:
            book.fail(base.about((outcome.symbol,), outcome.window), outcome.fault, clock.now())


async def _answered(client: Client, book: AnswerBook, question: Question) -> dict[str, SymbolAnswer]:
    """What the vendor answers to one question, kept in the book page by page."""
    answers = [answer for request in book.dataset.ask(question) async for answer in client.pages(request)]
    if book.dataset.verify is not None:
        book.dataset.verify(answers)
    return await asyncio.to_thread(book.keep, question, answers)


def rounds(wants: Sequence[Want]) -> list[list[Want]]:
    """The wants in as few groups as leave each spelling one meaning: a reused ticker is asked for once for each holder."""
    found: list[tuple[dict[str, str], list[Want]]] = []
    for want in wants:
        for names, round_ in found:
            if names.setdefault(want.spelling, want.symbol) == want.symbol:
                round_.append(want)
                break
        else:
            found.append(({want.spelling: want.symbol}, [want]))
    return [round_ for _, round_ in found]
