"""A set of partitions as few rectangles: the shape that one Dagster run can select."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from marketdata_assets.lake.layout import PartitionKey


class Rectangle(NamedTuple):
    """Every partition from `first` to `last`, both included, in both dimensions."""

    first: PartitionKey
    last: PartitionKey

    @property
    def tags(self) -> dict[str, str]:
        """The run tags by which Dagster selects the rectangle."""
        return {ASSET_PARTITION_RANGE_START_TAG: str(self.first), ASSET_PARTITION_RANGE_END_TAG: str(self.last)}

    def holds(self, key: PartitionKey) -> bool:
        """Whether the partition lies in the rectangle; periods and symbols are ordered as texts, as in their partitions."""
        return all(low <= part <= high for low, part, high in zip(self.first, key, self.last, strict=True) if part and low and high)

    def __str__(self) -> str:
        return f"{self.first}...{self.last}"


@dataclass(frozen=True)
class _Band:
    """Adjoining symbols (positions, last excluded) and the spans of periods they all need."""

    start: int
    stop: int
    spans: tuple[tuple[int, int], ...]

    def size(self) -> int:
        return (self.stop - self.start) * sum(b - a for a, b in self.spans)

    def with_next(self, other: _Band) -> _Band:
        return _Band(self.start, other.stop, _spans({p for a, b in self.spans + other.spans for p in range(a, b)}))

    def bridged(self) -> Iterator[_Band]:
        """The band with one gap between two of its spans closed, for every gap."""
        for i, (left, right) in enumerate(pairwise(self.spans)):
            yield _Band(self.start, self.stop, (*self.spans[:i], (left[0], right[1]), *self.spans[i + 2 :]))


def rectangles(keys: Collection[PartitionKey], periods: Sequence[str], symbols: Sequence[str], at_most: int) -> list[Rectangle]:
    """Disjoint rectangles that hold all of `keys` and, when `at_most` of them suffice, no other partition.

    A run costs seconds to start, so a ragged set (listings of many different years) is covered by `at_most` rectangles which
    take along as few other partitions as possible. Keys that are not among `periods` x `symbols` are left out.
    """
    at = {period: i for i, period in enumerate(periods)}
    wanted: dict[str, set[int]] = {}
    for period, symbol in keys:
        if period in at and symbol is not None:
            wanted.setdefault(symbol, set()).add(at[period])
    bands: list[_Band] = []
    for i, symbol in enumerate(symbols):
        if symbol in wanted:
            band = _Band(i, i + 1, _spans(wanted[symbol]))
            joins = bands and bands[-1].stop == i and bands[-1].spans == band.spans
            bands[-1:] = [_Band(bands[-1].start, i + 1, band.spans)] if joins else [*bands[-1:], band]
    while sum(len(band.spans) for band in bands) > at_most:
        bands = _cheapest(bands)
    return [
        Rectangle(PartitionKey(periods[a], symbols[band.start]), PartitionKey(periods[b - 1], symbols[band.stop - 1]))
        for band in bands
        for a, b in band.spans
    ]


def _cheapest(bands: list[_Band]) -> list[_Band]:
    """The bands with two neighbours joined or one gap closed, whichever takes along the fewest partitions."""
    joined = ((b.with_next(n).size() - b.size() - n.size(), i, i + 2, b.with_next(n)) for i, (b, n) in enumerate(pairwise(bands)))
    bridged = ((wide.size() - b.size(), i, i + 1, wide) for i, b in enumerate(bands) for wide in b.bridged())
    _, start, stop, band = min((*joined, *bridged), key=lambda option: option[:3])
    return [*bands[:start], band, *bands[stop:]]


def _spans(positions: Collection[int]) -> tuple[tuple[int, int], ...]:
    """Runs of adjoining positions as half-open spans, ascending."""
    spans: list[tuple[int, int]] = []
    for at in sorted(positions):
        if spans and spans[-1][1] == at:
            spans[-1] = (spans[-1][0], at + 1)
        else:
            spans.append((at, at + 1))
    return tuple(spans)
