"""One live request to a vendor, held against its models: what came, what is new in it, and how long it took."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Literal, get_type_hints, is_typeddict

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import Fault
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.pipeline.connection import api_of, connected
from marketdata_assets.pipeline.inventory import inventory
from marketdata_assets.pipeline.payloads import forming_from
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.usage import reserve
from marketdata_assets.pipeline.wanted import chosen_options, spelled
from marketdata_assets.sources import vendors
from marketdata_assets.sources.api import Api
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.errors import Rejected, reading
from marketdata_assets.sources.page import page_rows, page_series
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.source import Source

_DAILY, _SHORTER, _TICKS = timedelta(days=14), timedelta(days=4), timedelta(hours=1)


@dataclass(frozen=True)
class Checked:
    """How a vendor answered one request about a dataset: rows read, rows that could not be taken, fields that its models do not name.

    Fields that the vendor added and those that are left out on purpose look alike. `quota` are the headers in which it told how its
    windows stand. With a `fault`, nothing of the answer was used.
    """

    dataset: str
    symbol: str
    rows: int = 0
    refused_rows: int = 0
    unread_fields: tuple[str, ...] = ()
    seconds: float = 0.0
    wire_bytes: int = 0
    quota: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fault: Fault | None = None

    @property
    def state(self) -> Literal["fits", "empty", "failed"]:
        """`empty` is an answer without a row: it shows that somebody is there, and nothing of the models."""
        if self.fault is not None:
            return "failed"
        return "fits" if self.rows or self.refused_rows else "empty"


def check_source(platform: Platform, source: str, symbol: str, *, every_dataset: bool = False) -> list[Checked]:
    """One request about `symbol` to the bars dataset of a networked source, or to each dataset that its plan includes.

    The requests are counted and archived as any others; nothing is entered or published. `BudgetFault` when the month has no room.
    """
    config = platform.settings.sources[source]
    vendor, plan = config.source(), config.source().plan(config.plan).name
    mine = [d for d in vendor.datasets if d.asset_class == config.asset_class and d.serves(plan)]
    bars = vendor.serving(Data.BARS, config.asset_class, config.timeframes[0])
    chosen = mine if every_dataset or bars is None else [bars]
    return [asyncio.run(_checked(platform, source, dataset, symbol)) for dataset in chosen]


async def _checked(platform: Platform, source: str, dataset: Dataset, symbol: str) -> Checked:
    try:
        question = _question(platform, source, dataset, symbol)
        async with connected(platform, source, dataset) as client:
            with reserve(platform, source, 1) as spending:
                client.usage = spending
                began = clock.monotonic()
                answer = await client.fetch(_first(dataset, question))
                seconds = clock.monotonic() - began
        rows, refused = _read(platform, source, dataset, question, answer.data, answer.record.received_at)
        new = unread_fields(platform.settings.sources[source].source(), answer.data)
        quota = _quota(api_of(platform, source, dataset), dataset, answer.headers)
        return Checked(dataset.name, symbol, rows, refused, new, round(seconds, 3), answer.record.wire_bytes, quota)
    except Fault as fault:
        return Checked(dataset.name, symbol, fault=fault)


def _first(dataset: Dataset, question: Question) -> Request:
    """The first request that answers the question; `Rejected` where the vendor's reader sees nothing to ask."""
    with reading(f"the question for {dataset.name}"):
        requests = dataset.ask(question)
    if not requests:
        raise Rejected(f"asking for {dataset.name}", "there is nothing to ask for of this symbol now", "try another --symbol")
    return requests[0]


def unread_fields(vendor: Source, document: Any) -> tuple[str, ...]:
    """Names that rows of a JSON answer bear and none of the vendor's row models has; none where its rows are arrays."""
    try:
        models = vars(importlib.import_module(f"{vendors.__name__}.{vendor.name}.rows")).values()
    except ModuleNotFoundError:
        return ()
    known = {name for model in models if isinstance(model, type) and is_typeddict(model) for name in get_type_hints(model)}
    return tuple(sorted({name for row in _rows(document) for name in row} - known)) if known else ()


def _rows(document: Any) -> Iterator[Mapping[str, Any]]:
    """Every object that stands in a list."""
    if isinstance(document, dict):
        for value in document.values():
            yield from _rows(value)
    elif isinstance(document, list):
        for value in document:
            if isinstance(value, dict):
                yield value
            yield from _rows(value)


def _question(platform: Platform, source: str, dataset: Dataset, symbol: str) -> Question:
    config = platform.settings.sources[source]
    end = _latest(platform, source, symbol).replace(minute=0, second=0, microsecond=0) - dataset.delay
    length = next((TIMEFRAMES[name] for name in (*config.timeframes, *dataset.timeframes) if name in dataset.timeframes), None)
    back = _DAILY if length is None or not length.intraday else _SHORTER
    window = Window(end - (_TICKS if dataset.data in (Data.TRADES, Data.QUOTES) else back), end)
    spelling = next((theirs for theirs, _ in spelled(platform, source, symbol, window)), symbol)
    names = {spelling: symbol} if dataset.symbols else {}
    return Question(dataset.name, (), window if dataset.dated else None, length, chosen_options(config)).naming(names)


def _read(platform: Platform, source: str, dataset: Dataset, question: Question, document: Any, received_at: datetime) -> tuple[int, int]:
    """Rows taken and refused of one page."""
    if dataset.data is not Data.BARS:
        return page_rows(dataset, question, document, received_at, "").height, 0
    calendar = platform.calendar(platform.settings.sources[source].asset_class)
    series = page_series(dataset, question, document, forming_from(calendar, question.length, received_at))
    return sum(one.bars.height for one in series), sum(one.refused.height for one in series)


def _quota(api: Api, dataset: Dataset, headers: Mapping[str, str]) -> dict[str, str]:
    names = [
        name
        for quota in api.budgets[dataset.endpoint.budget].quotas
        if quota.reported
        for name in (quota.reported.limit, quota.reported.remaining, quota.reported.used, quota.reported.reset)
        if name
    ]
    return {name: headers[name] for name in dict.fromkeys(names) if name in headers}


def _latest(platform: Platform, source: str, symbol: str) -> datetime:
    """Up to when there can be rows: now; the simulated market ends some day, so there with the newest bar that came of it."""
    if platform.settings.market != "simulated":
        return clock.now()
    held = inventory(platform, source).filter(pl.col("symbol") == symbol)["last"].max()
    return datetime.combine(held + timedelta(days=1), time(), tzinfo=UTC) if isinstance(held, date) else clock.now()
