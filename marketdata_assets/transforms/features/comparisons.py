"""Features that compare the members of a date, each computed once those it is made of are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.transforms.features.arrays import Floats, Ints
from marketdata_assets.transforms.features.dates import above_sector_mean, above_sector_median, ascending, ranks, zscores
from marketdata_assets.transforms.features.feature import AboveSectorMean, AboveSectorMedian, Feature, FitResidual, Rank, ZScore
from marketdata_assets.transforms.features.fit import fit_residuals

Job = Callable[[int, int], None]


class Dates:
    """The dates of a panel: where their rows lie, the rows' sectors, the order of any column on each of them; and who does the work."""

    def __init__(self, bounds: Ints, sectors: Callable[[], Ints], share: Callable[[Job, int], None]) -> None:
        self.bounds = bounds
        self._sectors = sectors
        self._share = share
        self._orders: dict[str, tuple[Ints, Ints]] = {}

    @cached_property
    def sectors(self) -> Ints:
        """A number for each row's sector, -1 for none."""
        return self._sectors()

    @cached_property
    def sector_count(self) -> int:
        """Sector numbers lie below this."""
        return int(self.sectors.max(initial=-1)) + 1

    def each(self, job: Job) -> None:
        """Do `job` for all dates."""
        self._share(job, self.bounds.size - 1)

    def order(self, name: str, values: Floats) -> tuple[Ints, Ints]:
        """Of each date the rows with a value in ascending order, and their number; worked out once for a column."""
        if name not in self._orders:
            order, counts = np.empty(values.size, np.int32), np.zeros(self.bounds.size - 1, np.int64)
            self.each(lambda k, until: ascending(values, self.bounds, k, until, order, counts))
            self._orders[name] = order, counts
        return self._orders[name]


def compared(features: Sequence[Feature], columns: dict[str, Floats], dates: Dates) -> None:
    """Add the columns of `features` to those they are made of."""
    waiting = list(features)
    while waiting:
        ready = [feature for feature in waiting if set(feature.needs) <= set(columns)]
        if not ready:
            names = ", ".join(feature.name for feature in waiting)
            raise ConfigFault("computing features", f"{names} wait for each other", "declare each from features that come before it")
        for feature in ready:
            columns[feature.name] = _compared(feature, columns, dates)
        waiting = [feature for feature in waiting if feature.name not in columns]


def _compared(feature: Feature, columns: dict[str, Floats], dates: Dates) -> Floats:
    by, bounds = feature.by, dates.bounds
    if not isinstance(by, Rank | ZScore | AboveSectorMean | AboveSectorMedian | FitResidual):
        raise ConfigFault(f"computing {feature.name}", f"a {type(by).__name__} compares no members", "give it an earlier stage")
    x = columns[by.of]
    out = np.full(x.size, np.nan)
    order, counts = dates.order(by.of, x)
    match by:
        case Rank():
            dates.each(lambda k, until: ranks(x, bounds, k, until, order, counts, out))
        case ZScore():
            dates.each(lambda k, until: zscores(x, bounds, k, until, order, counts, out))
        case AboveSectorMean():
            dates.each(lambda k, until: above_sector_mean(x, bounds, k, until, order, counts, dates.sectors, dates.sector_count, out))
        case AboveSectorMedian():
            dates.each(lambda k, until: above_sector_median(x, bounds, k, until, order, counts, dates.sectors, dates.sector_count, out))
        case FitResidual(on=others, least=least):
            on = np.stack([columns[name] for name in others])
            dates.each(lambda k, until: fit_residuals(x, on, bounds, k, until, order, counts, least, out))
    return out
