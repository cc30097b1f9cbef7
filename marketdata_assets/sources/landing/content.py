"""What a payload is at first sight: text with a header, json, columnar, or something that was never a file of bars."""

from __future__ import annotations

from typing import Literal

import orjson

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.delimited import BOM
from marketdata_assets.sources.landing.evidence import evidence
from marketdata_assets.sources.landing.ipc_sizes import ARROW
from marketdata_assets.sources.landing.parquet_sizes import PARQUET

Kind = Literal["csv", "json", "feather", "parquet"]
HEAD = 1 << 16
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes([*range(9), *range(14, 32)])
_AGAIN = "look at the answer, correct the request, and download it again"
_SPOKEN = ("Error Message", "Information", "Note", "message", "error", "msg", "detail")


def kind_of(path: str, data: bytes) -> Kind:
    """What kind of content `data` is by its first bytes; `PayloadFault` with them as evidence when no bars can be in it.

    Refused here: nothing at all, a web page, a vendor's json message saved under the name of a csv, binary content, UTF-16.
    """
    if data.startswith(PARQUET):
        return "parquet"
    if data.startswith(ARROW):
        return "feather"
    head = data[:HEAD].removeprefix(BOM).lstrip()
    if not head:
        raise _not_bars(path, "it is empty", "download the file again")
    if head.startswith(b"{"):
        raise _not_bars(path, f"it is a json message, not bars: {_message(data)}", _AGAIN)
    if head.startswith(b"<"):
        raise _not_bars(path, f"it is a web page or xml, not bars: {evidence(head)!r}", _AGAIN)
    if head.startswith(_UTF16):
        raise _not_bars(path, "it is text in UTF-16", "save it as UTF-8")
    if _controls(head.partition(b"\n")[0]) or _controls(head) > len(head) // 20:
        raise _not_bars(path, f"it is binary: {evidence(head)!r}", "land csv, json, feather or parquet, plain or in gzip or zip")
    return "json" if head.startswith(b"[") else "csv"


def _controls(data: bytes) -> int:
    return len(data) - len(data.translate(None, _CONTROLS))


def _message(data: bytes) -> str:
    """What a json object says, in its own words where they are found under a usual key."""
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError:
        content = {}
    spoken = next((content[key] for key in _SPOKEN if isinstance(content.get(key), str)), None)
    return repr(evidence(spoken.encode() if spoken else data))


def _not_bars(path: str, found: str, remedy: str) -> PayloadFault:
    return PayloadFault(f"reading {path}", found, remedy, path=path)
