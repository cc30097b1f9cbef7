"""What the invented companies file: quarters and years of their accounts, comparatives, amendments, and the counts of their shares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import numpy as np

from marketdata_assets.sandbox.draws import stream
from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.who import Who

FIRST_YEAR = 2020
_QUARTER_DAYS, _YEAR_DAYS = 38, 55
_AMENDED_EVERY = 4
_AMENDED_AFTER = 90
_RESTATED = 0.97
_ENDS = ((3, 31), (6, 30), (9, 30), (12, 31))
# Concept, taxonomy, unit, label.
CONCEPTS = {
    "Revenues": ("us-gaap", "USD", "Revenues"),
    "NetIncomeLoss": ("us-gaap", "USD", "Net Income (Loss) Attributable to Parent"),
    "EarningsPerShareDiluted": ("us-gaap", "USD/shares", "Earnings Per Share, Diluted"),
    "Assets": ("us-gaap", "USD", "Assets"),
    "StockholdersEquity": ("us-gaap", "USD", "Stockholders' Equity Attributable to Parent"),
    "EntityCommonStockSharesOutstanding": ("dei", "shares", "Entity Common Stock, Shares Outstanding"),
}


class Fact(NamedTuple):
    """One number in one filing: of the days `[start, end]`, or at `end` when there is no start."""

    concept: str
    start: date | None
    end: date
    value: float | int


class Filing(NamedTuple):
    """One filing and its numbers. `year` and `period` are the filing's, whatever the years of its numbers."""

    accession: str
    form: str
    filed: date
    accepted: datetime
    end: date
    year: int
    period: str
    facts: tuple[Fact, ...]


class Filings:
    """The filings of the market's companies as they stand at the book's instant."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._made: dict[str, tuple[Filing, ...]] = {}

    def of(self, who: Who) -> list[Filing]:
        """Everything the company had filed by then, oldest first."""
        if who.symbol not in self._made:
            self._made[who.symbol] = _all(self._book.market, who)
        return [one for one in self._made[who.symbol] if one.accepted <= self._book.at]

    def latest(self, who: Who) -> dict[str, Any]:
        """The last quarter filed (`quarter`) and the last year's `revenue` and `eps`; without what has not been filed."""
        known = self.of(who)
        if not known:
            return {}
        told: dict[str, Any] = {"quarter": known[-1].end.isoformat()}
        for fact in (fact for one in known if one.period == "FY" for fact in one.facts if fact.end == one.end and fact.start):
            told |= {"revenue": fact.value} if fact.concept == "Revenues" else {}
            told |= {"eps": fact.value} if fact.concept == "EarningsPerShareDiluted" else {}
        return told


class _Accounts(NamedTuple):
    """Revenue and income of each quarter since the first year, in whole thousands of dollars."""

    revenue: tuple[float, ...]
    income: tuple[float, ...]


def _accounts(market: Market, who: Who) -> _Accounts:
    bars = market.daily[who.symbol]
    size = float(bars["close"][0]) * float(bars["shares"][0]) * 0.05
    n = 4 * (market.spec.end.year - FIRST_YEAR + 1)
    rng = stream(market.spec.seed, who.symbol, "accounts")
    season = 1 + 0.06 * np.array([-1.0, 0.0, -0.3, 1.3])
    revenue = size * np.exp(np.cumsum(rng.normal(0.012, 0.02, n))) * np.tile(season, n // 4)
    income = revenue * (0.11 + rng.normal(0, 0.015, n))
    return _Accounts(tuple((np.round(revenue, -3)).tolist()), tuple((np.round(income, -3)).tolist()))


def _all(market: Market, who: Who) -> tuple[Filing, ...]:
    accounts = _accounts(market, who)
    found: list[Filing] = []
    for year in range(FIRST_YEAR, market.spec.end.year + 1):
        for quarter in range(4):
            found += _of_quarter(market, who, accounts, year, quarter, len(found))
    return tuple(sorted(found, key=lambda one: one.accepted))


def _of_quarter(market: Market, who: Who, accounts: _Accounts, year: int, quarter: int, before: int) -> Iterator[Filing]:
    end = date(year, *_ENDS[quarter])
    annual = quarter == 3
    day = _weekday(end + timedelta(days=_YEAR_DAYS if annual else _QUARTER_DAYS))
    if who.delisted and day >= who.delisted:
        return
    facts = tuple(_facts(market, who, accounts, year, quarter, day))
    yield _filing(who, "10-K" if annual else "10-Q", day, end, year, "FY" if annual else f"Q{quarter + 1}", facts, before + 1)
    if annual and _amended(who, year):
        again = _weekday(day + timedelta(days=_AMENDED_AFTER))
        if who.delisted and again >= who.delisted:
            return
        restated = tuple(
            fact._replace(value=round(fact.value * _RESTATED, -3)) for fact in facts if fact.concept == "Revenues" and fact.end == end
        )
        yield _filing(who, "10-K/A", again, end, year, "FY", restated, before + 2)


def _filing(who: Who, form: str, day: date, end: date, year: int, period: str, facts: tuple[Fact, ...], number: int) -> Filing:
    accepted = datetime.combine(day, time(21, 5), tzinfo=UTC)  # after the close in New York, in summer and in winter
    return Filing(f"{who.cik:010d}-{day:%y}-{number:06d}", form, day, accepted, end, year, period, facts)


def _facts(market: Market, who: Who, accounts: _Accounts, year: int, quarter: int, day: date) -> Iterator[Fact]:
    """The numbers of a quarter's filing: the quarter, the year so far and the same of the year before; of a year, three years."""
    revenue, income = accounts
    shares = _shares(market, who, day)
    years = (year, year - 1, year - 2) if quarter == 3 else (year, year - 1)
    for one in (y for y in years if y >= FIRST_YEAR):
        first = 4 * (one - FIRST_YEAR)
        end = date(one, *_ENDS[quarter])
        spans = [(first, date(one, 1, 1))]
        if quarter in (1, 2):
            spans.insert(0, (first + quarter, date(one, 3 * quarter + 1, 1)))
        for since, start in spans:
            sold, earned = sum(revenue[since : first + quarter + 1]), sum(income[since : first + quarter + 1])
            restated = one < year and quarter == 3 and _amended(who, one)
            yield Fact("Revenues", start, end, round(sold * _RESTATED, -3) if restated else round(sold))
            yield Fact("NetIncomeLoss", start, end, round(earned))
            yield Fact("EarningsPerShareDiluted", start, end, round(earned / shares, 2))
    end = date(year, *_ENDS[quarter])
    at = 4 * (year - FIRST_YEAR) + quarter
    yield Fact("Assets", None, end, round(14 * revenue[at]))
    yield Fact("StockholdersEquity", None, end, round(5 * revenue[at]))
    counted = day - timedelta(days=7)
    yield Fact("EntityCommonStockSharesOutstanding", None, counted, _shares(market, who, counted))


def _amended(who: Who, year: int) -> bool:
    """Whether the year's accounts are restated by an amendment."""
    return (who.number + year) % _AMENDED_EVERY == 0


def _shares(market: Market, who: Who, day: date) -> int:
    """The shares in force on a day; before the first bar, those of that bar."""
    bars = market.daily[who.symbol]
    known = bars.filter(bars["session"] <= day)
    return int((known if known.height else bars.head(1))["shares"][-1])


def _weekday(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
