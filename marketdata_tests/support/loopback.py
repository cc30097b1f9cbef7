"""A vendor on loopback: answers what a test programs, well or badly, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from marketdata_assets.sources.timekeeper import SYSTEM_TIME, Timekeeper


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; `at` is read off the test's own clock, `peer` is the connection it came over."""

    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    at: float
    peer: object = None


@dataclass(frozen=True)
class Reply:
    """A proper HTTP answer: a length is announced and kept."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass(frozen=True)
class Raw:
    """Bytes as they go over the wire, head and all.

    `drip` sends them one by one with that pause in seconds; `forever` follows them again and again until the other side hangs
    up; then comes the `ending`.
    """

    data: bytes
    drip: float = 0.0
    forever: bytes = b""
    ending: str = "close"  # close | reset | hang


Answering = Reply | Raw | Callable[[Asked], "Reply | Raw | Awaitable[Reply | Raw]"]


def js(document: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; header names with underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json", **named})


def gz(data: bytes, *, keep: slice = slice(None), flip: int | None = None) -> Reply:
    """A gzip answer with the right length of the wrong bytes: `keep` cuts the stream, `flip` inverts one byte of it."""
    stream = bytearray(gzip.compress(data, mtime=0))
    if flip is not None:
        stream[flip] ^= 0xFF
    return Reply(bytes(stream[keep]), headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})


def head(*lines: str, status: str = "200 OK") -> bytes:
    """The head of an answer for `Raw`."""
    return "\r\n".join([f"HTTP/1.1 {status}", "Content-Type: application/json", *lines, "", ""]).encode()


class Loopback:
    """Serves on 127.0.0.1 while it is entered. Answers of a path are used up in order, the last one stays."""

    def __init__(self, time: Timekeeper = SYSTEM_TIME) -> None:
        self.asked: list[Asked] = []
        self.url = ""
        self._time = time
        self._answers: dict[str, list[Answering]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def on(self, path: str, *answers: Answering) -> Self:
        self._answers[path] = list(answers)
        return self

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for task in self._tasks:
            task.cancel()
        await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = Asked(request.raw_path.partition("?")[0], dict(request.query), request.headers, self._time.monotonic(), _peer(request))
        self.asked.append(asked)
        answers = self._answers.get(asked.path) or [js({"message": "no such path"}, 404)]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            made = answer(asked)
            answer = await made if isinstance(made, Awaitable) else made
        if isinstance(answer, Reply):
            return web.Response(body=answer.body, status=answer.status, headers=dict(answer.headers))
        await self._send_raw(request, answer)
        return web.Response()

    async def _send_raw(self, request: web.BaseRequest, raw: Raw) -> None:
        if task := asyncio.current_task():
            self._tasks.add(task)
        transport = request.transport
        assert transport is not None
        if raw.drip:
            for byte in raw.data:
                if transport.is_closing():
                    return
                transport.write(bytes([byte]))
                await asyncio.sleep(raw.drip)
        else:
            transport.write(raw.data)
        while raw.forever and not transport.is_closing():
            transport.write(raw.forever)
            await asyncio.sleep(0.001 if transport.get_write_buffer_size() > 1 << 20 else 0)
        if raw.ending == "hang":
            await asyncio.sleep(3600)
        if raw.ending == "reset":
            transport.abort()
        transport.close()


def _peer(request: web.BaseRequest) -> object:
    return request.transport.get_extra_info("peername") if request.transport else None
