"""Yahoo's chart interface: prices adjusted for every split, the adjusted close beside them, dividends and splits as events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import unquote

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.market import TRUE
from marketdata_assets.sandbox.standing import NEW_YORK
from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.adjusting import paid_factor, paid_factors, split_adjusted
from marketdata_assets.sandbox.wire.asking import Wrong
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.limits import Meter, Window, Windows
from marketdata_assets.sandbox.wire.protocol import Protocol, Refused, Tape, js, text
from marketdata_assets.sandbox.wire.who import everybody

_INTERVALS = {
    "1m": "1m",
    "2m": "2m",
    "5m": "5m",
    "15m": "15m",
    "30m": "30m",
    "60m": "1h",
    "1h": "1h",
    "1d": "1d",
    "1wk": "1w",
    "1mo": "1mo",
}
_RANGES = {"1d": 1, "5d": 5, "1mo": 31, "3mo": 92, "6mo": 183, "1y": 366, "2y": 731, "5y": 1827, "10y": 3653, "max": 36500}
_BACK = {"1m": 30, "2m": 60, "5m": 60, "15m": 60, "30m": 60, "60m": 730, "1h": 730}
_LONG = frozenset({"1d", "1wk", "1mo"})
_PRICES = ("open", "high", "low", "close")
_RANGE_WORDS = [*list(_RANGES)[:-1], "ytd", "max"]


class Asked(NamedTuple):
    """What a chart is asked for: bars that begin in `[start, end]`."""

    symbol: str
    interval: str
    start: datetime
    end: datetime


class Yahoo(Protocol):
    """Yahoo: no key, one symbol a request, columns instead of rows, prices with the noise of 32-bit floats."""

    name = "yahoo"
    tape = Tape({"1d": TRUE, "1m": TRUE, "1h": TRUE}, {"1d": TRUE, "1h": TRUE, "1m": TRUE}, noise=0.002)
    renamed = (b'"close":', b'"last":')

    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        return [web.get("/v8/finance/chart/{symbol}", Chart(self, book).chart)]

    def spelled(self, symbol: str) -> str:
        """Share classes after a hyphen; pairs as they are."""
        return symbol.replace(".", "-")

    def meter(self, rate: int | None) -> Meter:
        """2,000 requests an hour, which is what users found."""
        return Windows([Window(rate or 2000, 3600)])

    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """Plain text for too many requests, HTML when it is down, JSON otherwise."""
        if status in (418, 429):
            return text("Too Many Requests\r\n", 429, headers=headers)
        if status >= 500:
            return text("<html><body>Will be right back...</body></html>", status, kind="text/html", headers=headers)
        code, words = {
            401: ("Unauthorized", "User is unable to access this feature"),
            404: ("Not Found", "No data found, symbol may be delisted"),
        }.get(status, ("Bad Request", "Invalid input"))
        root = "finance" if status == 401 else "chart"
        return js({root: {"result": None, "error": {"code": code, "description": words}}}, status, headers)

    def notice(self) -> web.Response:
        """The page of a site that is down, with status 200."""
        return text("<html><body><h1>Will be right back...</h1></body></html>", kind="text/html")


class Chart:
    """The chart endpoint."""

    def __init__(self, protocol: Yahoo, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    async def chart(self, request: web.Request) -> web.Response:
        """`/v8/finance/chart/{symbol}`."""
        asked = self._asked(request)
        share = "-USD" not in asked.symbol
        bars = self._bars(asked, share=share)
        result: dict[str, Any] = {"meta": self._meta(asked, request, share=share)}
        if not bars.height:
            result["indicators"] = {"quote": [{}]}
            return js({"chart": {"result": [result], "error": None}})
        stamps = bars["stamp"].to_list()
        result["timestamp"] = stamps
        wanted = set(re.split(r"[,|]", request.query.get("events", "")))
        if events := self._events(asked, wanted):
            result["events"] = events
        quote = {name: bars[name].cast(pl.Float32).cast(pl.Float64).to_list() for name in ("close", "low", "open", "high")}
        quote["volume"] = bars["volume"].round().cast(pl.Int64).to_list()
        result["indicators"] = {"quote": [quote]}
        if asked.interval in _LONG:
            result["indicators"]["adjclose"] = [{"adjclose": bars["adjclose"].cast(pl.Float32).cast(pl.Float64).to_list()}]
        return js({"chart": {"result": [result], "error": None}})

    def _asked(self, request: web.Request) -> Asked:
        spelling = unquote(request.match_info["symbol"])
        listed = [who.symbol for who in everybody(self._book.market) if who.active(self._book.today)]
        names = {self._protocol.spelled(one): one for one in [*listed, *self._book.symbols("crypto")]}
        if spelling not in names:
            raise Refused(self._protocol.trouble(404, {}))
        interval = request.query.get("interval", "1d")
        if interval not in _INTERVALS:
            raise _refused(422, "Unprocessable Entity", f"Invalid input - interval={interval} is not supported.")
        start, end = self._window(request)
        back = _BACK.get(interval)
        if back and start < self._book.at - timedelta(days=back):
            asked = f"startTime={start.timestamp():.0f} and endTime={end.timestamp():.0f}"
            last = f"The requested range must be within the last {back} days."
            raise _refused(422, "Unprocessable Entity", f"{interval} data not available for {asked}. {last}")
        if interval == "1m" and end - start > timedelta(days=8):
            raise _refused(422, "Unprocessable Entity", "Only 8 days worth of 1m granularity data are allowed to be fetched per request.")
        return Asked(names[spelling], interval, start, end)

    def _window(self, request: web.Request) -> tuple[datetime, datetime]:
        try:
            if "period1" in request.query:
                start = asking.epoch(request.query["period1"], 1)
                end = asking.epoch(request.query["period2"], 1) if "period2" in request.query else self._book.at
            else:
                end = self._book.at
                start = self._back(request.query.get("range", "1d"))
        except Wrong as wrong:
            raise _refused(400, "Bad Request", f"Invalid input - {wrong}") from None
        if end < start:
            words = f"Invalid input - start date cannot be after end date. startDate = {start:%s}, endDate = {end:%s}"
            raise _refused(400, "Bad Request", words)
        return start, end

    def _back(self, word: str) -> datetime:
        if word == "ytd":
            return datetime(self._book.today.year, 1, 1, tzinfo=NEW_YORK)
        if word not in _RANGES:
            raise Wrong(word)
        return max(self._book.at - timedelta(days=_RANGES[word]), datetime(1970, 1, 1, tzinfo=UTC))

    def _bars(self, asked: Asked, *, share: bool) -> pl.DataFrame:
        """The bars with `stamp` (seconds: of a share's day its open) and, of long ones, `adjclose`; a session without a bar is all null."""
        name, every = self._protocol.name, _INTERVALS[asked.interval]
        wide = timedelta(days=1)
        bars = self._book.bars(name, asked.symbol, every, asked.start - wide, asked.end + wide)
        paid = paid_factors(self._book.all_bars(name, asked.symbol, "1d")) if share and asked.interval in _LONG else []
        bars = split_adjusted(bars, self._book.splits(asked.symbol)).with_columns(adjclose=pl.col("close") * paid_factor(paid))
        if share and asked.interval == "1d":
            bars = self._at_open(bars, asked)
        else:
            bars = bars.with_columns(stamp=pl.col("timestamp").dt.epoch("s"))
        low, high = asked.start.timestamp(), asked.end.timestamp()
        return bars.filter(pl.col("stamp") >= low, pl.col("stamp") <= high)

    def _at_open(self, bars: pl.DataFrame, asked: Asked) -> pl.DataFrame:
        whole = self._book.all_bars(self._protocol.name, asked.symbol, "1d")
        dated = bars.with_columns(session=pl.col("timestamp").dt.date())
        if not bars.height:
            return dated.with_columns(stamp=pl.lit(None, pl.Int64))
        first: date = max(asked.start.date(), whole["timestamp"][0].date())
        last: date = min(asked.end.date(), whole["timestamp"][-1].date()) + timedelta(days=1)
        hours = self._book.sessions(first, last).select("session", pl.col("open").dt.epoch("s").alias("stamp"))
        return hours.join(dated, on="session", how="left", maintain_order="left")

    def _events(self, asked: Asked, wanted: set[str]) -> dict[str, Any]:
        splits = self._book.splits(asked.symbol)
        held = self._book.all_bars(self._protocol.name, asked.symbol, "1d").filter(pl.col("dividend") > 0)
        found: dict[str, Any] = {}
        if "div" in wanted:
            paid: dict[int, Any] = {}
            for at, cash in held.select("timestamp", "dividend").iter_rows():
                later = 1.0
                for day, ratio in splits:
                    later *= ratio if day > at.date() else 1.0
                paid |= {opened: {"amount": round(cash / later, 6), "date": opened} for opened in self._opened(asked, at.date())}
            found |= {"dividends": {str(key): value for key, value in paid.items()}} if paid else {}
        if "splits" in wanted or "split" in wanted:
            told: dict[str, Any] = {}
            for day, ratio in splits:
                up, down = (round(ratio, 6), 1) if ratio >= 1 else (1, round(1 / ratio, 6))
                both = {"numerator": up, "denominator": down, "splitRatio": f"{up:g}:{down:g}"}
                told |= {str(opened): {"date": opened, **both} for opened in self._opened(asked, day)}
            found |= {"splits": told} if told else {}
        return found

    def _opened(self, asked: Asked, day: date) -> list[int]:
        """The second at which a session opened, when it lies within what is asked for."""
        hours = self._book.sessions(day, day + timedelta(days=1))
        return [round(at.timestamp()) for at in hours["open"] if asked.start <= at <= asked.end]

    def _meta(self, asked: Asked, request: web.Request, *, share: bool) -> dict[str, Any]:
        bars = self._book.all_bars(self._protocol.name, asked.symbol, "1d")
        last = bars.row(-1, named=True) if bars.height else {"close": None, "timestamp": self._book.at}
        local = self._book.at.astimezone(NEW_YORK) if share else self._book.at
        offset = local.utcoffset() or timedelta()
        return {
            "currency": "USD" if share else asked.symbol.rpartition("-")[2],
            "symbol": self._protocol.spelled(asked.symbol),
            "exchangeName": "NYQ" if share else "CCC",
            "fullExchangeName": "NYSE" if share else "CCC",
            "instrumentType": "EQUITY" if share else "CRYPTOCURRENCY",
            "firstTradeDate": round(bars["timestamp"][0].timestamp()) if bars.height else None,
            "regularMarketTime": round(self._book.at.timestamp()),
            "hasPrePostMarketData": share,
            "gmtoffset": round(offset.total_seconds()),
            "timezone": local.tzname(),
            "exchangeTimezoneName": "America/New_York" if share else "UTC",
            "regularMarketPrice": last["close"],
            "priceHint": 2,
            "dataGranularity": asked.interval,
            "range": request.query.get("range", ""),
            "validRanges": _RANGE_WORDS,
        }


def _refused(status: int, code: str, words: str) -> Refused:
    return Refused(js({"chart": {"result": None, "error": {"code": code, "description": words}}}, status))
