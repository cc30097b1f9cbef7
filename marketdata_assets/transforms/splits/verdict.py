"""Applied, refused or proposed, and by which vendor's error: the rules of the arbiter, in their order."""

from __future__ import annotations

import polars as pl

from marketdata_assets.transforms.splits.errors_of_vendors import late, missing, unseen_before
from marketdata_assets.transforms.splits.parameters import SplitParameters
from marketdata_assets.transforms.splits.reasons import in_words

_DAY = ["symbol", "ex_date"]


def with_verdict(
    rows: pl.DataFrame, covering: pl.DataFrame | None, decisions: pl.DataFrame | None, parameters: SplitParameters
) -> pl.DataFrame:
    """`rows` of the arbiter with `verdict`, `reason`, `vendor_errors` and the columns of SPLIT_EVENTS that are shown."""
    p = parameters
    confirmed = pl.when(pl.col("told"), pl.col("confidence").is_not_null()).then(pl.col("confidence") >= p.confirm_at)
    base = rows.with_columns(confirmed=confirmed)
    overruled = _with_decisions(missing(unseen_before(late(base, p)), covering), decisions)
    cased = overruled.with_columns(case=_case(p))
    found = pl.col("case").is_in(["detected", "proposed", "pending", "cash", "wrong_ratio"])
    ratio = pl.when(pl.col("case").is_in(["conflicting", "hidden"])).then(None).when(found).then("detected_ratio").otherwise("ratio")
    taken = pl.when("accepted").then(pl.coalesce("decided_ratio", "ratio", "detected_ratio"))
    shown = cased.with_columns(
        ratio=pl.coalesce(taken, ratio),
        confidence=pl.coalesce("confidence", "detected_confidence").clip(0.0, 1.0),
        verdict=pl.col("case").replace_strict(_VERDICTS),
        overnight_ratio=(-pl.col("overnight")).exp(),
        market_move=pl.col("market_overnight").exp() - 1,
        usual_move=pl.col("overnight_scale"),
        volume_ratio=pl.when(pl.col("volume_change").is_finite()).then(pl.col("volume_change").exp()),
        level_ratio=pl.col("old_level") / pl.col("new_level"),
        hidden_in_gap=pl.col("hidden_in_gap") & ~pl.col("case").is_in(["confirmed", "combined", "accepted"]),
        vendor_errors=_errors(),
    )
    return shown.with_columns(reason=in_words())


_VERDICTS = {
    "accepted": "applied",
    "rejected": "refused",
    "conflicting": "refused",
    "spin_off": "refused",
    "fraction": "refused",
    "unknown": "proposed",
    "confirmed": "applied",
    "combined": "applied",
    "hidden": "refused",
    "in_gap": "proposed",
    "wrong_ratio": "proposed",
    "late": "refused",
    "adjusted": "refused",
    "phantom": "refused",
    "cash": "proposed",
    "detected": "applied",
    "proposed": "proposed",
    "pending": "proposed",
}


def _case(p: SplitParameters) -> pl.Expr:
    """Which rule speaks: the first that fits."""
    in_gap = pl.col("missing_sessions") > 0
    apart = (pl.col("detected_ratio") / pl.col("ratio")).log().abs() > p.same_ratio
    rules: list[tuple[pl.Expr, str]] = [
        (pl.col("accepted"), "accepted"),
        (pl.col("rejected"), "rejected"),
        (pl.col("conflicting"), "conflicting"),
        (pl.col("only_spin_off"), "spin_off"),
        (pl.col("told") & ~pl.col("declared") & (pl.col("ratio") > 1), "fraction"),
        (pl.col("told") & pl.col("confirmed").is_null(), "unknown"),
        (pl.col("told") & pl.col("confirmed") & pl.col("with_distribution"), "combined"),
        (pl.col("told") & pl.col("confirmed"), "confirmed"),
        (pl.col("told") & in_gap, "in_gap"),
        (pl.col("told") & pl.col("detected") & apart, "wrong_ratio"),
        (pl.col("told") & pl.col("late"), "late"),
        (pl.col("told") & pl.col("unseen_before"), "adjusted"),
        (pl.col("told"), "phantom"),
        (pl.col("hidden_in_gap"), "hidden"),
        (_paid_out(), "cash"),
        (pl.col("decided_on").is_null(), "pending"),
        (pl.col("detected_confidence") >= p.apply_at, "detected"),
    ]
    return pl.coalesce(*(pl.when(fits.fill_null(value=False)).then(pl.lit(name)) for fits, name in rules), pl.lit("proposed"))


def _paid_out() -> pl.Expr:
    """Whether a reported cash dividend accounts for more than half of the fall: the day must not be adjusted for both."""
    left = (1 - pl.col("cash") / pl.col("prior_close")).clip(1e-6).log()
    return pl.col("detected") & (left < pl.col("overnight") / 2)


_ERRORS = {
    "fraction": "spin_off_in_split_column",
    "phantom": "phantom_split",
    "late": "late_split",
    "adjusted": "prices_already_adjusted",
    "combined": "split_with_distribution",
    "wrong_ratio": "wrong_ratio",
}


def _errors() -> pl.Expr:
    name = pl.col("case").replace_strict(_ERRORS, default=None, return_dtype=pl.String)
    own = pl.when(name.is_not_null()).then(pl.concat_str(name, pl.lit(": "), "reported_by"))
    happened = pl.col("case").is_in(["confirmed", "combined", "detected", "proposed", "accepted"])
    silent = pl.when(happened, pl.col("silent").str.len_chars() > 0).then(pl.concat_str(pl.lit("missing_split: "), "silent"))
    return pl.concat_list(own, silent).list.drop_nulls().list.sort().list.join("; ")


def _with_decisions(rows: pl.DataFrame, decisions: pl.DataFrame | None) -> pl.DataFrame:
    """`rows` with the newest decision of each: `accepted`, `rejected`, `decided_ratio`; its instant is part of `known_at`."""
    if decisions is None or not decisions.height:
        none = pl.lit(value=False)
        return rows.with_columns(accepted=none, rejected=none, decided_ratio=pl.lit(None, pl.Float64))
    newest = decisions.sort(*_DAY, "known_at").unique(_DAY, keep="last", maintain_order=True)
    told = newest.select(*_DAY, "decision", decided_ratio="ratio", decision_known_at="known_at")
    everywhere = pl.concat([rows.select(_DAY), told.filter(pl.col("decision") == "accept", pl.col("decided_ratio") > 0).select(_DAY)])
    kept = (
        everywhere.unique()
        .join(rows, on=_DAY, how="left")
        .with_columns(
            pl.col("told", "detected", "hidden_in_gap", "conflicting", "only_spin_off", "late", "unseen_before").fill_null(value=False),
            pl.col("reported_by", "reported_ratios", "silent").fill_null(""),
        )
    )
    joined = kept.join(told, on=_DAY, how="left").with_columns(
        accepted=(pl.col("decision") == "accept").fill_null(value=False),
        rejected=(pl.col("decision") == "reject").fill_null(value=False),
        known_at=pl.max_horizontal("known_at", "decision_known_at"),
    )
    return joined.with_columns(accepted=pl.col("accepted") & pl.coalesce("decided_ratio", "ratio", "detected_ratio").is_not_null())
