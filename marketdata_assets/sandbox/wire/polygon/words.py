"""How Polygon answers: its envelope, its errors, its links, and its way of filtering and sorting lists."""

from __future__ import annotations

import hashlib
import operator
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import orjson
from aiohttp import web

from marketdata_assets.sandbox.planting import midnight
from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.protocol import Protocol, Refused, js
from marketdata_assets.sandbox.wire.who import everybody

HOST = "https://api.massive.com"
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "": operator.eq,
    ".gt": operator.gt,
    ".gte": operator.ge,
    ".lt": operator.lt,
    ".lte": operator.le,
}


class Traded(NamedTuple):
    """Whom a ticker means, and between which instants it was his (UTC, half-open)."""

    symbol: str
    start: datetime | None
    end: datetime | None


def traded(protocol: Protocol, book: Book, ticker: str) -> Traded | None:
    """The rows of a ticker are those that traded under it: a renamed company has two."""
    for who in everybody(book.market):
        changed = midnight(who.renamed) if who.renamed and who.renamed <= book.today else None
        if ticker == who.former and who.renamed:
            return Traded(who.symbol, None, midnight(who.renamed))
        if ticker == who.symbol:
            return Traded(who.symbol, changed, None)
    pairs = {protocol.spelled(symbol): symbol for symbol in book.symbols("crypto")}
    return Traded(pairs[ticker], None, None) if ticker in pairs else None


def request_id(request: web.Request) -> str:
    """An id of 32 hexadecimal digits that follows from the request."""
    return hashlib.md5(request.path_qs.encode(), usedforsecurity=False).hexdigest()


def envelope(request: web.Request, body: bytes) -> web.Response:
    """A good answer."""
    return js(body, headers={"X-Request-Id": request_id(request)})


def refused(request: web.Request, status: int, says: str) -> Refused:
    """An error in the vendor's words; what is not there and what the plan lacks are messages, the rest are errors."""
    word = {403: "NOT_AUTHORIZED", 404: "NOT_FOUND"}.get(status, "ERROR")
    return Refused(js({"status": word, "request_id": request_id(request), "error" if word == "ERROR" else "message": says}, status))


def listed(
    request: web.Request, rows: Sequence[Mapping[str, Any]], fields: Sequence[str], *, limit: int, top: int, sort: str
) -> web.Response:
    """One page of `rows`: those that every filter on `fields` lets pass, in the order asked for.

    `sort` is the default order, `field.asc` or `field.desc`; `limit` and `top` are the default and the largest number of rows a page.
    """
    asked = given(request)
    size = whole(request, limit, top)
    kept = [row for row in rows if all(_passes(row, field, asked) for field in fields)]
    by, _, way = asked.get("sort", sort).partition(".")
    way = asked.get("order", way or sort.partition(".")[2])
    if by not in fields or way not in ("asc", "desc"):
        raise refused(request, 400, f"could not sort by {by!r} {way!r}")
    kept.sort(key=lambda row: (row.get(by) is None, row.get(by, "")), reverse=way == "desc")
    offset = int(asked.get("__offset", "0"))
    page = kept[offset : offset + size]
    document: dict[str, Any] = {"results": page, "status": "OK", "request_id": request_id(request), "count": len(page)}
    if offset + size < len(kept):
        document["next_url"] = link(request, {**asked, "__offset": str(offset + size)})
    return envelope(request, orjson.dumps(document))


def link(request: web.Request, state: Mapping[str, str]) -> str:
    """The address of the next page; its cursor holds everything that was asked, and the key is not in it."""
    kept = urlencode({key: value for key, value in state.items() if key not in ("apiKey", "cursor")})
    return f"{HOST}{request.rel_url.raw_path}?cursor={urlsafe_b64encode(kept.encode()).decode().rstrip('=')}"


def given(request: web.Request) -> dict[str, str]:
    """What the request asks for: its query, or what its cursor holds."""
    cursor = request.query.get("cursor")
    if cursor is None:
        return dict(request.query)
    try:
        return dict(parse_qsl(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode(), strict_parsing=True))
    except ValueError:
        raise refused(request, 400, "invalid cursor") from None


def _passes(row: Mapping[str, Any], field: str, asked: Mapping[str, str]) -> bool:
    value = row.get(field)
    if (among := asked.get(f"{field}.any_of")) is not None and str(value) not in among.split(","):
        return False
    for suffix, holds in _COMPARED.items():
        wanted: Any = asked.get(field + suffix)
        if wanted is None:
            continue
        if isinstance(value, bool):
            wanted = wanted == "true"
        elif isinstance(value, int | float):
            wanted = float(wanted)
        if value is None or not holds(value, wanted):
            return False
    return True


def whole(request: web.Request, default: int, top: int) -> int:
    """The number of rows a page."""
    text = given(request).get("limit", str(default))
    if not text.isdigit() or not 1 <= int(text) <= top:
        raise refused(request, 400, f"'limit' should be between 1 and {top}")
    return int(text)


def nanoseconds(text: str) -> int:
    """A date (its midnight UTC) or a count of nanoseconds since 1970, as the latter."""
    if text.isdigit():
        return int(text)
    at = asking.instant(text)
    return round(at.timestamp()) * 10**9 + at.microsecond * 1000
