"""Adjusted views of raw bars: on the newest share count, with or without dividends paid out, as they were known at an instant."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import polars as pl

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.core.faults import Fault, QueryFault

How = Literal["raw", "split", "split+dividend"]
HOWS: tuple[How, ...] = ("raw", "split", "split+dividend")
PRICES = ("open", "high", "low", "close", "vwap")
_SAME_AMOUNT = 1e-3
"""Vendors round the same dividend differently, by less than this."""


class AdjustmentFault(Fault):
    """The adjusted prices of a symbol cannot be told; its raw ones can."""

    code = "adjustment"


def adjusted(
    bars: pl.DataFrame,
    events: pl.DataFrame,
    how: How = "raw",
    as_of: datetime | None = None,
    *,
    dividends: pl.DataFrame | None = None,
    on_gap: Literal["missing", "refuse"] = "missing",
) -> pl.DataFrame:
    """`bars` on another basis: same columns, same order, prices and volume changed.

    `bars` are raw, daily or shorter: symbol, session, close, and any of open, high, low, vwap, volume, volume_basis, known_at. `raw`: as
    traded. `split`: prices divided and volume multiplied by the product of the ratios of all later splits, so that price times volume
    stays. A split is effective at the open of its ex-date: sessions before it are scaled, the ex-date is not. Of `events` (SPLIT_EVENTS)
    those with the verdict `applied` count. `split+dividend`: prices times, besides, the product of `1 - D / close` over the later
    ex-dividend dates, close being the one before the ex-date on the share count of the ex-date. `dividends` are REPORTED_EVENTS; the same
    amount from several sources counts once. Volume that came adjusted for splits (`volume_basis`) is left alone.

    Prices and volume before a day across whose gap a split may hide are null, or the symbol is refused (`on_gap`). With `as_of`, only
    bars, events and dividends with `known_at` up to that instant count; hand over events that were made from what was known then.

    `AdjustmentFault` when sources contradict each other about a split (or a dividend, if asked for) after a bar of the symbol, or a
    dividend is not smaller than the price; `QueryFault` for another `how`. The level as of today knows future splits: use ratios of it.
    """
    if how not in HOWS:
        raise QueryFault("adjusting bars", f"there is no way {str(how)[:40]!r}", f"ask for one of {', '.join(HOWS)}")
    rows, splits, paid = (_known(frame, as_of) for frame in (bars, events, dividends))
    if how == "raw":
        return rows
    first = rows.group_by("symbol").agg(pl.col("session").min().alias("first_bar"))
    concerned = splits.join(first, on="symbol").filter(pl.col("ex_date") > pl.col("first_bar"))
    _refuse_contradictions(concerned.filter(pl.col("conflicting"), pl.col("verdict") != "applied"), "reported_ratios")
    applied = concerned.filter(pl.col("verdict") == "applied", pl.col("ratio") > 0)
    hidden = concerned.filter("hidden_in_gap")
    if on_gap == "refuse":
        _refuse_gaps(hidden)
    scaled = _with_product(rows, applied.select("symbol", "ex_date", factor="ratio"), "__shares")
    if how == "split+dividend":
        scaled = _with_product(scaled, _dividend_factors(rows, applied, paid, first), "__paid")
    else:
        scaled = scaled.with_columns(__paid=pl.lit(1.0))
    return _scaled(_blind(scaled, hidden)).select(bars.columns)


def _known(frame: pl.DataFrame | None, as_of: datetime | None) -> pl.DataFrame:
    if frame is None:
        return pl.DataFrame()
    return frame if as_of is None else frame.filter(pl.col("known_at") <= as_of)


def _with_product(rows: pl.DataFrame, factors: pl.DataFrame, name: str) -> pl.DataFrame:
    """`rows` with the product of the factors whose ex-date lies after the row's session, 1 where there is none."""
    later = factors.sort("symbol", "ex_date", descending=[False, True]).with_columns(pl.col("factor").cum_prod().over("symbol").alias(name))
    touched = rows.with_row_index("__row").filter(pl.col("symbol").is_in(later["symbol"].unique().to_list()))
    placed = (
        touched.select("__row", "symbol", "session")
        .sort("session")
        .join_asof(
            later.sort("ex_date").select("symbol", "ex_date", name),
            left_on="session",
            right_on="ex_date",
            by="symbol",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .drop_nulls(name)
    )
    products = pl.Series(name, [1.0], dtype=pl.Float64).new_from_index(0, rows.height)
    return rows.with_columns(products.scatter(placed["__row"], placed[name]))


def _dividend_factors(rows: pl.DataFrame, splits: pl.DataFrame, paid: pl.DataFrame, first: pl.DataFrame) -> pl.DataFrame:
    """(symbol, ex_date, factor): what each dividend leaves of a price before it."""
    none = pl.DataFrame(schema={"symbol": pl.String, "ex_date": pl.Date, "factor": pl.Float64})
    if not paid.height:
        return none
    cash = paid.filter(pl.col("kind") == "cash_dividend", pl.col("amount") > 0).join(first, on="symbol")
    later = cash.filter(pl.col("ex_date") > pl.col("first_bar")).sort("symbol", "ex_date", "source", "amount")
    told = later.group_by("symbol", "ex_date", maintain_order=True).agg(
        pl.col("amount").first(),
        (pl.col("amount").max() / pl.col("amount").min() - 1).alias("apart"),
        pl.concat_str("source", pl.lit(" "), pl.col("amount").cast(pl.String)).str.join("; ").alias("amounts"),
    )
    _refuse_contradictions(told.filter(pl.col("apart") > _SAME_AMOUNT), "amounts")
    closes = rows.group_by("symbol", "session").agg(pl.col("close").last()).sort("session").drop_nulls()
    before = told.sort("ex_date").join_asof(
        closes.rename({"session": "before"}),
        left_on="ex_date",
        right_on="before",
        by="symbol",
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    same_day = before.join(splits.select("symbol", "ex_date", "ratio"), on=["symbol", "ex_date"], how="left")
    share = pl.col("amount") / (pl.col("close") / pl.col("ratio").fill_null(1.0))
    factors = same_day.drop_nulls("close").with_columns(factor=1.0 - share)
    whole = factors.filter(pl.col("factor") <= 0)
    if whole.height:
        row = whole.sort("symbol", "ex_date").row(0, named=True)
        raise AdjustmentFault(
            f"adjusting {row['symbol']} for its dividend of {row['ex_date']}",
            f"the dividend of {row['amount']} is not smaller than the close before it, {row['close']}",
            "correct the dividend, or ask for adjust='split'",
            symbol=row["symbol"],
        )
    return pl.concat([none, factors.select(none.columns)])


def _blind(rows: pl.DataFrame, hidden: pl.DataFrame) -> pl.DataFrame:
    """`rows` with `__blind`: whether a split may be hidden in a gap after them."""
    last = hidden.group_by("symbol").agg(pl.col("ex_date").max().alias("__seen_from"))
    joined = rows.join(last, on="symbol", how="left", maintain_order="left")
    return joined.with_columns(__blind=(pl.col("session") < pl.col("__seen_from")).fill_null(value=False))


def _scaled(rows: pl.DataFrame) -> pl.DataFrame:
    seen = ~pl.col("__blind")
    changes = {c: pl.when(seen).then(pl.col(c) / pl.col("__shares") * pl.col("__paid")) for c in PRICES if c in rows.columns}
    if "volume" in rows.columns:
        raw = pl.col("volume_basis") == PriceBasis.RAW if "volume_basis" in rows.columns else pl.lit(value=True)
        changes["volume"] = pl.when(seen).then(pl.col("volume").cast(pl.Float64) * pl.when(raw).then("__shares").otherwise(1.0))
    return rows.with_columns(**changes)


def _refuse_contradictions(rows: pl.DataFrame, what: str) -> None:
    if rows.height:
        row = rows.sort("symbol", "ex_date").row(0, named=True)
        raise AdjustmentFault(
            f"adjusting {row['symbol']} for what happened on {row['ex_date']}",
            f"sources contradict each other: {row[what]}",
            "accept one of them (`marketdata events accept`), or ask for raw prices",
            symbol=row["symbol"],
            ex_date=row["ex_date"],
            others=rows.height - 1 or None,
        )


def _refuse_gaps(rows: pl.DataFrame) -> None:
    if rows.height:
        row = rows.sort("symbol", "ex_date").row(0, named=True)
        raise AdjustmentFault(
            f"adjusting {row['symbol']} before {row['ex_date']}",
            f"{row['missing_sessions']} sessions before it have no bar, and the price is another one after them",
            "fill the gap, accept the split that lies in it, or ask for raw prices",
            symbol=row["symbol"],
            ex_date=row["ex_date"],
            others=rows.height - 1 or None,
        )
