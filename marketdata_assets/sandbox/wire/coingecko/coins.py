"""The coins as CoinGecko names them, and what they cost at any instant."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.coingecko.words import flat, paid, paid_only
from marketdata_assets.sandbox.wire.pairs import Tapes, halves, newest
from marketdata_assets.sandbox.wire.protocol import Protocol, js

# A pair against a dollar coin is a price in dollars here.
CURRENCIES = {"usd": ("USDT", "USDC", "USD"), "usdt": ("USDT",)}
# The simulated market issues no coins; so many of each are said to be about.
SUPPLY = 19_000_000.0
POINTS = pl.Schema({"at": pl.Datetime("us", "UTC"), "price": pl.Float64(), "cap": pl.Float64(), "volume": pl.Float64()})


class Asked(NamedTuple):
    """The pair that a coin and a currency come to, and how many decimals are wanted (None: all)."""

    symbol: str
    precision: int | None


class Coins:
    """The venues' pairs as one price a coin."""

    def __init__(self, protocol: Protocol, book: Book, tapes: Tapes) -> None:
        self._protocol = protocol
        self.market = book
        self.tapes = tapes

    async def listed(self, request: web.Request) -> web.Response:
        """Every coin."""
        if request.query.get("status", "active") != "active":
            if not paid(request):
                raise paid_only(self.market.at)
            return js([])
        platforms: dict[str, Any] = {"platforms": {}} if request.query.get("include_platform") == "true" else {}
        return js([{**self.named(symbol), **platforms} for symbol in self.all()])

    def all(self) -> list[str]:
        """The canonical symbols, in order."""
        return self.market.symbols("crypto")

    def named(self, symbol: str) -> dict[str, str]:
        """Id, symbol and name of a coin."""
        coin = halves(symbol)[0].lower()
        return {"id": self._protocol.spelled(symbol), "symbol": coin, "name": coin.title()}

    def of(self, coin: str, currency: str) -> str | None:
        """The pair of a coin's id and a currency; None where there is none."""
        quotes = CURRENCIES.get(currency, ())
        return next((one for one in self.all() if self._protocol.spelled(one) == coin and halves(one)[1] in quotes), None)

    def asked(self, request: web.Request) -> Asked:
        """What a request about one coin is about."""
        coin, currency = request.match_info["id"], request.query.get("vs_currency", "").lower()
        if coin not in {self._protocol.spelled(symbol) for symbol in self.all()}:
            raise flat("coin not found", 404)
        if not currency:
            raise flat("Missing parameter vs_currency", 422)
        symbol = self.of(coin, currency)
        if symbol is None:
            raise flat("invalid vs_currency")
        return Asked(symbol, precision(request))

    def newest(self) -> datetime:
        """The last instant that there are prices for."""
        return newest(self.market)

    def at(self, symbol: str, instants: pl.Series) -> pl.DataFrame:
        """POINTS at the instants, in time: the last price before each, what all coins are worth, and what was paid in 24 hours.

        Instants before the first trade have no point.
        """
        tape = self.tapes.of(symbol).select("timestamp", "price", paid=(pl.col("price") * pl.col("quantity")).cum_sum())
        asked = instants.sort().alias("at").to_frame().with_columns(before=pl.col("at") - timedelta(days=1))
        then = asked.join_asof(tape, left_on="at", right_on="timestamp", strategy="backward", allow_exact_matches=False)
        ago = asked.select("before").join_asof(
            tape.select("timestamp", earlier="paid"), left_on="before", right_on="timestamp", strategy="backward", allow_exact_matches=False
        )
        whole = then.with_columns(ago["earlier"].fill_null(0.0)).filter(pl.col("price").is_not_null())
        volume = (pl.col("paid") - pl.col("earlier")).clip(lower_bound=0.0)
        return whole.select("at", "price", (pl.col("price") * SUPPLY).alias("cap"), volume.alias("volume")).cast(POINTS)


def precision(request: web.Request) -> int | None:
    """How many decimals are wanted; None for all of them."""
    text = request.query.get("precision", "full")
    if text == "full":
        return None
    if not text.isdigit() or int(text) > 18:
        raise flat("precision must be full or a number between 0 and 18")
    return int(text)


def rounded(value: float, decimals: int | None) -> float:
    """A number with so many decimals."""
    return value if decimals is None else round(value, decimals)
