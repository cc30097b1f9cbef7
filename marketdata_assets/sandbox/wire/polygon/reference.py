"""Polygon's reference data: tickers, their events, splits, dividends, news, option contracts, holidays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import orjson
from aiohttp import web

from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.asking import Wrong
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.options import contracts
from marketdata_assets.sandbox.wire.polygon.words import envelope, given, listed, refused, request_id
from marketdata_assets.sandbox.wire.protocol import Protocol, js
from marketdata_assets.sandbox.wire.who import Who, everybody

_FILTERS = ("ticker", "type", "market", "exchange", "cusip", "cik", "active")


class Reference:
    """The endpoints of reference data."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    def routes(self) -> list[web.RouteDef]:
        """The paths."""
        return [
            web.get("/v3/reference/tickers", self.tickers),
            web.get("/v3/reference/tickers/{ticker}", self.details),
            web.get("/vX/reference/tickers/{ticker}/events", self.events),
            web.get("/v3/reference/splits", self.splits),
            web.get("/v3/reference/dividends", self.dividends),
            web.get("/stocks/v1/splits", self.new_splits),
            web.get("/stocks/v1/dividends", self.new_dividends),
            web.get("/v2/reference/news", self.news),
            web.get("/v3/reference/options/contracts", self.options),
            web.get("/v1/marketstatus/upcoming", self.upcoming),
        ]

    async def tickers(self, request: web.Request) -> web.Response:
        """`/v3/reference/tickers`: those listed on `date`; with `active=false` those that had been delisted by then."""
        asked = given(request)
        day = self._date(request, asked)
        rows = [_ticker(who, day) for who in everybody(self._book.market) if who.listed <= day]
        if "active" not in asked:
            rows = [row for row in rows if row["active"]]
        if search := asked.get("search", "").lower():
            rows = [row for row in rows if search in row["ticker"].lower() or search in row["name"].lower()]
        return listed(request, rows, _FILTERS, limit=100, top=1000, sort="ticker.asc")

    async def details(self, request: web.Request) -> web.Response:
        """`/v3/reference/tickers/{T}`: one object."""
        day = self._date(request, given(request))
        ticker = request.match_info["ticker"]
        who = next((who for who in everybody(self._book.market) if who.ticker(day) == ticker and who.listed <= day), None)
        if who is None:
            raise refused(request, 404, "Ticker not found.")
        held = self._book.market.daily[who.symbol]
        held = held.filter(held["session"] <= day)
        shares = int(held["shares"][-1]) if held.height else 0
        result = {
            **_ticker(who, day),
            "market_cap": shares * float(held["close"][-1]) if held.height else None,
            "phone_number": "(555) 010-0000",
            "address": {"address1": "1 SIMULATION WAY", "city": "NOWHERE", "state": "CA", "postal_code": "00000"},
            "description": f"{who.name} exists in a simulated market only.",
            "sic_code": who.sic,
            "sic_description": who.trade.upper(),
            "ticker_root": ticker.partition(".")[0],
            "homepage_url": f"https://{ticker.partition('.')[0].lower()}.invalid",
            "total_employees": 1000 * who.number,
            "list_date": who.listed.isoformat(),
            "share_class_shares_outstanding": shares,
            "weighted_shares_outstanding": shares,
            "round_lot": 100,
        }
        return self._enveloped(request, result)

    async def events(self, request: web.Request) -> web.Response:
        """`/vX/reference/tickers/{id}/events`: the tickers of the company that has this one now, newest first."""
        named = request.match_info["ticker"]
        who = next((w for w in everybody(self._book.market) if named in (w.ticker(self._book.today), w.figi, w.cusip)), None)
        if who is None:
            raise refused(request, 404, f"Entity for {named} not found.")
        happened = [(who.listed, who.former or who.symbol)]
        if who.former and who.renamed and who.renamed <= self._book.today:
            happened.append((who.renamed, who.symbol))
        rows = [
            {"ticker_change": {"ticker": ticker}, "type": "ticker_change", "date": day.isoformat()} for day, ticker in reversed(happened)
        ]
        return self._enveloped(request, {"name": who.name, "composite_figi": who.figi, "cik": f"{who.cik:010d}", "events": rows})

    async def splits(self, request: web.Request) -> web.Response:
        """`/v3/reference/splits`."""
        rows = [{key: row[key] for key in ("execution_date", "id", "split_from", "split_to", "ticker")} for row in self._splits()]
        return listed(request, rows, ("ticker", "execution_date"), limit=10, top=1000, sort="execution_date.desc")

    async def new_splits(self, request: web.Request) -> web.Response:
        """`/stocks/v1/splits`: with the factor for prices before the date."""
        fields = ("ticker", "execution_date", "adjustment_type")
        return listed(request, self._splits(), fields, limit=100, top=5000, sort="execution_date.desc")

    async def dividends(self, request: web.Request) -> web.Response:
        """`/v3/reference/dividends`."""
        own = ("cash_amount", "declaration_date", "ex_dividend_date", "frequency", "id", "pay_date", "record_date", "ticker")
        rows = [{**{key: row[key] for key in own}, "dividend_type": "CD", "currency": "USD"} for row in self._dividends()]
        fields = ("ticker", "ex_dividend_date", "record_date", "declaration_date", "pay_date", "frequency", "cash_amount", "dividend_type")
        return listed(request, rows, fields, limit=10, top=1000, sort="ex_dividend_date.desc")

    async def new_dividends(self, request: web.Request) -> web.Response:
        """`/stocks/v1/dividends`: with amounts and factors adjusted for later events."""
        fields = ("ticker", "ex_dividend_date", "frequency", "distribution_type")
        return listed(request, self._dividends(), fields, limit=100, top=5000, sort="ex_dividend_date.desc")

    async def news(self, request: web.Request) -> web.Response:
        """`/v2/reference/news`: a note on every split and dividend."""
        asked = given(request)
        rows = [row for row in self._news() if asked.get("ticker", row["tickers"][0]) == row["tickers"][0]]
        return listed(request, rows, ("published_utc",), limit=10, top=1000, sort="published_utc.desc")

    async def options(self, request: web.Request) -> web.Response:
        """`/v3/reference/options/contracts`."""
        rows = [
            {
                "cfi": "OCASPS" if one.kind == "call" else "OPASPS",
                "contract_type": one.kind,
                "exercise_style": "american",
                "expiration_date": one.expiry.isoformat(),
                "primary_exchange": "BATO",
                "shares_per_contract": 100,
                "strike_price": one.strike,
                "ticker": f"O:{one.symbol}",
                "underlying_ticker": one.underlying,
            }
            for one in contracts(self._book, self._protocol.name)
        ]
        fields = ("ticker", "underlying_ticker", "contract_type", "expiration_date", "strike_price")
        return listed(request, rows, fields, limit=10, top=1000, sort="ticker.asc")

    async def upcoming(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a handler
        """`/v1/marketstatus/upcoming`: a bare list of the closures and half days of a year to come, once an exchange."""
        first, last = self._book.today, self._book.today + timedelta(days=365)
        hours = {row["session"]: row for row in self._book.sessions(first, last).to_dicts()}
        rows: list[dict[str, Any]] = []
        for n in range(365):
            day = first + timedelta(days=n)
            if day.weekday() > 4 or (day in hours and hours[day]["minutes"] == 390):
                continue
            about: dict[str, Any] = {"date": day.isoformat(), "name": "Holiday", "status": "closed"}
            if day in hours:
                about["status"] = "early-close"
                about |= {side: f"{hours[day][side]:%Y-%m-%dT%H:%M:%S.000Z}" for side in ("open", "close")}
            rows += [{"exchange": exchange, **about} for exchange in ("NYSE", "NASDAQ")]
        return js(rows)

    def _splits(self) -> list[dict[str, Any]]:
        rows = []
        for who in everybody(self._book.market):
            factor = 1.0
            for day, ratio in reversed(self._book.splits(who.symbol)):
                factor /= ratio
                rows.append(
                    {
                        "id": _id("split", who.symbol, day),
                        "execution_date": day.isoformat(),
                        "split_from": 1.0 if ratio >= 1 else round(1 / ratio, 6),
                        "split_to": ratio if ratio >= 1 else 1.0,
                        "ticker": who.ticker(day),
                        "adjustment_type": "forward_split" if ratio >= 1 else "reverse_split",
                        "historical_adjustment_factor": round(factor, 6),
                    }
                )
        return rows

    def _dividends(self) -> list[dict[str, Any]]:
        rows = []
        for row in self._book.actions().rows(named=True):
            if row["kind"] != "dividend":
                continue
            day = row["ex_date"]
            later = 1.0
            for at, ratio in self._book.splits(row["symbol"]):
                later *= ratio if at > day else 1.0
            rows.append(
                {
                    "id": _id("dividend", row["symbol"], day),
                    "ticker": row["symbol"],
                    "declaration_date": (day - timedelta(days=20)).isoformat(),
                    "ex_dividend_date": day.isoformat(),
                    "record_date": day.isoformat(),
                    "pay_date": (day + timedelta(days=21)).isoformat(),
                    "frequency": 4,
                    "cash_amount": row["value"],
                    "currency": "USD",
                    "distribution_type": "recurring",
                    "split_adjusted_cash_amount": round(row["value"] / later, 6),
                }
            )
        return rows

    def _news(self) -> list[dict[str, Any]]:
        rows = []
        for row in self._book.actions().rows(named=True):
            symbol, day = row["symbol"], row["ex_date"]
            link = f"https://news.invalid/{symbol.lower()}/{day}"
            rows.append(
                {
                    "id": _id("news", symbol, day),
                    "publisher": {"name": "Simulated Wire", "homepage_url": "https://news.invalid/"},
                    "title": f"{symbol}: {row['kind']} on {day}",
                    "author": "Simulated Wire",
                    "published_utc": f"{day}T12:00:00Z",
                    "article_url": link,
                    "tickers": [symbol],
                    "description": f"A {row['kind']} of {symbol} takes effect on {day}.",
                }
            )
        return rows

    def _date(self, request: web.Request, asked: Mapping[str, str]) -> date:
        try:
            return min(asking.day(asked["date"]), self._book.today) if "date" in asked else self._book.today
        except Wrong as wrong:
            raise refused(request, 400, f"could not parse date {wrong}") from None

    def _enveloped(self, request: web.Request, result: object) -> web.Response:
        return envelope(request, orjson.dumps({"results": result, "status": "OK", "request_id": request_id(request)}))


def _ticker(who: Who, day: date) -> dict[str, Any]:
    gone = {"delisted_utc": f"{who.delisted}T00:00:00Z"} if who.delisted and who.delisted <= day else {}
    return {
        "ticker": who.ticker(day),
        "name": who.name,
        "market": "stocks",
        "locale": "us",
        "primary_exchange": "XNYS",
        "type": "CS",
        "active": who.active(day),
        "currency_name": "usd",
        "cik": f"{who.cik:010d}",
        "composite_figi": who.figi,
        "share_class_figi": who.figi.replace("BBG00", "BBG01"),
        "last_updated_utc": f"{day}T00:00:00Z",
        **gone,
    }


def _id(kind: str, symbol: str, day: date) -> str:
    return "E" + hashlib.sha256(f"{kind}/{symbol}/{day}".encode()).hexdigest()
