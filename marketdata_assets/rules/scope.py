"""The rows under audit with everything that rules compare them with, sorted once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from marketdata_assets.core.agreement import same_bar, with_agreement
from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.core.faults import AuditFault
from marketdata_assets.rules.context import NEIGHBOUR_DAYS, AuditContext

_PEER_COLUMNS = ("row", "symbol", "source", "session", "timestamp", "close", "volume", "volume_basis", "tape")
_SERIES_ORDER = ("symbol", "source", "timestamp", "payload_sha256", "line")


@dataclass(frozen=True)
class Scope:
    """What series and partition rules look at.

    `rows` are all rows, judged and neighbouring, sorted by series and time, with: `row` (position among the judged rows, null for a
    neighbour), `series` (number of the symbol-source pair), `opens`, `closes`, `minutes` and `ordinal` of their session (null
    where there is none), `ends_at` and `same_key`. `sound` are those that can be compared with each other, with the columns of
    neighbours.py. `kept` are the judged rows that no rule refused; empty until the partition rules run.
    """

    rows: pl.DataFrame
    sound: pl.DataFrame
    events: pl.DataFrame
    context: AuditContext
    kept: pl.DataFrame

    @cached_property
    def peers(self) -> pl.DataFrame:
        """Sound rows, prices as traded, of bars that more than one source has, side by side, with their agreement."""
        raw = self.sound.filter(pl.col("price_basis") == PriceBasis.RAW).select(_PEER_COLUMNS)
        if raw.get_column("source").n_unique() < 2:
            return with_agreement(raw.clear(), tolerance_bps=self.context.agreement_bps)
        abreast = raw.sort("symbol", "timestamp", "source").filter(same_bar(1) | same_bar(-1))
        return with_agreement(abreast, tolerance_bps=self.context.agreement_bps)


def survey(normalized: pl.DataFrame, context: AuditContext) -> pl.DataFrame:
    """The `rows` of a Scope. `AuditFault` when the calendar in the context does not reach over them."""
    judged = normalized.with_row_index("row")
    everything = judged
    if context.neighbours is not None and context.neighbours.height:
        key = list(_SERIES_ORDER)
        others = context.neighbours.select(normalized.columns).join(normalized.select(key), on=key, how="anti")
        everything = pl.concat([judged, others.with_columns(row=pl.lit(None, pl.UInt32)).select(judged.columns)])
    _require_reach(everything, context)
    hours = context.sessions.sort("session").select(
        "session", opens="open", closes="close", minutes="minutes", ordinal=pl.int_range(pl.len(), dtype=pl.Int32)
    )
    placed = everything.sort(_SERIES_ORDER, maintain_order=True).join(hours, on="session", how="left", maintain_order="left")
    return placed.with_columns(series=_series(), same_key=_same_key(), ends_at=_ends_at(context))


def in_series(expression: Callable[[pl.Expr], pl.Expr], column: str) -> pl.Expr:
    """`expression` of `column`, null where it would look into another series: for shifts by one over rows sorted by series."""
    return pl.when(expression(pl.col("series")) == pl.col("series")).then(expression(pl.col(column)))


def previous(column: str) -> pl.Expr:
    """The value of the series' row before; null at its head."""
    return in_series(lambda c: c.shift(1), column)


def following(column: str) -> pl.Expr:
    """The value of the series' row after; null at its end."""
    return in_series(lambda c: c.shift(-1), column)


def _series() -> pl.Expr:
    start = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift(1)) for c in ("symbol", "source"))
    return start.cast(pl.UInt32).cum_sum()


def _same_key() -> pl.Expr:
    key = ("symbol", "source", "timestamp")
    above = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in key)
    below = pl.all_horizontal(pl.col(c) == pl.col(c).shift(-1) for c in key)
    return above.fill_null(value=False) | below.fill_null(value=False)


def _ends_at(context: AuditContext) -> pl.Expr:
    """When a bar was over: a daily one with its session, an intraday one a bar length after its start."""
    by_length = pl.col("timestamp") + context.timeframe.duration
    return by_length if context.timeframe.intraday else pl.coalesce("closes", by_length)


def _require_reach(rows: pl.DataFrame, context: AuditContext) -> None:
    if not rows.height:
        return
    known = context.sessions.select(first=pl.col("session").min() - NEIGHBOUR_DAYS, last=pl.col("session").max() + NEIGHBOUR_DAYS)
    beyond = rows.join(known, how="cross").filter(~pl.col("session").is_between(pl.col("first"), pl.col("last")).fill_null(value=False))
    if beyond.height:
        raise AuditFault(
            f"auditing bars of {beyond.item(0, 'session')}",
            f"the calendar handed over holds {context.sessions.height} sessions and does not reach there",
            "hand over the sessions from ten days before the first bar to ten days after the last",
            symbol=beyond.item(0, "symbol"),
            source=beyond.item(0, "source"),
        )
