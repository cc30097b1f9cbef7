"""Serves the simulated market on loopback, one port a vendor, while it is entered."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.damage import hurting
from marketdata_assets.sandbox.wire.faults import NONE, ON_THE_SOCKET, FaultPlan, FaultRule, Turns
from marketdata_assets.sandbox.wire.protocol import STREAM_FAULT, Protocol, Refused, SandboxFault
from marketdata_assets.sandbox.wire.protocols import PROTOCOLS
from marketdata_assets.sandbox.wire.rewriting import Rewriter, instead
from marketdata_assets.sandbox.wire.sending import broken, whole

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived at an instant (UTC), and the status it was answered with (0: none)."""

    vendor: str
    path: str
    query: dict[str, str]
    status: int
    at: datetime


class WireServer:
    """The market behind the vendors' interfaces, while it is entered (`async with`).

    `vendors` (all when empty) are served on 127.0.0.1: on free ports, or from `port` on in the order of their names. `seen_at` is the
    instant the vendors know (all there is, when absent). `limits` switches their rate limits off, `rate` replaces the number of
    requests they allow. Real-time feeds play `speed` times as fast as the day they show. `SandboxFault` when a port is taken,
    `ConfigFault` for a vendor that is not served.
    """

    def __init__(
        self,
        market: Market,
        vendors: Collection[str] = (),
        *,
        port: int = 0,
        faults: FaultPlan = NONE,
        seen_at: datetime | None = None,
        limits: bool = True,
        rate: int | None = None,
        speed: float = 60.0,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        if unknown := sorted(set(vendors) - set(PROTOCOLS)):
            raise ConfigFault("starting the sandbox", f"it serves no {', '.join(unknown)}", f"choose among {', '.join(sorted(PROTOCOLS))}")
        protocols = {name: PROTOCOLS[name]() for name in sorted(set(vendors) or PROTOCOLS)}
        self.urls: dict[str, str] = {}
        self.asked: list[Asked] = []
        self.book = Book(market, {name: one.tape for name, one in protocols.items()}, seen_at)
        self.book.speed = speed
        turns = Turns(faults)
        self._port = port
        self._desks = [_Desk(one, self, turns, one.meter(rate) if limits else None, monotonic) for one in protocols.values()]
        self._runners: list[web.AppRunner] = []

    def show(self, at: datetime) -> None:
        """Moves what the vendors know to the instant `at`."""
        self.book.show(at)

    def served(self) -> dict[str, list[str]]:
        """Every vendor's paths, sorted."""
        return {desk.protocol.name: desk.paths(self.book) for desk in self._desks}

    def classes(self) -> dict[str, list[str]]:
        """The asset classes of which a vendor has bars."""
        tapes = {desk.protocol.name: desk.protocol.tape for desk in self._desks}
        held = {name: {"us_equities": tape.shares, "crypto": tape.coins} for name, tape in tapes.items()}
        return {name: [kind for kind, source in kinds.items() if source] for name, kinds in held.items()}

    async def __aenter__(self) -> Self:
        try:
            for offset, desk in enumerate(self._desks):
                await self._open(desk, self._port + offset if self._port else 0)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for desk in self._desks:
            desk.hang_up()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    async def _open(self, desk: _Desk, port: int) -> None:
        runner = web.AppRunner(desk.app(self.book), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        name = desk.protocol.name
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            raise SandboxFault(
                f"serving {name} on {HOST}:{port}", error.strerror or str(error), "stop what listens there, or choose another --port"
            ) from None
        self.urls[name] = f"http://{HOST}:{runner.addresses[0][1]}"


class _Desk:
    """One vendor's counter: logs, counts, refuses, answers and damages."""

    def __init__(self, protocol: Protocol, server: WireServer, turns: Turns, meter: Any, monotonic: Callable[[], float]) -> None:
        self.protocol = protocol
        self._server = server
        self._turns = turns
        self._meter = meter
        self._monotonic = monotonic
        self._rewriter = Rewriter(protocol, server.book)
        self._open: set[asyncio.Task[Any]] = set()

    def app(self, book: Book) -> web.Application:
        app = web.Application(middlewares=[self._middleware()])
        app.add_routes([*self.protocol.routes(book), *self.protocol.streams(book)])
        return app

    def paths(self, book: Book) -> list[str]:
        return sorted({route.path for route in [*self.protocol.routes(book), *self.protocol.streams(book)]})

    def hang_up(self) -> None:
        for task in self._open:
            task.cancel()

    def _middleware(self) -> Any:
        @web.middleware
        async def answer(request: web.Request, handler: Any) -> web.StreamResponse:
            rule = self._turns.next(self.protocol.name, request.path_qs)
            if request.headers.get("Upgrade", "").lower() == "websocket":
                early = instead(self.protocol, rule) if rule else None
                self._log(request, 101 if early is None else early.status)
                if early is not None:
                    return early
                STREAM_FAULT.set(rule)
                return await handler(request)  # type: ignore[no-any-return]
            made = await self._made(request, handler, rule)
            sent_raw = rule is not None and rule.what in ON_THE_SOCKET
            self._log(request, 0 if rule and rule.what in ("reset", "hang") else made.status)
            if not sent_raw or rule is None:
                return whole(request, made)
            task = asyncio.current_task()
            if task:
                self._open.add(task)
                task.add_done_callback(self._open.discard)
            return await broken(request, made, rule)

        return answer

    async def _made(self, request: web.Request, handler: Any, rule: FaultRule | None) -> web.Response:
        early = instead(self.protocol, rule) if rule else None
        if early is not None:
            return early
        stamps: dict[str, str] = {}
        answer = self.protocol.refused(request)
        if self._meter is not None:
            verdict = self._meter.take(request, self._monotonic())
            stamps = self.protocol.stamps(verdict)
            if not verdict.good:
                answer = self.protocol.over_limit(verdict)
        if answer is None:
            with hurting(rule):
                answer = await self._handled(request, handler)
        if rule is not None:
            answer = self._rewriter.rewritten(request, answer, rule)
        answer.headers.update(stamps)
        return answer

    async def _handled(self, request: web.Request, handler: Any) -> web.Response:
        try:
            answer: web.Response = await handler(request)
        except Refused as refused:
            return refused.answer
        except web.HTTPException as error:
            return self.protocol.trouble(error.status, {})
        return answer

    def _log(self, request: web.Request, status: int) -> None:
        path = request.rel_url.raw_path
        self._server.asked.append(Asked(self.protocol.name, path, dict(request.query), status, clock.now()))


@contextmanager
def serving(market: Market, vendors: Collection[str] = (), **settings: Any) -> Iterator[WireServer]:
    """The same server for synchronous callers: it runs in a thread with a loop of its own while the block lasts.

    `settings` are those of `WireServer`. `show`, `urls` and `asked` may be used from the block.
    """
    server = WireServer(market, vendors, **settings)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
