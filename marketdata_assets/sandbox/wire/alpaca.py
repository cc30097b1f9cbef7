"""Alpaca's market data and reference interfaces."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import polars as pl
from aiohttp import web

from marketdata_assets.core import clock
from marketdata_assets.sandbox.planting import midnight
from marketdata_assets.sandbox.standing import NEW_YORK
from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.adjusting import paid_factor, paid_factors, split_adjusted
from marketdata_assets.sandbox.wire.asking import Wrong
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.limits import Meter, Verdict, Window, Windows
from marketdata_assets.sandbox.wire.protocol import Protocol, Refused, Tape, good, js, text

_MINUTES = re.compile(r"([1-9]|[1-5]\d)(?:Min|T)")
_HOURS = re.compile(r"([1-9]|1\d|2[0-3])(?:Hour|H)")
_LONG = {"1Day": "1d", "1D": "1d", "1Week": "1w", "1W": "1w"} | {f"{n}{m}": f"{n}mo" for n in (1, 2, 3, 4, 6, 12) for m in ("Month", "M")}
_ADJUSTMENTS = frozenset({"raw", "split", "dividend", "spin-off", "all"})
_FEEDS = frozenset({"sip", "iex", "otc", "boats"})
_LEAVE = "\x00"


class Span(NamedTuple):
    """The bars or trades behind one label: whose, and from when to when (UTC, half-open, None: open)."""

    label: str
    symbol: str
    start: datetime | None
    end: datetime | None


class Page(NamedTuple):
    """Where a page starts: behind `skip` rows of the stamp `at` (microseconds) of a label."""

    label: str
    at: int
    skip: int


class Alpaca(Protocol):
    """Alpaca: keys in two headers, pages by token over all symbols together, instants in RFC 3339. A key that begins with `free` has the
    free plan, which refuses consolidated data younger than 15 minutes.
    """

    name = "alpaca"
    tape = Tape({"1d": "tiingo", "1m": "lean", "1h": "lean"}, {"1d": "binance_vision", "1h": "binance_vision", "1m": "binance_vision"})
    cursor = re.compile(rb'"next_page_token":\s*"([^"]*)"')
    renamed = (b'"c":', b'"close":')

    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        stocks = Bars(self, book)
        return [
            web.get("/v2/stocks/bars", stocks.many),
            web.get("/v2/stocks/{symbol}/bars", stocks.one),
            web.get("/v1beta3/crypto/{loc}/bars", stocks.coins),
        ]

    def spelled(self, symbol: str) -> str:
        """Pairs with a slash; shares as they are."""
        return symbol.replace("-", "/")

    def refused(self, request: web.Request) -> web.Response | None:
        """401 without both headers; the history of pairs needs none."""
        if "/crypto/" in request.path:
            return None
        keys = [request.headers.get(f"APCA-API-{name}") for name in ("KEY-ID", "SECRET-KEY")]
        return None if all(map(good, keys)) else self.trouble(401, {})

    def meter(self, rate: int | None) -> Meter:
        """200 requests a minute."""
        return Windows([Window(rate or 200, 60)])

    def stamps(self, verdict: Verdict) -> dict[str, str]:
        """The limit of the minute, what is left, and the second at which it starts anew."""
        reset = clock.now() + timedelta(seconds=verdict.wait)
        return {
            "X-RateLimit-Limit": str(verdict.window.limit),
            "X-RateLimit-Remaining": str(verdict.left),
            "X-RateLimit-Reset": str(round(reset.timestamp())),
        }

    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """JSON with a message; an unknown path is plain text."""
        if status == 404:
            return text("Not Found", 404, headers=headers)
        says = {401: "unauthorized.", 403: "forbidden.", 418: "banned.", 429: "too many requests."}.get(status, "internal server error")
        return js({"message": says}, status, headers)


class Bars:
    """The bar endpoints."""

    def __init__(self, protocol: Alpaca, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    async def many(self, request: web.Request) -> web.Response:
        """`/v2/stocks/bars`."""
        found, token = self._page(request, _symbols(request), "us_equities")
        body = b",".join(b'"' + label.encode() + b'":' + rows for label, rows in found)
        return _wrapped(request, b'"bars":{' + body + b"}", token)

    async def one(self, request: web.Request) -> web.Response:
        """`/v2/stocks/{symbol}/bars`."""
        symbol = request.match_info["symbol"]
        found, token = self._page(request, [symbol], "us_equities")
        rows = found[0][1] if found else b"null"
        return _wrapped(request, b'"symbol":"' + symbol.encode() + b'","bars":' + rows, token)

    async def coins(self, request: web.Request) -> web.Response:
        """`/v1beta3/crypto/{loc}/bars`."""
        if (where := request.match_info["loc"]) not in {"us", "us-1", "us-2", "eu-1", "bs-1"}:
            raise bad(f"Invalid location: {where}")
        found, token = self._page(request, _symbols(request), "crypto")
        body = b",".join(b'"' + label.encode() + b'":' + rows for label, rows in found)
        return _wrapped(request, b'"bars":{' + body + b"}", token)

    def _page(self, request: web.Request, labels: list[str], asset_class: str) -> tuple[list[tuple[str, bytes]], str | None]:
        timeframe = _timeframe(request.query.get("timeframe", _LEAVE))
        limit, page = limited(request), paged(request)
        start, end = window(request, self._book)
        if asset_class == "us_equities":
            entitled(request, self._book, end)
        adjust = _adjustments(request)
        newest_first = request.query.get("sort", "asc") == "desc"
        daily = timeframe[-1] in "dwo" and asset_class == "us_equities"
        left = limit
        out: list[tuple[str, bytes]] = []
        last = ("", pl.Series(dtype=pl.Datetime("us", "UTC")))
        for span in spans(self._protocol, self._book, request, labels, asset_class):
            if page and (span.label < page.label):
                continue
            low, high = (_day_from(start), _day_after(end)) if daily else (start, end + timedelta(microseconds=1))
            low, high = max(low, span.start or low), min(high, span.end or high)
            bars = self._book.bars(self._protocol.name, span.symbol, timeframe, low, high)
            bars = self._adjusted(bars, span.symbol, adjust)
            bars = after(bars.reverse() if newest_first else bars, page if page and span.label == page.label else None, newest_first)
            if not bars.height:
                continue
            if left == 0:
                return out, token_of(last)
            shown = bars.head(left)
            left -= shown.height
            last = (span.label, shown["timestamp"])
            out.append((span.label, _rows(shown, daily=daily, whole=asset_class == "us_equities")))
            if shown.height < bars.height:
                return out, token_of(last)
        return out, None

    def _adjusted(self, bars: pl.DataFrame, symbol: str, wanted: frozenset[str]) -> pl.DataFrame:
        if wanted & {"dividend", "all"}:
            part = paid_factor(paid_factors(self._book.all_bars(self._protocol.name, symbol, "1d")))
            bars = bars.with_columns((pl.col(name) * part).alias(name) for name in ("open", "high", "low", "close", "vwap"))
        if wanted & {"split", "all"}:
            bars = split_adjusted(bars, self._book.splits(symbol))
        return bars


def bad(message: str) -> Refused:
    """A 400 with that message."""
    return Refused(js({"message": message}, 400))


def spans(protocol: Alpaca, book: Book, request: web.Request, labels: list[str], asset_class: str) -> list[Span]:
    """Whose rows each label means under the request's `asof`, sorted by label; labels that nobody answers to are left out."""
    asof = request.query.get("asof", "")
    day = book.today
    if asof not in ("", "-"):
        try:
            day = asking.day(asof)
        except Wrong:
            raise bad(f"invalid asof: {asof}") from None
    found = []
    for label in sorted(set(labels)):
        if asset_class == "crypto":
            symbol = protocol.canonical(label, asset_class, book.symbols(asset_class))
            found += [Span(label, symbol, None, None)] if symbol else []
        else:
            found += _company(book, label, None if asof == "-" else day)
    return found


def _company(book: Book, label: str, day: object) -> list[Span]:
    for one in book.listings():
        for alias in one.aliases:
            changed = midnight(alias.end) if alias.end else None
            if label == alias.spelling:
                known = day is not None and alias.holds(day)  # type: ignore[arg-type]
                return [Span(label, one.symbol, None, None if known else changed)]
            if label == one.symbol and (day is None or alias.holds(day)):  # type: ignore[arg-type]
                return [Span(label, one.symbol, changed, None)]
        if label == one.symbol:
            return [Span(label, one.symbol, None, None)]
    return []


def window(request: web.Request, book: Book) -> tuple[datetime, datetime]:
    """The request's span, both ends included: from the start of the day to now, when absent."""
    try:
        start = asking.instant(request.query["start"], NEW_YORK) if "start" in request.query else _midnight_in_new_york(book)
        end = asking.instant(request.query["end"], NEW_YORK) if "end" in request.query else book.at
    except Wrong as wrong:
        raise bad(f"invalid time: {wrong}") from None
    if end < start:
        raise bad("end should not be before start")
    return start, end


def entitled(request: web.Request, book: Book, end: datetime) -> None:
    """Refuses young consolidated data to the free plan."""
    try:
        feed = asking.chosen(request, "feed", "sip", _FEEDS)
    except Wrong as wrong:
        raise bad(f"invalid feed: {wrong}") from None
    free = request.headers.get("APCA-API-KEY-ID", "").startswith("free")
    if free and feed == "sip" and end > book.at - timedelta(minutes=15):
        raise Refused(js({"message": "subscription does not permit querying recent SIP data"}, 403))


def limited(request: web.Request) -> int:
    """How many rows of all symbols a page may hold."""
    try:
        return asking.whole(request, "limit", 1000, 1, 10_000)
    except Wrong as wrong:
        raise bad(f"invalid limit: {wrong}") from None


def paged(request: web.Request) -> Page | None:
    """Where the request's token points to."""
    token = request.query.get("page_token", "")
    if not token:
        return None
    try:
        label, at, skip = b64decode(token, validate=True).decode().split("|")
        return Page(label, int(at), int(skip))
    except ValueError:
        raise bad("invalid page_token") from None


def token_of(last: tuple[str, pl.Series]) -> str:
    """The token behind the last row of a page: its label, its stamp, and how many rows of that stamp have been shown."""
    label, stamps = last
    return b64encode(f"{label}|{stamps[-1:].to_physical()[0]}|{(stamps == stamps[-1]).sum()}".encode()).decode()


def after(rows: pl.DataFrame, page: Page | None, newest_first: bool) -> pl.DataFrame:
    """The rows that the page starts with, in the order given."""
    if page is None:
        return rows
    stamps = rows["timestamp"].to_physical()
    there = stamps >= page.at if newest_first else stamps <= page.at
    passed = int(there.sum())
    same = int((stamps == page.at).sum())
    return rows[passed - same + min(page.skip, same) :]


def _symbols(request: web.Request) -> list[str]:
    labels = asking.listed(request, "symbols")
    if not labels:
        raise bad("symbols is required")
    for label in labels:
        if not re.fullmatch(r"[A-Za-z0-9./]+", label):
            raise bad(f"invalid symbol: {label}")
    return labels


def _timeframe(word: str) -> str:
    if match := _MINUTES.fullmatch(word):
        return f"{match[1]}m"
    if match := _HOURS.fullmatch(word):
        return f"{match[1]}h"
    if word not in _LONG:
        raise bad("timeframe is required" if word == _LEAVE else f"invalid timeframe: {word}")
    return _LONG[word]


def _adjustments(request: web.Request) -> frozenset[str]:
    given = request.query.getall("adjustment", ["raw"])
    words = given[0].split(",")
    if len(given) > 1 or not set(words) <= _ADJUSTMENTS:
        raise bad(f"invalid adjustment: {','.join(given)}")
    return frozenset(words)


def _midnight_in_new_york(book: Book) -> datetime:
    return datetime.combine(book.today, datetime.min.time(), tzinfo=NEW_YORK).astimezone(UTC)


def _day_from(start: datetime) -> datetime:
    """The first day whose midnight in New York is not before `start`, as the book stamps it."""
    local = start.astimezone(NEW_YORK)
    late = local.timetz().replace(tzinfo=None) > datetime.min.time()
    return midnight(local.date() + timedelta(days=1 if late else 0))


def _day_after(end: datetime) -> datetime:
    return midnight(end.astimezone(NEW_YORK).date() + timedelta(days=1))


def _rows(bars: pl.DataFrame, *, daily: bool, whole: bool) -> bytes:
    stamp = pl.col("timestamp")
    if daily:
        stamp = stamp.dt.replace_time_zone(None).dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC")
    return (
        bars.select(
            stamp.dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("t"),
            *(pl.col(name).alias(name[0]) for name in ("open", "high", "low", "close")),
            pl.col("volume").round().cast(pl.Int64).alias("v") if whole else pl.col("volume").alias("v"),
            pl.col("trade_count").alias("n"),
            pl.col("vwap").alias("vw"),
        )
        .write_json()
        .encode()
    )


def _wrapped(request: web.Request, inside: bytes, token: str | None) -> web.Response:
    told = b',"currency":"' + request.query["currency"].encode() + b'"' if "currency" in request.query else b""
    ending = b'"' + token.encode() + b'"' if token else b"null"
    return js(b"{" + inside + told + b',"next_page_token":' + ending + b"}")
