"""How an answer leaves: whole, or damaged byte by byte on the socket."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from collections.abc import Mapping

from aiohttp import web

from marketdata_assets.sandbox.wire.faults import FaultRule

_GZIP = 31
_WORTH_PACKING = 200
_BLOCK = 1 << 16


def whole(request: web.Request, answer: web.Response) -> web.Response:
    """The answer as it goes out, packed when the client takes gzip."""
    body = answer.body
    takes = "gzip" in request.headers.get("Accept-Encoding", "")
    if takes and isinstance(body, bytes) and len(body) >= _WORTH_PACKING:
        answer.body = zlib.compress(body, 1, _GZIP)
        answer.headers["Content-Encoding"] = "gzip"
        answer.headers["Vary"] = "Accept-Encoding"
    return answer


async def broken(request: web.Request, answer: web.Response, rule: FaultRule) -> web.StreamResponse:
    """Sends the answer as the rule says, bytes straight to the socket, and ends the connection."""
    transport = request.transport
    if transport is None:
        return answer
    await _Sender(transport, _bytes(answer), _head(answer), rule).send()
    return _Sent()


class _Sent(web.Response):
    """An answer that has left already."""

    async def prepare(self, request: web.BaseRequest) -> None:  # noqa: ARG002
        return None

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002
        return None


class _Sender:
    def __init__(self, transport: asyncio.Transport, body: bytes, head: Mapping[str, str], rule: FaultRule) -> None:
        self._transport = transport
        self._body = body
        self._head = head
        self._rule = rule

    async def send(self) -> None:
        """Does what the rule's kind says."""
        await getattr(self, f"_{self._rule.what}")()
        if not self._transport.is_closing():
            self._transport.close()

    def _start(self, length: int | None, **headers: str) -> None:
        lines = {**self._head, **{name.replace("_", "-"): value for name, value in headers.items()}, "Connection": "close"}
        if length is not None:
            lines["Content-Length"] = str(length)
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._transport.write(f"HTTP/1.1 200 OK\r\n{text}\r\n".encode())

    async def _reset(self) -> None:
        self._start(len(self._body))
        self._transport.write(self._body[: len(self._body) // 2])
        await asyncio.sleep(0.01)
        # Without lingering, closing discards what is unsent and answers with a reset instead of a proper end.
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def _hang(self) -> None:
        await asyncio.sleep(3600)

    async def _empty_body(self) -> None:
        self._start(0)

    async def _short_body(self) -> None:
        self._start(len(self._body))
        self._transport.write(self._body[: len(self._body) // 2])

    async def _slow_body(self) -> None:
        self._start(len(self._body))
        for byte in self._body:
            if self._transport.is_closing():
                return
            self._transport.write(bytes([byte]))
            await asyncio.sleep(self._rule.pause)

    async def _endless_headers(self) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\n")
        await self._for_ever(b"X-Padding: " + b"a" * 4000 + b"\r\n")

    async def _endless_body(self) -> None:
        self._start(None)
        self._transport.write(self._body)
        await self._for_ever(b" " * _BLOCK)

    async def _for_ever(self, block: bytes) -> None:
        while not self._transport.is_closing():
            self._transport.write(block)
            await asyncio.sleep(0.001 if self._transport.get_write_buffer_size() > 1 << 20 else 0)

    async def _half_gzip(self) -> None:
        packed = zlib.compress(self._body, 6, _GZIP)
        self._packed(packed[: len(packed) // 2])

    async def _no_gzip_trailer(self) -> None:
        self._packed(zlib.compress(self._body, 6, _GZIP)[:-8])

    async def _bad_crc(self) -> None:
        packed = bytearray(zlib.compress(self._body, 6, _GZIP))
        packed[-8] ^= 0xFF
        self._packed(bytes(packed))

    async def _bomb(self) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
        parts = [packer.compress(self._body)]
        for done in range(len(self._body), self._rule.size, 1 << 20):
            parts.append(packer.compress(b" " * min(1 << 20, self._rule.size - done)))
            await asyncio.sleep(0)
        self._packed(b"".join([*parts, packer.flush()]))

    def _packed(self, stream: bytes) -> None:
        self._start(len(stream), Content_Encoding="gzip")
        self._transport.write(stream)


def _bytes(answer: web.Response) -> bytes:
    return bytes(answer.body) if isinstance(answer.body, bytes | bytearray) else b""


def _head(answer: web.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() not in ("content-length", "content-encoding")}
