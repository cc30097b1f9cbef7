"""Every feature of the panel, in the order of its columns, and what is derived from the list: the table and its metadata."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.schemas.features import panel_table
from marketdata_assets.transforms.features.cross_section import CROSS_SECTION
from marketdata_assets.transforms.features.feature import Feature, Stage
from marketdata_assets.transforms.features.own import OWN
from marketdata_assets.transforms.features.price import PRICE
from marketdata_assets.transforms.features.residual import RESIDUAL
from marketdata_assets.transforms.features.volume import VOLUME

_ORDER = list(Stage)


def registered(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """`features` themselves, once they are sound: each name once, each input there and computed in the same stage or before.

    `ConfigFault` otherwise.
    """
    listed = tuple(features)
    by_name = {feature.name: feature for feature in listed}
    for name, n in Counter(feature.name for feature in listed).items():
        if n > 1:
            raise ConfigFault("registering features", f"{name} is declared {n} times", "give each feature a name of its own")
    for feature in listed:
        for name in feature.needs:
            if name not in by_name:
                raise ConfigFault(f"registering {feature.name}", f"its input {name} is no feature", "declare it, or correct the name")
            if _ORDER.index(by_name[name].stage) > _ORDER.index(feature.stage):
                raise ConfigFault(
                    f"registering {feature.name}", f"its input {name} is computed in a later stage", f"give it the stage of {name}"
                )
    return listed


FEATURES: tuple[Feature, ...] = registered((*PRICE, *VOLUME, *CROSS_SECTION, *RESIDUAL, *OWN))
BY_NAME: dict[str, Feature] = {feature.name: feature for feature in FEATURES}
FEATURE_PANEL = panel_table((feature.name, feature.formula) for feature in FEATURES)
"""The panel's table: date, symbol and one float64 column per feature."""


def panel_metadata(panel: pl.DataFrame, features: Sequence[Feature] = FEATURES) -> dict[str, Any]:
    """What a panel holds: feature_count, symbol_count, row_count, date_range (first and last date, None when empty), features by type."""
    first, last = (panel.get_column("date").min(), panel.get_column("date").max()) if panel.height else (None, None)
    return {
        "feature_count": len(features),
        "symbol_count": panel.get_column("symbol").n_unique(),
        "row_count": panel.height,
        "date_range": [None if day is None else str(day) for day in (first, last)],
        "features_by_type": {str(category): n for category, n in Counter(feature.category for feature in features).items()},
    }
