"""The panel by the splits that were known on each of its dates: one that prices alone gave away counts once that was sure, not before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise

import polars as pl

from marketdata_assets.transforms.features.panel import panels
from marketdata_assets.transforms.features.registry import FEATURE_PANEL

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
    for span in spans:
        pieces = [
            next(panels(bars, events.filter(_known(piece[0])), members, sectors, [piece], closes=closes)) for piece in _pieces(span, events)
        ]
        yield pl.concat(pieces) if pieces else FEATURE_PANEL.empty()


def _known(day: date) -> pl.Expr:
    return pl.col("decided_on").is_null() | (pl.col("decided_on") <= day)


def _pieces(span: Span, events: pl.DataFrame) -> list[Span]:
    """The span cut at each day inside it on which a split becomes known."""
    start, end = span
    cuts = sorted({day for day in events["decided_on"].drop_nulls() if start < day < end})
    edges = [start, *cuts, end]
    return [(first, last) for first, last in pairwise(edges) if first < last]
