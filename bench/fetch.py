"""Fetching daily bars from a vendor served on loopback by another process: how much of the allowed rate is used, and bars per second
from the socket to raw partitions on disk, against an aiohttp, json and pandas loop written the obvious way.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

import aiohttp
import pandas as pd
import yaml

from bench.timing import Measure, alternating, report
from marketdata_assets.core import clock
from marketdata_assets.core.instruments import Instrument, format_instruments
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline import fetching
from marketdata_assets.pipeline.fetching import fetch
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.pipeline.wanted import bars_of
from marketdata_assets.sandbox.market import simulate
from marketdata_assets.sandbox.spec import Spec
from marketdata_assets.sandbox.wire.server import serving
from marketdata_assets.settings import load_settings

YEARS, SOURCE, CLASS = range(2019, 2025), "alpaca", "us_equities"
NOW = datetime(2025, 1, 2, 12, tzinfo=UTC)
LIMITED, UNLIMITED = "basic", "algo_trader_plus"
BASIC = 200  # requests a minute of the limited plan; the other one allows 10,000, more than are sent
KEYS = {"APCA_API_KEY_ID": "bench-key-id", "APCA_API_SECRET_KEY": "bench-secret"}


def spec(symbols: int) -> Spec:
    """Six years of so many companies, nothing planted."""
    cast = 14
    return Spec(
        start=date(2019, 1, 2),
        end=date(2025, 1, 1),
        extra_equities=symbols - cast,
        minute_months=0,
        crypto_start=date(2024, 6, 1),
        defects=False,
    )


def serve(symbols: int, limits: bool, told: Connection) -> None:
    """The vendor's process: tells its address and its symbols, and serves until it is told to stop."""
    market = simulate(spec(symbols))
    with serving(market, [SOURCE], limits=limits) as server:
        told.send((server.urls[SOURCE], market.instruments.symbols(CLASS)))
        told.recv()


class Vendor:
    """The simulated vendor in a process of its own, while it is entered."""

    def __init__(self, symbols: int, *, limits: bool) -> None:
        self._here, there = multiprocessing.get_context("spawn").Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=serve, args=(symbols, limits, there), daemon=True)

    def __enter__(self) -> tuple[str, list[str]]:
        self._process.start()
        found: tuple[str, list[str]] = self._here.recv()
        return found

    def __exit__(self, *_: object) -> None:
        self._here.send(None)
        self._process.join(10)


def platform(folder: Path, url: str, symbols: list[str], plan: str) -> Platform:
    """An empty lake whose one source is the vendor at `url`, on one of its plans."""
    values = {
        "lake": "lake",
        "instruments": "instruments.csv",
        "asset_classes": {CLASS: {"calendar": "XNYS", "currency": "USD", "start": date(YEARS[0], 1, 1), "timeframes": ["1d"]}},
        "sources": {SOURCE: {"vendor": SOURCE, "base_url": url, "asset_class": CLASS, "timeframes": ["1d"], "plan": plan}},
    }
    (folder / "marketdata.yaml").write_text(yaml.safe_dump(values))
    (folder / "instruments.csv").write_text(format_instruments([Instrument(s, CLASS, "XNYS", "USD") for s in symbols]))
    return open_platform(load_settings(folder / "marketdata.yaml", {}))


def keys(symbols: list[str]) -> list[PartitionKey]:
    """Every partition of the symbols."""
    return [PartitionKey(str(year), symbol) for year in YEARS for symbol in symbols]


def socket_to_raw(opened: Platform, symbols: list[str]) -> int:
    """Everything asked for, archived, checked and published as raw partitions; the number of bars."""
    with clock.frozen(NOW):
        fetch(opened, SOURCE, "1d", keys(symbols))
        new = arrived(opened, SOURCE, "1d", keys(symbols))
        publish_raw(opened, SOURCE, "1d", keys(symbols), new)
    return new.bars.height


async def the_obvious_way(url: str, symbols: list[str], folder: Path) -> int:
    """One session, one symbol after another, pages in a loop, a frame a symbol, a Parquet file for each of its years."""
    bars = 0
    headers = {"APCA-API-KEY-ID": "bench-key-id", "APCA-API-SECRET-KEY": "bench-secret"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for symbol in symbols:
            rows, token = [], None
            while True:
                params = {
                    "symbols": symbol,
                    "timeframe": "1Day",
                    "start": f"{YEARS[0]}-01-01",
                    "end": "2024-12-31",
                    "limit": "10000",
                    "feed": "sip",
                }
                async with session.get(f"{url}/v2/stocks/bars", params={**params, **({"page_token": token} if token else {})}) as answer:
                    document = json.loads(await answer.text())
                rows += document["bars"].get(symbol, [])
                token = document["next_page_token"]
                if not token:
                    break
            frame = pd.DataFrame(rows)
            frame["t"] = pd.to_datetime(frame["t"], utc=True)
            frame["symbol"] = symbol
            for year, part in frame.groupby(frame["t"].dt.year):
                path = folder / str(year) / f"{symbol}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                part.to_parquet(path, index=False)
            bars += len(frame)
    return bars


def use_of_the_rate(symbols: int) -> Measure:
    """The share of 200 requests a minute that is used when every symbol is a request of its own: 1 is all of it.

    The first requests of a fetch may leave at once; they and the time they save are left out on both sides.
    """
    with Vendor(symbols, limits=True) as (url, names), tempfile.TemporaryDirectory() as at:
        opened = platform(Path(at), url, names, LIMITED)
        quota = opened.settings.sources[SOURCE].source().plan().budgets["default"].quotas[0]
        alone = replace(bars_of(opened.settings.sources[SOURCE], "1d"), symbols=1)
        with mock.patch.object(fetching, "bars_of", return_value=alone), clock.frozen(NOW):
            began = time.perf_counter()
            requests = fetch(opened, SOURCE, "1d", keys(names)).requests
            seconds = time.perf_counter() - began
    due = (requests - quota.burst) / (BASIC / 60)
    return Measure(
        f"{requests} requests at {BASIC} a minute", seconds, due, "the allowed rate", 1, f"{due / seconds:.1%} of the allowed rate used"
    )


def socket_to_disk(symbols: int, repeats: int) -> Measure:
    """From the socket to raw partitions without a limit, ours and the obvious way, in turns."""
    with Vendor(symbols, limits=False) as (url, names), tempfile.TemporaryDirectory() as at:
        folder = Path(at)
        told: dict[str, int] = {}

        def ours() -> None:
            shutil.rmtree(folder / "ours", ignore_errors=True)
            (folder / "ours").mkdir()
            told["ours"] = socket_to_raw(platform(folder / "ours", url, names, UNLIMITED), names)

        def theirs() -> None:
            shutil.rmtree(folder / "theirs", ignore_errors=True)
            told["theirs"] = asyncio.run(the_obvious_way(url, names, folder / "theirs"))

        mine, rival = alternating(ours, theirs, repeats)
    assert told["ours"] == told["theirs"] > 0
    bars = told["ours"]
    return Measure(
        f"{bars:,} bars from the socket to {len(names) * len(YEARS)} raw partitions",
        mine,
        rival,
        "aiohttp, json, pandas, one by one",
        repeats,
        f"{bars / mine:,.0f} against {bars / rival:,.0f} bars a second",
    )


def main(arguments: list[str]) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m bench fetch", description=__doc__)
    parser.add_argument("--symbols", type=int, default=130)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    with mock.patch.dict(os.environ, KEYS):
        report([use_of_the_rate(chosen.symbols), socket_to_disk(chosen.symbols, chosen.repeats)], as_json=chosen.json)
