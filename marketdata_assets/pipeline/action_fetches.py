"""Asking vendors for corporate actions: what is lacking is fetched, archived and entered in `action_fetches`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import Fault
from marketdata_assets.core.periods import Window
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.connection import connected
from marketdata_assets.pipeline.fetching import Progress, rounds
from marketdata_assets.pipeline.inventory import source_settings
from marketdata_assets.pipeline.platform import Platform, listing_bounds
from marketdata_assets.pipeline.usage import reserve
from marketdata_assets.pipeline.wanted import Span, Want, chosen_options, spelled, without
from marketdata_assets.schemas.actions import ACTION_FETCHES
from marketdata_assets.schemas.audit import LandingState
from marketdata_assets.settings import SourceSettings
from marketdata_assets.sources.answer import Answer
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.gather import Batch
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Data, Question, question_at

AHEAD = timedelta(days=120)
"""How far beyond today events are asked for: what is announced is known before it happens."""
SETTLING = timedelta(days=30)
"""Days before an answer of which it may still be wrong: they are asked for again, once a day."""
AFTERWARDS = timedelta(days=60)
"""How long after its delisting a symbol is asked for: mergers, removals and last payments are booked late."""
UNDATED_AGAIN = timedelta(days=7)
"""How old an answer about all time may be."""
_UNPARTITIONED = PartitionKey(None, None)


class ActionsFetched(NamedTuple):
    """What asking for corporate actions came to: a row of ACTION_FETCHES for each symbol, window and page, and the requests it took."""

    rows: pl.DataFrame
    requests: int


def action_datasets(config: SourceSettings) -> list[Dataset]:
    """The vendor's datasets of corporate actions that the source's plan includes; none for a landing folder, or where none is wanted."""
    if not (config.networked and config.corporate_actions):
        return []
    vendor = config.source()
    plan, mine = vendor.plan(config.plan).name, (Data.CORPORATE_ACTIONS, config.asset_class)
    return [d for d in vendor.datasets if (d.data, d.asset_class) == mine and d.serves(plan) and d.symbols and not d.latest]


def action_fetches(platform: Platform, source: str) -> pl.DataFrame:
    """Everything a source was ever asked about corporate actions, and how each symbol's window ended (ACTION_FETCHES)."""
    return platform.lake.scan(_path(platform, source), ACTION_FETCHES).collect()


def fetch_actions(platform: Platform, source: str, *, again: bool = False, progress: Progress | None = None) -> ActionsFetched:
    """Ask a networked source for the events it has not told of yet, of every configured symbol, and enter every answer.

    Dated datasets are asked from the first date that has a partition until `AHEAD` of today, and on a later day anew for what had not
    settled; those about all time are asked under the newest ticker, again after `UNDATED_AGAIN`. One window in vain stops no other.
    `again` asks for everything. `BudgetFault` when the source's month has no room.
    """
    parts, requests = [ACTION_FETCHES.empty()], 0
    for dataset in action_datasets(source_settings(platform, source)):
        wants = lacking_actions(platform, source, dataset, again=again)
        if wants:
            told = asyncio.run(_fetch(platform, source, dataset, wants, progress))
            parts.append(told.rows)
            requests += told.requests
    return ActionsFetched(ACTION_FETCHES.conform(pl.concat(parts)), requests)


def lacking_actions(platform: Platform, source: str, dataset: Dataset, *, again: bool = False) -> list[Want]:
    """What a dataset has not told of yet: our symbol, the vendor's spelling, the window; nothing twice on one day."""
    config, now = source_settings(platform, source), clock.now()
    have = {} if again else _answered(platform, source, dataset, now)
    start, end = _midnight(platform.settings.asset_classes[config.asset_class].start), _midnight(now.date()) + AHEAD
    found: list[Want] = []
    for symbol in platform.symbols(config.asset_class):
        listed, delisted = listing_bounds(platform, symbol)
        first = max(start, _midnight(listed)) if listed else start
        last = min(end, _midnight(delisted) + AFTERWARDS) if delisted else end
        for gap in without([(first, last)] if first < last else [], have.get(symbol, [])):
            names = [Want(symbol, spelling, part) for spelling, part in spelled(platform, source, symbol, Window(*gap))]
            found += names if dataset.dated else [max(names, key=lambda want: want.window.end)]
    return found


def _answered(platform: Platform, source: str, dataset: Dataset, now: datetime) -> dict[str, list[Span]]:
    """Spans of each symbol that need not be asked for today, disjoint and ascending."""
    landed = action_fetches(platform, source).filter(pl.col("state") == LandingState.LANDED, pl.col("dataset") == dataset.name)
    alike = [path for path in landed["path"].unique() if _same(dataset, path, chosen_options(source_settings(platform, source)))]
    mine = landed.filter(pl.col("path").is_in(alike)).select("symbol", "asked_from", "asked_until", "known_at").unique()
    spans: dict[str, list[Span]] = {}
    for symbol, start, end, known_at in mine.sort("symbol", "asked_from", nulls_last=False).iter_rows():
        if start is None:
            span = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)) if now - known_at < UNDATED_AGAIN else None
        else:
            until = end if known_at.date() == now.date() else min(end, _midnight((known_at - SETTLING).date()))
            span = (start, until) if start < until else None
        if span:
            spans.setdefault(symbol, []).append(span)
    return {symbol: _united(mine_) for symbol, mine_ in spans.items()}


def _united(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _same(dataset: Dataset, path: str, present: dict[str, str]) -> bool:
    """Whether the question would be asked in the same words under the present options."""
    asked = question_at(path)[0]
    return asked.options == present or list(dataset.ask(asked)) == list(dataset.ask(replace(asked, options=present)))


async def _fetch(platform: Platform, source: str, dataset: Dataset, wants: Sequence[Want], progress: Progress | None) -> ActionsFetched:
    base = Question(dataset.name, (), None, None, chosen_options(source_settings(platform, source)))
    groups = [(base.naming({want.spelling: want.symbol for want in group}), _batches(dataset, group)) for group in rounds(wants)]
    total, done, entered = len(wants), 0, list[dict[str, Any]]()

    def asked(named: Question, symbols: tuple[str, ...], window: Window) -> Question:
        return named.about(symbols, window if dataset.dated else None)

    async def answered(client: Client, named: Question, batch: Batch) -> dict[str, list[int]]:
        nonlocal done
        question = asked(named, batch.symbols, batch.window)
        answers = [answer for request in dataset.ask(question) async for answer in client.pages(request)]
        if dataset.verify is not None:
            dataset.verify(answers)
        entered.extend(_entries(platform, source, dataset, question, answers))
        done += len(batch.symbols)
        if progress:
            progress(min(done, total), total)
        return {}

    estimate = sum(len(dataset.ask(asked(named, b.symbols, b.window))) for named, batches in groups for b in batches)
    try:
        async with connected(platform, source, dataset) as client:
            with reserve(platform, source, estimate) as spending:
                client.usage = spending
                for named, batches in groups:
                    outcomes = await client.gather(batches, lambda batch, named=named: answered(client, named, batch))  # type: ignore[misc]
                    vain = [(asked(named, (o.symbol,), o.window), o.fault) for o in outcomes if o.fault is not None]
                    entered.extend(_refused(platform, source, question, fault) for question, fault in vain)
            requests = sum(tally.requests for tally in spending.by_endpoint().values())
    finally:
        rows = _enter(platform, source, entered)
    return ActionsFetched(rows, requests)


def _batches(dataset: Dataset, wants: Sequence[Want]) -> list[Batch]:
    """The windows as questions, as many symbols together as one request may name."""
    together: dict[Window, list[str]] = {}
    for want in wants:
        together.setdefault(want.window, []).append(want.spelling)
    size = dataset.symbols
    return [Batch(tuple(names[at : at + size]), window) for window, names in together.items() for at in range(0, len(names), size)]


def _entries(platform: Platform, source: str, dataset: Dataset, question: Question, answers: Sequence[Answer]) -> Iterator[dict[str, Any]]:
    """A row for each page and symbol; a page that its reader does not understand raises before any row of the answer is made."""
    known_at = max(answer.record.received_at for answer in answers)
    pages = [page_rows(dataset, question, answer.data, known_at, answer.record.sha256) for answer in answers]
    counts = [dict(page["symbol"].drop_nulls().value_counts().iter_rows()) for page in pages]
    for at, (answer, count) in enumerate(zip(answers, counts, strict=True), start=1):
        page = {"path": question.path(at), "payload_sha256": answer.record.sha256}
        for symbol in question.names.values():
            base = _entry(platform, source, question, symbol, known_at, LandingState.LANDED, "")
            yield {**base, **page, "rows": count.get(symbol, 0)}


def _refused(platform: Platform, source: str, question: Question, fault: Fault) -> dict[str, Any]:
    reason = f"[{fault.code}] {fault.tried}: {fault.found}. {fault.remedy}"
    base = _entry(platform, source, question, question.names[question.symbol], clock.now(), LandingState.REFUSED, reason)
    return {**base, "path": question.path(0), "payload_sha256": "", "rows": 0}


def _entry(
    platform: Platform, source: str, question: Question, symbol: str, known_at: datetime, state: LandingState, reason: str
) -> dict[str, Any]:
    return {
        "dataset": question.dataset,
        "known_at": known_at,
        "format": source_settings(platform, source).source().name,
        "state": state,
        "reason": reason,
        "symbol": symbol,
        "asked_from": question.window.start if question.window else None,
        "asked_until": question.window.end if question.window else None,
    }


def _enter(platform: Platform, source: str, entered: Sequence[dict[str, Any]]) -> pl.DataFrame:
    new = ACTION_FETCHES.conform(pl.DataFrame(list(entered), schema=ACTION_FETCHES.polars_schema))
    if new.height:
        platform.lake.append(
            _path(platform, source),
            ACTION_FETCHES,
            _UNPARTITIONED,
            lambda old: ACTION_FETCHES.conform(pl.concat([old, new]).unique(ACTION_FETCHES.key, keep="last", maintain_order=True)),
        )
    return new


def _path(platform: Platform, source: str) -> str:
    return platform.path(ACTION_FETCHES, source_settings(platform, source).asset_class, source=source)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
