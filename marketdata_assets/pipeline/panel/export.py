"""A published panel as files outside the lake: one Parquet, or Qlib's folder."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from marketdata_assets.core.faults import ConfigFault, StorageFault
from marketdata_assets.exports.qlib import qlib_files
from marketdata_assets.pipeline.panel.sources import panel_settings
from marketdata_assets.pipeline.platform import Platform


def write_parquet(rows: pl.DataFrame, to: Path) -> int:
    """How many rows of a panel now stand in the one Parquet file `to`, which appears as a whole or not at all."""
    if to.suffix != ".parquet":
        raise ConfigFault(f"writing {to.name}", f"{to.suffix or 'no ending'} is no Parquet", "end the name in .parquet")
    part = to.with_name(f".{to.name}.part")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(part, compression="zstd", statistics=True)
        part.replace(to)
    except OSError as error:
        raise _unwritable(to, error) from None
    return rows.height


def write_qlib(platform: Platform, asset_class: str, rows: pl.DataFrame, to: Path) -> int:
    """How many files of Qlib's format now stand below the folder `to`, Qlib's `provider_uri`.

    The universe's file is called as the panel's universe, beside `all.txt`. `ConfigFault` for a folder that holds something else: files of
    an older export would outlive it.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ConfigFault(f"writing Qlib's files to {to}", "something is there already", "name a folder that is new or empty")
    universe = panel_settings(platform, asset_class).universe
    days = _sessions(platform, asset_class, rows["date"].unique().sort().to_list())
    written = 0
    try:
        for file in qlib_files(rows, days, universe if isinstance(universe, str) else "panel"):
            path = to / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
            written += 1
    except OSError as error:
        raise _unwritable(to, error) from None
    return written


def _sessions(platform: Platform, asset_class: str, dates: list[date]) -> list[date]:
    """Every session from the first date to the last one."""
    if not dates:
        return []
    calendar = platform.calendar(asset_class)
    return calendar.sessions(*calendar.clip(dates[0], dates[-1] + timedelta(days=1)))["session"].to_list()


def _unwritable(to: Path, error: OSError) -> StorageFault:
    return StorageFault(f"writing {to}", error.strerror or str(error), "make room or permission there, or choose another place")
