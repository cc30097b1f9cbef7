"""Bars against plain pandas: from files to validated bars, reading one symbol, reading one day.

Real Tiingo files beside the project are used where they are; the simulated market's otherwise.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import polars as pl
import yaml

from bench import pandas_way
from bench.timing import Measure, alternating, report
from marketdata_assets.core.periods import PeriodKind
from marketdata_assets.core.sessions import calendar
from marketdata_assets.pipeline.bars import audited, normalized
from marketdata_assets.pipeline.discover import add_instruments, discover
from marketdata_assets.pipeline.inventory import inventory, touched
from marketdata_assets.pipeline.landing import refresh
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.schemas.audit import COVERAGE, QUARANTINE, REFUSED_ROWS
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS, VALIDATED_BARS
from marketdata_assets.settings import load_settings

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "realdata" / "equity" / "01_tiingo_sp500_raw_adj" / "csv"
CLASS, TIMEFRAME, SOURCE = "us_equities", "1d", "tiingo"
COLUMNS = ["symbol", "timestamp", "open", "high", "low", "close", "volume"]


def configured(folder: Path, landing: Path) -> Platform:
    """A platform whose one source is `landing`, with every symbol in it known; its lake is empty."""
    values = {
        "lake": "lake",
        "instruments": "instruments.csv",
        "asset_classes": {CLASS: {"calendar": "XNYS", "currency": "USD", "start": "2000-01-01", "timeframes": [TIMEFRAME]}},
        "sources": {SOURCE: {"asset_class": CLASS, "landing": str(landing), "format": "tiingo_csv", "timeframes": [TIMEFRAME]}},
    }
    config, instruments = folder / "marketdata.yaml", folder / "instruments.csv"
    config.write_text(yaml.safe_dump(values))
    instruments.write_text("symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases\n")
    settings = load_settings(config, {})
    add_instruments(instruments, discover(open_platform(settings), SOURCE).instruments)
    return open_platform(settings)


def files_to_validated(platform: Platform) -> int:
    """Everything from the landing folder to validated bars, quarantine and coverage on disk; the number of bars."""
    refresh(platform, SOURCE)
    keys = touched(platform, CLASS, inventory(platform, SOURCE))[TIMEFRAME]
    new = arrived(platform, SOURCE, TIMEFRAME, keys)
    publish_raw(platform, SOURCE, TIMEFRAME, keys, new)
    raw = platform.lake.scan(platform.path(RAW_BARS, CLASS, TIMEFRAME, SOURCE), RAW_BARS).collect()
    bars = normalized(platform, CLASS, TIMEFRAME, {SOURCE: raw})
    outcome = audited(platform, CLASS, TIMEFRAME, bars, {SOURCE: REFUSED_ROWS.empty()}, keys)
    tables = {NORMALIZED_BARS: bars, VALIDATED_BARS: outcome.validated, QUARANTINE: outcome.quarantine, COVERAGE: outcome.coverage}
    for table, frame in tables.items():
        platform.lake.publish_frame(platform.path(table, CLASS, TIMEFRAME), table, frame, period=PeriodKind.YEAR)
    return outcome.validated.height


def ingest(work: Path, landing: Path, repeats: int) -> tuple[Measure, Platform]:
    """From files to validated bars, ours and pandas'."""
    files = sorted(landing.glob("*.csv*"))
    days = calendar("XNYS").sessions(datetime(2000, 1, 1, tzinfo=UTC).date(), datetime(2023, 1, 1, tzinfo=UTC).date())
    sessions = pd.DatetimeIndex(days["session"].to_list())
    platform = configured(work, landing)

    def ours() -> None:
        shutil.rmtree(work / "lake", ignore_errors=True)
        platform.readings.clear()
        files_to_validated(platform)

    def theirs() -> None:
        shutil.rmtree(work / "pandas", ignore_errors=True)
        pandas_way.files_to_validated(files, sessions, work / "pandas")

    mine, rival = alternating(ours, theirs, repeats)
    note = f"{len(files)} files, 4 tables; ours also archives the files, hashes and syncs"
    return Measure("files to validated bars", mine, rival, "pandas", repeats, note), platform


def reads(work: Path, platform: Platform, repeats: int) -> list[Measure]:
    """One symbol over all years, and one day over all symbols, from what either side stored."""
    path = platform.path(VALIDATED_BARS, CLASS, TIMEFRAME)
    key = platform.lake.partitions(path)[0]
    symbol, day = str(key.symbol), pd.Timestamp("2015-06-15", tz="UTC")
    stored = work / "pandas" / "validated"

    def our_day() -> None:
        rows = platform.lake.scan(path, VALIDATED_BARS, periods=[str(day.year)], columns=COLUMNS)
        rows.filter(pl.col("timestamp") == day.to_pydatetime()).collect()

    one = alternating(
        lambda: platform.lake.scan(path, VALIDATED_BARS, symbols=[symbol], columns=COLUMNS).collect(),
        lambda: pandas_way.read_symbol(stored, symbol, COLUMNS),
        repeats * 5,
    )
    many = alternating(our_day, lambda: pandas_way.read_day(stored, day, COLUMNS), repeats * 5)
    return [
        Measure("read one symbol, all years", *one, "pandas", repeats * 5, "ours verifies every file's hash"),
        Measure("read one day, all symbols", *many, "pandas", repeats * 5, "ours verifies every file's hash"),
    ]


def main(argv: list[str] | None = None) -> None:
    """Print the measures."""
    parser = argparse.ArgumentParser(prog="python -m bench bars", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="runs of the long contest; reads take five times as many")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        measure, platform = ingest(work, REAL, options.repeats)
        report([measure, *reads(work, platform, options.repeats)], as_json=options.json)


if __name__ == "__main__":
    main()
