"""A small invented market in which everything happens that a leak could use: splits, pauses, newcomers, delistings, sector changes."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from marketdata_assets.transforms.lookahead.inputs import (
    BARS_SCHEMA,
    EVENTS_SCHEMA,
    REVISIONS_SCHEMA,
    SECTORS_SCHEMA,
    SPELLS_SCHEMA,
    PanelInputs,
)

_SECTORS = ("Energy", "Financials", "Utilities")
_FIRST = date(2023, 1, 2)


def small_market(symbols: int = 12, sessions: int = 160, seed: int = 7) -> PanelInputs:
    """Daily bars of `symbols` names over weekdays, raw as traded, with all that can happen to them; the same for the same seed."""
    rng = np.random.default_rng(seed)
    days = [day for n in range(2 * sessions) if (day := _FIRST + timedelta(days=n)).weekday() < 5][:sessions]
    names = [f"S{at:02d}" for at in range(symbols)]
    splits = {names[at]: (days[sessions * (2 + at) // (symbols + 2)], 2.0 + at % 3) for at in range(0, symbols, 3)}
    bars = pl.concat([_series(name, _days_of(at, days), splits.get(name), rng) for at, name in enumerate(names)])
    return PanelInputs(
        bars=bars,
        events=pl.DataFrame(
            [(name, day, ratio, day - timedelta(days=4), None) for name, (day, ratio) in splits.items()], schema=EVENTS_SCHEMA, orient="row"
        ),
        members=_spells(names, days, step=4),
        sectors=_sector_map(names, days),
        listings=_listings(names, days),
        revisions=_revisions(bars, days, rng),
    )


def _days_of(at: int, days: list[date]) -> list[date]:
    """Every fifth name pauses twice, every sixth comes late, every seventh ends early."""
    mine = days[len(days) // 3 :] if at % 6 == 5 else days
    mine = mine[: -len(days) // 4] if at % 7 == 6 else mine
    if at % 5:
        return mine
    pauses = {k + n for k in (len(mine) // 4, len(mine) * 5 // 8) for n in range(6)}
    return [day for k, day in enumerate(mine) if k not in pauses]


def _series(name: str, days: list[date], split: tuple[date, float] | None, rng: np.random.Generator) -> pl.DataFrame:
    count = len(days)
    close = 50.0 * np.exp(np.cumsum(rng.normal(0.0005, 0.02, count)))
    spread = np.abs(rng.normal(0.0, 0.01, (2, count)))
    opened = close * np.exp(rng.normal(0.0, 0.005, count))
    high, low = np.maximum(opened, close) * (1 + spread[0]), np.minimum(opened, close) * (1 - spread[1])
    volume = np.round(1e6 * np.exp(rng.normal(0.0, 0.4, count)))
    old = np.array([split is not None and day < split[0] for day in days])
    ratio = split[1] if split else 1.0
    raw = [np.where(old, prices * ratio, prices) for prices in (opened, high, low, close)]
    return pl.DataFrame([[name] * count, days, *raw, np.where(old, volume, volume * ratio)], schema=BARS_SCHEMA)


def _spells(names: list[str], days: list[date], step: int) -> pl.DataFrame:
    """Members: every `step`-th name enters late, the one after it leaves early, the one after that leaves and comes back."""
    rows: list[tuple[str, date, date | None]] = []
    for at, name in enumerate(names):
        early, late = days[len(days) * (2 + at % 5) // 12], days[len(days) * (7 + at % 4) // 12]
        kinds: list[list[tuple[date, date | None]]] = [
            [(early, None)],
            [(days[0], late)],
            [(days[0], early), (late, None)],
            [(days[0], None)],
        ]
        rows += [(name, begin, end) for begin, end in kinds[min(at % step, 3)]]
    return pl.DataFrame(rows, schema=SPELLS_SCHEMA, orient="row")


def _listings(names: list[str], days: list[date]) -> pl.DataFrame:
    traded = {name: _days_of(at, days) for at, name in enumerate(names)}
    rows: list[tuple[str, date, date | None]] = [
        (name, mine[0], mine[-1] + timedelta(days=1) if at % 7 == 6 else None) for at, (name, mine) in enumerate(traded.items())
    ]
    return pl.DataFrame(rows, schema=SPELLS_SCHEMA, orient="row")


def _sector_map(names: list[str], days: list[date]) -> pl.DataFrame:
    rows: list[tuple[str, str, date | None]] = [(name, _SECTORS[at % 3], None) for at, name in enumerate(names)]
    rows += [(name, _SECTORS[(at + 1) % 3], days[len(days) * (3 + at % 6) // 10]) for at, name in enumerate(names) if at % 2]
    return pl.DataFrame(rows, schema=SECTORS_SCHEMA, orient="row")


def _revisions(bars: pl.DataFrame, days: list[date], rng: np.random.Generator) -> pl.DataFrame:
    """A tenth of the closes are corrected ten to thirty sessions later."""
    known = {day: days[min(len(days) - 1, at + 10 + at % 20)] for at, day in enumerate(days)}
    chosen = bars.filter(pl.Series(rng.random(bars.height) < 0.1)).select("symbol", "session", "close")
    late = chosen.with_columns(known_on=pl.col("session").replace_strict(known, return_dtype=pl.Date), close=pl.col("close") * 1.01)
    return late.select(REVISIONS_SCHEMA.names())
