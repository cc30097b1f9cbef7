"""How Alpha Vantage writes: indented JSON, CSV with both line ends, numbers as texts, complaints under few keys."""

from __future__ import annotations

import orjson
import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.protocol import Protocol, Refused, js


def says(key: str, what: str) -> web.Response:
    """A complaint, with status 200."""
    return pretty({key: what})


def pretty(document: object) -> web.Response:
    """A JSON answer as the vendor indents it."""
    return js(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def csv(rows: pl.DataFrame) -> web.Response:
    """A CSV answer: a header, lines that end in CR LF, `null` for nothing."""
    body = rows.write_csv(line_terminator="\r\n", null_value="null").encode()
    return web.Response(body=body, content_type="application/x-download")


def wants_csv(request: web.Request) -> bool:
    """Whether CSV is asked for; `invalid_call` for any other form than it and JSON."""
    form = request.query.get("datatype", "json")
    if form not in ("json", "csv"):
        raise invalid_call(request.query.get("function", ""))
    return form == "csv"


def invalid_call(function: str) -> Refused:
    """An unknown symbol and a bad parameter sound alike."""
    what = f"Invalid API call. Please retry or visit the documentation (https://www.alphavantage.co/documentation/) for {function}."
    return Refused(says("Error Message", what))


def known(protocol: Protocol, book: Book, request: web.Request) -> str | None:
    """The canonical symbol that is asked for, with a point or a hyphen; None for one that nobody has today."""
    asked = request.query.get("symbol", "").upper()
    listed = [one.symbol for one in book.listings()]
    return next((symbol for symbol in listed if asked in (symbol, protocol.spelled(symbol))), None)
