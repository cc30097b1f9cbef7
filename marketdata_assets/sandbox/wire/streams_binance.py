"""Binance's spot streams, at `/stream` (each message with its stream's name) and `/ws` (bare)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.sandbox.wire.pairs import fixed, micros
from marketdata_assets.sandbox.wire.streams import Tick, Voice, candles

PATHS = ("/stream", "/ws")
_LEVELS = {"depth5": 5, "depth10": 10, "depth20": 20}


class BinanceVoice(Voice):
    """Acknowledges every stream name, those it never heard of among them."""

    def hears(self, document: Any) -> Iterable[Any]:
        """See `Voice`."""
        method, params = document.get("method"), document.get("params")
        if method not in ("SUBSCRIBE", "UNSUBSCRIBE") or not isinstance(params, list):
            yield {"code": 2, "msg": "Invalid request: unknown variant", "id": document.get("id")}
            return
        if method == "SUBSCRIBE":
            for name in params:
                self._start(name)
        yield {"result": None, "id": document.get("id")}

    def _start(self, name: str) -> None:
        spelling, _, kind = name.partition("@")
        symbol = self.playback.canonical(spelling.upper(), "crypto")
        if symbol is None:
            return
        bare = self.path == "/ws"
        events = self._events(kind, spelling.upper(), symbol)
        self.play((due, message if bare else {"stream": name, "data": message}) for due, message in events)

    def _events(self, kind: str, symbol: str, canonical: str) -> Iterator[tuple[float, Any]]:
        if kind.removeprefix("kline_") in TIMEFRAMES:
            yield from _klines(symbol, self.playback.ticks(canonical), kind.removeprefix("kline_"))
            return
        ticks = self.playback.coming(canonical)
        for tick in ticks if kind == "trade" else ():
            at = micros(tick.at) // 1000
            sizes = {"p": fixed(tick.price), "q": fixed(tick.quantity)}
            yield tick.due, {"e": "trade", "E": at, "s": symbol, "t": tick.number, **sizes, "T": at, "m": tick.side == "sell", "M": True}
        for tick in ticks if kind == "bookTicker" else ():
            bid, ask = {"b": fixed(tick.bid_price), "B": fixed(tick.bid_size)}, {"a": fixed(tick.ask_price), "A": fixed(tick.ask_size)}
            yield tick.due, {"u": tick.number, "s": symbol, **bid, **ask}
        levels = _LEVELS.get(kind.partition("@")[0], 0)
        for tick in ticks if levels else ():
            step = tick.ask_price - tick.bid_price
            bids = [[fixed(tick.bid_price - level * step), fixed(tick.bid_size * (1 + level * 3 % 7))] for level in range(levels)]
            asks = [[fixed(tick.ask_price + level * step), fixed(tick.ask_size * (1 + level * 3 % 7))] for level in range(levels)]
            yield tick.due, {"lastUpdateId": tick.number, "bids": bids, "asks": asks}


def _klines(symbol: str, ticks: list[Tick], interval: str) -> Iterator[tuple[float, Any]]:
    """The candle under way after every trade, and the final one."""
    length: timedelta = TIMEFRAMES[interval].duration
    for due, bar, final in candles(ticks, length):
        start = micros(bar.start) // 1000
        end = start + length // timedelta(milliseconds=1) - 1
        prices = {"o": fixed(bar.open), "c": fixed(bar.close), "h": fixed(bar.high), "l": fixed(bar.low), "v": fixed(bar.volume)}
        rest = {"n": bar.trades, "x": final, "q": fixed(bar.worth), "V": fixed(bar.volume / 2), "Q": fixed(bar.worth / 2), "B": "0"}
        candle = {"t": start, "T": end, "s": symbol, "i": interval, "f": -1, "L": -1, **prices, **rest}
        yield due, {"e": "kline", "E": end + 1 if final else start, "s": symbol, "k": candle}
