"""A frame at a glance, for the page of a materialization: a few rows as a table, and one line drawn as a picture."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import polars as pl
from dagster import MarkdownMetadataValue, MetadataValue

WIDTH, HEIGHT, _MARGIN, _POINTS = 560, 120, 18, 160
_CELL = 200
_HIDDEN = {"payload_sha256", "line", "row"}


def preview(frame: pl.DataFrame, rows: int = 5) -> MarkdownMetadataValue:
    """The last rows of a frame as a Markdown table, without hashes and without columns that are null throughout."""
    shown = frame.tail(rows)
    names = [s.name for s in shown if s.name not in _HIDDEN and s.null_count() < max(1, shown.height)]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in shown.select(names).iter_rows()]
    return MetadataValue.md("\n".join(lines) if frame.height else "no rows")


def line_plot(points: pl.DataFrame, title: str) -> MarkdownMetadataValue:
    """The second column of `points` over its first (dates or instants, ascending), drawn small; the picture itself travels along."""
    known = points.drop_nulls()
    if known.height < 2:
        return MetadataValue.md("too few points to draw")
    thin = known.gather_every(max(1, known.height // _POINTS))
    x, y = (thin.to_series(i).cast(pl.Date).to_physical().to_list() if i == 0 else thin.to_series(i).to_list() for i in (0, 1))
    low, high = min(y), max(y)
    path = " ".join(f"{_at(a, x[0], x[-1], WIDTH):.0f},{HEIGHT - _at(b, low, high, HEIGHT):.0f}" for a, b in zip(x, y, strict=True))
    ends = [str(known.to_series(0).cast(pl.Date)[i]) for i in (0, -1)]
    svg = _svg(path, [f"{title}, {ends[0]} to {ends[1]}", _number(high), _number(low)])
    return MetadataValue.md(f"![{title}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})")


def _at(value: float, low: float, high: float, extent: int) -> float:
    span = (high - low) or 1
    return _MARGIN + (value - low) / span * (extent - 2 * _MARGIN)


def _svg(path: str, texts: Sequence[str]) -> str:
    title, top, bottom = map(escape, texts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="10" fill="#667">'
        f'<polyline fill="none" stroke="#4b6bfb" stroke-width="1.2" points="{path}"/>'
        f'<text x="4" y="11">{title}</text><text x="{WIDTH - 4}" y="11" text-anchor="end">{top}</text>'
        f'<text x="{WIDTH - 4}" y="{HEIGHT - 4}" text-anchor="end">{bottom}</text></svg>'
    )


def _number(value: float) -> str:
    return f"{value:,.4g}" if isinstance(value, float) and abs(value) < 1000 else f"{value:,.0f}"


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value).replace("+00:00", "Z")
    return text.replace("|", "\\|").replace("\n", " ")[:_CELL]
