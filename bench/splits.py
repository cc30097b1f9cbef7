"""Splits and adjusted bars of 500 symbols over 20 years, against a pandas loop over the symbols as the design documents write it.

The bars walk at random with three splits a symbol; both sides have them in memory.
"""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import polars as pl

from bench.timing import Measure, alternating, report
from marketdata_assets.core.sessions import calendar
from marketdata_assets.schemas.splits import REPORTED_EVENTS
from marketdata_assets.transforms.adjust import adjusted
from marketdata_assets.transforms.splits.arbiter import split_events
from marketdata_assets.transforms.splits.detector import detect

RATIOS = np.array([2.0, 3.0, 1.5, 4.0, 7.0, 0.1])
LISTED = np.array([2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 50, 3 / 2, 4 / 3, 5 / 4])
FIRST, LAST = date(2003, 1, 2), date(2023, 1, 2)


def market(symbols: int, sessions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Raw bars, and the splits planted in them as a source would report them."""
    rng = np.random.default_rng(7)
    days = sessions["session"]
    n, parts, told = days.len(), [], []
    for at in range(symbols):
        ratio = np.ones(n)
        for place in rng.choice(np.arange(100, n - 100), 3, replace=False):
            ratio[place] = rng.choice(RATIOS)
            told.append((f"S{at:03}", days[int(place)], float(ratio[place])))
        shares = np.cumprod(ratio)
        gap, move = rng.normal(0, 0.004, n), rng.normal(0, 0.012, n)
        level = 200 * np.exp(np.cumsum(gap + move))
        close = level / shares
        volume = np.round(1e6 * np.exp(rng.normal(0, 0.3, n)) * shares)
        parts.append(pl.DataFrame({"symbol": f"S{at:03}", "session": days, "open": close / np.exp(move), "close": close, "volume": volume}))
    known = pl.lit(datetime(2026, 1, 1, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
    bars = pl.concat(parts).with_columns(volume_basis=pl.lit("raw"), known_at=known)
    events = pl.DataFrame(told, schema={"symbol": pl.String, "ex_date": pl.Date, "ratio": pl.Float64}, orient="row")
    source = events.with_columns(kind=pl.lit("split"), source=pl.lit("vendor"), known_at=known, payload_sha256=pl.lit(""))
    return bars, REPORTED_EVENTS.conform(source)


def pandas_loop(bars: pd.DataFrame) -> tuple[int, pd.DataFrame]:
    """Per symbol: overnight ratio against the listed ones within 5 %, and prices over the product of later ratios."""
    found, parts = 0, []
    ratios = np.concatenate([LISTED, 1 / LISTED])
    for _, one in bars.groupby("symbol", sort=False):
        one = one.sort_values("session").copy()
        overnight = (one["close"].shift() / one["open"]).to_numpy()
        factor = np.ones(len(one))
        for at in np.flatnonzero(np.abs(np.log(overnight, where=overnight > 0, out=np.zeros_like(overnight))) > 0.2):
            near = ratios[np.argmin(np.abs(ratios / overnight[at] - 1))]
            if abs(near / overnight[at] - 1) < 0.05:
                factor[at] = near
                found += 1
        later = np.append(np.cumprod(factor[::-1])[::-1][1:], 1.0)
        one["close"], one["open"], one["volume"] = one["close"] / later, one["open"] / later, one["volume"] * later
        parts.append(one)
    return found, pd.concat(parts)


def main(argv: list[str] | None = None) -> None:
    """Print the measures."""
    parser = argparse.ArgumentParser(prog="python -m bench splits", description=__doc__)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    sessions = calendar("XNYS").sessions(FIRST, LAST)
    bars, reported = market(options.symbols, sessions)
    theirs = bars.drop("known_at").to_pandas()
    events = split_events(bars, sessions, reported)
    right = events.filter(pl.col("verdict") == "applied").join(reported, on=["symbol", "ex_date", "ratio"]).height
    note = f"{bars.height:,} bars; {right} of {reported.height} planted splits applied; pandas finds {pandas_loop(theirs)[0]}"

    def ours() -> None:
        adjusted(bars, split_events(bars, sessions, reported), "split")

    whole = alternating(ours, lambda: pandas_loop(theirs), options.repeats)
    alone = alternating(lambda: detect(bars, sessions), lambda: pandas_loop(theirs), options.repeats)
    view = alternating(lambda: adjusted(bars, events, "split"), lambda: pandas_loop(theirs), options.repeats)
    measures = [
        Measure("detect, arbitrate, adjust", *whole, "pandas loop", options.repeats, note),
        Measure("detect alone", *alone, "pandas loop", options.repeats, "the rival also adjusts"),
        Measure("adjust alone", *view, "pandas loop", options.repeats, "the rival also detects"),
    ]
    report(measures, as_json=options.json)


if __name__ == "__main__":
    main()
