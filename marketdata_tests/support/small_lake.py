"""A lake of a few hand-made partitions with its marketdata.yaml, for tests that only read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.s3_options import S3Options
from marketdata_assets.schemas.audit import COVERAGE, QUARANTINE
from marketdata_assets.schemas.bars import RAW_BARS, VALIDATED_BARS
from marketdata_assets.schemas.table import Table

KNOWN = datetime(2024, 6, 1, tzinfo=UTC)
INSTRUMENTS = """symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases
AAPL,us_equities,XNAS,USD,Information Technology,1980-12-12,,
BRK.B,us_equities,XNYS,USD,Financials,,,
META,us_equities,XNAS,USD,Communication Services,2012-05-18,,*:FB@2012-05-18..2022-06-09
BTC-USDT,crypto,CRYPTO,USDT,,,,
ETH-USDT,crypto,CRYPTO,USDT,,,,
"""
YAML = """market: real
lake: lake
instruments: instruments.csv
calendar_overrides: overrides.csv
asset_classes:
  us_equities: {calendar: XNYS, currency: USD, start: 2021-01-01, timeframes: [1d]}
  crypto: {calendar: 24/7, currency: USD, start: 2024-01-01, timeframes: [1d, 1h]}
sources:
  tiingo: {asset_class: us_equities, landing: landing/tiingo, format: tiingo_csv, timeframes: [1d], priority: 10}
  alphavantage: {asset_class: us_equities, landing: landing/alphavantage, timeframes: [1d], priority: 20}
  binance_vision: {asset_class: crypto, landing: landing/binance_vision, timeframes: [1d, 1h]}
"""


def configure(folder: Path, yaml: str = YAML) -> Path:
    """marketdata.yaml, instruments and overrides in `folder`, no lake yet; the path of the yaml."""
    (folder / "instruments.csv").write_text(INSTRUMENTS)
    (folder / "overrides.csv").write_text("exchange,date,kind,close_time,note\n")
    config = folder / "marketdata.yaml"
    config.write_text(yaml)
    return config


def small_lake(folder: Path, root: str | None = None, s3: S3Options | None = None) -> Path:
    """`configure` and a filled lake: three equities (two years of META around its rename, June 2024), two hours of Bitcoin.

    The lake is the folder's own, or the bucket `root`.
    """
    yaml = (
        YAML if s3 is None else YAML.replace("lake: lake", f"lake: {root}\ns3: {{endpoint_url: '{s3.endpoint_url}', region: {s3.region}}}")
    )
    config = configure(folder, yaml)
    lake = open_lake(root or str(folder / "lake"), s3=s3)
    june = [datetime(2024, 6, day, tzinfo=UTC) for day in (3, 4, 5)]
    publish_bars(lake, "us_equities/validated_bars_1d", "AAPL", june, 190.0)
    publish_bars(lake, "us_equities/validated_bars_1d", "BRK.B", june[:2], 410.25)
    publish_bars(lake, "us_equities/validated_bars_1d", "META", [datetime(2022, 6, day, tzinfo=UTC) for day in (7, 8, 9, 10)], 190.5)
    publish_bars(lake, "us_equities/validated_bars_1d", "META", june, 470.125)
    hours = [datetime(2024, 3, 1, hour, tzinfo=UTC) for hour in (0, 1)]
    publish_bars(lake, "crypto/validated_bars_1h", "BTC-USDT", hours, 62_000.5, period="2024-03")
    for source, price in (("tiingo", 190.0), ("alphavantage", 190.01)):
        raw = RAW_BARS.conform(_bars("AAPL", june, price).with_columns(pl.lit("AAPL").alias("vendor_symbol")))
        publish(lake, f"us_equities/raw_bars_1d/{source}", RAW_BARS, raw, "2024", "AAPL")
    publish(lake, "us_equities/coverage_1d", COVERAGE, _coverage("AAPL", 3, 0), "2024", "AAPL")
    publish(lake, "us_equities/coverage_1d", COVERAGE, _coverage("BRK.B", 2, 1), "2024", "BRK.B")
    publish(lake, "us_equities/quarantine_1d", QUARANTINE, _refused("BRK.B"), "2024", "BRK.B")
    return config


def publish_bars(lake: Lake, path: str, symbol: str, times: Sequence[datetime], price: float, period: str | None = None) -> None:
    """One validated partition: at each time a bar that opens at `price` and closes half a unit higher."""
    publish(lake, path, VALIDATED_BARS, _bars(symbol, times, price), period or str(times[0].year), symbol)


def publish(lake: Lake, path: str, table: Table, rows: pl.DataFrame, period: str, symbol: str) -> None:
    lake.publish(path, table, {PartitionKey(period, symbol): rows})


def _bars(symbol: str, times: Sequence[datetime], price: float) -> pl.DataFrame:
    cells = {
        "symbol": symbol,
        "open": price,
        "high": price + 1.0,
        "low": price - 1.0,
        "close": price + 0.5,
        "volume": 1000.0,
        "price_basis": "raw",
        "volume_basis": "raw",
        "source": "tiingo",
        "tape": "consolidated",
        "currency": "USD",
        "known_at": KNOWN,
        "n_sources": 1,
        "n_agreeing": 1,
        "max_deviation_bps": 0.0,
        "quality_flags": "",
        "quality_score": 100.0,
        "payload_sha256": "0" * 64,
    }
    frame = pl.DataFrame(
        {"timestamp": list(times), "line": range(1, len(times) + 1)}, schema_overrides={"timestamp": pl.Datetime("us", "UTC")}
    )
    return frame.with_columns(session=pl.col("timestamp").dt.date(), **{name: pl.lit(value) for name, value in cells.items()})


def _coverage(symbol: str, received: int, missing: int) -> pl.DataFrame:
    days = [date(2024, 6, 3) + timedelta(days=n) for n in range(received + missing)]
    came = [n < received for n in range(len(days))]
    return COVERAGE.conform(
        pl.DataFrame(
            {
                "symbol": [symbol] * len(days),
                "date": days,
                "expected": [1] * len(days),
                "received": [int(c) for c in came],
                "quarantined": [0] * len(days),
                "missing": [int(not c) for c in came],
                "state": ["complete" if c else "vendor_absent" for c in came],
                "reason": ["" if c else "no source sent it" for c in came],
            }
        )
    )


def _refused(symbol: str) -> pl.DataFrame:
    return QUARANTINE.conform(
        pl.DataFrame(
            {
                "symbol": [symbol],
                "filed_under": [date(2024, 6, 5)],
                "timestamp": [datetime(2024, 6, 5, tzinfo=UTC)],
                "source": ["tiingo"],
                "rule": ["high_below_low"],
                "reason": ["high 1 lies below low 2"],
                "row": ['{"high":1.0}'],
                "known_at": [KNOWN],
                "payload_sha256": ["0" * 64],
                "line": [7],
            }
        )
    )
