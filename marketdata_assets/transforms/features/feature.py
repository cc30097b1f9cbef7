"""What a feature is: a declared value. Schema, docs page, metadata and the pass that computes it are read from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from marketdata_assets.core.faults import ConfigFault

_NAME = re.compile(r"f_[a-z0-9]+(_[a-z0-9]+)*", re.ASCII)


class Category(StrEnum):
    """Which group of the panel a feature belongs to."""

    PRICE = "price"
    VOLUME = "volume"
    CROSS_SECTION = "cross-sectional"
    RESIDUAL = "residualized"


class Stage(StrEnum):
    """When a feature is computed, in this order; each stage may use the ones before it."""

    SYMBOL = "per symbol"
    MARKET = "per symbol, against the market"
    DATE = "per date"


class Kernel(StrEnum):
    """The compiled passes over one symbol's bars; which features each writes is declared beside its code."""

    WINDOWS = "windows"
    RECURSIVE = "recursive"
    MARKET = "market"


@dataclass(frozen=True)
class Fused:
    """Written by a compiled kernel together with its neighbours."""

    kernel: Kernel


@dataclass(frozen=True, eq=False)
class Expression:
    """A Polars expression over the bars of one symbol in session order, from its first bar in the store on.

    Columns: symbol, session, open, high, low, close, volume, dollars (raw price times raw volume) and ret. Prices and volume are
    split-adjusted to the basis of the symbol's first bar, a level that no later split moves: use ratios of them.
    """

    expression: pl.Expr


@dataclass(frozen=True)
class Rank:
    """Percentile rank of another feature among the members of the date: average rank of ties over their count, in (0, 1]."""

    of: str


@dataclass(frozen=True)
class ZScore:
    """Another feature clipped to its 1st and 99th percentile of the date, less the mean, over the sample standard deviation."""

    of: str


@dataclass(frozen=True)
class AboveSectorMedian:
    """Another feature less the median of it in the symbol's sector on the date."""

    of: str


@dataclass(frozen=True)
class AboveSectorMean:
    """Another feature less the mean of it in the symbol's sector on the date."""

    of: str


@dataclass(frozen=True)
class FitResidual:
    """What the date's least-squares fit of one feature on a constant and others leaves over; null under `least` members."""

    of: str
    on: tuple[str, ...]
    least: int


Computation = Fused | Expression | Rank | ZScore | AboveSectorMedian | AboveSectorMean | FitResidual


@dataclass(frozen=True)
class Feature:
    """One column of the panel.

    `formula` says in words what the number is; `inputs` names the columns of bars, or the features, it is made of; `window` counts the
    sessions of the symbol that it looks at, the date's own included (None: all since the symbol's first bar); `warm_up` how many
    sessions of the symbol come before the first value; `null_rule` when it is null beyond that; `by` what computes it.
    """

    name: str
    category: Category
    formula: str
    inputs: tuple[str, ...]
    window: int | None
    warm_up: int
    null_rule: str
    stage: Stage
    by: Computation

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigFault("declaring a feature", f"its name is {self.name[:40]!r}", "use f_ and lower case words joined by '_'")
        if self.warm_up < 0 or (self.window is not None and self.window < 1):
            raise ConfigFault(f"declaring {self.name}", "its window or warm-up counts no sessions", "count sessions from the first bar")
        if not (self.formula and self.inputs and self.null_rule):
            raise ConfigFault(f"declaring {self.name}", "it does not say what it is", "give formula, inputs and null rule")

    @property
    def needs(self) -> tuple[str, ...]:
        """The features that must be there before this one."""
        return tuple(name for name in self.inputs if name.startswith("f_"))
