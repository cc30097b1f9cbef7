"""Coinbase's feeds, both at `/`: whoever asks for `channels` speaks to the Exchange, for a `channel` to Advanced Trade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from marketdata_assets.sandbox.wire.pairs import micros, short
from marketdata_assets.sandbox.wire.streams import Candle, Playback, Tick, Voice, candles, stamp

PATHS = ("/",)
_FIVE_MINUTES = timedelta(minutes=5)
_ADVANCED = {"candles", "market_trades", "ticker", "heartbeats"}
_LOCKED = {"level2", "level3", "full"}


class CoinbaseVoice(Voice):
    """Wants no key. A `side` is the maker's in trades, the taker's in the Exchange's ticker."""

    def __init__(self, playback: Playback, path: str, play: Any) -> None:
        super().__init__(playback, path, play)
        self._held: dict[str, list[str]] = {}
        self._number, self._beats = -1, 0
        self._advanced = False

    def framed(self, message: Any) -> Any:
        """Advanced Trade numbers the messages of a connection."""
        if not self._advanced or "channel" not in message:
            return message
        self._number += 1
        return {**message, "sequence_num": self._number}

    def pulse(self) -> Any:
        """See `Voice`."""
        self._beats += 1
        if self._advanced and "heartbeats" in self._held:
            return self._event("heartbeats", {"heartbeat_counter": self._beats})
        if "heartbeat" in self._held:
            return {"type": "heartbeat", "sequence": self._beats, "last_trade_id": 0, "product_id": self._held["heartbeat"][0]}
        return None

    def hears(self, document: Any) -> Iterable[Any]:
        """See `Voice`."""
        products = document.get("product_ids") or []
        if document.get("type") != "subscribe":
            yield {"type": "error", "message": "Failed to subscribe", "reason": "unknown type"}
        elif unknown := [product for product in products if self.playback.canonical(product, "crypto") is None]:
            yield {"type": "error", "message": "Failed to subscribe", "reason": f"{unknown[0]} is not a valid product"}
        elif "channel" in document:
            yield from self._subscribe_advanced(document["channel"], products)
        else:
            yield from self._subscribe_exchange(document["channels"], products)

    def _subscribe_exchange(self, channels: list[str], products: list[str]) -> Iterable[Any]:
        if locked := _LOCKED.intersection(channels):
            yield {
                "type": "error",
                "message": "Failed to subscribe",
                "reason": f"level2, level3, and full channels now require authentication. {min(locked)} was asked for",
            }
            return
        for channel in channels:
            self._hold(channel, products)
            for product in products:
                self.play(self._exchange(channel, product))
        yield {"type": "subscriptions", "channels": [{"name": name, "product_ids": held} for name, held in self._held.items()]}

    def _subscribe_advanced(self, channel: str, products: list[str]) -> Iterable[Any]:
        self._advanced = True
        if channel not in _ADVANCED:
            yield {"type": "error", "message": f"unknown channel {channel}"}
            return
        self._hold(channel, products or ["heartbeats"])
        for product in products:
            self.play(self._advanced_events(channel, product))
        yield self._event("subscriptions", {"subscriptions": self._held})

    def _hold(self, channel: str, products: list[str]) -> None:
        held = self._held.setdefault(channel, [])
        held += [product for product in products if product not in held]

    def _ticks(self, product: str) -> list[Tick]:
        symbol = self.playback.canonical(product, "crypto")
        return self.playback.ticks(symbol) if symbol else []

    def _exchange(self, channel: str, product: str) -> Iterator[tuple[float, Any]]:
        for tick in self._ticks(product) if channel in ("matches", "ticker") else ():
            common = {"sequence": 10 * tick.number, "product_id": product, "time": stamp(tick.at), "trade_id": tick.number}
            if channel == "matches":
                side = "sell" if tick.side == "buy" else "buy"
                yield tick.due, {"type": "match", "side": side, "size": short(tick.quantity), "price": short(tick.price), **common}
            else:
                bid = {"best_bid": short(tick.bid_price), "best_bid_size": short(tick.bid_size)}
                ask = {"best_ask": short(tick.ask_price), "best_ask_size": short(tick.ask_size)}
                last = {"side": tick.side, "price": short(tick.price), "last_size": short(tick.quantity)}
                yield tick.due, {"type": "ticker", **bid, **ask, **last, **common}

    def _advanced_events(self, channel: str, product: str) -> Iterator[tuple[float, Any]]:
        ticks = self._ticks(product)
        if channel == "candles":
            for due, bar, final in candles(ticks, _FIVE_MINUTES):
                if not final:
                    yield due, self._event("candles", {"type": "update", "candles": [_candle(product, bar)]})
        for tick in ticks if channel == "market_trades" else ():
            side = "SELL" if tick.side == "buy" else "BUY"
            trade = {"trade_id": str(tick.number), "product_id": product, "side": side, "time": stamp(tick.at)}
            row = {**trade, "price": short(tick.price), "size": short(tick.quantity)}
            yield tick.due, self._event("market_trades", {"type": "update", "trades": [row]})

    def _event(self, channel: str, event: dict[str, Any]) -> dict[str, Any]:
        return {"channel": channel, "timestamp": stamp(self.playback.book.at), "events": [event]}


def _candle(product: str, bar: Candle) -> dict[str, str]:
    prices = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close, "volume": bar.volume}
    return {"start": str(micros(bar.start) // 1_000_000), "product_id": product, **{name: short(value) for name, value in prices.items()}}
