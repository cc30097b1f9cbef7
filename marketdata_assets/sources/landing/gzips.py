"""Gzip unpacked chunk by chunk, each stream held to its own length and checksum."""

from __future__ import annotations

import zlib

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.archives import GZIP
from marketdata_assets.sources.landing.evidence import evidence
from marketdata_assets.sources.landing.limits import Limits

_CHUNK = 1 << 20
_FEED = 1 << 16


def gunzip(path: str, data: bytes, limits: Limits) -> bytes:
    """The content of a gzip payload of one or more streams, each complete and with a right checksum."""
    parts: list[bytes] = []
    out, position = 0, 0
    view = memoryview(data)
    while position < len(data):
        if bytes(view[position : position + 2]) != GZIP:
            raise PayloadFault(
                f"opening {path}",
                f"{len(data) - position:,} bytes follow the end of its gzip stream: {evidence(data[position:])!r}",
                "download the file again",
                path=path,
            )
        stream = zlib.decompressobj(wbits=31)
        try:
            while not stream.eof and position < len(data):
                feed = view[position : position + _FEED]
                position += len(feed)
                pending = bytes(feed)
                while pending and not stream.eof:
                    chunk = stream.decompress(pending, _CHUNK)
                    pending = stream.unconsumed_tail
                    out += len(chunk)
                    limits.check(out, position - len(pending), path)
                    parts.append(chunk)
        except zlib.error as error:
            raise PayloadFault(f"opening {path}", f"its gzip stream is corrupt ({error})", "download the file again", path=path) from None
        if not stream.eof:
            raise PayloadFault(f"opening {path}", "its gzip stream is cut off before its end", "download the file again", path=path)
        position -= len(stream.unused_data)
    return b"".join(parts)
