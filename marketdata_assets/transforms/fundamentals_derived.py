"""Figures that everybody asks for, derived from what was known: trailing revenue and earnings, book value, market value, their ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl

REVENUE = (
    "RevenueFromContractWithCustomerExcludingAssessedTax",
    "Revenues",
    "RevenueFromContractWithCustomerIncludingAssessedTax",
    "SalesRevenueNet",
)
NET_INCOME = ("NetIncomeLoss", "ProfitLoss")
EPS = ("EarningsPerShareDiluted", "EarningsPerShareBasicAndDiluted", "EarningsPerShareBasic")
EQUITY = ("StockholdersEquity", "StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest")
SHARE_COUNT = ("EntityCommonStockSharesOutstanding", "CommonStockSharesOutstanding")
DIVIDENDS = ("CommonStockDividendsPerShareDeclared", "CommonStockDividendsPerShareCashPaid")
NAMES = ("revenue", "net_income", "eps", "book_value", "shares", "market_cap", "pe", "dividend_yield", "book_value_per_share")
DERIVED = pl.Schema(
    [
        ("name", pl.String),
        ("value", pl.Float64),
        ("unit", pl.String),
        ("over", pl.String),
        ("period_start", pl.Date),
        ("period_end", pl.Date),
        ("from_concept", pl.String),
    ]
)
_YEAR, _NEAR = timedelta(days=365), timedelta(days=10)


class Figure(NamedTuple):
    """A derived value: over a year (`annual`, `trailing`), at an instant (`instant`), or from others (`ratio`)."""

    value: float
    unit: str
    over: str
    start: date | None
    end: date
    concept: str


class _Span(NamedTuple):
    start: date
    end: date
    value: float

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


def derived(known: pl.DataFrame, close: tuple[date, float] | None, dividends: float | None = None) -> pl.DataFrame:
    """One row a figure of NAMES that can be derived: name, value, unit, what it is over, period, concept.

    `known`: rows of one filer out of `as_known` and `on_basis`, so that per-share figures share one basis; `close`: newest session and raw
    close on the same basis; `dividends`: paid per share within the year before, where events tell; otherwise the filings do. Trailing:
    the newest fiscal year, plus the year to date, less the same months before. A loss has no P/E.
    """
    found: dict[str, Figure] = {}
    for name, concepts in (("revenue", REVENUE), ("net_income", NET_INCOME), ("eps", EPS)):
        if (flow := _trailing(known, concepts)) is not None:
            found[name] = flow
    for name, concepts in (("book_value", EQUITY), ("shares", SHARE_COUNT)):
        if (stock := _instant(known, concepts)) is not None:
            found[name] = stock
    paid = _trailing(known, DIVIDENDS)
    if close is not None:
        found |= _priced(found, close, dividends if dividends is not None else paid.value if paid else None)
    if "book_value" in found and "shares" in found:
        book, shares = found["book_value"], found["shares"]
        found["book_value_per_share"] = Figure(book.value / shares.value, f"{book.unit}/shares", "ratio", None, book.end, book.concept)
    rows = [(name, f.value, f.unit, f.over, f.start, f.end, f.concept) for name in NAMES if (f := found.get(name)) is not None]
    return pl.DataFrame(rows, schema=DERIVED, orient="row")


def _priced(found: Mapping[str, Figure], close: tuple[date, float], paid: float | None) -> dict[str, Figure]:
    day, price = close
    more: dict[str, Figure] = {}
    if (shares := found.get("shares")) is not None:
        more["market_cap"] = Figure(price * shares.value, "USD", "instant", None, day, shares.concept)
    if (eps := found.get("eps")) is not None and eps.value > 0:
        more["pe"] = Figure(price / eps.value, "", "ratio", None, day, eps.concept)
    if paid is not None:
        more["dividend_yield"] = Figure(paid / price, "", "ratio", None, day, DIVIDENDS[0])
    return more


def _instant(known: pl.DataFrame, concepts: Sequence[str]) -> Figure | None:
    rows = known.filter(pl.col("concept").is_in(concepts), pl.col("period_start").is_null())
    best: Figure | None = None
    for concept in concepts:
        mine = rows.filter(pl.col("concept") == concept).sort("period_end", "public_at").tail(1)
        for value, unit, end in mine.select("basis_value", "unit", "period_end").iter_rows():
            if best is None or end > best.end:
                best = Figure(value, unit, "instant", None, end, concept)
    return best


def _trailing(known: pl.DataFrame, concepts: Sequence[str]) -> Figure | None:
    """The newest twelve months of the first of `concepts` that reaches farthest."""
    best: Figure | None = None
    for concept in concepts:
        rows = known.filter(pl.col("concept") == concept, pl.col("period_start").is_not_null())
        for (unit,), mine in rows.partition_by("unit", as_dict=True, maintain_order=True).items():
            figure = _twelve_months([_Span(*row) for row in mine.select("period_start", "period_end", "basis_value").iter_rows()])
            if figure is not None and (best is None or figure[0].end > best.end):
                span, over = figure
                best = Figure(span.value, str(unit), over, span.start, span.end, concept)
    return best


def _twelve_months(spans: list[_Span]) -> tuple[_Span, str] | None:
    years = sorted((s for s in spans if 350 <= s.days <= 380), key=lambda s: s.end)
    newest = max((s.end for s in spans), default=None)
    if newest is None:
        return None
    if years and years[-1].end == newest:
        return years[-1], "annual"
    to_date = max((s for s in spans if s.end == newest and s.days < 350), key=lambda s: s.days, default=None)
    if to_date is not None:
        year = next((y for y in reversed(years) if abs(y.end + timedelta(days=1) - to_date.start) <= _NEAR), None)
        before = _a_year_before(spans, to_date)
        if year is not None and before is not None:
            whole = year.value + to_date.value - before.value
            return _Span(before.end + timedelta(days=1), to_date.end, whole), "trailing"
    quarters = _four_quarters(spans, newest)
    if quarters is not None:
        return quarters, "trailing"
    return (years[-1], "annual") if years else None


def _a_year_before(spans: Sequence[_Span], span: _Span) -> _Span | None:
    near = [s for s in spans if abs(s.end + _YEAR - span.end) <= _NEAR and abs(s.start + _YEAR - span.start) <= _NEAR]
    return max(near, key=lambda s: s.end, default=None)


def _four_quarters(spans: Sequence[_Span], newest: date) -> _Span | None:
    quarters = {s.end: s for s in spans if 80 <= s.days <= 100}
    chain: list[_Span] = []
    end = newest
    while len(chain) < 4:
        quarter = next((q for day, q in quarters.items() if abs(day - end) <= _NEAR and (not chain or day < chain[-1].start)), None)
        if quarter is None:
            return None
        chain.append(quarter)
        end = quarter.start - timedelta(days=1)
    return _Span(chain[-1].start, chain[0].end, sum(q.value for q in chain))
