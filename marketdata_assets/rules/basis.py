"""Promises about the basis: prices and volumes that follow another convention than the one declared."""

from __future__ import annotations

import math

import polars as pl

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.rules.factors import price_factors, volume_factors
from marketdata_assets.rules.rule import Action, Rule, Severity, Stage, cases, no_cases, sentence
from marketdata_assets.rules.scope import Scope

_SERIES = ["symbol", "source"]
VOLUME_WINDOW = 20
"""Bars before and after a split whose median volumes are compared."""
VOLUME_NOISE = 0.35
"""Standard deviation of the logarithm of two such medians' ratio without any split; 0.29 over 60 large US stocks, 2000 to 2022."""


def find_price_flip(scope: Scope) -> pl.DataFrame:
    """Cases, one a row, of series that promise raw prices and hold adjusted ones.

    Evidence within the series: its own split column names a split that neither the price shows nor its adjusted close applies, and no
    other split of it shows. Evidence from outside: over a stretch its closes are a constant fraction of another source's, which
    jumps by the split at the end while this one does not. All rows of the series are refused: nobody can say which were spared.
    """
    unseen = (
        splits(scope)
        .group_by(_SERIES)
        .agg(
            pl.col("hidden").sum(),
            pl.col("shown").sum(),
            sentence("{} for 1 on {}", pl.col("ratio").round(4), "session").filter("hidden").first().alias("which"),
        )
    )
    own = unseen.filter(pl.col("hidden") > pl.col("shown")).select(
        *_SERIES, reason=sentence("{} listed splits do not show in the price, the first {}", "hidden", "which"), measure=pl.col("hidden")
    )
    return _rows_of(scope, own, _against_others(price_factors(scope), "closes are {} times those of {} over {} bars, {}..{}"))


def find_volume_flip(scope: Scope) -> pl.DataFrame:
    """Cases, one a row, of series that promise raw volumes and hold split-adjusted ones while their prices are raw.

    Evidence within the series: across the splits that its prices show, the median volume stays where raw volume would rise by the
    ratio, all splits of 2 and more taken together, and only where chance does not do that. Evidence from outside: as for prices.
    """
    own = _volumes_across_splits(scope).filter(
        0.75 * pl.col("expected") >= 4 * VOLUME_NOISE * pl.col("n").sqrt(), pl.col("found") < 0.25 * pl.col("expected")
    )
    told = own.select(
        *_SERIES,
        reason=sentence(
            "the volume changes by a factor {} across splits that multiply the shares by {}",
            pl.col("found").exp().round(2),
            pl.col("expected").exp().round(2),
        ),
        measure=pl.col("expected").exp(),
    )
    return _rows_of(scope, told, _against_others(volume_factors(scope), "volumes are {} times those of {} over {} bars, {}..{}"))


def splits(scope: Scope) -> pl.DataFrame:
    """Rows of raw-priced series whose own columns tell of a split: `ratio`, and whether it is `shown`, `unseen` or even `hidden`.

    A ratio nearer to 1 than `basis_ratio` is left out: vendors write spin-offs in the same column. Unseen: the open stands by the
    previous close; hidden: and the adjusted close moves no more than the close did. A vendor that applies the split to its adjusted
    close means its close to be raw, so there the row is a wrong event and not a sign of the basis.
    """
    limit = math.log(scope.context.thresholds.basis_ratio)
    opening = pl.col("session") > pl.col("prior_session")
    raw = scope.sound.filter(pl.col("price_basis") == PriceBasis.RAW, pl.col("split_ratio") > 0, pl.col("prior_close") > 0, opening)
    size, gap = pl.col("split_ratio").log(), (pl.col("prior_close") / pl.col("open")).log()
    adjusted = pl.when((pl.col("adj_close") > 0) & (pl.col("prior_adj") > 0)).then((pl.col("adj_close") / pl.col("prior_adj")).log())
    applied = (adjusted - (pl.col("close") / pl.col("prior_close")).log()).abs() > 0.5 * size.abs()
    unmoved = gap.abs() <= 0.25 * size.abs()
    return raw.filter(size.abs() >= limit).with_columns(
        ratio=pl.col("split_ratio"),
        hidden=unmoved & ~applied.fill_null(value=False),
        unseen=unmoved,
        shown=(gap - size).abs() <= 0.5 * size.abs(),
    )


def find_unseen_events(scope: Scope) -> pl.DataFrame:
    """Cases, one an event: the vendor's split column names a split that the price does not show."""
    quiet = splits(scope).filter("unseen", pl.col("row").is_not_null())
    words = "split {} listed, the open {} stands by the previous close {}"
    return cases(quiet, sentence(words, pl.col("ratio").round(4), "open", "prior_close"), pl.col("ratio"))


def find_mixed_basis(scope: Scope) -> pl.DataFrame:
    """Cases, one a series, whose rows declare more than one price basis."""
    declared = scope.rows.group_by(_SERIES, maintain_order=True).agg(
        pl.col("price_basis").unique().sort().alias("bases"), pl.col("session").min(), pl.col("row").is_not_null().any().alias("judged")
    )
    mixed = declared.filter(pl.col("bases").list.len() > 1, "judged")
    return cases(mixed, sentence("declared {}", pl.col("bases").list.join(" and ")))


def _volumes_across_splits(scope: Scope) -> pl.DataFrame:
    """Per series that promises raw volumes: logarithms of what its shown splits multiply shares by, and of what the volume did."""
    shown = _shown_splits(scope)
    if not shown.height:
        return shown.select(*_SERIES, expected=pl.lit(0.0), found=pl.lit(0.0), n=pl.lit(0))
    around = shown.select("position", "series", *_SERIES, "size", offset=pl.int_ranges(-VOLUME_WINDOW, VOLUME_WINDOW)).explode("offset")
    volumes = scope.sound.select("series", "volume", at="position")
    joined = around.with_columns(at=(pl.col("position").cast(pl.Int64) + pl.col("offset")).cast(pl.UInt32, strict=False)).join(
        volumes, on=["series", "at"]
    )
    sides = joined.group_by(*_SERIES, "position", "size").agg(
        pl.col("volume").filter(pl.col("offset") < 0).median().alias("before"),
        pl.col("volume").filter(pl.col("offset") > 0).median().alias("after"),
        pl.len().alias("bars"),
    )
    whole = sides.filter(pl.col("bars") >= VOLUME_WINDOW, pl.col("before") > 0, pl.col("after") > 0)
    found = (pl.col("after") / pl.col("before")).log() * pl.col("size").sign()
    return whole.group_by(_SERIES).agg(pl.col("size").abs().sum().alias("expected"), found.sum().alias("found"), pl.len().alias("n"))


def _shown_splits(scope: Scope) -> pl.DataFrame:
    """Sound rows on whose day the price moved by a split that the row's own split column, or its adjusted close, accounts for."""
    raw = (pl.col("price_basis") == PriceBasis.RAW) & (pl.col("volume_basis") == PriceBasis.RAW)
    opening = pl.col("session") > pl.col("prior_session")
    large = scope.sound.filter(raw, opening, (pl.col("open") / pl.col("prior_close")).log().abs() >= math.log(1.6))
    gap = (pl.col("prior_close") / pl.col("open")).log()
    listed = pl.when((pl.col("split_ratio") > 0) & (pl.col("split_ratio") != 1)).then(pl.col("split_ratio").log())
    applied = (pl.col("adj_close") / pl.col("prior_adj")).log() - (pl.col("close") / pl.col("prior_close")).log()
    size = pl.coalesce(listed, applied)
    return large.with_columns(size=size).filter(pl.col("size").abs() > math.log(1.9), (pl.col("size") - gap).abs() < 0.25 * gap.abs())


def _against_others(stretches: pl.DataFrame, words: str) -> pl.DataFrame:
    """One line a series that other sources convict, with its longest stretch."""
    is_b = pl.col("adjusted") == pl.col("source_b")
    convicted = stretches.filter(pl.col("adjusted").is_not_null()).with_columns(
        source=pl.col("adjusted"),
        other=pl.when(is_b).then(pl.col("source")).otherwise(pl.col("source_b")),
        factor=pl.when(is_b).then(1 / pl.col("factor")).otherwise(pl.col("factor")),
    )
    order = pl.struct(-pl.col("n").cast(pl.Int64), "first", "other")
    longest = convicted.sort(*_SERIES, order).unique(_SERIES, keep="first", maintain_order=True)
    return longest.select(
        *_SERIES, reason=sentence(words, pl.col("factor").round(4), "other", "n", "first", "last"), measure=pl.col("factor")
    )


def _rows_of(scope: Scope, *convictions: pl.DataFrame) -> pl.DataFrame:
    """Cases for every row of the convicted series, the reasons joined."""
    told = pl.concat(convictions, how="vertical_relaxed")
    if not told.height:
        return no_cases()
    series = told.group_by(_SERIES, maintain_order=True).agg(pl.col("reason").str.join("; "), pl.col("measure").first())
    return cases(scope.rows.join(series, on=_SERIES, maintain_order="left"))


PRICE_BASIS_FLIP = Rule(
    "price_basis_flip",
    "the prices are adjusted though raw ones were promised",
    Stage.SERIES,
    Action.QUARANTINE,
    Severity.ERROR,
    "declare the basis in the source's format (price_basis), or get the unadjusted series",
    thresholds=("basis_ratio", "basis_bars"),
    find=find_price_flip,
)
VOLUME_BASIS_FLIP = Rule(
    "volume_basis_flip",
    "the volumes are split-adjusted though raw ones were promised",
    Stage.SERIES,
    Action.FLAG,
    Severity.ERROR,
    "declare the basis in the source's format (volume_basis)",
    weight=30.0,
    thresholds=("basis_ratio", "basis_bars"),
    find=find_volume_flip,
)
EVENT_UNSEEN = Rule(
    "event_unseen",
    "a listed split does not show in the price",
    Stage.SERIES,
    Action.REPORT,
    Severity.WARN,
    "compare with another source: a wrong date, a split with a spin-off, or prices that are already adjusted",
    thresholds=("basis_ratio",),
    find=find_unseen_events,
)
PRICE_BASIS_CONFLICT = Rule(
    "price_basis_conflict",
    "one series declares more than one price basis",
    Stage.SERIES,
    Action.BLOCK,
    Severity.ERROR,
    "give each basis a source of its own in marketdata.yaml",
    find=find_mixed_basis,
)
BASIS_RULES = (PRICE_BASIS_FLIP, VOLUME_BASIS_FLIP, EVENT_UNSEEN, PRICE_BASIS_CONFLICT)
