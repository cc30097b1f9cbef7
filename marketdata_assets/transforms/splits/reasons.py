"""Why a split event was applied, refused or proposed, in words."""

from __future__ import annotations

import polars as pl


def in_words() -> pl.Expr:
    """The sentence for the `case` of each row of the arbiter."""
    before, factor = (pl.col(c).round(4).cast(pl.String) for c in ("prior_close", "overnight_ratio"))
    price = pl.concat_str(pl.lit("the close before, "), before, pl.lit(", is "), factor, pl.lit(" times the open"))
    ratio = pl.coalesce("ratio", "detected_ratio").round(6).cast(pl.String).fill_null("an unknown ratio")
    sure = pl.coalesce("confidence", "detected_confidence").round(4).cast(pl.String).fill_null("unknown")
    words: dict[str, list[str | pl.Expr]] = {
        "accepted": ["a person accepted it with ratio ", ratio],
        "rejected": ["a person rejected it"],
        "conflicting": ["sources contradict each other: ", pl.col("reported_ratios")],
        "spin_off": ["reported as a spin-off, which is no split"],
        "fraction": ["no company declares a ratio of ", ratio, ": a spin-off or an exchange in a split column; ", price],
        "unknown": ["reported by ", pl.col("reported_by"), ", and too few bars around the ex-date to bear it out"],
        "confirmed": ["reported by ", pl.col("reported_by"), " and borne out: ", price],
        "combined": ["reported by ", pl.col("reported_by"), " and borne out together with a distribution of the same day: ", price],
        "hidden": [pl.col("missing_sessions").cast(pl.String), " sessions have no bar and ", price, ": a split may be hidden there"],
        "in_gap": ["reported by ", pl.col("reported_by"), " next to missing sessions, and not borne out: ", price],
        "wrong_ratio": ["reported as ", pl.col("reported_ratios"), ", the price shows ", ratio],
        "late": ["the split shows in the price on ", pl.col("late_for").cast(pl.String), " already"],
        "adjusted": ["the price does not show it, nor any split reported before: prices were adjusted before they came; ", price],
        "phantom": ["the price does not show it: ", price],
        "detected": ["nobody reports it; confidence ", sure, "; ", price],
        "proposed": ["nobody reports it and the confidence is only ", sure, "; ", price],
        "cash": ["a cash dividend of ", pl.col("cash").cast(pl.String), " is reported for the day, which accounts for the fall; ", price],
        "pending": ["nobody reports it and the days after it are not over; ", price],
    }
    told = [
        pl.when(pl.col("case") == case).then(
            pl.concat_str([part if isinstance(part, pl.Expr) else pl.lit(part) for part in parts], ignore_nulls=True)
        )
        for case, parts in words.items()
    ]
    return pl.coalesce(*told, pl.lit(""))
