"""Alpaca's option contracts, chains and quotes. The invented contracts are quoted and never trade."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from aiohttp import web

from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.alpaca_words import bad, symbols_of
from marketdata_assets.sandbox.wire.asking import Wrong
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.options import Contract, contracts, last_price, priced
from marketdata_assets.sandbox.wire.protocol import Protocol, Refused, js

_NAMES = UUID("00000000-0000-0000-0000-0000000007e0")
_MOST_SYMBOLS = 100


class Options:
    """The endpoints of options on both hosts."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    def routes(self) -> list[web.RouteDef]:
        """The paths."""
        return [
            web.get("/v2/options/contracts", self.contracts),
            web.get("/v2/options/contracts/{name}", self.contract),
            web.get("/v1beta1/options/snapshots", self.snapshots),
            web.get("/v1beta1/options/snapshots/{underlying}", self.chain),
            web.get("/v1beta1/options/quotes/latest", self.quotes),
            web.get("/v1beta1/options/trades/latest", self.no_trades),
            web.get("/v1beta1/options/{kind:bars|trades}", self.nothing),
        ]

    async def contracts(self, request: web.Request) -> web.Response:
        """`/v2/options/contracts`: unless asked otherwise, those that expire by the next weekend."""
        found = self._chosen(request, set(asking.listed(request, "underlying_symbols")), weekend=True)
        shown, token = self._page(request, found, 10_000)
        return js({"option_contracts": [self._row(one) for one in shown], "next_page_token": token})

    async def contract(self, request: web.Request) -> web.Response:
        """`/v2/options/contracts/{symbol or id}`."""
        name = request.match_info["name"]
        for one in contracts(self._book, self._protocol.name):
            if name in (one.symbol, str(uuid5(_NAMES, one.symbol))):
                return js(self._row(one))
        raise Refused(js({"code": 40410000, "message": f"option contract {name} not found"}, 404))

    async def chain(self, request: web.Request) -> web.Response:
        """`/v1beta1/options/snapshots/{underlying}`."""
        found = self._chosen(request, {request.match_info["underlying"]}, weekend=False)
        shown, token = self._page(request, found, 1000)
        return js({"snapshots": {one.symbol: self._snapshot(one) for one in shown}, "next_page_token": token})

    async def snapshots(self, request: web.Request) -> web.Response:
        """`/v1beta1/options/snapshots`."""
        shown, token = self._page(request, self._named(request), 1000)
        return js({"snapshots": {one.symbol: self._snapshot(one) for one in shown}, "next_page_token": token})

    async def quotes(self, request: web.Request) -> web.Response:
        """`/v1beta1/options/quotes/latest`."""
        return js({"quotes": {one.symbol: self._quote(one) for one in self._named(request)}})

    async def no_trades(self, request: web.Request) -> web.Response:
        """`/v1beta1/options/trades/latest`."""
        self._named(request)
        return js({"trades": {}})

    async def nothing(self, request: web.Request) -> web.Response:
        """`/v1beta1/options/bars` and `/trades`."""
        self._named(request)
        return js({request.match_info["kind"]: {}, "next_page_token": None})

    def _named(self, request: web.Request) -> list[Contract]:
        labels = symbols_of(request)
        if len(labels) > _MOST_SYMBOLS:
            raise bad(f"too many symbols: {len(labels)} > {_MOST_SYMBOLS}")
        return [one for one in contracts(self._book, self._protocol.name) if one.symbol in labels]

    def _chosen(self, request: web.Request, underlyings: set[str], *, weekend: bool) -> list[Contract]:
        """The contracts that the request's filters leave."""
        asked, found = request.query, contracts(self._book, self._protocol.name)
        if underlyings:
            found = [one for one in found if one.underlying in underlyings]
        if kind := asked.get("type"):
            found = [one for one in found if one.kind == kind]
        try:
            exact, low, high = (
                asking.day(asked[name]) if name in asked else None
                for name in ("expiration_date", *(f"expiration_date_{s}" for s in ("gte", "lte")))
            )
            floor, roof = (float(asked.get(f"strike_price_{side}", none)) for side, none in (("gte", "0"), ("lte", "inf")))
        except (Wrong, ValueError) as wrong:
            raise bad(f"invalid filter: {wrong}") from None
        if weekend and exact is None and high is None:
            high = self._book.today + timedelta(days=6 - self._book.today.weekday())
        found = [one for one in found if (exact or one.expiry) == one.expiry and (low or one.expiry) <= one.expiry <= (high or one.expiry)]
        return [one for one in found if floor <= one.strike <= roof]

    def _page(self, request: web.Request, rows: list[Contract], most: int) -> tuple[list[Contract], str | None]:
        try:
            limit = asking.whole(request, "limit", 100, 1, most)
            token = request.query.get("page_token", "")
            after = b64decode(token, validate=True).decode() if token else ""
        except Wrong as wrong:
            raise bad(f"invalid limit: {wrong}") from None
        except ValueError:
            raise bad("invalid page_token") from None
        left = [one for one in rows if one.symbol > after]
        shown = left[:limit]
        return shown, b64encode(shown[-1].symbol.encode()).decode() if len(left) > limit else None

    def _price(self, one: Contract) -> float:
        return last_price(self._book, self._protocol.name, one.underlying) or one.strike

    def _quote(self, one: Contract) -> dict[str, Any]:
        worth = priced(one, self._price(one), self._book.today)
        stamp = f"{self._book.at:%Y-%m-%dT%H:%M:%SZ}"
        return {"ap": worth.ask, "as": 20, "ax": "C", "bp": worth.bid, "bs": 20, "bx": "C", "c": "A", "t": stamp}

    def _snapshot(self, one: Contract) -> dict[str, Any]:
        worth = priced(one, self._price(one), self._book.today)
        greeks = {name: getattr(worth, name) for name in ("delta", "gamma", "rho", "theta", "vega")}
        return {"greeks": greeks, "impliedVolatility": worth.volatility, "latestQuote": self._quote(one)}

    def _row(self, one: Contract) -> dict[str, Any]:
        yesterday: date = self._book.today - timedelta(days=1)
        return {
            "id": str(uuid5(_NAMES, one.symbol)),
            "symbol": one.symbol,
            "name": f"{one.underlying} {one.expiry:%b %d %Y} {one.strike:g} {one.kind.title()}",
            "status": "active",
            "tradable": True,
            "expiration_date": one.expiry.isoformat(),
            "root_symbol": one.symbol[:-15],
            "underlying_symbol": one.underlying,
            "underlying_asset_id": str(uuid5(_NAMES, one.underlying)),
            "type": one.kind,
            "style": "american",
            "strike_price": f"{one.strike:g}",
            "multiplier": "100",
            "size": "100",
            "open_interest": "0",
            "open_interest_date": yesterday.isoformat(),
            "close_price": None,
            "close_price_date": None,
        }
