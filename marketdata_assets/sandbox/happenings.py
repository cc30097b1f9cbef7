"""The events of the simulated market as its ground truth lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import polars as pl

from marketdata_assets.sandbox.companies import Company, session_at
from marketdata_assets.sandbox.feeds import HALT, LATE, REGULAR, after_hours, halt
from marketdata_assets.sandbox.truth import Event


def events(cast: Iterable[Company], daily: dict[str, pl.DataFrame], sessions: pl.DataFrame, window: pl.DataFrame) -> Iterator[Event]:
    """Everything that really happened: half days, halts, splits, dividends, renames, listings, delistings."""
    days = sessions["session"].to_list()
    for row in sessions.filter(pl.col("minutes") < REGULAR).iter_rows(named=True):
        yield Event("half_day", "", row["session"], row["open"], row["close"], row["minutes"], "the exchange closed early")
    if window.height:
        first, last = halt(window)
        yield Event("halt", HALT[0], first.date(), first, last, HALT[3], "trading stopped within the session")
        late = after_hours(window)
        yield Event("after_hours", LATE[0], late[0].date(), late[0], late[-1], len(late), "trades after the close, as they may happen")
    for company in cast:
        yield from _of_company(company, daily[company.symbol], days)


def _of_company(company: Company, bars: pl.DataFrame, days: list[date]) -> Iterator[Event]:
    symbol = company.symbol
    for row in bars.filter(pl.col("split_ratio") != 1).iter_rows(named=True):
        kind = "split" if row["split_ratio"] > 1 else "reverse_split"
        yield Event(kind, symbol, row["session"], None, None, row["split_ratio"], "new shares per old share, from this session's open")
    for row in bars.filter(pl.col("dividend") > 0).iter_rows(named=True):
        yield Event("dividend", symbol, row["session"], None, None, row["dividend"], "cash per share, ex-date")
    if company.shock:
        yield Event(
            "real_move", symbol, session_at(days, company.shock[0]), None, None, company.shock[1], "a bad night: no split, no error"
        )
    for kind, place, detail in (
        ("listing", company.listed, "first session"),
        ("delisting", company.delisted, "first session without trading"),
        ("rename", company.renamed, f"filed as {company.until} before this session"),
        ("halt", company.halted, "no trade in the whole session"),
    ):
        if place is not None:
            yield Event(kind, symbol, session_at(days, place), None, None, None, detail)
