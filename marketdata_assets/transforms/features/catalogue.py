"""docs/features.md, written from the registry: `python -m marketdata_assets.transforms.features.catalogue > docs/features.md`."""

from __future__ import annotations

from marketdata_assets.transforms.features.feature import Category, Computation, Feature, Fused, Kernel
from marketdata_assets.transforms.features.registry import FEATURES

_INTRODUCTION = f"""# Features of the daily panel

Written from the registry by `python -m marketdata_assets.transforms.features.catalogue`; a test keeps it current.

`feature_panel` has one row per date and member of the universe and {len(FEATURES)} features, each `float64`. A row dated t knows nothing
later than the close of t; the decision comes after it. What cannot be computed is null, never NaN or infinite.

- **c, o, h, l, v** are close, open, high, low and volume, split-adjusted to the basis of the session they are asked on: later splits move
  nothing. `x[-k]` is k sessions earlier, `r = c / c[-1] - 1`, `std` the sample standard deviation (ddof 1) unless it says otherwise.
- **A session** of a symbol is a validated bar of it. Days without one are not counted; a bar without volume is counted, its price stands,
  and what would divide by its volume is null. A split whose ratio is not known cuts the series: no window reaches across it.
- **Windowed** features are summed afresh for every session, oldest value first: they depend on their window and on nothing before it.
  **Recursive** ones (window: all) start at the symbol's first bar in the store and begin anew behind a missing bar.
- **Warm-up** is the number of sessions before the first value. A member without a bar on the date has a row of nulls.
- **Per date**, only members with a value take part; sums run in ascending order of the values, so names and order of symbols do not matter.
- **Sectors** are those of the sector map as it was known at the close of the date.

To add a feature of your own, declare it in `marketdata_assets/transforms/features/own.py`; schema, this page and the metadata follow.
"""
_COMPUTES = {
    Kernel.WINDOWS: "compiled, windows",
    Kernel.RECURSIVE: "compiled, recursive",
    Kernel.MARKET: "compiled, against the market",
}


def features_page() -> str:
    """The page that documents every feature, as Markdown."""
    return "\n".join([_INTRODUCTION, *(_section(category) for category in Category)])


def _section(category: Category) -> str:
    listed = [feature for feature in FEATURES if feature.category is category]
    titles = "| feature | what it is | from | window | warm-up | null | stage | computed by |\n|---|---|---|---|---|---|---|---|\n"
    return f"## {str(category).capitalize()} ({len(listed)})\n\n{titles}" + "".join(_line(feature) for feature in listed)


def _line(feature: Feature) -> str:
    inputs = ", ".join(f"`{name}`" for name in feature.inputs)
    window = "all" if feature.window is None else feature.window
    cells = (f"`{feature.name}`", feature.formula, inputs, window, feature.warm_up, feature.null_rule, feature.stage, _by(feature.by))
    return f"| {' | '.join(str(cell) for cell in cells)} |\n"


def _by(computation: Computation) -> str:
    return _COMPUTES[computation.kernel] if isinstance(computation, Fused) else type(computation).__name__


if __name__ == "__main__":
    print(features_page(), end="")
