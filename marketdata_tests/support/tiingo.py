"""Files in the layout of Tiingo's end-of-day csv, with invented numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

HEADER = "symbol,date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor"


def tiingo_csv(
    symbol: str, closes: Mapping[date, float] | Sequence[tuple[date, float]], *, split: Mapping[date, float] | None = None
) -> bytes:
    """One row per (day, close); open is the close less 0.5, high and low lie a point around, volume grows by 100 a day."""
    days = list(closes.items()) if isinstance(closes, Mapping) else list(closes)
    lines = [HEADER]
    for at, (day, close) in enumerate(days):
        ratio = (split or {}).get(day, 1.0)
        prices = f"{close},{close + 1},{close - 1},{close - 0.5}"
        lines.append(f"{symbol},{day} 00:00:00+00:00,{prices},{10_000 + 100 * at},{prices},{10_000 + 100 * at},0.0,{ratio}")
    return ("\n".join(lines) + "\n").encode()


def land(folder: Path, name: str, data: bytes) -> Path:
    """Write a landed file."""
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place
