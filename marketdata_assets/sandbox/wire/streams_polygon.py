"""Polygon's feed of stocks, at `/stocks`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from marketdata_assets.sandbox.wire.pairs import micros
from marketdata_assets.sandbox.wire.protocol import good
from marketdata_assets.sandbox.wire.streams import MINUTE, Playback, Voice, candles

PATHS = ("/stocks",)
_CHANNELS = {"T", "Q", "AM"}


class PolygonVoice(Voice):
    """Greets, wants the key first, answers topic by topic, and sends arrays."""

    def __init__(self, playback: Playback, path: str, play: Any) -> None:
        super().__init__(playback, path, play)
        self._known = False

    def framed(self, message: Any) -> Any:
        """Every frame is an array."""
        return [message]

    def greeting(self) -> Iterable[Any]:
        """See `Voice`."""
        yield _status("connected", "Connected Successfully")

    def hears(self, document: Any) -> Iterable[Any]:
        """See `Voice`."""
        action, params = document.get("action"), document.get("params", "")
        if action == "auth":
            self._known = good(params) and not self.refuses_login
            yield _status("auth_success", "authenticated") if self._known else _status("auth_failed", "authentication failed")
        elif not self._known:
            yield _status("auth_required", "not authorized")
        elif action == "subscribe":
            for topic in params.split(","):
                yield self._subscribed(topic)
        else:
            yield _status("success", f"unsubscribed to: {params}")

    def _subscribed(self, topic: str) -> Any:
        channel, _, ticker = topic.partition(".")
        if channel not in _CHANNELS:
            return _status("error", f"not found: {topic}")
        symbol = self.playback.canonical(ticker, "us_equities")
        if symbol:
            self.play((due, {"ev": channel, "sym": ticker, **rest}) for due, rest in self._events(channel, symbol))
        return _status("success", f"subscribed to: {topic}")

    def _events(self, channel: str, symbol: str) -> Iterator[tuple[float, dict[str, Any]]]:
        ticks = self.playback.ticks(symbol)
        if channel == "AM":
            day = 0.0
            for due, bar, final in candles(ticks, MINUTE):
                if final:
                    day += bar.volume
                    start = micros(bar.start) // 1000
                    prices = {"o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close, "vw": round(bar.worth / bar.volume, 4)}
                    size = round(bar.volume / bar.trades)
                    yield due, {"v": bar.volume, "av": day, "op": ticks[0].price, **prices, "z": size, "s": start, "e": start + 60_000}
        for tick in ticks if channel != "AM" else ():
            common = {"t": micros(tick.at) // 1000, "q": tick.number, "z": 3}
            if channel == "T":
                yield tick.due, {"x": 4, "i": str(tick.number), "p": tick.price, "s": tick.quantity, "c": [14], **common}
            else:
                sides = {"bx": 4, "bp": tick.bid_price, "bs": tick.bid_size, "ax": 7, "ap": tick.ask_price, "as": tick.ask_size}
                yield tick.due, {**sides, "c": 0, **common}


def _status(status: str, message: str) -> dict[str, Any]:
    return {"ev": "status", "status": status, "message": message}
