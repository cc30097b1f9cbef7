"""The panel by the splits that were known on each of its dates: one that prices alone gave away counts once that was sure, not before."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby, pairwise

import polars as pl

from marketdata_assets.transforms.features.panel import panels

Span = tuple[date, date]


def panels_as_known(
    bars: pl.DataFrame,
    events: pl.DataFrame,
    members: pl.DataFrame,
    sectors: pl.DataFrame,
    spans: Iterable[Span],
    *,
    closes: pl.DataFrame | None = None,
) -> Iterator[pl.DataFrame]:
    """The panel of each half-open span in turn, as `features.panel.panels`, with `decided_on` beside the events.

    `events`: (symbol, ex_date, ratio, decided_on). A null `decided_on` says that the split was announced: it holds from its ex-date on.
    Otherwise it is used by rows dated `decided_on` or later; earlier ones show the price as it was seen then. So a row does not change
    when the bars come that betray a split before them. A span in which splits become known is built in as many pieces.
    """
    listed, late = list(spans), sorted(events["decided_on"].drop_nulls())
    cut = [(at, piece) for at, span in enumerate(listed) for piece in _pieces(span, late)]
    parts: list[pl.DataFrame] = []
    for _, group in groupby(cut, key=lambda each: bisect_right(late, each[1][0])):
        alike = list(group)  # pieces that know the same splits share one reading of the history
        made = panels(bars, events.filter(_known(alike[0][1][0])), members, sectors, [piece for _, piece in alike], closes=closes)
        for (at, piece), rows in zip(alike, made, strict=True):
            parts.append(rows)
            if piece[1] == listed[at][1]:
                yield pl.concat(parts)
                parts = []


def _known(day: date) -> pl.Expr:
    return pl.col("decided_on").is_null() | (pl.col("decided_on") <= day)


def _pieces(span: Span, late: Sequence[date]) -> list[Span]:
    """The span cut at each day inside it on which a split becomes known; the span itself where there is none."""
    start, end = span
    return list(pairwise([start, *sorted({day for day in late if start < day < end}), end]))
