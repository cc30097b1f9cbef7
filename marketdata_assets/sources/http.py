"""The one client that speaks HTTP to vendors: one session a source, every answer budgeted, bounded, checked, recorded and typed."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import AsyncIterator, Mapping, Sequence, Sized
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from pydantic import SecretStr
from yarl import URL

from marketdata_assets.core.faults import ConfigFault, Fault
from marketdata_assets.sources.answer import Answer, OnPayload, RequestRecord
from marketdata_assets.sources.api import Api, Endpoint, Limits
from marketdata_assets.sources.body import read_body
from marketdata_assets.sources.breaker import Breaker
from marketdata_assets.sources.decode import Received, decode
from marketdata_assets.sources.errors import Diverted, RateLimited, Truncated, Unavailable, VendorFault
from marketdata_assets.sources.gather import Batch, Fetch, Outcome, gather
from marketdata_assets.sources.paging import walk
from marketdata_assets.sources.redaction import Keyring
from marketdata_assets.sources.request import Request, on_origin, same_origin, with_query, without_query
from marketdata_assets.sources.retry import retrying
from marketdata_assets.sources.throttle import Throttle
from marketdata_assets.sources.timekeeper import SYSTEM_TIME, Timekeeper
from marketdata_assets.sources.trouble import WIRE_ERRORS, trouble
from marketdata_assets.sources.usage import Usage
from marketdata_assets.sources.wait import LONGEST_WAIT

T = TypeVar("T", bound=Sized)
REDIRECTS = 3
_REDIRECTED = {301, 302, 303, 307, 308}
_HEADERS = {"Accept-Encoding": "gzip", "User-Agent": "marketdata-assets", "Accept": "*/*"}


class Client:
    """Speaks to one vendor; use it as an async context manager, within one event loop.

    `state` is the folder in which all runs on the machine share the request budgets; without it the budget is this client's own.
    `on_payload` gets the bytes of every complete answer, errors included, with the record of its request, before anything is made
    of them; a plain function is called in a thread, several at once. What it raises ends the request.
    """

    def __init__(
        self,
        api: Api,
        *,
        credentials: Mapping[str, SecretStr] | None = None,
        state: Path | None = None,
        on_payload: OnPayload | None = None,
        time: Timekeeper = SYSTEM_TIME,
    ) -> None:
        self.api = api
        self.breaker = Breaker(api.name, time=time)
        self.usage = Usage()
        self._keys = Keyring(api.name, api.auth, credentials or {})
        self._time, self._on_payload = time, on_payload
        self._throttles = {
            name: Throttle(
                api.name,
                name,
                budget,
                owner=self._keys.owner if budget.scope == "key" else "",
                folder=state,
                patience=api.limits.patience,
                time=time,
            )
            for name, budget in api.budgets.items()
        }
        self._places = asyncio.Semaphore(api.limits.connections)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        limits = self.api.limits
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limits.connections, ttl_dns_cache=300, keepalive_timeout=30.0),
            headers={**_HEADERS, **self.api.headers},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.connect),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
        for throttle in self._throttles.values():
            throttle.close()

    async def fetch(self, request: Request) -> Answer:
        """One good answer to one request. A fault that may pass is tried again within the endpoint's limits; the last one is raised."""
        endpoint = self.api.endpoint(request.endpoint)
        limits = endpoint.limits or self.api.limits
        answer: Answer = await retrying(limits, self._time)(self._attempt, request, endpoint, limits)
        return answer

    def pages(self, request: Request) -> AsyncIterator[Answer]:
        """Every page of an answer in the vendor's order, one request at a time. `PagingBroken` when the pages do not lead on."""
        endpoint = self.api.endpoint(request.endpoint)
        return walk(request, endpoint.paging, self.fetch, max_pages=(endpoint.limits or self.api.limits).pages)

    async def gather(self, batches: Sequence[Batch], fetch: Fetch[T]) -> list[Outcome[T]]:
        """One outcome for each symbol of each batch, in the order asked, as many requests at once as budget and connections allow."""
        limits = self.api.limits
        return await gather(
            batches, fetch, breaker=self.breaker, time=self._time, width=limits.connections, outage_patience=limits.outage_patience
        )

    async def left(self) -> dict[str, list[int]]:
        """Units that each window of each budget has room for, by the budget's name."""
        return {name: await throttle.left() for name, throttle in self._throttles.items()}

    async def _attempt(self, request: Request, endpoint: Endpoint, limits: Limits) -> Answer:
        url = without_query(request.url(self.api.base_url), self.api.auth.query)
        self._keys.headers()
        async with self._places:
            probe = self.breaker.admit()
            try:
                await self._admit(endpoint, request, probe)
            except BaseException:
                self.breaker.abandoned(probe)
                raise
            try:
                answer = await self._exchange(url, request, endpoint, limits)
            except VendorFault as fault:
                fault.place(source=self.api.name, endpoint=endpoint.name)
                if isinstance(fault, (Unavailable, Truncated)):
                    self.breaker.failed(probe, fault)
                else:
                    self.breaker.answered(probe)
                raise
            except BaseException:
                self.breaker.abandoned(probe)
                raise
            self.breaker.answered(probe)
            return answer

    async def _admit(self, endpoint: Endpoint, request: Request, probe: bool) -> None:
        cost = endpoint.cost(request)
        await self._throttles[endpoint.budget].admit(cost, None if probe else self.breaker.check)
        self.usage.sent(endpoint.name, cost)

    async def _exchange(self, url: str, request: Request, endpoint: Endpoint, limits: Limits) -> Answer:
        """Sends an admitted request, follows redirects of the same origin (each budgeted anew), and judges what comes back."""
        throttle = self._throttles[endpoint.budget]
        for _ in range(REDIRECTS + 1):
            got, record = await self._receive(url, request, endpoint, limits)
            await throttle.observe(got.headers)
            if got.status not in _REDIRECTED:
                break
            target = same_origin(got.headers.get("Location", ""), self.api.base_url, self.api.also_hosts, url)
            url = without_query(on_origin(self.api.base_url, target), self.api.auth.query)
            await self._admit(endpoint, request, probe=True)
        else:
            raise Diverted(f"asking {self.api.name} for {endpoint.name}", f"it redirects more than {REDIRECTS} times")
        try:
            data = decode(self.api, endpoint, limits, got, _context(record), self._keys.redact)
        except (RateLimited, Unavailable) as fault:
            if isinstance(fault, RateLimited) or fault.wait is not None:
                await throttle.refused(fault.wait)
                fault.final = (fault.wait or 0.0) > LONGEST_WAIT
            raise
        await throttle.served()
        return Answer(request, got.headers, data, record)

    async def _receive(self, url: str, request: Request, endpoint: Endpoint, limits: Limits) -> tuple[Received, RequestRecord]:
        """Sends one signed request and keeps what came, complete, free of secrets, recorded and handed on."""
        session = self._session
        if session is None:
            raise ConfigFault(f"asking {self.api.name}", "the client is not open", "write `async with Client(...) as client:`")
        what = f"asking {self.api.name} for {endpoint.name}"
        wrong: Fault | None = None
        try:
            async with asyncio.timeout(limits.deadline):
                signed = URL(with_query(url, self._keys.query()), encoded=True)
                async with session.get(signed, headers=self._keys.headers(), allow_redirects=False) as response:
                    body = await read_body(response, limits, what)
        except WIRE_ERRORS as error:
            wrong = trouble(error, what, limits)
        if wrong is not None:  # raised out here, so that no traceback leads back to an exception that holds the signed address
            raise wrong
        at = self._time.wall()
        self.usage.received(endpoint.name, body.wire_bytes)
        data = self._keys.scrub(body.data)
        received = Received(response.status, response.headers, data, body.framed, at)
        record = self._record(url, request, endpoint, received, body.wire_bytes, scrubbed=data is not body.data)
        await self._hand_on(data, record)
        return received, record

    def _record(self, url: str, request: Request, endpoint: Endpoint, got: Received, wire_bytes: int, *, scrubbed: bool) -> RequestRecord:
        return RequestRecord(
            source=self.api.name,
            endpoint=endpoint.name,
            url=self._keys.redact(url),
            status=got.status,
            received_at=got.at,
            cost=endpoint.cost(request),
            wire_bytes=wire_bytes,
            sha256=hashlib.sha256(got.data).hexdigest(),
            content_type=got.headers.get("Content-Type", ""),
            scrubbed=scrubbed,
        )

    async def _hand_on(self, data: bytes, record: RequestRecord) -> None:
        if self._on_payload is None:
            return
        if inspect.iscoroutinefunction(self._on_payload):
            await self._on_payload(data, record)
        else:
            await asyncio.to_thread(self._on_payload, data, record)


def _context(record: RequestRecord) -> dict[str, Any]:
    return {"source": record.source, "endpoint": record.endpoint, "url": record.url, "payload_sha256": record.sha256}
