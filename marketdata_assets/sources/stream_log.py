"""What was received, as it is archived: one line of JSON a frame or a gap, so that a payload can be read again years later."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources import strict_json
from marketdata_assets.sources.stream import messages_of

CONTENT_TYPE = "application/x-ndjson"


@dataclass(frozen=True)
class Frame:
    """One frame: when it was here (UTC), its bytes without secrets, its messages, or why they cannot be read.

    `held` is set where it stands again at the beginning of a later payload, because that is where its bars become final: the
    vendor's symbols whose newest row in it still counts.
    """

    at: datetime
    data: bytes
    messages: tuple[Any, ...] = ()
    complaint: str = ""
    held: frozenset[str] | None = None


@dataclass(frozen=True)
class Gap:
    """A span of time `[start, end)` of which rows may be missing, and why; no vendor sends them again, so ask its REST interface.

    `reason` is one of: lost, silent, lifetime (what happened to the connection); slow_consumer; unreadable; missed (a number in the
    vendor's own count was skipped); corrected (the vendor took back what it sent on that UTC day). `symbols`, the vendor's, are those
    concerned. For bars it begins early enough to hold every bar that may have been sent within it.
    """

    start: datetime
    end: datetime
    reason: str
    detail: str
    symbols: tuple[str, ...]

    def early(self, lead: timedelta) -> Gap:
        """The same gap from the start of the bar before it, where bars last `lead`."""
        if not lead:
            return self
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        start = epoch + (self.start - epoch) // lead * lead - lead
        return Gap(start, self.end, self.reason, self.detail, self.symbols)


Entry = Frame | Gap


def log_of(entries: Iterable[Entry]) -> bytes:
    """The entries as lines of JSON, the frames to the letter but for line breaks between their values; bytes that are no JSON in base64."""
    return b"".join(_line(entry) + b"\n" for entry in entries)


def entries_of(log: bytes) -> list[Entry]:
    """The entries that `log_of` wrote; `PayloadFault` for anything else."""
    try:
        return [_entry(strict_json.loads(line)) for line in log.splitlines()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PayloadFault(
            "reading an archived stream", f"a line of it is no entry ({type(error).__name__})", "restore the payload from a backup"
        ) from None


def _line(entry: Entry) -> bytes:
    if isinstance(entry, Gap):
        told = {"start": entry.start, "reason": entry.reason, "detail": entry.detail, "symbols": entry.symbols}
        return _dumps({"at": entry.end, "gap": told})
    head: dict[str, Any] = {"at": entry.at}
    if entry.held is not None:
        head["held"] = sorted(entry.held)
    if entry.complaint:
        return _dumps({**head, "complaint": entry.complaint, "bytes": base64.b64encode(entry.data).decode()})
    return _dumps(head)[:-1] + b',"frame":' + entry.data.replace(b"\r", b" ").replace(b"\n", b" ") + b"}"


def _entry(told: dict[str, Any]) -> Entry:
    at = datetime.fromisoformat(told["at"])
    if "gap" in told:
        gap = told["gap"]
        return Gap(datetime.fromisoformat(gap["start"]), at, gap["reason"], gap["detail"], tuple(gap["symbols"]))
    held = frozenset(told["held"]) if "held" in told else None
    if "complaint" in told:
        return Frame(at, base64.b64decode(told["bytes"]), (), told["complaint"], held)
    return Frame(at, orjson.dumps(told["frame"]), tuple(messages_of(told["frame"])), held=held)


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)
