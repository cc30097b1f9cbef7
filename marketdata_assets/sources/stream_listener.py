"""Listens to a vendor's feed: reconnects and subscribes again, yields rows in batches, and tells every gap."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

import aiohttp
import polars as pl
from pydantic import SecretStr

from marketdata_assets.sources.answer import OnPayload, RequestRecord
from marketdata_assets.sources.errors import SchemaChanged, VendorFault
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.stream import Says, Stream
from marketdata_assets.sources.stream_buffer import Buffer
from marketdata_assets.sources.stream_connection import Connection, Credentials, Expired, Heard, Silent, connect
from marketdata_assets.sources.stream_log import CONTENT_TYPE, Entry, Frame, Gap, log_of
from marketdata_assets.sources.stream_rows import Told, receipts, rows_told
from marketdata_assets.sources.timekeeper import SYSTEM_TIME, Timekeeper

_UPGRADED = 101
_HEADERS = {"User-Agent": "marketdata-assets"}


@dataclass(frozen=True)
class Batch:
    """What came since the batch before: rows of the stream's table, the gaps among them, and the payload they were read from.

    `frames` counts the frames of the payload, `strangers` rows about symbols that nobody asked for: they are left out.
    """

    rows: pl.DataFrame
    gaps: tuple[Gap, ...]
    frames: int
    strangers: int
    received_at: datetime
    payload: bytes
    payload_sha256: str


class Listener:
    """Listens to one stream of a source; use it as an async context manager and iterate, within one event loop.

    Iterating ends after `stop`, when all that came has been taken; it raises the vendor's fault when listening on is of no use (bad
    credentials, a plan that lacks the feed, a changed form) or did not work for `attempts` connections in a row. Memory is bounded:
    frames beyond the buffer are dropped and told as a gap. `on_payload` gets every payload, its secrets blotted out, before it is read:
    the frames but for heartbeats, as `stream_log` writes them.
    """

    def __init__(
        self,
        source: str,
        stream: Stream,
        question: Question,
        *,
        credentials: Mapping[str, SecretStr] | None = None,
        on_payload: OnPayload | None = None,
        time: Timekeeper = SYSTEM_TIME,
    ) -> None:
        stream.require(question)
        self.source, self.stream, self.question = source, stream, question
        self.buffer = Buffer(stream.limits)
        self.heard: set[str] = set()  # the vendor's symbols of which anything came
        self.connections = 0  # subscribed so far
        self._secrets = Credentials(source, stream, credentials or {})
        self._on_payload, self._time = on_payload, time
        self._alive: datetime | None = None  # when the last frame of a subscribed connection came
        self._up = False
        self._lost: VendorFault | None = None
        self._numbers: dict[str, int] = {}
        self._fault: BaseException | None = None
        self._running: tuple[Frame, ...] = ()
        self._unreadable = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=_HEADERS, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        self._task = asyncio.create_task(self._run(), name=f"listening to {self.stream.name} of {self.source}")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        if self._task is not None:
            await asyncio.wait({self._task})
        await self._session.close()

    def stop(self) -> None:
        """Hangs up; what came until now can still be taken, then iterating ends. Being disconnected at this moment is told as a gap."""
        if self._task is not None:
            self._task.cancel()

    @property
    def unheard(self) -> tuple[str, ...]:
        """The vendor's symbols of which nothing came: without a trade, perhaps, or unknown to a vendor that does not say so."""
        return tuple(symbol for symbol in self.question.symbols if symbol not in self.heard)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        while True:
            new = await self.buffer.take()
            if not new:
                if self._fault is not None:
                    raise self._fault
                raise StopAsyncIteration
            batch = await self._batch([*self._running, *new])
            if batch.rows.height or batch.gaps or batch.strangers:
                return batch

    async def _batch(self, entries: list[Entry]) -> Batch:
        payload = log_of(entries)
        sha256, at = hashlib.sha256(payload).hexdigest(), receipts(entries)
        await self._hand_on(payload, sha256, at)
        told = rows_told(self.stream, self.question, entries, sha256)
        self._running = told.running
        self.heard |= set(told.rows["vendor_symbol"])
        self._judge(told)
        gaps = [entry for entry in entries if isinstance(entry, Gap)]
        gaps += [Gap(frame.at, frame.at, "unreadable", complaint, self.question.symbols) for frame, complaint in told.unread]
        lead = self.stream.lead(self.question)
        frames = sum(isinstance(entry, Frame) for entry in entries)
        return Batch(told.rows, tuple(gap.early(lead) for gap in gaps), frames, told.strangers, at, payload, sha256)

    def _judge(self, told: Told) -> None:
        """Ends the listening when nothing can be read any more."""
        self._unreadable = 0 if told.readable else self._unreadable + len(told.unread)
        if self._unreadable >= self.stream.limits.unreadable:
            what = f"listening to {self.stream.name} of {self.source}"
            found = f"{self._unreadable} frames in a row cannot be read (the last: {told.unread[-1][1]})"
            self._fault = self._fault or SchemaChanged(what, found, source=self.source, stream=self.stream.name)
            self.stop()

    async def _hand_on(self, payload: bytes, sha256: str, at: datetime) -> None:
        if self._on_payload is None:
            return
        url = self._secrets.redact(self.stream.url(self.question.options))
        record = RequestRecord(self.source, self.stream.name, url, _UPGRADED, at, 0, len(payload), sha256, CONTENT_TYPE)
        if inspect.iscoroutinefunction(self._on_payload):
            await self._on_payload(payload, record)
        else:
            await asyncio.to_thread(self._on_payload, payload, record)

    async def _run(self) -> None:
        """Stays connected until stopped or refused for good."""
        try:
            await self._stay_connected()
        except Exception as error:  # noqa: BLE001 (handed to whoever iterates)
            self._fault = error
        finally:
            if not self._up:
                self._tell_lost()
            self.buffer.close(self._time.wall(), self.question.symbols)

    async def _stay_connected(self) -> None:
        failures, limits = 0, self.stream.limits
        while True:
            began = self._time.monotonic()
            try:
                await self._one_connection()
            except VendorFault as fault:
                lived = self._time.monotonic() - began if self._up else 0.0
                self._up, self._lost = False, fault if self._lost is None or self._up else self._lost
                failures = 1 if lived >= limits.steady else failures + 1
                if fault.final or failures >= limits.attempts:
                    raise
                pause = random.uniform(0.0, min(limits.longest_backoff, limits.backoff * 2.0 ** (failures - 1)))  # noqa: S311 (no secret)
                await self._time.sleep(max(pause, fault.wait or 0.0))

    async def _one_connection(self) -> None:
        """Connects, subscribes and passes on frames until the connection ends, which is always a fault."""
        connection = await connect(self._session, self.source, self.stream, self.question, self._secrets, self._time)
        early: list[Heard] = []
        try:
            await self._subscribe(connection, early)
            while True:
                heard = await connection.heard()
                self._pass_on(heard)
                self._alive = heard.frame.at
                connection.require_welcome(heard)
        finally:
            await connection.close()

    async def _subscribe(self, connection: Connection, early: list[Heard]) -> None:
        """Tells the gap once the subscription stands, then passes on what came meanwhile; of a failed one, only what is no data."""
        try:
            await connection.subscribe(self.question, early.append)
        except BaseException:
            for heard in early:
                if not heard.news:
                    self._pass_on(heard)
            raise
        self._tell_lost()
        self._numbers.clear()
        self._up, self._lost, self._alive = True, None, self._time.wall()
        self.connections += 1
        for heard in early:
            self._pass_on(heard)

    def _pass_on(self, heard: Heard) -> None:
        """Puts a frame into the buffer, the gaps that it reveals before it; heartbeats are left out."""
        self._tell_missed(heard.frame)
        for control in heard.said:
            if control is not None and control.says is Says.CORRECTED:
                day = heard.frame.at.replace(hour=0, minute=0, second=0, microsecond=0)
                self.buffer.tell(Gap(day, heard.frame.at, "corrected", control.about, self.question.symbols))
        if not heard.idle:
            self.buffer.put(heard.frame, news=heard.news, symbols=self.question.symbols)

    def _tell_missed(self, frame: Frame) -> None:
        if self.stream.series is None:
            return
        for message in frame.messages:
            for series, number in self.stream.series(message):
                last = self._numbers.get(series)
                if last is not None and number > last + 1:
                    detail = f"{series} jumps from {last} to {number}"
                    self.buffer.tell(Gap(self._alive or frame.at, frame.at, "missed", detail, self.question.symbols))
                self._numbers[series] = number if last is None else max(last, number)

    def _tell_lost(self) -> None:
        """The gap between the last frame of the connection before and now, if there was one."""
        if self._alive is None:
            return
        fault = self._lost
        reason = "lifetime" if isinstance(fault, Expired) else "silent" if isinstance(fault, Silent) else "lost"
        detail = fault.found if fault is not None else "the connection ended"
        self.buffer.tell(Gap(self._alive, self._time.wall(), reason, detail, self.question.symbols))


async def listen(
    source: str,
    stream: Stream,
    question: Question,
    *,
    credentials: Mapping[str, SecretStr] | None = None,
    on_payload: OnPayload | None = None,
    time: Timekeeper = SYSTEM_TIME,
) -> AsyncIterator[Batch]:
    """Every batch of a stream, until the caller stops asking or the vendor refuses for good; see `Listener`."""
    async with Listener(source, stream, question, credentials=credentials, on_payload=on_payload, time=time) as listener:
        async for batch in listener:
            yield batch
