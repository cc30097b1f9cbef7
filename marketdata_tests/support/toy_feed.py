"""An invented vendor that pushes trades and running bars over a WebSocket: each connection plays the next scene of a test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypedDict

import polars as pl
from aiohttp import WSMsgType, web
from pydantic import SecretStr

from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.ticks import RAW_TRADES
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, Rejected
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.stream import Control, Says, Stream, StreamLimits, Subscription
from marketdata_assets.sources.stream_listener import Batch, Listener
from marketdata_assets.sources.windows import instants
from marketdata_tests.support.virtual_time import VirtualTime

KEY = "canary-0123456789abcdef"
CREDENTIALS = {"api_key": SecretStr(KEY)}
TRADES = Question("trades", ("AAA", "BBB"))
BARS = Question("bars", ("AAA", "BBB"), timeframe=TIMEFRAMES["1m"])

_SAYS = {
    "hello": Says.CONNECTED,
    "in": Says.AUTHENTICATED,
    "beat": Says.ALIVE,
    "error": Says.REFUSED,
    "bye": Says.LEAVING,
    "undo": Says.CORRECTED,
}


class Trade(TypedDict):
    s: str
    t: int
    p: float
    n: int


class Bar(TypedDict):
    s: str
    t: int
    c: float


def control(message: Any) -> Control | None:
    kind = message["k"]
    if kind in ("trade", "bar"):
        return None
    return Control(Says.SUBSCRIBED, frozenset({message["s"]})) if kind == "ok" else Control(_SAYS[kind], about=kind)


def trades(records: Sequence[Any], _: Question) -> pl.DataFrame:
    rows = read_rows(records, Trade)
    named = (
        pl.col("s").alias("vendor_symbol"),
        pl.col("p").alias("price"),
        pl.lit(1.0).alias("quantity"),
        pl.col("n").cast(pl.String).alias("trade_id"),
    )
    return rows.select(instants(rows["t"], "s").alias("timestamp"), *named, "line")


def bars(records: Sequence[Any], _: Question) -> pl.DataFrame:
    rows = read_rows(records, Bar)
    prices = (pl.col("c").alias(name) for name in ("open", "high", "low", "close"))
    return rows.select(instants(rows["t"], "s").alias("timestamp"), pl.col("s").alias("vendor_symbol"), *prices, "line")


def toy_stream(url: str, **changes: Any) -> Stream:
    """The stream of trades, single fields of it and of its limits replaced."""
    limits = {name: changes.pop(name) for name in list(changes) if name in StreamLimits.__dataclass_fields__}
    stream = Stream(
        name="trades",
        data=Data.TRADES,
        asset_class="crypto",
        base_url=url,
        path="/feed",
        table=RAW_TRADES,
        subscribe=lambda question: Subscription(({"ask": list(question.symbols)},), frozenset(question.symbols)),
        control=control,
        pick=lambda message: [message],
        rows=trades,
        greets=True,
        login={"key": "{api_key}"},
        headers={"X-Key": "{api_key}"},
        errors=(ErrorRule(BadCredentials, at="code", matches="^1$"), ErrorRule(Rejected, at="code", matches=".")),
        limits=StreamLimits(**{"linger": 0.01, **limits}),
        tape="toy",
    )
    return replace(stream, **changes)


def toy_bars(url: str, **changes: Any) -> Stream:
    """The stream of running bars."""
    return toy_stream(url, name="bars", data=Data.BARS, table=RAW_BARS, rows=bars, timeframes=("1m",), finality="succession", **changes)


def trade(number: int, symbol: str = "AAA", **fields: Any) -> dict[str, Any]:
    return {"k": "trade", "s": symbol, "t": 1_700_000_000 + number, "p": 10.0 + number, "n": number, **fields}


def bar(minute: int, close: float, symbol: str = "AAA") -> dict[str, Any]:
    return {"k": "bar", "s": symbol, "t": 1_700_000_040 + 60 * minute, "c": close}


class Line:
    """One connection as the vendor has it."""

    def __init__(self, ws: web.WebSocketResponse, request: web.Request) -> None:
        self.ws, self.request = ws, request
        self.heard: list[Any] = []

    async def say(self, *messages: Any) -> None:
        """Each message as a frame: a text to the letter, anything else as JSON."""
        for message in messages:
            await self.ws.send_str(message if isinstance(message, str) else json.dumps(message))

    async def hear(self) -> Any:
        got = await self.ws.receive()
        assert got.type is WSMsgType.TEXT, "the client was to say something"
        self.heard.append(json.loads(got.data))
        return self.heard[-1]

    async def welcome(self) -> None:
        """Greeting, login, subscription, acknowledged symbol by symbol."""
        await self.say({"k": "hello"})
        await self.hear()
        await self.say({"k": "in"})
        for symbol in (await self.hear())["ask"]:
            await self.say({"k": "ok", "s": symbol})

    async def cut(self) -> None:
        """The connection is gone without a goodbye."""
        assert self.request.transport is not None
        self.request.transport.abort()

    async def wait(self) -> None:
        """Says nothing more, answers nothing."""
        await asyncio.sleep(1e9)


Scene = Callable[[Line], Awaitable[None]]


class Feed:
    """Serves on 127.0.0.1 while it is entered; the last scene is played by all later connections."""

    def __init__(self, *scenes: Scene) -> None:
        self._scenes = list(scenes)
        self.lines: list[Line] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/feed", self._play)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"ws://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._runner.cleanup()

    async def _play(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse(autoping=True)
        await ws.prepare(request)
        line = Line(ws, request)
        self.lines.append(line)
        scene = self._scenes[min(len(self.lines), len(self._scenes)) - 1]
        await scene(line)
        return ws


async def take(listener: Listener, rows: int = 0, gaps: int = 0) -> list[Batch]:
    """Batches until they hold so many rows and gaps."""
    batches: list[Batch] = []
    while sum(b.rows.height for b in batches) < rows or sum(len(b.gaps) for b in batches) < gaps:
        batches.append(await anext(listener))
    return batches


async def until(come: Callable[[], bool]) -> None:
    while not come():  # noqa: ASYNC110 (what is waited for is no task's own event)
        await asyncio.sleep(0.01)


def ids(batches: list[Batch]) -> list[str]:
    return [number for batch in batches for number in batch.rows["trade_id"]]


def saying(*messages: Any, then: str = "wait") -> Scene:
    """A connection that is welcomed, told these messages, and then left to itself (`wait`) or ended (`cut`)."""

    async def scene(line: Line) -> None:
        await line.welcome()
        await line.say(*messages)
        await asyncio.sleep(1)
        await getattr(line, then)()

    return scene


def listening(stream: Stream, question: Any = TRADES, **more: Any) -> Listener:
    return Listener("toy", stream, question, **{"credentials": CREDENTIALS, "time": VirtualTime(), **more})
