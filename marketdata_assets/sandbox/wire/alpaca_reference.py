"""Alpaca's corporate actions, news, assets, calendar and clock."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from aiohttp import web

from marketdata_assets.sandbox.standing import NEW_YORK
from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.alpaca_words import bad
from marketdata_assets.sandbox.wire.asking import Wrong
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.protocol import Protocol, Refused, js
from marketdata_assets.sandbox.wire.who import Who, everybody

_NAMES = UUID("00000000-0000-0000-0000-00000000517e")
_KINDS = {"forward_split": "forward_splits", "reverse_split": "reverse_splits", "cash_dividend": "cash_dividends"} | {
    "name_change": "name_changes"
}
_OTHERS = frozenset(
    (
        *("unit_split", "stock_dividend", "spin_off", "cash_merger", "stock_merger", "stock_and_cash_merger", "redemption"),
        *("worthless_removal", "rights_distribution", "partial_call", "reorganization"),
    )
)
_YEARS = (date(1970, 1, 1), date(2029, 12, 31))


class Reference:
    """The endpoints of reference data, on the data host and on the trading host."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    def routes(self) -> list[web.RouteDef]:
        """The paths."""
        return [
            web.get("/v1/corporate-actions", self.actions),
            web.get("/v1beta1/corporate-actions", self.actions),
            web.get("/v1beta1/news", self.news),
            web.get("/v2/assets", self.assets),
            web.get("/v2/assets/{name}", self.asset),
            web.get("/v2/calendar", self.calendar),
            web.get("/v2/clock", self.clock),
        ]

    async def actions(self, request: web.Request) -> web.Response:
        """`/v1/corporate-actions`: by the date of processing, both ends included; today's unless asked otherwise."""
        start, end = self._days(request, self._book.today)
        kinds = asking.listed(request, "types") or list(_KINDS)
        if odd := [kind for kind in kinds if kind not in _KINDS and kind not in _OTHERS]:
            raise bad(f"invalid types: {odd[0]}")
        symbols, ids = set(asking.listed(request, "symbols")), set(asking.listed(request, "ids"))
        rows = []
        for kind, row in self._actions():
            named = {row.get("symbol"), row.get("old_symbol"), row.get("new_symbol")}
            wanted = kind in kinds and (not symbols or named & symbols) and start.isoformat() <= row["process_date"] <= end.isoformat()
            if row["id"] in ids if ids else wanted:
                rows.append((_KINDS[kind], row))
        rows.sort(key=lambda each: each[1]["process_date"], reverse=request.query.get("sort") == "desc")
        rows.sort(key=lambda each: each[0])
        shown, token = self._page(request, rows, 100, 1000)
        grouped: dict[str, list[dict[str, Any]]] = {}
        for word, row in shown:
            grouped.setdefault(word, []).append(row)
        return js({"corporate_actions": grouped, "next_page_token": token})

    async def news(self, request: web.Request) -> web.Response:
        """`/v1beta1/news`: a note on every split, dividend and change of name."""
        symbols = set(asking.listed(request, "symbols"))
        start, end = self._days(request, None)
        rows = []
        for number, row in enumerate(self._book.actions().rows(named=True), start=1):
            day: date = row["ex_date"]
            if start <= day <= end and (not symbols or row["symbol"] in symbols):
                head = f"{row['symbol']}: {row['kind']} on {day}"
                stamps = {"created_at": f"{day}T12:00:00Z", "updated_at": f"{day}T12:00:00Z"}
                link = {"url": f"https://news.invalid/{number}", "images": [], "symbols": [row["symbol"]], "source": "simulated"}
                rows.append({"id": number, "headline": head, "author": "Simulated Wire", **stamps, "summary": head, "content": "", **link})
        if request.query.get("sort", "desc") == "desc":
            rows.reverse()
        shown, token = self._page(request, rows, 10, 50)
        return js({"news": shown, "next_page_token": token})

    async def assets(self, request: web.Request) -> web.Response:
        """`/v2/assets`: a bare list, the delisted among it unless the status is asked for."""
        wanted = {key: request.query.get(key) for key in ("status", "exchange", "asset_class")}
        rows = self._assets()
        if wanted["status"] not in (None, "active", "inactive"):
            raise Refused(js({"code": 42210000, "message": "invalid status"}, 422))
        fields = {"status": "status", "exchange": "exchange", "asset_class": "class"}
        for key, field in fields.items():
            rows = [row for row in rows if wanted[key] in (None, row[field])]
        return js(rows)

    async def asset(self, request: web.Request) -> web.Response:
        """`/v2/assets/{symbol, id or CUSIP}`."""
        name = request.match_info["name"]
        for row in self._assets():
            if name in (row["symbol"], row["id"], row["cusip"]):
                return js(row)
        raise Refused(js({"code": 40410000, "message": f"asset not found for {name}"}, 404))

    async def calendar(self, request: web.Request) -> web.Response:
        """`/v2/calendar`: the trading days, both ends included, times by New York's clock."""
        start, end = self._days(request, None)
        rows = []
        for row in self._book.sessions(start, end + timedelta(days=1)).rows(named=True):
            opened, closed = (row[side].astimezone(NEW_YORK) for side in ("open", "close"))
            hours = {"open": f"{opened:%H:%M}", "close": f"{closed:%H:%M}", "session_open": "0400"}
            ending = f"{closed:%H%M}" if row["minutes"] < 390 else "2000"
            settled = self._settled(row["session"])
            rows.append({"date": row["session"].isoformat(), **hours, "session_close": ending, "settlement_date": settled})
        return js(rows)

    async def clock(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a handler
        """`/v2/clock`."""
        at = self._book.at
        hours = self._book.sessions(self._book.today, self._book.today + timedelta(days=14)).rows(named=True)
        opens = next(row["open"] for row in hours if row["open"] > at)
        closes = next(row["close"] for row in hours if row["close"] > at)
        stamps = {"timestamp": at, "next_open": opens, "next_close": closes}
        told = {key: stamp.astimezone(NEW_YORK).isoformat() for key, stamp in stamps.items()}
        return js({**told, "is_open": closes < opens})

    def _settled(self, day: date) -> str:
        ahead = self._book.sessions(day + timedelta(days=1), day + timedelta(days=10))
        settled: date = ahead["session"][0] if ahead.height else day + timedelta(days=1)
        return settled.isoformat()

    def _actions(self) -> list[tuple[str, dict[str, Any]]]:
        people = {who.symbol: who for who in everybody(self._book.market)}
        found = []
        for row in self._book.actions().rows(named=True):
            who, day, value = people[row["symbol"]], row["ex_date"], row["value"]
            about = {"id": str(uuid5(_NAMES, f"{row['symbol']}/{row['kind']}/{day}"))}
            if row["kind"] == "rename":
                named = {"old_symbol": row["former"], "new_symbol": row["symbol"], "old_cusip": who.cusip, "new_cusip": who.cusip}
                found.append(("name_change", {**about, **named, "process_date": day.isoformat()}))
                continue
            about |= {"symbol": who.ticker(day), "ex_date": day.isoformat(), "record_date": (day - timedelta(days=1)).isoformat()}
            if row["kind"] == "dividend":
                paid = (day + timedelta(days=21)).isoformat()
                cash = {"rate": value, "special": False, "foreign": False, "cusip": who.cusip}
                found.append(("cash_dividend", {**about, **cash, "payable_date": paid, "process_date": paid}))
            elif value > 1:
                rates = {"new_rate": value, "old_rate": 1, "cusip": who.cusip, "payable_date": (day - timedelta(days=1)).isoformat()}
                found.append(("forward_split", {**about, **rates, "process_date": day.isoformat()}))
            else:
                rates = {"new_rate": 1, "old_rate": round(1 / value, 6), "old_cusip": who.cusip, "new_cusip": who.cusip}
                found.append(("reverse_split", {**about, **rates, "process_date": day.isoformat()}))
        return found

    def _assets(self) -> list[dict[str, Any]]:
        today = self._book.today
        shares = [_asset(who, today) for who in everybody(self._book.market) if who.listed <= today]
        return shares + [_pair(self._protocol.spelled(symbol)) for symbol in self._book.symbols("crypto")]

    def _days(self, request: web.Request, today: date | None) -> tuple[date, date]:
        """The request's dates, instants cut to their day; `today` where they are absent, or every day there is."""
        try:
            first, last = (
                asking.day(request.query[name][:10]) if name in request.query else today or everything
                for name, everything in zip(("start", "end"), _YEARS, strict=True)
            )
        except Wrong as wrong:
            raise bad(f"invalid date: {wrong}") from None
        if last < first:
            raise bad("end should not be before start")
        return first, last

    def _page(self, request: web.Request, rows: list[Any], default: int, most: int) -> tuple[list[Any], str | None]:
        try:
            limit = asking.whole(request, "limit", default, 1, most)
            token = request.query.get("page_token", "")
            offset = int(b64decode(token, validate=True)) if token else 0
        except Wrong as wrong:
            raise bad(f"invalid limit: {wrong}") from None
        except ValueError:
            raise bad("invalid page_token") from None
        ending = offset + limit
        return rows[offset:ending], b64encode(str(ending).encode()).decode() if ending < len(rows) else None


def _asset(who: Who, today: date) -> dict[str, Any]:
    active = who.active(today)
    return {
        "id": str(uuid5(_NAMES, who.figi)),
        "class": "us_equity",
        "exchange": "NYSE",
        "symbol": who.ticker(today),
        "name": f"{who.name} Common Stock",
        "status": "active" if active else "inactive",
        "tradable": active,
        "marginable": active,
        "shortable": active,
        "easy_to_borrow": active,
        "fractionable": active,
        "attributes": ["has_options"] if active else [],
        "cusip": who.cusip,
    }


def _pair(spelling: str) -> dict[str, Any]:
    flags = dict.fromkeys(("marginable", "shortable", "easy_to_borrow"), False)
    about = {"class": "crypto", "exchange": "CRYPTO", "symbol": spelling, "name": spelling, "status": "active", "cusip": None}
    return {"id": str(uuid5(_NAMES, spelling)), **about, "tradable": True, "fractionable": True, **flags, "attributes": []}
