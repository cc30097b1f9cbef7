"""The feature panel's table, made from whatever features are declared."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import polars as pl

from marketdata_assets.core.symbols import SYMBOL_PATTERN
from marketdata_assets.schemas.table import Table, TableModel, column

_LARGEST = sys.float_info.max


class PanelKey(TableModel):
    """One member of the universe on one date; everything beside it was known at the close of that date."""

    date: pl.Date = column("session date; the UTC day for crypto. What stands here was known at its close, for a decision after it")
    symbol: pl.String = column("canonical symbol of a member of the universe on the date", str_matches=f"^{SYMBOL_PATTERN}$")


def panel_table(features: Iterable[tuple[str, str]]) -> Table:
    """The table of a panel with these features, each a name and what it means: date, symbol, then one nullable float64 column each.

    No number is NaN or infinite. Key and order: date, symbol; dated by date.
    """
    listed = list(features)
    fields = {name: column(meaning, nullable=True, in_range={"min_value": -_LARGEST, "max_value": _LARGEST}) for name, meaning in listed}
    model = type(
        "FeaturePanel",
        (PanelKey,),
        {
            "__doc__": PanelKey.__doc__,
            "__module__": __name__,
            "__annotations__": {name: pl.Float64 for name, _ in listed},
            **fields,
        },
    )
    key = ("date", "symbol")
    return Table("feature_panel", "Features of the universe's members", "date x symbol", model, key, key, "date")
