"""How Alpaca reads a request and writes an answer: spans, labels, pages, tokens, errors."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.planting import midnight
from marketdata_assets.sandbox.standing import NEW_YORK
from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.asking import Wrong
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.protocol import Protocol, Refused, js

FEEDS = frozenset({"sip", "iex", "otc", "boats", "delayed_sip", "overnight"})
LOCATIONS = frozenset({"us", "us-1", "us-2", "eu-1", "bs-1"})
Found = list[tuple[str, bytes]]
Write = Callable[["Span", pl.DataFrame], bytes]
Read = Callable[["Span", int, "Page | None"], pl.DataFrame]


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


def bad(message: str) -> Refused:
    """A 400 with that message."""
    return Refused(js({"message": message}, 400))


def spans(protocol: Protocol, book: Book, request: web.Request, labels: list[str], asset_class: str) -> list[Span]:
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


def _company(book: Book, label: str, day: date | None) -> list[Span]:
    for one in book.listings():
        for alias in one.aliases:
            changed = midnight(alias.end) if alias.end else None
            if label == alias.spelling:
                known = day is not None and alias.holds(day)
                return [Span(label, one.symbol, None, None if known else changed)]
            if label == one.symbol and (day is None or alias.holds(day)):
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
        feed = asking.chosen(request, "feed", "sip", FEEDS)
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


def filled(among: Sequence[Span], limit: int, page: Page | None, read: Read, write: Write) -> tuple[Found, str | None]:
    """One page: label by label the first rows of each, `limit` of all together, and the token of the next page if there is one.

    `read` gives at most so many rows of a span, in order and from the page's start on; `write` makes JSON of them.
    """
    out: Found = []
    left, last = limit, ("", pl.Series(dtype=pl.Datetime("us", "UTC")))
    for span in among:
        if page and span.label < page.label:
            continue
        rows = read(span, left + 1, page if page and span.label == page.label else None)
        if not rows.height:
            continue
        if left == 0:
            return out, token_of(last)
        shown = rows.head(left)
        left -= shown.height
        last = (span.label, shown["timestamp"])
        out.append((span.label, write(span, shown)))
        if shown.height < rows.height:
            return out, token_of(last)
    return out, None


def many(request: web.Request, word: str, found: Found, token: str | None) -> web.Response:
    """A page of many labels under `word`."""
    return wrapped(
        request, b'"' + word.encode() + b'":{' + b",".join(b'"' + label.encode() + b'":' + rows for label, rows in found) + b"}", token
    )


def single(request: web.Request, word: str, found: Found, token: str | None) -> web.Response:
    """A page of the one label in the path; null where it has no rows."""
    rows = found[0][1] if found else b"null"
    return wrapped(request, b'"symbol":"' + request.match_info["symbol"].encode() + b'","' + word.encode() + b'":' + rows, token)


def stamped(name: str = "timestamp") -> pl.Expr:
    """An instant in RFC 3339 with as many decimals as it needs."""
    text = pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")
    return text.str.strip_chars_end("0").str.strip_chars_end(".") + "Z"


def located(request: web.Request) -> None:
    """Refuses an unknown place of a pair's trading."""
    if (where := request.match_info["loc"]) not in LOCATIONS:
        raise bad(f"Invalid location: {where}")


def symbols_of(request: web.Request) -> list[str]:
    """The labels asked for, each once."""
    labels = asking.listed(request, "symbols")
    if not labels:
        raise bad("symbols is required")
    for label in labels:
        if not re.fullmatch(r"[A-Za-z0-9./]+", label):
            raise bad(f"invalid symbol: {label}")
    return labels


def _midnight_in_new_york(book: Book) -> datetime:
    return datetime.combine(book.today, datetime.min.time(), tzinfo=NEW_YORK).astimezone(UTC)


def wrapped(request: web.Request, inside: bytes, token: str | None) -> web.Response:
    """A page: what is `inside`, and the token of the next one."""
    told = b',"currency":"' + request.query["currency"].encode() + b'"' if "currency" in request.query else b""
    ending = b'"' + token.encode() + b'"' if token else b"null"
    return js(b"{" + inside + told + b',"next_page_token":' + ending + b"}")
