"""The bytes of one answer, whole or not at all: capped, decompressed here, and checked against every length that was announced."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from aiohttp import ClientResponse

from marketdata_assets.sources.api import MIB, Limits
from marketdata_assets.sources.errors import Oversized, SchemaChanged, Truncated

_STEP = 64 * 1024
_GZIP = zlib.MAX_WBITS | 16
_GZIP_MAGIC = b"\x1f\x8b"
MAX_MEMBERS = 1_000


@dataclass(frozen=True)
class Body:
    """A complete body. `framed` says that its end was announced (a length, chunks, a gzip trailer) rather than guessed from a hang-up."""

    data: bytes
    wire_bytes: int
    framed: bool


async def read_body(response: ClientResponse, limits: Limits, what: str) -> Body:
    """The decompressed body of a response whose session does not decompress.

    `Oversized` beyond the caps, before the memory is spent; `Truncated` for a gzip stream without its end, or with the wrong checksum or
    length; `SchemaChanged` for an encoding that was not asked for. A body shorter than announced raises aiohttp's own error.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    announced = response.headers.get("Content-Length")
    if announced is not None and announced.isdigit() and int(announced) > limits.wire_bytes:
        raise Oversized(what, f"it announces {int(announced)} bytes, the cap is {limits.wire_bytes}")
    if encoding in ("", "identity"):
        sink: _Plain | _Gunzip = _Plain(what, limits)
    elif encoding in ("gzip", "x-gzip"):
        sink = _Gunzip(what, limits)
    else:
        raise SchemaChanged(what, f"it came in the encoding {encoding[:40]!r}, which was not asked for")
    wire = 0
    async for chunk in response.content.iter_any():
        wire += len(chunk)
        if wire > limits.wire_bytes:
            raise Oversized(what, f"it is still coming after {limits.wire_bytes} bytes")
        sink.feed(chunk, wire)
    chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
    return Body(sink.finish(), wire, framed=announced is not None or chunked or isinstance(sink, _Gunzip))


class _Plain:
    """Keeps what comes."""

    def __init__(self, what: str, limits: Limits) -> None:
        self._what, self._limits = what, limits
        self._kept: list[bytes] = []

    def feed(self, chunk: bytes, wire: int) -> None:
        if wire > self._limits.body_bytes:
            raise Oversized(self._what, f"it is still coming after {self._limits.body_bytes} bytes")
        self._kept.append(chunk)

    def finish(self) -> bytes:
        return b"".join(self._kept)


class _Gunzip:
    """Decompresses gzip members one after the other, in small steps, and stops at the first sign of a bomb."""

    def __init__(self, what: str, limits: Limits) -> None:
        self._what, self._limits = what, limits
        self._kept: list[bytes] = []
        self._size = 0
        self._members = 1
        self._stream = zlib.decompressobj(_GZIP)

    def feed(self, chunk: bytes, wire: int) -> None:
        data, piece = chunk, b""
        while data or len(piece) == _STEP:
            if self._stream.eof:
                if not data:
                    return
                self._next_member(data)
            piece = self._inflate(data)
            data = self._stream.unconsumed_tail or self._stream.unused_data
            self._size += len(piece)
            self._refuse_bomb(wire - len(data))
            self._kept.append(piece)

    def finish(self) -> bytes:
        if not self._stream.eof:
            raise Truncated(self._what, f"its gzip stream ends early, after {self._size} decompressed bytes")
        return b"".join(self._kept)

    def _inflate(self, data: bytes) -> bytes:
        try:
            return self._stream.decompress(data, _STEP)
        except zlib.error as error:
            raise Truncated(self._what, f"its gzip stream is broken ({error})") from None

    def _next_member(self, data: bytes) -> None:
        self._members += 1
        if not _GZIP_MAGIC.startswith(data[:2]):
            raise Truncated(self._what, f"{len(data)} bytes follow the end of its gzip stream")
        if self._members > MAX_MEMBERS:
            raise Oversized(self._what, f"it is glued together of more than {MAX_MEMBERS} gzip streams")
        self._stream = zlib.decompressobj(_GZIP)

    def _refuse_bomb(self, consumed: int) -> None:
        if self._size > self._limits.body_bytes:
            raise Oversized(self._what, f"it unpacks to more than {self._limits.body_bytes} bytes")
        if self._size > MIB and self._size > consumed * self._limits.ratio:
            raise Oversized(self._what, f"it unpacks to more than {self._limits.ratio:.0f} times its size")
