"""Real-time feeds of the simulated market: the newest day of trades, played over WebSockets faster than it passed."""

from __future__ import annotations

import asyncio
import heapq
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, count, dropwhile, islice
from typing import Any, ClassVar, NamedTuple

import orjson
from aiohttp import WSMsgType, web

from marketdata_assets.sandbox.wire import prints
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.faults import FaultRule
from marketdata_assets.sandbox.wire.pairs import Tapes, floored
from marketdata_assets.sandbox.wire.protocol import STREAM_FAULT, Protocol

MINUTE = timedelta(minutes=1)
_SOON = 1e-5  # seconds that no clock is asked to wait


class Tick(NamedTuple):
    """A trade, the best bid and offer under which it happened, and when it is due: simulated seconds after the feed began."""

    due: float
    at: datetime
    price: float
    quantity: float
    side: str
    number: int
    bid_price: float
    bid_size: float
    ask_price: float
    ask_size: float


class Candle(NamedTuple):
    """A bar as far as it has come; `worth` is the sum of price times amount."""

    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    worth: float
    trades: int


class Playback:
    """What one vendor's feeds play: of each symbol the trades of its newest UTC day, from the minute of the first one on.

    All connections share one clock, which starts with the first of them and runs `book.speed` times as fast as ours: who was away missed
    what was sent. When the day is over, nothing more comes.
    """

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self.protocol, self.book = protocol, book
        self._tapes = Tapes(book, protocol.name)
        self._began: float | None = None

    @property
    def speed(self) -> float:
        """Simulated seconds in one of ours."""
        return self.book.speed

    def coming(self, symbol: str) -> list[Tick]:
        """The trades of the day that are still to come."""
        ticks = self.ticks(symbol)
        now = self.elapsed()
        return [tick for tick in ticks if tick.due >= now]

    def elapsed(self) -> float:
        """Simulated seconds since the first connection."""
        now = asyncio.get_running_loop().time()
        if self._began is None:
            self._began = now
        return (now - self._began) * self.speed

    def canonical(self, spelling: str, asset_class: str) -> str | None:
        """Our name of a symbol, if there is one."""
        return self.protocol.canonical(spelling, asset_class, self.book.symbols(asset_class))

    def ticks(self, symbol: str) -> list[Tick]:
        """The trades of the day; none of a symbol that never traded."""
        tape = self._tapes.of(symbol)
        if not tape.height:
            return []
        newest = tape["timestamp"][-1].replace(hour=0, minute=0, second=0, microsecond=0)
        day = self._tapes.between(symbol, newest, None)
        quotes = prints.quotes(day.rename({"id": "number"}), self.book.grid(symbol)).drop("timestamp", "number")
        began = floored(day["timestamp"][0], MINUTE)
        rows = day.select("timestamp", "price", "quantity", "side", "id").hstack(quotes).iter_rows()
        return [Tick((at - began).total_seconds(), at, *rest) for at, *rest in rows]


def candles(ticks: Iterable[Tick], length: timedelta) -> Iterator[tuple[float, Candle, bool]]:
    """When it is due, the bar under way after every trade, and once more, final, at its end."""
    bar: Candle | None = None
    due, end = 0.0, 0.0
    for tick in ticks:
        start = floored(tick.at, length)
        if bar is not None and start > bar.start:
            yield end, bar, True
            bar = None
        before = bar or Candle(start, tick.price, tick.price, tick.price, tick.price, 0.0, 0.0, 0)
        bar = Candle(
            start,
            before.open,
            max(before.high, tick.price),
            min(before.low, tick.price),
            tick.price,
            round(before.volume + tick.quantity, 8),
            before.worth + tick.price * tick.quantity,
            before.trades + 1,
        )
        due, end = tick.due, tick.due + (start + length - tick.at).total_seconds()
        yield due, bar, False
    if bar is not None:
        yield end, bar, True


class Voice(ABC):
    """One vendor's side of one connection: what it says first, what it answers, and what it plays."""

    beat: ClassVar[Any] = None  # said every second, if anything is

    def __init__(self, playback: Playback, path: str, play: Callable[[Iterable[tuple[float, Any]]], None]) -> None:
        self.playback, self.path, self.play = playback, path, play
        self.refuses_login = False

    def greeting(self) -> Iterable[Any]:
        """What is said before anything is heard."""
        return ()

    @abstractmethod
    def hears(self, document: Any) -> Iterable[Any]:
        """The answers to a frame of the client."""

    def pulse(self) -> Any:
        """What is said every second to show that the connection lives; None for nothing."""
        return self.beat

    def framed(self, message: Any) -> Any:
        """A message as a frame."""
        return message


class Conversation:
    """One connection: answers at once, plays what was asked for when it is due, and breaks as the fault at hand says."""

    def __init__(self, ws: web.WebSocketResponse, request: web.Request, playback: Playback, voice: type[Voice]) -> None:
        self._ws, self._request, self._playback = ws, request, playback
        self._fault: FaultRule | None = STREAM_FAULT.get()
        self._voice = voice(playback, request.path, self._play)
        self._voice.refuses_login = self._is("login_refused")
        self._waiting: list[tuple[float, int, Any, Iterator[tuple[float, Any]]]] = []  # the next event of each subscription
        self._order, self._sent = count(), 0
        self._more = asyncio.Event()

    async def run(self) -> None:
        """Speaks until one side hangs up."""
        for message in self._voice.greeting():
            await self._say(message)
        tasks = [asyncio.create_task(part()) for part in (self._listen, self._perform, self._live)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _play(self, events: Iterable[tuple[float, Any]]) -> None:
        """Adds events, in time, of which those whose time has gone by are left out."""
        following = iter(events)
        first = list(islice(following, 1))  # made before the clock starts, for it may take a while
        now = self._playback.elapsed()
        self._follow(dropwhile(lambda event: event[0] < now, chain(first, following)))
        self._more.set()

    def _follow(self, events: Iterator[tuple[float, Any]]) -> None:
        for due, message in events:
            heapq.heappush(self._waiting, (due, next(self._order), message, events))
            return

    async def _listen(self) -> None:
        async for got in self._ws:
            if got.type is WSMsgType.PING and not self._due("silence"):
                await self._ws.pong(got.data)
            if got.type is WSMsgType.TEXT:
                for answer in self._voice.hears(orjson.loads(got.data)):
                    await self._say(answer)

    async def _perform(self) -> None:
        while True:
            self._more.clear()
            delay = None
            if self._waiting:
                delay = (self._waiting[0][0] - self._playback.elapsed()) / self._playback.speed
            if delay is None or (delay > _SOON and not self._is("flood")):
                try:
                    async with asyncio.timeout(delay):
                        await self._more.wait()
                except TimeoutError:
                    pass
                continue
            _, _, message, events = heapq.heappop(self._waiting)
            await self._break()
            await self._say(message)
            self._sent += 1
            self._follow(events)

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            if (message := self._voice.pulse()) is not None and not self._due("silence"):
                await self._say(message)

    async def _break(self) -> None:
        """Does what the fault says, once so many data frames were sent."""
        if self._due("drop") and self._request.transport is not None:
            self._request.transport.abort()
        if self._due("silence"):
            await asyncio.sleep(1e9)
        if self._due("bad_frame") and self._fault is not None and self._sent == self._fault.frames:
            await self._ws.send_str('{"broken":')

    def _is(self, kind: str) -> bool:
        return self._fault is not None and self._fault.what == kind

    def _due(self, kind: str) -> bool:
        return self._is(kind) and self._fault is not None and self._sent >= self._fault.frames

    async def _say(self, message: Any) -> None:
        await self._ws.send_str(orjson.dumps(self._voice.framed(message)).decode())


def feeds(protocol: Protocol, book: Book, voice: type[Voice], *paths: str) -> list[web.RouteDef]:
    """The routes that upgrade to a vendor's feeds."""
    playback = Playback(protocol, book)

    async def talk(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(autoping=False)  # a silent one answers no ping
        await ws.prepare(request)
        await Conversation(ws, request, playback, voice).run()
        return ws

    return [web.get(path, talk) for path in paths]


def stamp(at: datetime) -> str:
    """RFC 3339 with microseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
