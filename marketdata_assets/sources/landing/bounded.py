"""Payloads unpacked within bounds: gzip and zip transparently, by their magic bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.archives import GZIP, ZIPS, archive_kind, refuse_nested
from marketdata_assets.sources.landing.gzips import gunzip
from marketdata_assets.sources.landing.limits import LIMITS, Limits, over
from marketdata_assets.sources.landing.zips import zip_members


class Member(NamedTuple):
    """One file of a payload; `name` is its path inside a zip, empty for a payload that is no zip."""

    name: str
    data: bytes


def members(path: str, data: bytes, limits: Limits = LIMITS) -> Iterator[Member]:
    """The files of a payload, unpacked one at a time: a zip's members in the zip's order, otherwise the payload itself.

    `LimitFault` beyond the limits; `PayloadFault` for what is cut off, corrupt, encrypted, nested, or a name that points
    outside (absolute, `..`, a symbolic link). At most one chunk more than the limits is ever held.
    """
    if len(data) > limits.max_compressed:
        raise over(path, f"a file of {len(data):,} bytes")
    if data.startswith(ZIPS):
        yield from (Member(name, content) for name, content in zip_members(path, data, limits))
    elif data.startswith(GZIP):
        content = gunzip(path, data, limits)
        refuse_nested(path, content)
        yield Member("", content)
    elif archive := archive_kind(data):
        raise PayloadFault(f"opening {path}", f"it is packed with {archive}", "land it as plain text, gzip or zip", path=path)
    else:
        limits.check(len(data), len(data), path)
        yield Member("", data)
