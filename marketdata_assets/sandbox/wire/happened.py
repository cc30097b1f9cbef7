"""Corporate actions and listings of the simulated market as a reference interface tells them at an instant."""

from __future__ import annotations

from datetime import date

import polars as pl

from marketdata_assets.sandbox.market import Market

ACTIONS = pl.Schema({"symbol": pl.String(), "kind": pl.String(), "ex_date": pl.Date(), "value": pl.Float64(), "former": pl.String()})


def actions(market: Market, until: date) -> pl.DataFrame:
    """ACTIONS by ex-date and symbol, up to and with the day `until`.

    `kind` is split (value: new shares per old), dividend (cash a share) or rename (no value, `former` the ticker given up that day).
    """
    parts = [ACTIONS.to_frame()]
    for symbol, bars in market.daily.items():
        for kind, column, none in (("split", "split_ratio", 1.0), ("dividend", "dividend", 0.0)):
            hit = bars.filter(pl.col(column) != none)
            named = {"symbol": pl.lit(symbol), "kind": pl.lit(kind), "former": pl.lit(None, pl.String)}
            parts.append(hit.select(ex_date="session", value=column, **named).select(ACTIONS.names()))
    for instrument in market.instruments:
        rows = [(instrument.symbol, "rename", alias.end, None, alias.spelling) for alias in instrument.aliases if alias.end]
        parts.append(pl.DataFrame(rows, schema=ACTIONS, orient="row"))
    return pl.concat(parts).filter(pl.col("ex_date") <= until).sort("ex_date", "symbol", "kind")


def splits(market: Market, symbol: str, until: date) -> list[tuple[date, float]]:
    """The ex-dates and ratios (new per old) of a company's splits up to and with `until`, ascending."""
    bars = market.daily.get(symbol)
    if bars is None:
        return []
    return bars.filter(pl.col("split_ratio") != 1, pl.col("session") <= until).select("session", "split_ratio").rows()
