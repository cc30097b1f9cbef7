"""Alpha Vantage's reference functions: quote, overview, splits, dividends, listings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.alphavantage.words import csv, invalid_call, known, pretty, wants_csv
from marketdata_assets.sandbox.wire.asking import Wrong
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.filings import Filings
from marketdata_assets.sandbox.wire.protocol import Protocol
from marketdata_assets.sandbox.wire.who import everybody

_LISTED = ("symbol", "name", "exchange", "assetType", "ipoDate", "delistingDate", "status")


class Reference:
    """The functions that answer with other things than bars."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book
        self._filings = Filings(book)

    def functions(self) -> dict[str, Callable[[web.Request], Awaitable[web.Response]]]:
        """The functions by name."""
        return {
            "GLOBAL_QUOTE": self.quote,
            "OVERVIEW": self.overview,
            "SPLITS": self.splits,
            "DIVIDENDS": self.dividends,
            "LISTING_STATUS": self.listings,
        }

    async def quote(self, request: web.Request) -> web.Response:
        """The last day and what it changed; an empty object for an unknown symbol."""
        symbol = known(self._protocol, self._book, request)
        bars = self._book.bars(self._protocol.name, symbol, "1d") if symbol else None
        if bars is None or bars.height < 2:
            return pretty({"Global Quote": {}})
        before, last = bars.tail(2).to_dicts()
        change = last["close"] - before["close"]
        values = {
            "symbol": request.query["symbol"].upper(),
            **{name: f"{last[name]:.4f}" for name in ("open", "high", "low")},
            "price": f"{last['close']:.4f}",
            "volume": f"{last['volume']:.0f}",
            "latest trading day": f"{last['timestamp']:%Y-%m-%d}",
            "previous close": f"{before['close']:.4f}",
            "change": f"{change:.4f}",
            "change percent": f"{100 * change / before['close']:.4f}%",
        }
        if wants_csv(request):
            names = {"latest trading day": "latestDay", "previous close": "previousClose", "change percent": "changePercent"}
            return csv(pl.DataFrame([{names.get(key, key): value for key, value in values.items()}]))
        return pretty({"Global Quote": {f"{n:02d}. {key}": value for n, (key, value) in enumerate(values.items(), start=1)}})

    async def overview(self, request: web.Request) -> web.Response:
        """One object of texts; an empty one for an unknown symbol."""
        symbol = known(self._protocol, self._book, request)
        if symbol is None:
            return pretty({})
        who = next(one for one in everybody(self._book.market) if one.symbol == symbol)
        held = self._book.market.daily[symbol].filter(pl.col("session") <= self._book.today)
        shares, close = (int(held["shares"][-1]), float(held["close"][-1])) if held.height else (0, 0.0)
        facts = self._filings.latest(who)
        document: dict[str, Any] = {
            "Symbol": request.query["symbol"].upper(),
            "AssetType": "Common Stock",
            "Name": who.name,
            "Description": f"{who.name} exists in a simulated market only.",
            "CIK": str(who.cik),
            "Exchange": "NYSE",
            "Currency": "USD",
            "Country": "USA",
            "Sector": who.sector.upper(),
            "Industry": who.trade.upper(),
            "FiscalYearEnd": "December",
            "LatestQuarter": facts.get("quarter", "None"),
            "MarketCapitalization": f"{shares * close:.0f}",
            "PERatio": f"{close / facts['eps']:.2f}" if facts.get("eps") else "None",
            "EPS": f"{facts['eps']:.2f}" if facts.get("eps") else "None",
            "RevenueTTM": f"{facts['revenue']:.0f}" if facts.get("revenue") else "None",
            "PEGRatio": "None",
            "Beta": "-",
            "SharesOutstanding": str(shares),
            "ExDividendDate": self._last_dividend(symbol),
        }
        return pretty(document)

    async def splits(self, request: web.Request) -> web.Response:
        """New shares per old share by date, newest first."""
        symbol = self._known(request)
        rows = [{"effective_date": day.isoformat(), "split_factor": f"{ratio:.4f}"} for day, ratio in reversed(self._book.splits(symbol))]
        return self._rows(request, rows, {"effective_date": pl.String, "split_factor": pl.String})

    async def dividends(self, request: web.Request) -> web.Response:
        """Cash by ex-date, newest first; the next one that has been announced among them."""
        symbol = self._known(request)
        held = self._book.market.daily[symbol].filter(pl.col("dividend") > 0)
        names = ("ex_dividend_date", "declaration_date", "record_date", "payment_date")
        rows = []
        for day, cash in held.select("session", "dividend").reverse().iter_rows():
            declared = day - timedelta(days=20)
            if declared <= self._book.today:
                dates = (day, declared, day, day + timedelta(days=21))
                rows.append({**{name: at.isoformat() for name, at in zip(names, dates, strict=True)}, "amount": f"{cash:g}"})
        return self._rows(request, rows, dict.fromkeys((*names, "amount"), pl.String))

    async def listings(self, request: web.Request) -> web.Response:
        """CSV of the companies listed on a day, or of those delisted by then."""
        state = request.query.get("state", "active")
        try:
            day = asking.day(request.query["date"]) if "date" in request.query else self._book.today
        except Wrong:
            raise invalid_call("LISTING_STATUS") from None
        if state not in ("active", "delisted") or day.year < 2010:
            raise invalid_call("LISTING_STATUS")
        rows = []
        for who in everybody(self._book.market):
            gone = who.delisted if who.delisted and who.delisted <= day else None
            if who.listed <= day and (gone is None) == (state == "active"):
                dates = (who.listed.isoformat(), gone.isoformat() if gone else None)
                ticker = self._protocol.spelled(who.ticker(day))
                rows.append((ticker, who.name, "NYSE", "Stock", *dates, "Delisted" if gone else "Active"))
        return csv(pl.DataFrame(rows, schema=dict.fromkeys(_LISTED, pl.String), orient="row"))

    def _known(self, request: web.Request) -> str:
        symbol = known(self._protocol, self._book, request)
        if symbol is None:
            raise invalid_call(request.query["function"])
        return symbol

    def _rows(self, request: web.Request, rows: list[dict[str, str]], schema: dict[str, Any]) -> web.Response:
        if wants_csv(request):
            return csv(pl.DataFrame(rows, schema=schema))
        return pretty({"symbol": request.query["symbol"].upper(), "data": rows})

    def _last_dividend(self, symbol: str) -> str:
        held = self._book.actions().filter(pl.col("symbol") == symbol, pl.col("kind") == "dividend")
        return f"{held['ex_date'][-1]}" if held.height else "None"
