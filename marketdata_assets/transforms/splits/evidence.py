"""What raw bars show about a day: how far the price went overnight, what is usual, and whether the new level stayed."""

from __future__ import annotations

import polars as pl

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.transforms.splits.parameters import DEFAULTS, SplitParameters

_MAD = 1.4826
"""A normal variable's standard deviation over its median absolute value."""
_USED = ("symbol", "session", "open", "close", "volume", "known_at")


def evidence(
    bars: pl.DataFrame, sessions: pl.DataFrame, *, days: pl.DataFrame | None = None, parameters: SplitParameters = DEFAULTS
) -> pl.DataFrame:
    """One row for each bar of `days` (symbol, session), or without them for each far from the close before it.

    `bars` are raw daily bars, one a symbol and session: symbol, session, open, close, volume, volume_basis, known_at. `sessions`
    (session) is the calendar over their span, by which gaps are counted. A symbol's first bar has no row.

    All moves are natural logarithms: `overnight` (open over the close before), `daily` (close over close), `market_overnight` and
    `market_daily` (medians over the symbols of that session, 0 with few of them), `overnight_scale` and `daily_scale` (the symbol's
    usual moves beside the market's, robust standard deviations over the bars before the day, wider across missing sessions),
    `volume_change` (of the day, over the usual one), `volume_after` (median of the window, over the usual one), `volume_scale` (the
    usual scatter of a volume). `old_level` and `new_level` are median closes before and from the day on; `missing_sessions` lie between
    the bar before and this one; `bars_after` of the window are there; `decided_on` is its last session, null while it is not over.
    `known_at` is the newest of the bars used. Bars after the window have no say.
    """
    return evidence_of(moves(bars, sessions, parameters), days=days, parameters=parameters)


def evidence_of(rows: pl.DataFrame, *, days: pl.DataFrame | None = None, parameters: SplitParameters = DEFAULTS) -> pl.DataFrame:
    """`evidence` of bars whose `moves` are at hand."""
    chosen = _chosen(rows, days, parameters)
    around = _around(rows, chosen, parameters)
    seen = chosen.join(around, on="position", how="left", maintain_order="left")
    still = parameters.print_noise**2 + _rounding(parameters) ** 2
    missed = pl.col("missing_sessions") * pl.col("own_daily") ** 2
    return seen.with_columns(
        overnight_scale=(pl.col("own_overnight") ** 2 + still + missed).sqrt(),
        daily_scale=(pl.col("own_daily") ** 2 + still + missed).sqrt(),
        volume_change=(pl.col("volume") / pl.col("usual_volume")).log(),
        volume_scale=(pl.col("own_volume") ** 2 + parameters.turnover_spread**2).sqrt(),
        volume_after=(pl.col("later_volume") / pl.col("usual_volume")).log(),
        volume_is_raw=pl.col("volume_basis") == PriceBasis.RAW,
    ).drop("position", "own_overnight", "own_daily", "volume_basis", "later_volume", "own_volume")


def moves(bars: pl.DataFrame, sessions: pl.DataFrame, parameters: SplitParameters = DEFAULTS) -> pl.DataFrame:
    """All bars in order with the close before them, the sessions missing between, their moves and the market's."""
    ordinals = sessions.select("session").unique().sort("session").with_row_index("ordinal")
    kept = bars.select(*_USED, "volume_basis").filter(pl.col("open") > 0, pl.col("close") > 0)
    if not in_order(kept):
        kept = kept.sort("symbol", "session")
    same = pl.col("symbol") == pl.col("symbol").shift(1)
    before = {name: pl.when(same).then(pl.col(name).shift(1)) for name in ("close", "session", "ordinal")}
    placed = kept.join(ordinals, on="session", how="left", maintain_order="left").with_columns(pl.col("ordinal").cast(pl.Int64))
    rows = placed.with_row_index("position").with_columns(
        prior_close=before["close"],
        prior_session=before["session"],
        missing_sessions=pl.col("ordinal") - before["ordinal"] - 1,
    )
    rows = rows.with_columns(
        overnight=(pl.col("open") / pl.col("prior_close")).log(), daily=(pl.col("close") / pl.col("prior_close")).log()
    )
    near = pl.col("missing_sessions") == 0
    market = (
        rows.lazy()
        .filter(near)
        .group_by("session")
        .agg(
            pl.len().alias("peers"), pl.col("overnight").median().alias("market_overnight"), pl.col("daily").median().alias("market_daily")
        )
        .with_columns(pl.when(pl.col("peers") >= parameters.market_symbols).then(pl.col(c)) for c in ("market_overnight", "market_daily"))
        .drop("peers")
        .collect()
    )
    joined = rows.join(market, on="session", how="left", maintain_order="left")
    return joined.with_columns(pl.col("market_overnight", "market_daily").fill_null(0.0))


def in_order(bars: pl.DataFrame) -> bool:
    """Whether `bars` are sorted by symbol and session, as every table of bars is."""
    symbol, session = pl.col("symbol"), pl.col("session")
    ahead = (symbol < symbol.shift(1)) | ((symbol == symbol.shift(1)) & (session < session.shift(1)))
    return not bars.select(ahead.any()).item()


def _chosen(rows: pl.DataFrame, days: pl.DataFrame | None, parameters: SplitParameters) -> pl.DataFrame:
    whole = rows.filter(pl.col("overnight").is_not_null(), pl.col("missing_sessions").is_not_null()).drop("ordinal", "known_at")
    if days is not None:
        return whole.join(days.select("symbol", "session").unique(), on=["symbol", "session"], how="semi", maintain_order="left")
    far = (pl.col("overnight") - pl.col("market_overnight")).abs() >= parameters.least_gap
    return whole.filter(far | (pl.col("missing_sessions") >= parameters.blind_gap))


def _around(rows: pl.DataFrame, chosen: pl.DataFrame, parameters: SplitParameters) -> pl.DataFrame:
    """Per chosen position, what its neighbours say: gathered by place, so that the cost follows the chosen and not the bars."""
    offsets = pl.int_ranges(pl.lit(-parameters.history, pl.Int64), pl.lit(parameters.window + 1, pl.Int64))
    places = (
        chosen.select("position", "symbol", offset=offsets)
        .explode("offset")
        .with_columns(at=pl.col("position").cast(pl.Int64) + pl.col("offset"))
        .filter(pl.col("at").is_between(0, rows.height - 1))
    )
    beside = rows.select("symbol", "session", "close", "volume", "known_at", "missing_sessions", _own("overnight"), _own("daily"))
    neighbours = beside.select(pl.all().gather(places["at"]).name.prefix("their_"))
    told = pl.concat([places, neighbours], how="horizontal").filter(pl.col("symbol") == pl.col("their_symbol"))
    before, after, from_on = pl.col("offset") < 0, pl.col("offset") > 0, pl.col("offset") >= 0
    usual = before & (pl.col("their_missing_sessions") == 0)
    enough = usual.sum() >= parameters.least_history
    return told.group_by("position", maintain_order=True).agg(
        pl.when(enough).then(pl.col("their_overnight").filter(usual).abs().median() * _MAD).alias("own_overnight"),
        pl.when(enough).then(pl.col("their_daily").filter(usual).abs().median() * _MAD).alias("own_daily"),
        pl.col("their_volume").filter(before, pl.col("offset") >= -parameters.volume_bars).median().alias("usual_volume"),
        _scatter(pl.col("their_volume").filter(before, pl.col("their_volume") > 0).log()).alias("own_volume"),
        pl.col("their_volume").filter(after).median().alias("later_volume"),
        pl.col("their_close").filter(before, pl.col("offset") >= -parameters.level_bars).median().alias("old_level"),
        pl.col("their_close").filter(from_on).median().alias("new_level"),
        after.sum().cast(pl.Int32).alias("bars_after"),
        pl.col("their_session").filter(pl.col("offset") == parameters.window).first().alias("decided_on"),
        pl.col("their_known_at").max().alias("known_at"),
    )


def _scatter(values: pl.Expr) -> pl.Expr:
    return (values - values.median()).abs().median() * _MAD


def _own(move: str) -> pl.Expr:
    """A move beside the market's."""
    return (pl.col(move) - pl.col(f"market_{move}")).alias(move)


def _rounding(parameters: SplitParameters) -> pl.Expr:
    return parameters.half_tick * ((1 / pl.col("prior_close")) ** 2 + (1 / pl.col("open")) ** 2).sqrt()
