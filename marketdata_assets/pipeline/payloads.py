"""An archived payload read again, file or answer alike: its bars and refused rows by canonical symbol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson
import polars as pl

from marketdata_assets.core.sessions import Calendar
from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.pipeline.identity import canonical, known_to
from marketdata_assets.pipeline.inventory import source_settings
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.settings import SourceSettings
from marketdata_assets.sources.landing.read import Reading, read_payload
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import question_at

_MICROSECOND = timedelta(microseconds=1)


class SymbolRows(NamedTuple):
    """What a payload holds of one instrument at one bar length: raw bars and refused rows, before they have a receipt."""

    symbol: str
    timeframe: str
    bars: pl.DataFrame
    refused: pl.DataFrame


def payload_series(platform: Platform, source: str, payload: str, path: str, size: int, known_at: datetime) -> Iterator[SymbolRows]:
    """The series of the archived payload with that hash, which the inventory enters under `path` and that was received at `known_at`.

    Read as often as asked, it gives the same rows: a file by its format, an answer by its vendor's reader.
    """
    config = source_settings(platform, source)
    reading = platform.readings.find(payload, path)
    if reading is None:
        data = platform.lake.archive.get(payload)
        reading = _answer(platform, config, path, data, known_at) if config.networked else _file(platform, source, config, path, data)
        platform.readings.keep(payload, path, reading.weight(size), reading)
    yield from _by_answer(config, path, reading) if config.networked else _by_alias(platform, source, config, reading)


def forming_from(calendar: Calendar, timeframe: Timeframe, known_at: datetime) -> datetime:
    """Bars of this length that start at or after this instant (UTC) had not ended at `known_at`.

    A daily bar of an exchange has ended at the close of its session, half days included.
    """
    if timeframe.intraday:
        return known_at - timeframe.duration + _MICROSECOND
    last = calendar.last_closed(known_at)
    day = last + timedelta(days=1) if last else known_at.date() - timedelta(days=366)
    return known_at.replace(year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0)


def _file(platform: Platform, source: str, config: SourceSettings, path: str, data: bytes) -> Reading:
    known = known_to(platform.instruments, source, config.asset_class) if config.strangers == "leave_out" else None
    return read_payload(path, data, format=config.landing_format(), asset_class=config.asset_class, known=known)


def _answer(platform: Platform, config: SourceSettings, path: str, data: bytes, known_at: datetime) -> Reading:
    question, _ = question_at(path)
    source = config.source()
    dataset = source.dataset(question.dataset)
    document = orjson.loads(data) if dataset.endpoint.form == "json" else data
    forming = forming_from(platform.calendar(config.asset_class), question.length, known_at)
    return Reading(source.name, page_series(dataset, question, document, forming), [])


def _by_answer(config: SourceSettings, path: str, reading: Reading) -> Iterator[SymbolRows]:
    """An answer's series under the names by which they were asked for."""
    names = question_at(path)[0].names
    for series in reading.series:
        bars = series.bars.with_columns(pl.lit(config.tape).alias("tape")) if config.tape else series.bars
        yield SymbolRows(names[series.vendor_symbol], series.timeframe, bars, series.refused)


def _by_alias(platform: Platform, source: str, config: SourceSettings, reading: Reading) -> Iterator[SymbolRows]:
    """A file's series under the instruments that its spellings meant at each date; who is left out was counted when it landed."""
    left_out: Counter[str] | None = Counter() if config.strangers == "leave_out" else None
    for series in reading.series:
        bars = series.bars.with_columns(pl.lit(config.tape).alias("tape")) if config.tape else series.bars
        whose = (platform.instruments, source, config.asset_class, series.vendor_symbol)
        split = dict(canonical(*whose, bars, left_out=left_out))
        refused = dict(canonical(*whose, series.refused, "filed_under", left_out))
        for symbol in sorted(split.keys() | refused.keys()):
            yield SymbolRows(symbol, series.timeframe, split.get(symbol, series.bars.clear()), refused.get(symbol, series.refused.clear()))
