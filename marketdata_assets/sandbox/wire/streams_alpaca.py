"""Alpaca's feeds of stocks and coins, at `/v2/{feed}` and `/v1beta3/crypto/us`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from marketdata_assets.sandbox.wire.protocol import good
from marketdata_assets.sandbox.wire.streams import MINUTE, Playback, Tick, Voice, candles, stamp

PATHS = ("/v2/{feed:sip|iex|delayed_sip|boats|overnight|otc|test}", "/v1beta3/crypto/us")
_CHANNELS = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds")


class AlpacaVoice(Voice):
    """Greets, wants a key first, answers each change with everything subscribed, and sends arrays."""

    def __init__(self, playback: Playback, path: str, play: Any) -> None:
        super().__init__(playback, path, play)
        self._known = False
        self._held: dict[str, list[str]] = {channel: [] for channel in _CHANNELS}
        self._coins = "crypto" in path

    def framed(self, message: Any) -> Any:
        """Every frame is an array."""
        return [message]

    def greeting(self) -> Iterable[Any]:
        """See `Voice`."""
        yield {"T": "success", "msg": "connected"}

    def hears(self, document: Any) -> Iterable[Any]:
        """See `Voice`."""
        action = document.get("action")
        if action == "auth":
            yield self._login(document)
        elif not self._known:
            yield _error(401, "not authenticated")
        elif action in ("subscribe", "unsubscribe"):
            for channel in _CHANNELS:
                for symbol in document.get(channel) or ():
                    self._change(action, channel, symbol)
            yield {"T": "subscription", **self._held}
        else:
            yield _error(400, "invalid syntax")

    def _login(self, document: Any) -> Any:
        if self._known:
            return _error(403, "already authenticated")
        if self.refuses_login or not (good(document.get("key")) and good(document.get("secret"))):
            return _error(402, "auth failed")
        if self.path.endswith("/sip") and document["key"].startswith("free"):
            return _error(409, "insufficient subscription")
        self._known = True
        return {"T": "success", "msg": "authenticated"}

    def _change(self, action: str, channel: str, symbol: str) -> None:
        held = self._held[channel]
        if action == "unsubscribe":
            if symbol in held:
                held.remove(symbol)
        elif symbol not in held:
            held.append(symbol)
            self.play(self._events(channel, symbol))

    def _events(self, channel: str, spelling: str) -> Iterator[tuple[float, Any]]:
        symbol = self.playback.canonical(spelling, "crypto" if self._coins else "us_equities")
        ticks = self.playback.ticks(symbol) if symbol else []
        for due, message in _messages(channel, ticks, coins=self._coins):
            yield due, {"T": message[0], "S": spelling, **message[1]}


def _messages(channel: str, ticks: list[Tick], *, coins: bool) -> Iterator[tuple[float, tuple[str, dict[str, Any]]]]:
    """Type and fields of what a channel sends."""
    if channel == "bars":
        for due, bar, final in candles(ticks, MINUTE):
            if final:
                prices = {"o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close, "v": bar.volume}
                start = bar.start.strftime("%Y-%m-%dT%H:%M:%SZ")
                yield due, ("b", {**prices, "t": start, "n": bar.trades, "vw": round(bar.worth / bar.volume, 6)})
    for tick in ticks if channel == "trades" else ():
        own = {"tks": "B" if tick.side == "buy" else "S"} if coins else {"x": "V", "c": ["@"], "z": "C"}
        yield tick.due, ("t", {"i": tick.number, "p": tick.price, "s": tick.quantity, "t": stamp(tick.at), **own})
    for tick in ticks if channel == "quotes" else ():
        own = {} if coins else {"bx": "V", "ax": "V", "c": ["R"], "z": "C"}
        sides = {"bp": tick.bid_price, "bs": tick.bid_size, "ap": tick.ask_price, "as": tick.ask_size}
        yield tick.due, ("q", {**sides, "t": stamp(tick.at), **own})


def _error(code: int, words: str) -> dict[str, Any]:
    return {"T": "error", "code": code, "msg": words}
