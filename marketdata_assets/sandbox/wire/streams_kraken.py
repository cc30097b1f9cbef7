"""Kraken's WebSocket, version 2, at `/v2`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

from marketdata_assets.sandbox.wire.streams import Tick, Voice, candles, stamp

PATHS = ("/v2",)
_CHANNELS = {"trade", "ohlc", "ticker"}


class KrakenVoice(Voice):
    """Greets with its status, acknowledges symbol by symbol, and shows every second that it lives."""

    beat: ClassVar[Any] = {"channel": "heartbeat"}

    def greeting(self) -> Iterable[Any]:
        """See `Voice`."""
        system = {"api_version": "v2", "connection_id": 1, "system": "online", "version": "2.0.9"}
        yield {"channel": "status", "type": "update", "data": [system]}

    def hears(self, document: Any) -> Iterable[Any]:
        """See `Voice`."""
        method, asked = document.get("method"), document.get("params") or {}
        if method == "ping":
            yield {"method": "pong", "req_id": document.get("req_id")}
        elif method != "subscribe" or asked.get("channel") not in _CHANNELS:
            yield {"error": "Unsupported method or channel", "method": method, "success": False}
        else:
            for pair in asked["symbol"]:
                yield self._subscribed(pair, asked, document.get("req_id"))

    def _subscribed(self, pair: str, asked: dict[str, Any], number: int | None) -> Any:
        symbol = self.playback.canonical(pair, "crypto")
        if symbol is None:
            return {
                "error": f"Currency pair not supported {pair}",
                "method": "subscribe",
                "success": False,
                "symbol": pair,
                "req_id": number,
            }
        channel = asked["channel"]
        events = self._events(channel, self.playback.ticks(symbol), asked.get("interval", 1))
        self.play((due, {"channel": channel, "type": "update", "data": [{"symbol": pair, **row}]}) for due, row in events)
        return {"method": "subscribe", "result": {"channel": channel, "symbol": pair}, "success": True, "req_id": number}

    def _events(self, channel: str, ticks: list[Tick], interval: int) -> Iterator[tuple[float, dict[str, Any]]]:
        if channel == "ohlc":
            for due, bar, final in candles(ticks, timedelta(minutes=interval)):
                if not final:
                    prices = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close, "volume": bar.volume}
                    rest = {"vwap": round(bar.worth / bar.volume, 6), "trades": bar.trades}
                    yield (
                        due,
                        {**prices, **rest, "interval": interval, "interval_begin": bar.start.strftime("%Y-%m-%dT%H:%M:%S.000000000Z")},
                    )
        for tick in ticks if channel == "trade" else ():
            made = {"price": tick.price, "qty": tick.quantity, "ord_type": "limit", "trade_id": tick.number, "timestamp": stamp(tick.at)}
            yield tick.due, {"side": tick.side, **made}
        for tick in ticks if channel == "ticker" else ():
            bid, ask = {"bid": tick.bid_price, "bid_qty": tick.bid_size}, {"ask": tick.ask_price, "ask_qty": tick.ask_size}
            yield tick.due, {**bid, **ask, "last": tick.price, "timestamp": stamp(tick.at)}
