"""A chart of Yahoo as rows: parallel columns beside their times, where every cell may be null."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from marketdata_assets.sources.errors import SchemaChanged

_ALSO_CALLED = {"60m": "1h"}


class Bar(TypedDict):
    """One bar of the chart; `adjclose` comes with daily bars only."""

    timestamp: int
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    adjclose: NotRequired[float | None]


class Dividend(TypedDict):
    """A payment, by the open of its ex-date's session in Unix seconds; the amount is adjusted for later splits."""

    date: int
    amount: float


class Split(TypedDict):
    """A split, by the open of its first session: `numerator` new shares for `denominator` old ones."""

    date: int
    numerator: float
    denominator: float


def chart(document: Any, interval: str) -> dict[str, Any]:
    """The only chart of an answer; `SchemaChanged` when its bars have another length than `interval`."""
    (found,) = document["chart"]["result"]
    grain = found["meta"]["dataGranularity"]
    if _ALSO_CALLED.get(grain, grain) != interval:
        raise SchemaChanged("reading a chart", f"its bars are of {str(grain)[:20]}, bars of {interval} were asked for")
    return dict(found)


def bar_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every entry of the chart, nulls included, in its order. `ValueError` when columns and times are not of one length."""
    times = found.get("timestamp", [])
    (quote,) = found["indicators"]["quote"]
    adjusted = found["indicators"].get("adjclose")
    columns = {"timestamp": times, **quote, **(adjusted[0] if adjusted else {})}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"its columns have different lengths: {lengths}")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def event_rows(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The events of one kind (`dividends`, `splits`), oldest first; none where the chart is silent about them."""
    rows = ((found.get("events") or {}).get(kind) or {}).values()
    return sorted(rows, key=lambda row: row["date"])
