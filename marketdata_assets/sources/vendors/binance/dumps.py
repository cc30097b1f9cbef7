"""Binance's public archive of candles: a zip a month or a day with one CSV, each beside its SHA-256.

Stamps are in milliseconds up to 2024 and in microseconds since 2025; the preset of landed files knows both. Files are made the day after,
monthly ones on the first Monday of the next month, and are sometimes made anew without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.answer import Answer
from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.landing.checksums import verify_checksum
from marketdata_assets.sources.landing.presets_crypto import BINANCE_VISION
from marketdata_assets.sources.landing.read import read_payload
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.vendors.binance.api import DUMP, DUMP_CHECKSUM

_DAY = timedelta(days=1)
_MONTH_IS_OUT = timedelta(days=8)  # after its end: the first Monday of a month is its seventh day at the latest
_COLUMNS = ("vendor_symbol", "timestamp", "open", "high", "low", "close", "volume", "trade_count", "line")
_NONE = pl.DataFrame(
    schema={
        "vendor_symbol": pl.String,
        "timestamp": pl.Datetime("us", "UTC"),
        **dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64),
        "trade_count": pl.Int64,
        "line": pl.Int64,
    }
)
_ZIP = b"PK"


def ask_dumps(question: Question) -> Sequence[Request]:
    """A file and its checksum for each month that the window holds whole, and for each day of the other ones.

    A month that ends less than eight days before the window does is asked for by the day as well: its file may not be there yet.
    """
    window = question.span
    files: list[tuple[str, str]] = []
    day = window.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while day < window.end:
        following = _next_month(day)
        if day.day == 1 and day >= window.start and following + _MONTH_IS_OUT <= window.end:
            files.append(("monthly", f"{day:%Y-%m}"))
            day = following
        else:
            files.append(("daily", f"{day:%Y-%m-%d}"))
            day += _DAY
    length = question.length.name
    return [
        endpoint.request(symbol=question.symbol, period=period, interval=length, date=date)
        for period, date in files
        for endpoint in (DUMP, DUMP_CHECKSUM)
    ]


def read_dumps(document: Any, question: Question) -> pl.DataFrame:
    """The candles of one file, symbol and length as its zip says; a checksum has none.

    `SchemaChanged` for a zip that is damaged, of another length, or holds a row that is no candle.
    """
    if not document.startswith(_ZIP):
        return _NONE
    name = f"{question.symbol}-{question.length.name}.zip"
    try:
        reading = read_payload("klines.zip", document, format=BINANCE_VISION)
    except PayloadFault as fault:
        raise SchemaChanged(f"reading {name} of the archive", fault.found, fault.remedy) from None
    for series in reading.series:
        if series.timeframe != question.length.name:
            raise SchemaChanged(f"reading {name} of the archive", f"its candles are of {series.timeframe}")
        if series.refused.height:
            row = series.refused.row(0, named=True)
            raise SchemaChanged(f"reading {name} of the archive", f"line {row['line']} is no candle: {row['reason']}")
    return pl.concat([_NONE, *(series.bars.select(_COLUMNS) for series in reading.series)])


def verify_dumps(answers: Sequence[Answer]) -> None:
    """`SchemaChanged` unless every file came with a checksum, and the checksum is its own."""
    checksums = {_place(answer): answer.data for answer in answers if answer.request.endpoint == DUMP_CHECKSUM.name}
    for answer in answers:
        if answer.request.endpoint != DUMP.name:
            continue
        name = answer.request.url("https://archive").rpartition("/")[2]
        context: dict[str, Any] = {"source": answer.record.source, "endpoint": DUMP.name, "payload_sha256": answer.record.sha256}
        if _place(answer) not in checksums:
            raise SchemaChanged(f"verifying {name}", "no checksum came with it", **context)
        try:
            verify_checksum(name, answer.data, checksums[_place(answer)])
        except PayloadFault as fault:
            raise SchemaChanged(fault.tried, fault.found, fault.remedy, **context) from None


def _place(answer: Answer) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(answer.request.path.items()))


def _next_month(day: datetime) -> datetime:
    return (day.replace(day=1) + 32 * _DAY).replace(day=1)
