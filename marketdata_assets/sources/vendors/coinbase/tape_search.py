"""The way back through Coinbase's tape of trades to a window of time, which its interface cannot be asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from marketdata_assets.sources.answer import Answer
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.select import Selector

_PAGE = 1000


@dataclass(frozen=True)
class TapeRequest(Request):
    """A request for a page of trades on the way to those of `[start, end)`.

    All ids up to `low` are known to be of before `end`, `high` and all after it of `end` or later; None before the first page. `found`
    says that the end was reached, and that only older pages are wanted from here.
    """

    start: datetime = field(kw_only=True)
    end: datetime = field(kw_only=True)
    low: int = 0
    high: int | None = None
    found: bool = False


@dataclass(frozen=True)
class TapeSearch:
    """Pages of trades from the newest one back: `after` is the id before which a page ends. Ids of a product count up.

    The end of the window is found by halving what may hold it, in about twenty pages for a product of a billion trades; from there every
    older page is read until one begins before the window. A request that is no `TapeRequest` has one page.
    """

    rows: Selector | None = ""

    def advance(self, answer: Answer) -> Request | None:
        """The next page to look at; None past the window's start and at the end of the tape."""
        request, trades = answer.request, answer.rows("")
        if not isinstance(request, TapeRequest):
            return None
        after = int(request.params.get("after", 0))
        adjacent = request.found or after in (0, request.high)  # nothing lies between this page and what is known to be later
        if not trades:
            return None if adjacent else _looking(replace(request, low=after - 1))
        newest, oldest = _ends(trades)
        if not request.found and oldest[1] >= request.end:
            return _looking(replace(request, high=oldest[0]))
        if not adjacent and newest[1] < request.end:
            return _looking(replace(request, low=after - 1))
        if oldest[1] < request.start:
            return None
        return replace(request, found=True).changed({"after": oldest[0]})


def _ends(trades: list[Any]) -> tuple[tuple[int, datetime], tuple[int, datetime]]:
    """Id and instant of the newest and of the oldest trade of a page."""
    told = [(int(trade["trade_id"]), datetime.fromisoformat(trade["time"])) for trade in (trades[0], trades[-1])]
    return max(told), min(told)


def _looking(request: TapeRequest) -> Request:
    high = request.high or 0
    return request.changed({"after": high if high - request.low <= _PAGE else (request.low + high) // 2})
