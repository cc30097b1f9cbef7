"""The same work in plain pandas, as a careful analyst would write it: the rival of the bar benchmarks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

RENAMES = {"date": "timestamp"}
PRICES = ["open", "high", "low", "close"]


def files_to_validated(files: list[Path], sessions: pd.DatetimeIndex, out: Path) -> int:
    """Read Tiingo files, check every row and series, and write raw, normalized and validated bars and coverage, one Parquet per symbol and
    year each, as the platform does; the number of bars kept. Neither hashes nor syncs nor an archive of the files.
    """
    kept = 0
    for file in files:
        raw = pd.read_csv(file).rename(columns=RENAMES)
        raw["timestamp"] = pd.to_datetime(raw["timestamp"], utc=True)
        raw = raw.assign(price_basis="raw", volume_basis="raw", tape="consolidated", line=np.arange(1, len(raw) + 1))
        write(raw, out / "raw")
        bars = raw.assign(session=raw["timestamp"].dt.date, source="tiingo", currency="USD").sort_values("timestamp")
        write(bars, out / "normalized")
        good, flags, covered = audited(bars, sessions)
        write(good.assign(quality_flags=flags, n_sources=1, n_agreeing=1, max_deviation_bps=0.0), out / "validated")
        write(covered.assign(symbol=good["symbol"].iat[0]), out / "coverage")
        kept += len(good)
    return kept


def write(rows: pd.DataFrame, table: Path) -> None:
    """One Parquet file per year below the folder of the symbol."""
    folder = table / str(rows["symbol"].iat[0])
    folder.mkdir(parents=True, exist_ok=True)
    for year, part in rows.groupby(rows["timestamp"].dt.year):
        part.to_parquet(folder / f"{year}.parquet", compression="zstd", index=False)


def audited(bars: pd.DataFrame, sessions: pd.DatetimeIndex) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """The rows that pass, their flags, and what of each session came: the row and series rules in pandas words."""
    finite = np.isfinite(bars[[*PRICES, "volume"]]).all(axis=1)
    positive = (bars[PRICES] > 0).all(axis=1) & (bars["volume"] >= 0)
    high = bars["high"] >= bars[PRICES].max(axis=1)
    low = bars["low"] <= bars[PRICES].min(axis=1)
    unique = ~bars.duplicated("timestamp", keep=False)
    in_session = bars["timestamp"].dt.tz_localize(None).isin(sessions)
    good = bars[finite & positive & high & low & unique & in_session].copy()
    move = good["close"] / good["close"].shift() - 1
    explained = (good["splitFactor"] != 1) | (good["divCash"] > 0)
    jump = (move.abs() > 0.5) & ~explained
    same = (good[[*PRICES, "volume"]] == good[[*PRICES, "volume"]].shift()).all(axis=1)
    stale = same & same.shift(fill_value=False) & (good["volume"] > 0)
    back = (move.abs() > 0.3) & ((good["close"].shift(-1) / good["close"].shift() - 1).abs() < 0.1)
    names = {"jump_unexplained": jump, "stale_repeat": stale, "zero_volume": good["volume"] == 0, "bad_tick_roundtrip": back}
    flags = pd.Series("", index=good.index)
    for name, hit in names.items():
        flags = flags.where(~hit, flags + "," + name)
    days = good["timestamp"].dt.tz_localize(None)
    span = sessions[(sessions >= days.min()) & (sessions <= days.max())]
    came = span.isin(pd.DatetimeIndex(days))
    covered = pd.DataFrame({"timestamp": span, "expected": 1, "received": came.astype(int), "missing": (~came).astype(int)})
    covered["state"] = np.where(came, "complete", "vendor_absent")
    return good, flags.str.strip(","), covered


def read_symbol(folder: Path, symbol: str, columns: list[str]) -> pd.DataFrame:
    """One symbol over all its years."""
    return pd.concat([pd.read_parquet(file, columns=columns) for file in sorted((folder / symbol).glob("*.parquet"))])


def read_day(folder: Path, day: pd.Timestamp, columns: list[str]) -> pd.DataFrame:
    """One day over all symbols."""
    files = sorted(folder.glob(f"*/{day.year}.parquet"))
    return pd.concat([(part := pd.read_parquet(file, columns=columns))[part["timestamp"] == day] for file in files])
