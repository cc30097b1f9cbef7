"""The feature panel on drawn bars of three sizes: against the tutorial way in pandas, plain Polars, and the floor.

The floor is what nobody can save: decoding the stored bars and writing the panel, a file a year each, as measured in the same pass.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import polars as pl

from bench.features_pandas import tutorial_panel
from bench.features_polars import plain_panel
from bench.timing import Measure, alternating, report
from marketdata_assets.core.sectors import SECTORS
from marketdata_assets.core.sessions import calendar
from marketdata_assets.transforms.features.panel import panels

COLUMNS = ("symbol", "session", "open", "high", "low", "close", "volume")
EARLY = datetime(1990, 1, 1, tzinfo=UTC)
SIZES = {"small": (130, 10), "medium": (800, 14), "large": (3_000, 20)}


@dataclass(frozen=True)
class Market:
    """Drawn bars as traded, their splits, members and sectors."""

    bars: pl.DataFrame
    events: pl.DataFrame
    sectors: pl.DataFrame
    years: range

    @cached_property
    def members(self) -> pl.DataFrame:
        """Every symbol on each of its sessions, in the order in which universes are stored."""
        return self.bars.select("symbol", date="session").sort("date", "symbol")

    @property
    def spans(self) -> list[tuple[date, date]]:
        """The years one by one."""
        return [(date(year, 1, 1), date(year + 1, 1, 1)) for year in self.years]


def drawn(symbols: int, years: int) -> Market:
    """Random walks on the sessions of New York; every fifth symbol splits 2 for 1 half-way."""
    span = range(2025 - years, 2025)
    sessions = calendar("XNYS").sessions(date(span[0], 1, 1), date(2025, 1, 1)).get_column("session")
    draws, n = np.random.default_rng(0), sessions.len()
    common, half = draws.normal(0, 0.008, n), n // 2
    parts, events, sectors = [], [], []
    for k in range(symbols):
        symbol = f"S{k:04d}"
        close = 80 * np.exp(np.cumsum(common + draws.normal(0.0002, 0.015, n)))
        opened = close * np.exp(draws.normal(0, 0.004, n))
        high = np.maximum(opened, close) * np.exp(np.abs(draws.normal(0, 0.004, n)))
        low = np.minimum(opened, close) * np.exp(-np.abs(draws.normal(0, 0.004, n)))
        ratio = np.where(np.arange(n) >= half, 2.0, 1.0) if k % 5 == 0 else np.ones(n)
        prices = {name: np.round(x / ratio, 2).clip(0.01) for name, x in zip(COLUMNS[2:6], (opened, high, low, close), strict=True)}
        volume = np.round(np.exp(draws.normal(13, 0.5, n)) * ratio)
        parts.append(pl.DataFrame({"session": sessions, **prices, "volume": volume}).select(pl.lit(symbol).alias("symbol"), pl.all()))
        sectors.append({"symbol": symbol, "from": None, "to": None, "sector": SECTORS[k % len(SECTORS)], "known_at": EARLY})
        if k % 5 == 0:
            events.append({"symbol": symbol, "ex_date": sessions[half], "ratio": 2.0, "known_at": EARLY})
    schema = {"symbol": pl.String, "from": pl.Date, "to": pl.Date, "sector": pl.String, "known_at": pl.Datetime("us", "UTC")}
    return Market(pl.concat(parts), pl.DataFrame(events), pl.DataFrame(sectors, schema=schema), span)


def ours(market: Market, spans: list[tuple[date, date]] | None = None) -> int:
    """Every year's panel, one after the other; the number of rows."""
    made = panels(market.bars, market.events, market.members, market.sectors, spans or market.spans)
    return sum(panel.height for panel in made)


def against_rivals(name: str, repeats: int, *, pandas: bool) -> list[Measure]:
    """From bars in memory to the panel in memory."""
    market = drawn(*SIZES[name])
    rows, what = market.bars.height, "{} symbols x {} years, bars in memory to panel".format(*SIZES[name])
    ours(market)  # compiles
    measures = []
    if pandas:
        told = market.bars.to_pandas(), market.events.to_pandas(), dict(market.sectors.select("symbol", "sector").iter_rows())
        mine, rival = alternating(lambda: ours(market), lambda: tutorial_panel(*told), repeats)
        measures.append(Measure(what, mine, rival, "pandas: groupby, rolling, transform", repeats, f"{rows:,} rows"))
    plain = lambda: plain_panel(market.bars, market.events, market.sectors)  # noqa: E731
    mine, rival = alternating(lambda: ours(market), plain, repeats)
    measures.append(Measure(what, mine, rival, "plain Polars", repeats, f"{rows:,} rows"))
    return measures


def store(market: Market, folder: Path) -> None:
    """The bars as Parquet, a file a year."""
    for start, end in market.spans:
        year = market.bars.filter(pl.col("session").is_between(start, end, closed="left"))
        year.write_parquet(folder / f"bars-{start.year}.parquet", compression="zstd")


def stored_to_stored(name: str, told: Connection) -> None:
    """In a process of its own: bars from disk to panels on disk; tells rows, seconds of the whole, of the floor, and the peak."""
    market = drawn(*SIZES[name])
    ours(market, market.spans[:1])  # compiles
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at)
        store(market, folder)
        market.members.write_parquet(folder / "members.parquet", compression="zstd")
        events, sectors, spans = market.events, market.sectors, market.spans
        del market
        began = time.perf_counter()
        bars = pl.concat([pl.read_parquet(file, columns=list(COLUMNS)) for file in sorted(folder.glob("bars-*.parquet"))])
        members = pl.read_parquet(folder / "members.parquet")
        floor = time.perf_counter() - began
        rows = written = 0
        for (start, _), panel in zip(spans, panels(bars, events, members, sectors, spans), strict=True):
            rows += panel.height
            writing = time.perf_counter()
            path = folder / f"panel-{start.year}.parquet"
            panel.write_parquet(path, compression="zstd")
            floor += time.perf_counter() - writing
            written += path.stat().st_size
            path.unlink()
        whole = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    told.send({"rows": rows, "whole": whole, "floor": floor, "peak": peak, "written": written})


def against_floor(name: str) -> Measure:
    """From stored bars to stored panels; the rival does nothing but read and write."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=stored_to_stored, args=(name, there))
    process.start()
    there.close()
    found = here.recv()
    process.join()
    what = "{} symbols x {} years, stored bars to stored panels".format(*SIZES[name])
    note = (
        f"{found['rows']:,} rows, {found['rows'] / found['whole']:,.0f} a second; {found['written'] / 2**30:.2f} GiB written; "
        f"peak memory {found['peak'] / 2**30:.2f} GiB"
    )
    return Measure(what, found["whole"], found["floor"], "the floor: decode and write alone", 1, note)


def one_more_day(name: str) -> Measure:
    """The panel of the newest session alone, bars in memory; the rival computes the newest year."""
    market = drawn(*SIZES[name])
    last = market.bars.get_column("session").max()
    assert isinstance(last, date)
    day, year = [(last, date(last.year + 1, 1, 1))], market.spans[-1:]
    ours(market, day)
    mine, rival = alternating(lambda: ours(market, day), lambda: ours(market, year), 3)
    return Measure("{} symbols x {} years, the newest day alone".format(*SIZES[name]), mine, rival, "the newest year", 3, f"as of {last}")


def main(arguments: list[str]) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m bench features", description=__doc__)
    parser.add_argument("--sizes", nargs="*", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    measures: list[Measure] = []
    for name in chosen.sizes:
        if name != "large":
            measures += against_rivals(name, chosen.repeats if name == "small" else 1, pandas=name == "small")
        measures.append(against_floor(name))
        if name == "large":
            measures.append(one_more_day(name))
    report(measures, as_json=chosen.json)
