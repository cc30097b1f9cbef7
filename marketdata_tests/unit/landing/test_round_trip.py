"""Bars written in a vendor's layout are read back as the same bars, whatever the numbers."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from marketdata_tests.unit.landing.packing import gzipped, only, read, zipped

PRICE = st.floats(0.0001, 1e6, allow_nan=False)
BAR = st.tuples(PRICE, PRICE, PRICE, PRICE, st.floats(0, 1e12))
DAYS = st.lists(st.dates(date(1962, 1, 2), date(2100, 1, 1)), min_size=1, max_size=15)
MINUTES = st.lists(st.integers(0, 60 * 24 * 365 * 30), min_size=1, max_size=15, unique=True)
SESSION = st.sets(st.integers(0, 24 * 60 - 1), min_size=1, max_size=15)


def _bars(data: st.DataObject, times: list) -> list[tuple]:
    return [(t, *data.draw(BAR)) for t in times]


def _told(reading) -> list[tuple]:
    assert only(reading).refused.height == 0
    return only(reading).bars.select("timestamp", "open", "high", "low", "close", "volume").rows()


def _midnights(bars: list[tuple]) -> list[tuple]:
    return [(datetime(d.year, d.month, d.day, tzinfo=UTC), *numbers) for d, *numbers in bars]


def _csv(header: str, rows: list[list[object]], **style: object) -> str:
    out = io.StringIO()
    writer = csv.writer(out, **{"lineterminator": "\n", **style})
    if header:
        out.write(header + "\n")
    writer.writerows(rows)
    return out.getvalue()


@settings(max_examples=40)
@given(st.data(), DAYS, st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_daily_csv(data: st.DataObject, days: list[date], quoted: bool, end: str) -> None:
    bars = _bars(data, days)
    style = {"quoting": csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, "lineterminator": end}
    old = _csv("Date,Open,High,Low,Close,Volume,Adj Close", [[d, *map(repr, n), 1] for d, *n in bars], **style)
    assert _told(read("x/AAPL.csv", old, "yahoo_csv_old")) == _midnights(bars)
    tiingo = [["AAPL", f"{d} 00:00:00+00:00", c, h, lo, o, v, 1, 1, 1, 1, 1, 0.0, 1.0] for d, o, h, lo, c, v in bars]
    header = "symbol,date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor"
    assert _told(read("AAPL.csv.gz", gzipped(_csv(header, tiingo, **style)), "tiingo_csv")) == _midnights(bars)
    if not quoted:
        table = [[n, d.strftime("%b %d, %Y"), *map(repr, p), 1, f"{v:,.2f}"] for n, (d, *p, v) in enumerate(bars)]
        rounded = [(d, *p, float(f"{v:.2f}")) for d, *p, v in bars]
        html = _csv(",Date,Open,High,Low,Close*,Adj Close**,Volume", table)
        assert _told(read("daily_AAPL.csv", html, "yahoo_history_table")) == _midnights(rounded)


@settings(max_examples=40)
@given(st.data(), MINUTES)
def test_crypto_minutes(data: st.DataObject, minutes: list[int]) -> None:
    times = [datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=m) for m in minutes]
    bars = _bars(data, times)
    seconds = [(int(t.timestamp()), *n) for t, *n in bars]
    kraken = _csv("", [[s, *map(repr, n), 3] for s, *n in seconds])
    assert _told(read("XBTUSD_1.csv", kraken)) == bars
    klines = _csv("", [[s * 1000, *map(repr, n), s * 1000 + 59_999, 1, 3, 1, 1, 0] for s, *n in seconds])
    assert _told(read("BTCUSDT-1m-2024-01.zip", zipped({"BTCUSDT-1m-2024-01.csv": klines}))) == bars
    later = _csv("", [[s * 1_000_000, *map(repr, n), 1, 1, 3, 1, 1, 0] for s, *n in seconds if s > 1e9 + 1e7])
    if later:
        assert _told(read("BTCUSDT-1m-2025-01.csv", later)) == [b for b in bars if b[0].timestamp() > 1e9 + 1e7]
    assert _told(read("BTC_USDT-1m.json", orjson.dumps([[s * 1000, *n] for s, *n in seconds]))) == bars
    out = io.BytesIO()
    names = ["date", "open", "high", "low", "close", "volume"]
    pl.DataFrame(bars, schema=names, orient="row").write_ipc(out, compression="lz4")
    assert _told(read("BTC_USDT-1m.feather", out.getvalue())) == bars


@settings(max_examples=40)
@given(st.data(), st.dates(date(1998, 1, 2), date(2036, 12, 31)), SESSION)
def test_lean_minutes_of_new_york(data: st.DataObject, day: date, minutes: set[int]) -> None:
    """Every minute that exists once on that day's New York clock comes back as its instant; the others are refused."""
    zone = ZoneInfo("America/New_York")
    rows, due = [], []
    for minute in sorted(minutes):
        prices = data.draw(st.tuples(*[st.integers(1, 10**9)] * 4))
        wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
        rows.append([minute * 60_000, *prices, 100])
        if wall.utcoffset() == wall.replace(fold=1).utcoffset():
            due.append((wall.astimezone(UTC), *(p / 10_000 for p in prices), 100.0))
    stamp = day.strftime("%Y%m%d")
    if due:
        series = only(read(f"equity/usa/minute/spy/{stamp}_trade.zip", zipped({f"{stamp}_spy_minute_trade.csv": _csv("", rows)})))
        assert series.bars.select("timestamp", "open", "high", "low", "close", "volume").rows() == due
        assert series.bars.height + series.refused.height == len(rows)


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30), max_size=12), st.integers(0, 11))
def test_any_garbage_among_good_rows_costs_no_good_row_and_loses_no_line(garbage: list[str], at: int) -> None:
    """Every line that is not blank is a bar or a refused row whose text is the line itself."""
    lines = [f"2024-01-{n + 1:02d},1,2,1,1.5,10,1" for n in range(12)]
    junk = [g.replace("\n", " ").replace("\r", " ") for g in garbage]
    mixed = lines[:at] + junk + lines[at:]
    series = only(read("AAPL.csv", "Date,Open,High,Low,Close,Volume,Adj Close\n" + "\n".join(mixed) + "\n", "yahoo_csv_old"))
    present = {n for n, line in enumerate(mixed, 1) if line}
    assert set(series.bars["line"]) | set(series.refused["line"]) == present
    assert not set(series.bars["line"]) & set(series.refused["line"])
    assert {mixed[n - 1] for n in series.bars["line"]} >= set(lines)
    assert series.refused["row"].to_list() == [mixed[n - 1] for n in series.refused["line"]]
