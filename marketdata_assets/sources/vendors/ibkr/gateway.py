"""The client of a vendor without HTTP: asks a running TWS or IB Gateway through ib_async, and writes its answers down as documents.

All else is the client's: budgets, tries, the breaker, the record and the archive of every answer, the meaning of its complaints.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import logging
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import orjson

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sources.answer import RequestRecord
from marketdata_assets.sources.api import Endpoint, Limits
from marketdata_assets.sources.decode import Received
from marketdata_assets.sources.errors import Unavailable
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.vendors.ibkr.api import BARS

FIRST_CLIENT_ID, CLIENT_IDS = 3_110, 8  # each connection needs an id of its own; a taken one (326) is passed over
IDENTICAL = 15.0  # seconds between two requests that are alike
_NOTICES = {165, 2174, 10167}
_CONNECTION = {502, 504, 1100, 1300}  # said of no request, they end all of them


class TwsClient(Client):
    """Speaks to one TWS or Gateway on this machine; use it like the client it is."""

    async def __aenter__(self) -> Self:
        """`ConfigFault` when ib_async is not installed; nothing is connected before the first request."""
        try:
            self._library: Any = importlib.import_module("ib_async")
        except ImportError:
            raise ConfigFault(
                "opening Interactive Brokers", "the package ib_async is not installed", "pip install marketdata-assets[ibkr]", source="ibkr"
            ) from None
        if hasattr(self._library.util.getLoop, "cache_clear"):
            self._library.util.getLoop.cache_clear()  # ib_async 2.0 keeps to the first event loop it ever saw, which may be closed
        for name in ("ib_async", "eventkit"):  # what it has to say becomes a fault; where nobody listens, it is not printed either
            logger = logging.getLogger(name)
            if not logger.handlers:
                logger.addHandler(logging.NullHandler())
        self._ib: Any = None
        self._turn = asyncio.Lock()
        self._waiting: dict[int, asyncio.Future[tuple[int, str]]] = {}
        self._asked: dict[str, float] = {}
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Hangs up."""
        if self._ib is not None:
            self._ib.client.disconnect()
            self._ib = None
        await super().__aexit__(kind, error, trace)

    async def _receive(self, url: str, request: Request, endpoint: Endpoint, limits: Limits) -> tuple[Received, RequestRecord]:
        """Asks TWS, and hands the document of its answer on like the body of a response, complaints included."""
        await self._space(url)
        ib = await self._connected(limits)
        document = await self._ask(ib, request, endpoint, limits)
        data = orjson.dumps(document)
        self.usage.received(endpoint.name, len(data))
        got = Received(200, {"Content-Type": "application/json"}, data, framed=True, at=self._time.wall())
        record = self._record(url, request, endpoint, got, len(data), scrubbed=False)
        await self._hand_on(data, record)
        return got, record

    async def _space(self, url: str) -> None:
        """Waits until this client may send the same request again; TWS itself counts for all of its clients."""
        mark = hashlib.sha256(url.encode()).hexdigest()
        before = self._asked.get(mark)
        now = self._time.monotonic()
        if before is not None and before + IDENTICAL > now:
            await self._time.sleep(before + IDENTICAL - now)
        self._asked[mark] = self._time.monotonic()

    async def _ask(self, ib: Any, request: Request, endpoint: Endpoint, limits: Limits) -> dict[str, Any]:
        number = ib.client.getReqId()
        trouble = self._waiting[number] = asyncio.get_running_loop().create_future()
        rows = "bars" if endpoint.name == BARS.name else "ticks"
        try:
            answered = self._send_bars(ib, number, request) if rows == "bars" else self._send_ticks(ib, number, request)
            await asyncio.wait({answered, trouble}, timeout=limits.deadline, return_when=asyncio.FIRST_COMPLETED)
            if trouble.done():
                code, words = trouble.result()
                return {rows: [], "error": {"code": code, "message": words}}
            if not answered.done():
                if rows == "bars":
                    ib.client.cancelHistoricalData(number)
                raise Unavailable("asking Interactive Brokers", f"no answer within {limits.deadline:g} s")
            return {rows: [_plain(row) for row in answered.result()]}
        except ConnectionError:
            raise _unreachable(self.api.base_url, "it hung up") from None
        finally:
            del self._waiting[number]

    def _send_bars(self, ib: Any, number: int, request: Request) -> asyncio.Future[Any]:
        told = request.params
        contract, bars = self._contract(request), self._library.BarDataList()
        answered: asyncio.Future[Any] = ib.wrapper.startReq(number, contract, container=bars)
        ask = (told["endDateTime"], told["durationStr"], told["barSizeSetting"], told["whatToShow"], told["useRTH"], told["formatDate"])
        ib.client.reqHistoricalData(number, contract, *ask, False, [])
        return answered

    def _send_ticks(self, ib: Any, number: int, request: Request) -> asyncio.Future[Any]:
        told = request.params
        contract = self._contract(request)
        answered: asyncio.Future[Any] = ib.wrapper.startReq(number, contract)
        ask = (told["startDateTime"], "", told["numberOfTicks"], told["whatToShow"], told["useRth"])
        ib.client.reqHistoricalTicks(number, contract, *ask, False, [])
        return answered

    def _contract(self, request: Request) -> Any:
        told = request.params
        return self._library.Stock(str(told["symbol"]), "SMART", "USD", primaryExchange=str(told.get("primaryExchange", "")))

    async def _connected(self, limits: Limits) -> Any:
        """The connection, made anew where it broke; `Unavailable` when nothing listens or every client id is taken."""
        async with self._turn:
            if self._ib is None or not self._ib.client.isReady():
                self._ib = await self._connect(limits)
            return self._ib

    async def _connect(self, limits: Limits) -> Any:
        where = urlsplit(self.api.base_url)
        for client_id in range(FIRST_CLIENT_ID, FIRST_CLIENT_ID + CLIENT_IDS):
            ib = self._library.IB()
            ib.errorEvent += self._heard
            closed = asyncio.get_running_loop().create_future()
            ib.client.apiError += lambda words, closed=closed: closed.done() or closed.set_result(words)
            connecting = asyncio.ensure_future(ib.client.connectAsync(where.hostname, where.port, client_id, limits.connect))
            await asyncio.wait({connecting, closed}, return_when=asyncio.FIRST_COMPLETED)
            if connecting.done() and connecting.exception() is None:
                return ib
            taken = closed.done() and "already in use" in str(closed.result())
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            if not taken:
                break
        else:
            raise _unreachable(self.api.base_url, f"client ids {FIRST_CLIENT_ID} to {client_id} are all taken")
        raise _unreachable(self.api.base_url, "nothing answers there")

    def _heard(self, number: int, code: int, words: str, _contract: Any = None) -> None:
        """A message of TWS: trouble for the request it names, or for all of them where the connection is meant."""
        if code in _NOTICES or 2100 <= code < 2200:
            return
        told = [number] if number in self._waiting else list(self._waiting) if code in _CONNECTION else []
        for each in told:
            if not self._waiting[each].done():
                self._waiting[each].set_result((code, words))


def _plain(row: Any) -> dict[str, Any]:
    """A bar or tick of ib_async as JSON: days as `20191004`, instants as Unix seconds, flags left out."""
    fields = row._asdict() if hasattr(row, "_asdict") else vars(row)
    plain: dict[str, Any] = {}
    for name, value in fields.items():
        if hasattr(value, "timestamp"):
            plain[name] = int(value.timestamp())
        elif hasattr(value, "strftime"):
            plain[name] = value.strftime("%Y%m%d")
        elif isinstance(value, (int, float, str)):
            plain[name] = value
    return plain


def _unreachable(address: str, found: str) -> Unavailable:
    return Unavailable(
        "asking Interactive Brokers",
        f"{urlsplit(address).netloc}: {found}",
        "start TWS or IB Gateway on this machine, log in, and allow API connections on that port",
    )
