"""Features of your own: declare each here, and it is a column of the panel, its schema, its docs page and its metadata.

    OWN: tuple[Feature, ...] = (
        Feature(
            "f_range_21d",
            Category.PRICE,
            formula="mean of h / l - 1 over 21 sessions",
            inputs=("high", "low"),
            window=21,
            warm_up=20,
            null_rule="null until the window is full",
            stage=Stage.SYMBOL,
            by=Expression((pl.col("high") / pl.col("low") - 1).rolling_mean(21)),
        ),
    )

`Rank`, `ZScore`, `AboveSectorMedian`, `AboveSectorMean` and `FitResidual` compare any feature across the members of a date (`Stage.DATE`).
"""

from __future__ import annotations

from marketdata_assets.transforms.features.feature import Feature

OWN: tuple[Feature, ...] = ()
