"""The vendors' daily files under ../shared and the splits that their truth lists."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from marketdata_assets.core.sessions import calendar
from marketdata_tests.support.vendor_bars import below, landed, normalized

Event = tuple[str, date, float]
SESSIONS = calendar("XNYS").sessions(date(1998, 1, 1), date(2026, 1, 1))
FOLDERS = {
    "tiingo": ("01_tiingo_sp500_raw_adj", "csv"),
    "wiki": ("02_quandl_wiki_raw_split", "csv"),
    "yahoo": ("03_yahoo_ichart_2017", "csv"),
    "vantage_adjusted": ("04_alphavantage_daily", "daily_adjusted_with_split_coefficient"),
    "vantage_raw": ("04_alphavantage_daily", "daily_raw_2023"),
    "lean": ("06_lean_official", "equity/usa/daily"),
    "polygon": ("07_polygon_minute_lean", "equity/usa/daily"),
    "kaggle": ("08_kaggle_sp500_5yr_adjusted", "sp500_5yr_dev.csv.gz"),
}
SPLIT_KINDS = "split|reverse_split|class_distribution"
_PANEL = "01_tiingo_sp500_raw_adj/panel_2014_2018.parquet"


def bars_of(home: Path, name: str) -> pl.DataFrame:
    """A set's normalized daily bars that have prices, the source named after it."""
    folder, place = FOLDERS[name]
    paths = [place] if place.endswith(".gz") else below(home / folder, place)
    return normalized(landed(home / folder, paths), name).filter(pl.col("open") > 0, pl.col("close") > 0)


def panel(home: Path) -> pl.DataFrame:
    """Set 01's panel of 238 symbols over five years, in the columns that the detector and the arbiter read."""
    return pl.read_parquet(home / _PANEL).select(
        "symbol",
        pl.col("date").alias("session"),
        "open",
        "high",
        "low",
        "close",
        pl.col("volume").cast(pl.Float64),
        volume_basis=pl.lit("raw"),
        split_ratio="splitFactor",
        dividend="divCash",
        source=pl.lit("panel"),
        known_at=pl.lit(datetime(2026, 6, 1, tzinfo=UTC)).cast(pl.Datetime("us", "UTC")),
        payload_sha256=pl.lit("panel"),
    )


def truth(home: Path, name: str, kinds: str = SPLIT_KINDS) -> set[Event]:
    """(symbol, ex-date, ratio) of the listed kinds; a class distribution is two for one, whatever fraction a vendor wrote."""
    if name.startswith("vantage"):
        rows = pl.read_csv(home / "04_alphavantage_daily/truth/splits.csv").with_columns(kind=pl.lit("split"))
        rows = rows.filter(pl.col("file").str.contains("adjusted") == (name == "vantage_adjusted"))
    else:
        file = "panel_corporate_actions.csv" if name == "panel" else "corporate_actions.csv"
        folder = "01_tiingo_sp500_raw_adj" if name == "panel" else FOLDERS[name][0]
        rows = pl.read_csv(home / folder / "truth" / file)
    chosen = rows.filter(pl.col("kind").str.contains(f"^(?:{kinds})$"))
    ratio = pl.when(pl.col("kind") == "class_distribution").then(2.0).otherwise(pl.col("ratio").cast(pl.Float64))
    return set(chosen.select("symbol", pl.col("date").str.to_date(), ratio).rows())
