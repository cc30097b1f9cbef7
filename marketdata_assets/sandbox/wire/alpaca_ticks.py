"""Alpaca's single trades and quotes of shares and pairs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.wire.alpaca_words import (
    Found,
    Page,
    Span,
    after,
    entitled,
    filled,
    limited,
    located,
    many,
    paged,
    single,
    spans,
    stamped,
    symbols_of,
    window,
)
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.protocol import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VENUES = ("N", "P", "Q", "V")


class Ticks:
    """The endpoints of trades and quotes."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    def routes(self) -> list[web.RouteDef]:
        """The paths."""
        return [
            web.get("/v2/stocks/trades", self.trades),
            web.get("/v2/stocks/quotes", self.quotes),
            web.get("/v2/stocks/{symbol}/trades", self.trades),
            web.get("/v2/stocks/{symbol}/quotes", self.quotes),
            web.get("/v1beta3/crypto/{loc}/trades", self.coin_trades),
            web.get("/v1beta3/crypto/{loc}/quotes", self.coin_quotes),
        ]

    async def trades(self, request: web.Request) -> web.Response:
        """`/v2/stocks/trades`, `/v2/stocks/{symbol}/trades`."""
        return self._share(request, "trades", self._book.trades, share_trades)

    async def quotes(self, request: web.Request) -> web.Response:
        """`/v2/stocks/quotes`, `/v2/stocks/{symbol}/quotes`."""
        return self._share(request, "quotes", self._book.quotes, share_quotes)

    async def coin_trades(self, request: web.Request) -> web.Response:
        """`/v1beta3/crypto/{loc}/trades`."""
        located(request)
        return many(request, "trades", *self._page(request, symbols_of(request), "crypto", self._book.trades, coin_trades))

    async def coin_quotes(self, request: web.Request) -> web.Response:
        """`/v1beta3/crypto/{loc}/quotes`."""
        located(request)
        return many(request, "quotes", *self._page(request, symbols_of(request), "crypto", self._book.quotes, coin_quotes))

    def _share(
        self, request: web.Request, word: str, ask: Callable[..., pl.DataFrame], write: Callable[[pl.DataFrame], pl.DataFrame]
    ) -> web.Response:
        alone = request.match_info.get("symbol")
        labels = [alone] if alone else symbols_of(request)
        return (single if alone else many)(request, word, *self._page(request, labels, "us_equities", ask, write))

    def _page(
        self,
        request: web.Request,
        labels: list[str],
        asset_class: str,
        ask: Callable[..., pl.DataFrame],
        write: Callable[[pl.DataFrame], pl.DataFrame],
    ) -> tuple[Found, str | None]:
        start, end = window(request, self._book)
        if asset_class == "us_equities":
            entitled(request, self._book, end)
        newest_first = request.query.get("sort", "asc") == "desc"
        end += timedelta(microseconds=1)

        def read(span: Span, most: int, page: Page | None) -> pl.DataFrame:
            low, high = max(start, span.start or start), min(end, span.end or end)
            if page is not None:
                at = _EPOCH + timedelta(microseconds=page.at)
                low, high = (low, min(high, at + timedelta(microseconds=1))) if newest_first else (max(low, at), high)
                most += page.skip
            made = ask(self._protocol.name, span.symbol, low, high, limit=most, newest_first=newest_first)
            return after(made, page, newest_first)

        among = spans(self._protocol, self._book, request, labels, asset_class)
        return filled(among, limited(request), paged(request), read, lambda _, rows: write(rows).write_json().encode())


def share_trades(made: pl.DataFrame) -> pl.DataFrame:
    """Trades of a share under Alpaca's letters."""
    odd = pl.col("quantity") < 100
    return made.select(
        stamped().alias("t"),
        _venue(1).alias("x"),
        pl.col("price").alias("p"),
        pl.col("quantity").cast(pl.Int64).alias("s"),
        pl.when(odd).then(pl.lit([" ", "I"])).otherwise(pl.lit([" "])).alias("c"),
        pl.col("number").alias("i"),
        pl.lit("A").alias("z"),
    )


def share_quotes(made: pl.DataFrame) -> pl.DataFrame:
    """Quotes of a share under Alpaca's letters; sizes are shares."""
    return made.select(
        stamped().alias("t"),
        _venue(3).alias("ax"),
        pl.col("ask_price").alias("ap"),
        pl.col("ask_size").cast(pl.Int64).alias("as"),
        _venue(5).alias("bx"),
        pl.col("bid_price").alias("bp"),
        pl.col("bid_size").cast(pl.Int64).alias("bs"),
        pl.lit(["R"]).alias("c"),
        pl.lit("A").alias("z"),
    )


def coin_trades(made: pl.DataFrame) -> pl.DataFrame:
    """Trades of a pair, with the taker's side."""
    side = pl.when(pl.col("side") == "buy").then(pl.lit("B")).otherwise(pl.lit("S"))
    return made.select(pl.col("number").alias("i"), pl.col("price").alias("p"), pl.col("quantity").alias("s"), t=stamped(), tks=side)


def coin_quotes(made: pl.DataFrame) -> pl.DataFrame:
    """Quotes of a pair."""
    names = {"bp": "bid_price", "bs": "bid_size", "ap": "ask_price", "as": "ask_size"}
    return made.select(stamped().alias("t"), *(pl.col(name).alias(key) for key, name in names.items()))


def _venue(step: int) -> pl.Expr:
    at = pl.col("number") * step % len(_VENUES)
    return at.replace_strict(dict(enumerate(_VENUES)), return_dtype=pl.String)
