"""Real daily bars, splits and sectors beside the project, in the shapes that the panel takes."""

from __future__ import annotations

from pathlib import Path

import polars as pl

SPLITS = ("split", "reverse_split", "reverse_split_with_spinoff", "class_distribution")
SNAPSHOTS = ("2013-02-10", "2015-09-22", "2016-06-23")
TIINGO = Path("equity", "01_tiingo_sp500_raw_adj")


def panel_bars(realdata: Path) -> pl.DataFrame:
    """238 symbols from 2014 to 2018 as traded."""
    found = pl.read_parquet(realdata / TIINGO / "panel_2014_2018.parquet")
    return found.select("symbol", pl.col("open", "high", "low", "close"), pl.col("volume").cast(pl.Float64), session="date")


def panel_splits(realdata: Path) -> pl.DataFrame:
    """The splits among the events of their ground truth."""
    found = pl.read_csv(realdata / TIINGO / "truth" / "panel_corporate_actions.csv", try_parse_dates=True)
    return found.filter(pl.col("kind").is_in(SPLITS)).select("symbol", "ratio", ex_date="date")


def tiingo_bars(realdata: Path, symbol: str) -> pl.DataFrame:
    """One symbol from 2000 to 2022 as traded."""
    found = pl.read_csv(realdata / TIINGO / "csv" / f"{symbol}.csv.gz")
    session = pl.col("date").str.slice(0, 10).str.to_date("%Y-%m-%d")
    values = pl.col("open", "high", "low", "close", "volume").cast(pl.Float64)
    return found.select(values, symbol=pl.lit(symbol), session=session)


def tiingo_splits(realdata: Path, symbol: str) -> pl.DataFrame:
    """The splits of one symbol from 2000 to 2022."""
    found = pl.read_csv(realdata / TIINGO / "truth" / "corporate_actions.csv", try_parse_dates=True)
    return found.filter(pl.col("kind").is_in(SPLITS), pl.col("symbol") == symbol).select("symbol", "ratio", ex_date="date")


def sector_snapshots(realdata: Path) -> pl.DataFrame:
    """Sectors of the S&P 500 as three snapshots told them, each known from the day on which it was made."""
    folder = realdata / "equity" / "09_index_membership_sectors" / "datasets_constituents_snapshots"
    parts = [
        pl.read_csv(folder / f"constituents_commit_{day}.csv").select(
            symbol="Symbol",
            sector="Sector",
            known_at=pl.lit(day).str.to_datetime("%Y-%m-%d", time_zone="UTC"),
            **{"from": pl.lit(day).str.to_date("%Y-%m-%d"), "to": pl.lit(None, pl.Date)},
        )
        for day in SNAPSHOTS
    ]
    return pl.concat(parts)
