"""The planted leaks: every way of knowing too early that we have met or read of, each as a panel the proof must catch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from marketdata_assets.transforms.lookahead.inputs import PanelInputs
from marketdata_assets.transforms.lookahead.planted import (
    Planted,
    adjusted,
    dated_sectors,
    joined_members,
    of_rows,
    over_all,
    per_symbol,
)

C, R, V = pl.col("close"), pl.col("r"), pl.col("volume")
_YEAR = pl.col("session").dt.year()


def back_adjusted(inputs: PanelInputs) -> pl.DataFrame:
    """The adjusted level as of today: each close divided by the ratios still to come."""
    ratios = inputs.events.select("symbol", "ratio", session="ex_date")
    rows = inputs.bars.join(ratios, on=["symbol", "session"], how="left").sort("symbol", "session")
    ahead = pl.col("ratio").fill_null(1.0).shift(-1).fill_null(1.0).cum_prod(reverse=True)
    return of_rows(rows, (C / ahead).over("symbol"))


def members_of_today(inputs: PanelInputs) -> pl.DataFrame:
    """Rows of the past for those who are members at the end."""
    today = inputs.members.filter(pl.col("effective_to").is_null())["symbol"].unique()
    return of_rows(adjusted(inputs).filter(pl.col("symbol").is_in(today.to_list())), R)


def ranked_among_todays_members(inputs: PanelInputs) -> pl.DataFrame:
    """The rows are right, the ranks are taken among those who are members at the end."""
    today = inputs.members.filter(pl.col("effective_to").is_null())["symbol"].unique().to_list()
    rows = joined_members(inputs, adjusted(inputs)).sort("session", "symbol")
    inside = pl.when(pl.col("symbol").is_in(today)).then(R)
    return of_rows(rows, inside.rank().over("session"))


def survivors_only(inputs: PanelInputs) -> pl.DataFrame:
    """Only symbols that trade on the last day of the sample."""
    last = inputs.bars["session"].max()
    alive = inputs.bars.filter(pl.col("session") == last)["symbol"].to_list()
    return of_rows(adjusted(inputs).filter(pl.col("symbol").is_in(alive)), R)


def mean_of_survivors(inputs: PanelInputs) -> pl.DataFrame:
    """Every row is there, but the market's mean is the mean of those that are never delisted."""
    dead = inputs.listings.filter(pl.col("effective_to").is_not_null())["symbol"].to_list()
    rows = adjusted(inputs).sort("session", "symbol")
    return of_rows(rows, R - pl.when(~pl.col("symbol").is_in(dead)).then(R).mean().over("session"))


def filled_across_gaps(inputs: PanelInputs) -> pl.DataFrame:
    """A row for every session between two bars, filled from the one before: that the symbol comes back is known only then."""
    days = pl.DataFrame({"session": inputs.sessions})
    rows = adjusted(inputs)
    spans = rows.group_by("symbol").agg(first=pl.col("session").min(), last=pl.col("session").max())
    grid = spans.join(days, how="cross").filter(pl.col("session").is_between("first", "last")).select("symbol", "session")
    full = grid.join(rows, on=["symbol", "session"], how="left").sort("symbol", "session")
    return of_rows(full, C.forward_fill().over("symbol"))


def interpolated(inputs: PanelInputs) -> pl.DataFrame:
    """Missing closes lie on the line between the bars on either side."""
    days = pl.DataFrame({"session": inputs.sessions, "key": 1})
    names = pl.DataFrame({"symbol": inputs.symbols, "key": 1})
    rows = names.join(days, on="key").drop("key").join(adjusted(inputs), on=["symbol", "session"], how="left").sort("symbol", "session")
    return of_rows(rows, C.interpolate().over("symbol"))


def sectors_of_today(inputs: PanelInputs) -> pl.DataFrame:
    """Sector means by the newest map."""
    newest = inputs.sectors.sort("effective_from", nulls_last=False).unique("symbol", keep="last", maintain_order=True)
    rows = adjusted(inputs).join(newest.select("symbol", "sector"), on="symbol", how="left").sort("session", "symbol")
    return of_rows(rows, R - R.mean().over("session", "sector"))


def sector_change_ahead(inputs: PanelInputs) -> pl.DataFrame:
    """Whether the symbol's sector changes within ten days."""
    changes = inputs.sectors.filter(pl.col("effective_from").is_not_null()).select("symbol", "effective_from")
    return of_rows(*_ahead(adjusted(inputs), changes, "effective_from", 10))


def split_before_announced(inputs: PanelInputs) -> pl.DataFrame:
    """Whether a split takes place within ten days, announced or not."""
    return of_rows(*_ahead(adjusted(inputs), inputs.events.select("symbol", "ex_date"), "ex_date", 10))


def split_on_the_wrong_side(inputs: PanelInputs) -> pl.DataFrame:
    """The return of the last session on the old basis already divided by the ratio of the morning after."""
    ratios = inputs.events.select("symbol", "ratio", session="ex_date")
    rows = inputs.bars.join(ratios, on=["symbol", "session"], how="left").sort("symbol", "session")
    return of_rows(rows, (C / pl.col("ratio").shift(-1).fill_null(1.0)).over("symbol"))


def delisting_ahead(inputs: PanelInputs) -> pl.DataFrame:
    """Sessions left until the delisting that nobody has announced."""
    ends = inputs.listings.filter(pl.col("effective_to").is_not_null()).select("symbol", "effective_to")
    rows = adjusted(inputs).join(ends, on="symbol", how="left")
    return of_rows(rows, (pl.col("effective_to") - pl.col("session")).dt.total_days())


def dropped_before_delisting(inputs: PanelInputs) -> pl.DataFrame:
    """The last twenty days of a series are left out because it is going to be delisted."""
    ends = inputs.listings.group_by("symbol").agg(pl.col("effective_to").max())
    rows = adjusted(inputs).join(ends, on="symbol", how="left")
    kept = pl.col("effective_to").is_null() | (pl.col("session") < pl.col("effective_to") - pl.duration(days=20))
    return of_rows(rows.filter(kept), R)


def leaver_ahead(inputs: PanelInputs) -> pl.DataFrame:
    """Whether the symbol leaves the index within fifteen days."""
    ends = inputs.members.filter(pl.col("effective_to").is_not_null()).select("symbol", "effective_to")
    return of_rows(*_ahead(adjusted(inputs), ends, "effective_to", 15))


def restated(inputs: PanelInputs) -> pl.DataFrame:
    """Corrected closes stand where the first ones stood."""
    newest = inputs.revisions.sort("known_on").unique(["symbol", "session"], keep="last").select("symbol", "session", said="close")
    rows = adjusted(inputs).join(newest, on=["symbol", "session"], how="left")
    return of_rows(rows, pl.coalesce("said", "close"))


def gap_ahead(inputs: PanelInputs) -> pl.DataFrame:
    """Days until the symbol trades again."""
    rows = adjusted(inputs)
    return of_rows(rows, (pl.col("session").shift(-1) - pl.col("session")).dt.total_days().over("symbol"))


def long_series_only(inputs: PanelInputs) -> pl.DataFrame:
    """Only symbols with most of the sample's sessions: how long a series will be is not known on its first day."""
    counts = inputs.bars.group_by("symbol").len()
    enough = counts.filter(pl.col("len") >= 0.8 * len(inputs.sessions))["symbol"].to_list()
    return of_rows(adjusted(inputs).filter(pl.col("symbol").is_in(enough)), R)


def full_sample_regression(inputs: PanelInputs) -> pl.DataFrame:
    """The residual of one market regression a symbol over its whole history."""
    rows = adjusted(inputs).sort("session", "symbol").with_columns(R.mean().over("session").alias("m")).sort("symbol", "session")
    beta = pl.cov(R, pl.col("m")) / pl.col("m").var()
    return of_rows(rows, R - (beta * pl.col("m")).over("symbol"))


def full_sample_components(inputs: PanelInputs) -> pl.DataFrame:
    """Returns on the first principal component of the whole sample's covariance."""
    rows = adjusted(inputs)
    wide = rows.pivot(on="symbol", index="session", values="r").sort("session")
    names = [name for name in wide.columns if name != "session"]
    matrix = wide.select(names).fill_null(0.0).to_numpy()
    weights = np.linalg.eigh(np.cov(matrix, rowvar=False))[1][:, -1]
    scores = pl.DataFrame({"session": wide["session"], "score": matrix @ weights})
    return of_rows(rows.join(scores, on="session"), pl.col("score"))


def right_labelled_weeks(inputs: PanelInputs) -> pl.DataFrame:
    """The week's closing price stands on every day of that week."""
    rows = adjusted(inputs)
    week = pl.col("session").dt.truncate("1w")
    return of_rows(rows, C / C.last().over("symbol", week, order_by="session"))


def month_total(inputs: PanelInputs) -> pl.DataFrame:
    """Volume over the month's total."""
    return of_rows(adjusted(inputs), V / V.sum().over("symbol", pl.col("session").dt.truncate("1mo")))


def liquid_by_full_sample(inputs: PanelInputs) -> pl.DataFrame:
    """The more liquid half by the mean volume of the whole sample."""
    size = inputs.bars.group_by("symbol").agg((C * V).mean().alias("size")).sort("size", "symbol")
    return of_rows(adjusted(inputs).filter(pl.col("symbol").is_in(size.tail(size.height // 2)["symbol"].to_list())), R)


def imputed_by_the_sample(inputs: PanelInputs) -> pl.DataFrame:
    """First returns, which are missing, take the symbol's mean of the whole sample."""
    return of_rows(adjusted(inputs), R.fill_null(R.mean()).over("symbol"))


def encoded_by_target(inputs: PanelInputs) -> pl.DataFrame:
    """Each symbol's mean of the return that is to be predicted."""
    rows = adjusted(inputs).with_columns(R.shift(-1).over("symbol", order_by="session").alias("target"))
    return of_rows(rows, pl.col("target").mean().over("symbol"))


def universe_by_full_year(inputs: PanelInputs) -> pl.DataFrame:
    """Top names by the dollar volume of the very year."""
    rows = adjusted(inputs).with_columns((C * V).sum().over("symbol", _YEAR).alias("size"))
    return of_rows(rows.sort("session", "symbol"), pl.col("size").rank().over("session"))


def normalised_by_last(inputs: PanelInputs) -> pl.DataFrame:
    """Closes over the last close there is."""
    return of_rows(adjusted(inputs), (C / C.last()).over("symbol"))


def sectors_ahead_of_the_map(inputs: PanelInputs) -> pl.DataFrame:
    """The sector of thirty days later."""
    early = dated_sectors(inputs, adjusted(inputs).with_columns(session=pl.col("session") + pl.duration(days=30)))
    rows = early.with_columns(session=pl.col("session") - pl.duration(days=30)).sort("session", "symbol")
    return of_rows(rows, R - R.mean().over("session", "sector"))


def _ahead(rows: pl.DataFrame, dates: pl.DataFrame, column: str, days: int) -> tuple[pl.DataFrame, pl.Expr]:
    """Rows, and whether one of `dates` lies after the row within so many days."""
    soon = rows.join(dates, on="symbol").filter(
        pl.col(column) > pl.col("session"), pl.col(column) <= pl.col("session") + pl.duration(days=days)
    )
    told = soon.group_by("symbol", "session").len()
    return rows.join(told, on=["symbol", "session"], how="left"), pl.col("len").fill_null(0)


def _leak(name: str, build: Callable[[PanelInputs], pl.DataFrame], later: str) -> Planted:
    return Planted(name, build, later)


LEAKS: tuple[Planted, ...] = (
    _leak("future mean", per_symbol(C / C.shift(-5).rolling_mean(5)), "the mean of the five closes to come"),
    _leak("shift the wrong way", per_symbol(R.shift(-1)), "the next session's return"),
    _leak("label among the features", per_symbol(C.shift(-21) / C - 1), "the return over the next 21 sessions"),
    _leak("centred window", per_symbol(C / C.rolling_mean(7, center=True)), "three sessions to come"),
    _leak("rank over all dates", over_all(R.rank() / R.count()), "how the return ranks in the whole sample"),
    _leak("rank in the symbol's own history", per_symbol(C.rank()), "how the close ranks among later ones"),
    _leak("full-sample scaler", over_all((R - R.mean()) / R.std()), "mean and deviation of the whole sample"),
    _leak("full-sample scaler a symbol", per_symbol((C - C.mean()) / C.std()), "mean and deviation of the symbol's whole history"),
    _leak("min-max over the whole series", per_symbol((C - C.min()) / (C.max() - C.min())), "the highest and lowest close ever"),
    _leak("winsorized by full-sample quantiles", over_all(R.clip(R.quantile(0.05), R.quantile(0.95))), "quantiles of the whole sample"),
    _leak("backward fill", per_symbol(pl.when(R > -0.02).then(R).backward_fill()), "the next value after a missing one"),
    _leak("group-wise fill from the future", per_symbol(C.shift(20).backward_fill()), "the first value of a warm-up that is not over"),
    _leak("reversed cumulative sum", per_symbol(R.cum_sum(reverse=True)), "everything to come"),
    _leak("distance to the all-time high", per_symbol(C / C.max()), "a high that is still to come"),
    _leak("full-sample trend removed", per_symbol(C - C.mean() * pl.col("session").cum_count()), "the trend of the whole sample"),
    _leak("full-sample volatility", per_symbol(R / R.std()), "the volatility of the whole sample"),
    _leak("median over the symbol's whole history", per_symbol(V / V.median()), "the median of the whole sample"),
    _leak("volume normalised by the year's total", per_symbol(V / V.sum().over(_YEAR)), "the total of a year that is not over"),
    _leak("next session's high", per_symbol(pl.col("high").shift(-1) / C), "tomorrow's high"),
    _leak("month's total volume", month_total, "the total of a month that is not over"),
    _leak("back-adjusted level", back_adjusted, "splits to come"),
    _leak("split before it was announced", split_before_announced, "a split that nobody has announced"),
    _leak("split on the wrong side of its ex-date", split_on_the_wrong_side, "the ratio of the morning after"),
    _leak("today's members", members_of_today, "who is still a member at the end"),
    _leak("ranked among today's members", ranked_among_todays_members, "who is still a member at the end"),
    _leak("survivors only", survivors_only, "who still trades at the end"),
    _leak("market mean of survivors", mean_of_survivors, "who is never delisted"),
    _leak("forward fill across a gap", filled_across_gaps, "that the symbol trades again"),
    _leak("interpolation across a gap", interpolated, "the close after the gap"),
    _leak("sector map of today", sectors_of_today, "later sectors"),
    _leak("sector of the month after", sectors_ahead_of_the_map, "the sector of thirty days later"),
    _leak("sector change ahead", sector_change_ahead, "a change of sector"),
    _leak("delisting date used early", delisting_ahead, "when it will be delisted"),
    _leak("series cut before its delisting", dropped_before_delisting, "that it will be delisted"),
    _leak("leaver of the index ahead", leaver_ahead, "that it will leave the index"),
    _leak("restated value", restated, "a correction that had not come"),
    _leak("calendar-ahead gap", gap_ahead, "when it trades again"),
    _leak("long series only", long_series_only, "how long the series will be"),
    _leak("regression on the full sample", full_sample_regression, "a beta of the whole sample"),
    _leak("principal component of the full sample", full_sample_components, "weights of the whole sample"),
    _leak("resampled with the right label", right_labelled_weeks, "the close of a week that is not over"),
    _leak("liquid half by the full sample", liquid_by_full_sample, "liquidity to come"),
    _leak("missing values imputed by the sample", imputed_by_the_sample, "the mean of the whole sample"),
    _leak("target encoding", encoded_by_target, "mean returns to come"),
    _leak("universe by the full year", universe_by_full_year, "the year's dollar volume"),
    _leak("normalised by the last close", normalised_by_last, "the last close there is"),
)
